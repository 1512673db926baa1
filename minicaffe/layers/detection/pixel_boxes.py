"""Boxes in pixels, as MS-CNN and Cascade R-CNN code and compare them.

A box is xmin, ymin, xmax, ymax on the last axis, and its last pixel belongs to it: a width is
xmax - xmin + 1. Offsets are those of R-CNN: of the middle in sides of the box that they start from,
then logarithms of how many times wider and higher the box is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layers.detection.boxes import intersections
from minicaffe.proto import caffe_pb2

#: What an area of two boxes in common is divided by: ``nms_type``.
NMS_TYPES = ("IOU", "IOMU", "IOFU")

#: The areas that boxes (…, 4) have in common, by numpy's rules for shapes.
Common = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Normalizer(NamedTuple):
    """What a net's offsets are multiplied by, and what is added; (4,) each."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, param: caffe_pb2.LayerParameter, dtype: np.dtype) -> Normalizer:
        """What ``bbox_reg_param`` says; 0 and 1 unless both of its lists are given."""
        given = param.bbox_reg_param
        if not (given.bbox_mean and given.bbox_std):
            return cls(np.zeros(4, dtype), np.ones(4, dtype))
        return cls(np.array(given.bbox_mean, dtype), np.array(given.bbox_std, dtype))

    def plain(self, offsets: np.ndarray, axis: int = -1) -> np.ndarray:
        """Offsets in sides, of what a net gives; ``axis`` counts the four."""
        shape = [4 if index == axis % offsets.ndim else 1 for index in range(offsets.ndim)]
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(offsets * self.std.reshape(shape) + self.mean.reshape(shape))


def normalizer_mistakes(param: caffe_pb2.LayerParameter) -> Iterator[MinicaffeError]:
    """What is wrong with a layer's ``bbox_reg_param``."""
    given = param.bbox_reg_param
    if not (given.bbox_mean and given.bbox_std):
        return
    for name, values in (("bbox_mean", given.bbox_mean), ("bbox_std", given.bbox_std)):
        if len(values) != 4:
            yield GraphError(f"{name} has {len(values)} value(s); expected 4, for x, y, w and h")
    if any(not value > 0 for value in given.bbox_std):
        wrong = next(value for value in given.bbox_std if not value > 0)
        yield GraphError(f"bbox_std has the value {wrong:g}; expected numbers above 0")


def nms_type_mistakes(nms_type: str) -> Iterator[MinicaffeError]:
    """What is wrong with a setting ``nms_type``."""
    if nms_type not in NMS_TYPES:
        yield GraphError(f'nms_type is "{nms_type}"; expected one of {", ".join(NMS_TYPES)}')


def decode_from(boxes: np.ndarray, offsets: np.ndarray, edge: float = 1.0) -> np.ndarray:
    """The boxes that offsets in sides (R, …, 4) from boxes (R, 4) mean, (R, …, 4).

    Args:
        edge: what a box ends before its middle plus half of its sides; Fast and Faster R-CNN have
            0, so that their boxes are a pixel larger than they say.
    """
    boxes = boxes.reshape(len(boxes), *[1] * (offsets.ndim - 2), 4)
    low, high = boxes[..., :2], boxes[..., 2:]
    with np.errstate(over="ignore", invalid="ignore"):
        sides = high - low + 1
        middles = offsets[..., :2] * sides + (low + high + 1) / 2
        return from_middles(middles, sides * np.exp(offsets[..., 2:]), edge)


