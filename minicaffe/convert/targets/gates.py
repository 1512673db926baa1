"""Gates of channels, as squeeze-and-excitation nets have them: of two layers one, to be rewritten.

(N, C, 1, 1) becomes (N, C) by a Flatten or Reshape, and a Scale multiplies the channels of another
blob with that. BroadcastMul does both; it can be rewritten without blobs of two axes, which some
tools do not have.
"""

from __future__ import annotations

from collections.abc import Mapping

from minicaffe.layer import find_layer_class
from minicaffe.layers.activation.scale import Scale
from minicaffe.layers.utility.broadcast_mul import BroadcastMul
from minicaffe.layers.utility.reshape import View
from minicaffe.net.graph import LayerGraph, LayerRef, Value
from minicaffe.proto import caffe_pb2


def gate_of(
    layer: LayerRef, graph: LayerGraph, shapes: Mapping[Value, tuple[int, ...]]
) -> LayerRef | None:
    """The layer that makes a Scale's second bottom (N, C) of (N, C, 1, 1), for that alone.

    Args:
        layer: any layer; None for one that is no such Scale.
        graph: the net.
        shapes: of its values.
    """
    if not issubclass(find_layer_class(layer.type), Scale) or len(layer.bottoms) != 2:
        return None
    scaled, factors = layer.bottoms
    flat, param = factors.producer, layer.param.scale_param
    rows = shapes[scaled][:2]
    plain = not param.axis % len(shapes[scaled]) and not param.bias_term
    own = plain and len(shapes[scaled]) == 4 and shapes[factors] == rows
    made = issubclass(find_layer_class(flat.type), View) and len(flat.bottoms) == 1
    if not own or not made or shapes[flat.bottoms[0]] != (*rows, 1, 1):
        return None
    alone = graph.readers(factors) == [layer] and factors not in graph.outputs
    return flat if alone else None


def joined(layer: LayerRef) -> caffe_pb2.LayerParameter:
    """The text of the BroadcastMul that takes the place of a Scale of two bottoms."""
    param = caffe_pb2.LayerParameter()
    param.CopyFrom(layer.param)
    param.ClearField("scale_param")
    param.type = BroadcastMul.type
    return param
