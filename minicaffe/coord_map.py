"""Where the pixels of one feature map lie in another (pycaffe's ``coord_map``).

Along each spatial axis a layer maps coordinates linearly: the pixel at ``x`` of its bottom
lies at ``scale · x + shift`` of its top. Maps are composed along the paths of a net
specification, and inverted. The main use is :func:`crop`: cut one feature map so that it
lies on another.

A map is a tuple ``(axis, scale, shift)``: the first axis that it holds for, counted without
the batch (None: any axis), and a number or an array with one number for each spatial axis.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.layer import CoordMap, find_layer_class, layer_class, layer_types
from minicaffe.layers.vision import crop as crop_layer
from minicaffe.layers.vision.coordinates import (
    IDENTITY,
    AxisMismatchException,
    CropException,
    compose,
    crop_offset,
    inverse,
)
from minicaffe.layers.vision.geometry import window_params
from minicaffe.net_spec import Function, Top

__all__ = [
    "AxisMismatchException",
    "CropException",
    "UnconnectedException",
    "UndefinedMapException",
    "compose",
    "conv_params",
    "coord_map",
    "coord_map_from_to",
    "crop",
    "crop_params",
    "inverse",
]


class UndefinedMapException(GraphError):
    """A layer type that has no coordinate map."""


class UnconnectedException(GraphError):
    """Two tops without a common origin."""


def conv_params(fn: Function) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """(axis, stride, kernel size with dilation, pad) of a Convolution or Pooling layer.

    Raises:
        GraphError: it uses ``kernel_h`` and the like, or has no ``kernel_size``.
    """
    return window_params(fn.type_name, fn.params)


def crop_params(fn: Function) -> tuple[int, np.ndarray]:
    """(axis, offset) of a Crop layer."""
    return crop_layer.crop_params(fn.params)


def coord_map(fn: Function) -> CoordMap:
    """The map of one layer.

    Raises:
        UndefinedMapException: layers of this type have none.
    """
    found = find_layer_class(fn.type_name).coord_map(fn.params)
    if found is None:
        raise UndefinedMapException(f"{fn.type_name} layers have no coordinate map")
    return found


def coord_map_from_to(top_from: Top, top_to: Top) -> CoordMap:
    """The map from one top to another, through the nearest top that both depend on.

    Raises:
        UnconnectedException: there is no such top that layers with maps lead to.
        AxisMismatchException: maps on the way hold for different axes.
    """
    from_maps = _maps_to_ancestors(top_from)
    to_maps = _maps_to_ancestors(top_to)
    for top, to_map in to_maps.items():  # the nearest first
        if top in from_maps:
            return compose(to_map, inverse(from_maps[top]))
    raise UnconnectedException(
        "could not compute the map between the tops; they are not connected by layers that "
        "have coordinate maps"
    )


def _maps_to_ancestors(top: Top) -> dict[Top, CoordMap]:
    """For a top and all that it depends on, nearest first, the map from there to it."""
    maps = {top: IDENTITY}
    waiting = deque([top])
    while waiting:
        here = waiting.popleft()
        try:
            step = coord_map(here.fn)
        except UndefinedMapException:
            continue
        for_size = find_layer_class(here.fn.type_name).size_bottoms
        for index, bottom in enumerate(here.fn.inputs):
            if index not in for_size and bottom not in maps:
                maps[bottom] = compose(maps[here], step)
                waiting.append(bottom)
    return maps


def crop(top_from: Top, top_to: Top) -> Top:
    """A Crop layer that cuts ``top_from`` so that it lies on ``top_to``.

    Raises:
        CropException: they differ in scale, or the offset is negative or not whole.
        UnconnectedException, AxisMismatchException: as :func:`coord_map_from_to`.
    """
    found = coord_map_from_to(top_from, top_to)
    offset = crop_offset(found)
    axis = found[0]
    fields = {
        "axis": 2 if axis is None else axis + 1,  # the layer counts the batch axis
        "offset": offset.tolist(),
    }
    return Function("Crop", (top_from, top_to), {"crop_param": fields}).tops[0]


def __getattr__(name: str) -> object:
    """``PASS_THROUGH_LAYERS``: the types whose layers keep every pixel where it is."""
    if name == "PASS_THROUGH_LAYERS":
        return [kind for kind in layer_types() if layer_class(kind).keeps_coordinates]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
