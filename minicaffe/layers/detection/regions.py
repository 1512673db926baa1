"""Regions of images (R-CNN's "rois"), and the parts that pooling divides them into.

A region is five numbers: the image's index in the batch, then xmin, ymin, xmax, ymax in pixels of
the net's input, the last pixel being part of it. ``spatial_scale`` makes pixels of the feature map
of them. Bounds are computed in the blobs' number format, as in Caffe, since a rounding error moves
a part's border by a pixel. A region with a corner that is not a number has no pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.gradients import clear_gradients
from minicaffe.layers.images import require_images

#: Where pixels end for sure; C's conversion to int has no rule beyond it.
_FARTHEST = 2.0**31


#: The first pixel of each part, and the one after its last.
Ranges = list[tuple[int, int]]


class Parts(NamedTuple):
    """What lengths are divided into along one axis of a feature map.

    Attributes:
        start: (R, parts), the first pixel of each part.
        end: (R, parts), the first pixel after it; not above ``start`` where a part is empty.
    """

    start: np.ndarray
    end: np.ndarray

    def ranges(self) -> list[Ranges]:
        """The parts of each region as pairs of numbers."""
        pairs = zip(self.start.tolist(), self.end.tolist(), strict=True)
        return [list(zip(*pair, strict=True)) for pair in pairs]


class RegionLayer(Layer):
    """A layer that makes a few values of each region (bottom 1) of feature maps (bottom 0).

    The regions' gradient is 0, for a net with learned proposals asks for it.
    """

    in_place = False
    exact_bottoms = 2
    exact_tops = 1

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index == 0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
        if propagate_down[0]:
            self.give_back(top[0].diff, bottom)

    def give_back(self, dy: np.ndarray, bottom: Blobs) -> None:
        """Add to the feature maps' gradient, which is 0, what the top's gives them."""
        raise NotImplementedError(f"{type(self).__name__}.give_back")


def number_mistakes(scale: float, pad_ratio: float = 0) -> Iterator[MinicaffeError]:
    """What is wrong with the numbers by which corners are changed."""
    if not math.isfinite(scale) or scale == 0:
        yield GraphError(f"spatial_scale is {scale:g}; expected a finite number other than 0")
    if not math.isfinite(pad_ratio):
        yield GraphError(f"pad_ratio is {pad_ratio:g}; expected a finite number")


def require_regions(bottom: Blobs) -> None:
    """Refuse bottoms that are not a batch of images and regions.

    Raises:
        ShapeError: bottom 0 has not four axes; bottom 1 does not hold five numbers a region.
    """
    require_images(bottom[0], "bottom 0")
    shape = bottom[1].shape
    if not shape or shape[0] * 5 != bottom[1].count:
        raise ShapeError(
            f"bottom 1 has shape {shape_text(shape)}; expected regions (R, 5): the image's index, "
            "xmin, ymin, xmax, ymax"
        )


def read_regions(blob: Blob, images: int) -> tuple[np.ndarray, np.ndarray]:
    """The images' indices (R,) and the corners (R, 4) of the regions in a blob.

    Args:
        blob: (R, 5) and axes of length 1.
        images: how many there are.

    Raises:
        DataError: a region's image is not among them.
    """
    rows = blob.data.reshape(blob.shape[0], 5)
    found = np.trunc(rows[:, 0])
    wrong = np.flatnonzero(~((found >= 0) & (found < images)))
    if len(wrong):
        raise DataError(
            f"region {wrong[0]} of bottom 1 is of image {rows[wrong[0], 0]:g}, but bottom 0 has "
            f"only the images 0 to {images - 1}"
        )
    return found.astype(np.intp), rows[:, 1:]


def channels_last(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) as (N, H, W, C): the largest of many values are found at once."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def nearest(values: np.ndarray) -> np.ndarray:
    """Values rounded to whole ones as C's ``round`` does it, halves away from 0, and infinities
    made far away."""
    values = np.clip(values, -_FARTHEST, _FARTHEST)
    whole = np.trunc(values)
    return np.asarray(whole + np.copysign(np.abs(values - whole) >= 0.5, values))


def divide(first: np.ndarray, size: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """The borders (R, parts), not rounded, of parts of equal sizes: their starts and their ends.

    Args:
        first: (R,), where the first part begins.
        size: (R,), of all parts together.
        parts: how many.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        step = (size / size.dtype.type(parts))[:, None]
        count = np.arange(parts + 1, dtype=size.dtype)
        return count[:-1] * step + first[:, None], count[1:] * step + first[:, None]


def inside(start: np.ndarray, end: np.ndarray, length: int) -> Parts:
    """Parts of whole pixels: starts rounded down, ends up, and cut to 0 to ``length``."""
    unknown = np.isnan(start) | np.isnan(end)
    low, high = (np.where(unknown, 0, np.clip(edge, -_FARTHEST, _FARTHEST))
                 for edge in (np.floor(start), np.ceil(end)))  # fmt: skip
    return Parts(
        np.clip(low.astype(np.int64), 0, length),
        np.clip(high.astype(np.int64), 0, length),
    )


def pixels(down: Parts, across: Parts) -> Iterator[tuple[int, int, int, slice, slice]]:
    """The rows and columns of the parts of regions, of those that are not empty.

    Yields:
        the region, the part's place in it from above and from the left, its rows, its columns.
    """
    for region, (high, wide) in enumerate(zip(down.ranges(), across.ranges(), strict=True)):
        for i, rows in enumerate(high):
            for j, columns in enumerate(wide):
                if rows[0] < rows[1] and columns[0] < columns[1]:
                    yield region, i, j, slice(*rows), slice(*columns)
