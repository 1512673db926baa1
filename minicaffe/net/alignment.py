"""Where the bottoms of layers lie on each other, by the windows of the layers that made them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.layer import CoordMap, find_layer_class
from minicaffe.layers.vision.coordinates import (
    IDENTITY,
    compose,
    crop_offset,
    fields_of,
    inverse,
)
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Alignment

Makers = Mapping[str, caffe_pb2.LayerParameter]


def alignments_of(param: caffe_pb2.NetParameter) -> dict[str, Alignment]:
    """For each layer that may leave it to the net, where its second bottom lies on its first one.

    As in the first Caffe with a Crop layer, the two are followed upwards, always by the layers'
    first bottoms, to the blob that both were made of.

    Args:
        param: the layers of one phase, with or without their splits.

    Returns:
        by the layer's first top.
    """
    found: dict[str, Alignment] = {}
    makers: dict[str, caffe_pb2.LayerParameter] = {}  # in place, a layer moves no pixel
    for layer in param.layer:
        if find_layer_class(layer.type).aligns(layer) and len(layer.bottom) > 1 and layer.top:
            found[layer.top[0]] = _alignment(layer, makers, found)
        for top in layer.top:
            makers.setdefault(top, layer)
    return found


def _alignment(
    layer: caffe_pb2.LayerParameter, makers: Makers, known: Mapping[str, Alignment]
) -> Alignment:
    first, second = ([name, *_ancestors(name, makers)] for name in layer.bottom[:2])
    above = set(first)
    common = next((name for name in second if name in above), None)
    if common is None:
        mistake = f"'{layer.bottom[0]}' and '{layer.bottom[1]}' are not made of one blob"
        return Alignment(mistake=mistake)
    try:
        maps = [_map_from(common, chain, makers, known) for chain in (first, second)]
        offset = crop_offset(compose(maps[1], inverse(maps[0])))
    except GraphError as error:
        return Alignment(mistake=error.message)
    return Alignment(tuple(offset.tolist()))


def _ancestors(name: str, makers: Makers) -> Iterator[str]:
    """The first bottom of what made a blob, that one's maker's, and so on.

    It ends where a blob comes again: a layer in place whose bottom nothing else makes, a mistake
    that is told later, is its own maker.
    """
    seen = {name}
    while (maker := makers.get(name)) is not None and maker.bottom:
        name = maker.bottom[0]
        if name in seen:
            return
        seen.add(name)
        yield name


def _map_from(
    common: str, chain: list[str], makers: Makers, known: Mapping[str, Alignment]
) -> CoordMap:
    """The map from one blob of a chain to the chain's first."""
    result = IDENTITY
    for name in chain[: chain.index(common)]:
        result = compose(result, _step(makers[name], known))
    return result


def _step(layer: caffe_pb2.LayerParameter, known: Mapping[str, Alignment]) -> CoordMap:
    """The map of one layer.

    Raises:
        GraphError: it has none.
    """
    cls = find_layer_class(layer.type)
    placed = known.get(layer.top[0])
    if placed is not None:
        if placed.mistake:
            raise GraphError(placed.mistake)
        return 1, 1, -np.array(placed.offset)
    found = IDENTITY if cls.lies_on_bottom else cls.coord_map(fields_of(layer))
    if found is None:
        raise GraphError(f"layer '{layer.name}' ({layer.type}) has no map of coordinates")
    _, scale, shift = found
    if not all(math.isfinite(number) for number in (*np.ravel(scale), *np.ravel(shift))):
        raise GraphError(f"layer '{layer.name}' ({layer.type}) has a stride of 0")
    return found
