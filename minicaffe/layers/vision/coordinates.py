"""Maps of coordinates: composed, inverted, and made the offset of a cut.

A map is a tuple ``(axis, scale, shift)``, see :mod:`minicaffe.coord_map`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from google.protobuf.message import Message

from minicaffe.errors import GraphError
from minicaffe.layer import CoordMap
from minicaffe.proto import caffe_pb2

#: Every pixel lies where it was.
IDENTITY: CoordMap = (None, 1, 0)


class AxisMismatchException(GraphError):
    """Two maps that hold for different axes."""


class CropException(GraphError, AssertionError):
    """A crop that the Crop layer cannot do."""


def compose(base_map: CoordMap, next_map: CoordMap) -> CoordMap:
    """The map that does ``next_map`` first, then ``base_map``.

    Raises:
        AxisMismatchException: they hold for different axes.
    """
    axis, scale, shift = base_map
    next_axis, next_scale, next_shift = next_map
    if axis is not None and next_axis is not None and axis != next_axis:
        raise AxisMismatchException(f"maps for axis {axis} and axis {next_axis} do not compose")
    return (
        next_axis if axis is None else axis,
        scale * next_scale,
        scale * next_shift + shift,
    )


def inverse(coord_map: CoordMap) -> CoordMap:
    """The map in the other direction."""
    axis, scale, shift = coord_map
    return axis, 1 / scale, -shift / scale


def crop_offset(coord_map: CoordMap) -> np.ndarray:
    """Where a cut begins that lays the blob a map comes from on the one that it leads to.

    Returns:
        pixels of the former, whole numbers: one, or one for each spatial axis.

    Raises:
        CropException: they differ in scale, or the offset is negative or not whole.
    """
    _, scale, shift = coord_map
    offset = -np.array(shift, float, ndmin=1)
    if not np.all(np.asarray(scale) == 1):
        raise CropException(f"scale mismatch on crop (a = {scale}); cropping cannot resize")
    if not np.all(offset >= 0):
        raise CropException(f"cannot crop negative offset (b = {shift}); pad the larger map")
    if not np.all(np.round(offset) == offset):
        raise CropException(f"cannot crop noninteger offset (b = {shift})")
    return np.round(offset).astype(int)


def fields_of(param: caffe_pb2.LayerParameter) -> Mapping[str, object]:
    """The settings of a ``LayerParameter`` as a net specification has them; a window's height and
    width, where they are apart, in the field for all axes."""
    return {
        field.name: _window_fields(message)
        for field, message in param.ListFields()
        if isinstance(message, Message)
    }


def _window_fields(message: Message) -> Mapping[str, object]:
    fields = {
        field.name: list(value) if hasattr(value, "append") else value
        for field, value in message.ListFields()
    }
    for stem, name in (("kernel", "kernel_size"), ("stride", "stride"), ("pad", "pad")):
        sides = [fields.pop(f"{stem}_{side}", None) for side in "hw"]
        if None not in sides:
            fields[name] = sides
    return fields