def encode_from(boxes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The offsets in sides from boxes (n, 4) that mean other boxes (n, 4), whose sides are
    above 0."""
    sides, lengths = (part[:, 2:] - part[:, :2] + 1 for part in (boxes, wanted))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        moved = (wanted[:, :2] + lengths / 2 - boxes[:, :2] - sides / 2) / sides
        return np.concatenate([moved, np.log(lengths / sides)], axis=1)


def from_middles(middles: np.ndarray, sides: np.ndarray, edge: float = 1.0) -> np.ndarray:
    """The boxes (…, 4) of middles and sides (…, 2); the middle of one pixel is at 0.5.

    Args:
        edge: as for :func:`decode_from`.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        low = middles - sides / 2
        return np.concatenate([low, low + sides - edge], axis=-1)


class Limits(NamedTuple):
    """How far a box may be from the field that it starts from: ``field_xyr``, ``field_whr``."""

    xyr: float
    whr: float

    def apply(self, offsets: np.ndarray, axis: int) -> np.ndarray:
        """Offsets in sides within -1/xyr to 1/xyr, log(1/whr) to log(whr); NaN is the least."""
        moves, scales = np.split(offsets, 2, axis=axis)
        parts = []
        for values, most in ((moves, 1 / self.xyr), (scales, float(np.log(self.whr)))):
            parts.append(np.minimum(np.fmax(values, -most), most))
        return np.concatenate(parts, axis=axis)

    def mistakes(self) -> Iterator[MinicaffeError]:
        """Settings that leave no box."""
        for name, value in (("field_xyr", self.xyr), ("field_whr", self.whr)):
            if not value > 0:
                yield GraphError(f"{name} is {value:g}; expected a number above 0")


def places(height: int, width: int, stride: float, dtype: np.dtype) -> np.ndarray:
    """The middles (x, y) of the places of a feature map, in pixels; (height, width, 2)."""
    y, x = np.indices((height, width), dtype)
    return np.stack([(x + 0.5) * stride, (y + 0.5) * stride], axis=-1)


def decode_at_places(
    offsets: np.ndarray, fields: np.ndarray, stride: float
) -> tuple[np.ndarray, np.ndarray]:
    """The middles and sides that offsets from fields at the places of a feature map mean.

    Args:
        offsets: in sides of the fields, (N, G, 4, H, W).
        fields: their widths and heights in pixels, (G, 2).
        stride: pixels from one place to the next.

    Returns:
        both in pixels, (N, G, H, W, 2).
    """
    height, width = offsets.shape[3:]
    last = np.moveaxis(offsets, 2, -1)
    sides = fields[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        middles = last[..., :2] * sides + places(height, width, stride, offsets.dtype)
        return middles, sides * np.exp(last[..., 2:])


def encode_at_places(boxes: np.ndarray, fields: np.ndarray, stride: float) -> np.ndarray:
    """The offsets in sides of fields at the places of a feature map that mean boxes.

    Args:
        boxes: middle x, middle y, width, height in pixels, (N, G, 4, H, W); sides below 2 count
            as 2.
        fields, stride: as for :func:`decode_at_places`.
    """
    height, width = boxes.shape[3:]
    last = np.moveaxis(boxes, 2, -1)
    sides = fields[:, None, None]
    with np.errstate(over="ignore", invalid="ignore"):
        moved = (last[..., :2] - places(height, width, stride, boxes.dtype)) / sides
        scaled = np.log(np.fmax(last[..., 2:], 2) / sides)
    return np.moveaxis(np.concatenate([moved, scaled], axis=-1), -1, 2)


def clipped(boxes: np.ndarray, width: float, height: float) -> np.ndarray:
    """Boxes (…, 4) with low corners of at least 0 and high ones of at most (width, height); NaN
    becomes these."""
    limit = np.array([width, height], boxes.dtype)
    low, high = np.fmax(boxes[..., :2], 0), np.fmin(boxes[..., 2:], limit)
    return np.concatenate([low, high], axis=-1)


def common_pixels(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The areas that boxes have in common, where their edges meet at least (Cascade R-CNN)."""
    met = (_shared(left, right) >= 0).all(axis=-1)
    return np.where(met, intersections(left, right, 1), left.dtype.type(0))


def common_lines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """:func:`common_pixels`, but none where only horizontal edges meet (Cascade R-CNN's
    suppression)."""
    lines = _shared(left, right)[..., 1] > 0
    return np.where(lines, common_pixels(left, right), left.dtype.type(0))


def _shared(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """From the larger low corner to the smaller high one, (…, 2)."""
    with np.errstate(invalid="ignore", over="ignore"):
        low = np.maximum(left[..., :2], right[..., :2])
        return np.asarray(np.minimum(left[..., 2:], right[..., 2:]) - low)


def common_areas(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The areas that boxes have in common, parts of a pixel too (MS-CNN)."""
    return intersections(left, right, 1)


def compare(
    left: np.ndarray, right: np.ndarray, nms_type: str, common: Common = common_lines
) -> np.ndarray:
    """How much boxes (n, 4) overlap boxes (m, 4), (n, m); 0 where something is NaN.

    The area in common, divided by that of the union (IOU), of the smaller box (IOMU), or of the
    left one (IOFU).
    """
    return _divided(common(left[:, None], right), _areas(left)[:, None], _areas(right), nms_type)


def compare_pairs(left: np.ndarray, right: np.ndarray, common: Common) -> np.ndarray:
    """Intersection over union of boxes (n, 4) with their own others (n, 4), (n,)."""
    return _divided(common(left, right), _areas(left), _areas(right), "IOU")


def _areas(boxes: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        sides = boxes[..., 2:] - boxes[..., :2] + 1
        return np.where((sides > 0).all(axis=-1), sides.prod(axis=-1), boxes.dtype.type(0))


def _divided(shared: np.ndarray, left: np.ndarray, right: np.ndarray, nms_type: str) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        whole = np.broadcast_to(left, shared.shape)
        if nms_type == "IOMU":
            whole = np.minimum(left, right)
        elif nms_type == "IOU":
            whole = left + right - shared
        ratio = shared / whole
    return np.where((shared > 0) & (ratio >= 0), ratio, shared.dtype.type(0))
