"""The ReLU behind a primitive that applies it on its way out."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitive import (
    Attributes,
    Memory,
    PrimitiveDesc,
    keeping_not_numbers,
)
from minicaffe.net.node import Node


def is_simple_relu(node: Node) -> bool:
    """Whether it is a ReLU that tells by its top what to do with a gradient."""
    return node.layer.type == "ReLU" and slope_of(node) >= 0


def adds_two(node: Node) -> bool:
    """Whether an Eltwise is the plain sum of two different blobs."""
    param = node.layer.param.eltwise_param
    plain = param.operation == param.SUM and all(factor == 1 for factor in param.coeff)
    two = len(node.bottoms) == 2 and node.bottoms[0] is not node.bottoms[1]
    return plain and two and not node.in_place


def slope_of(node: Node) -> float:
    """The negative slope of a ReLU layer."""
    return float(node.layer.param.relu_param.negative_slope)


class FusedReLU:
    """A ReLU fused behind a step's primitive, or none.

    Args:
        nodes: the step's; the last one is the ReLU if there is one.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        last = nodes[-1]
        self.node = last if len(nodes) > 1 and last.layer.type == "ReLU" else None

    @property
    def attributes(self) -> Attributes | None:
        """What makes a primitive apply it."""
        if self.node is None:
            return None
        return Attributes().then_eltwise(*keeping_not_numbers(dnnl.RELU, slope_of(self.node)))

    def backward(self, builder: Builder, blob: Blob, values: Memory) -> None:
        """Turn the gradient of the ReLU's top into that of its bottom, the same blob's."""
        if self.node is None:
            return
        desc, slope = values.desc, slope_of(self.node)
        forward = PrimitiveDesc(
            "eltwise_forward",
            *(dnnl.FORWARD_TRAINING, dnnl.RELU_FROM_DST, desc, desc, slope, 0.0),
        )
        backward = PrimitiveDesc(
            "eltwise_backward", *(dnnl.RELU_FROM_DST, desc, desc, desc, slope, 0.0, forward)
        )
        gradient = builder.gradient_source(blob, desc)
        target = builder.gradient_in_place(blob, desc)
        builder.run(backward, {dnnl.DST: values, dnnl.DIFF_DST: gradient, dnnl.DIFF_SRC: target})
