"""What a net says of the fields (anchors) at each place of a map, beside what is true there.

MS-CNN and Cascade R-CNN label a map with six numbers for each field and place: label, middle x,
middle y, width and height of the true box in pixels, overlap with it. An overlap of a place with
label 0 says how near it is to an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layers.detection.pixel_boxes import (
    Common,
    Limits,
    Normalizer,
    compare_pairs,
    decode_at_places,
    encode_at_places,
    from_middles,
)
from minicaffe.layers.loss.labels import truncated

#: Numbers that a label map has for each place.
LABEL_CHANNELS = 6


class Fields(NamedTuple):
    """The fields at each place of a map.

    Attributes:
        sizes: their widths and heights in pixels, (G, 2).
        stride: pixels from one place to the next.
        normalizer: what a net's offsets are multiplied by, and what is added.
        limits: how far a box may be from its field.
    """

    sizes: np.ndarray
    stride: float
    normalizer: Normalizer
    limits: Limits


class FieldPredictions(NamedTuple):
    """Scores and offsets of a net, and the label map; item i is of field i modulo G.

    Attributes:
        scores: (I, classes, H, W).
        offsets: (I, 4, H, W).
        truths: (I, 6, H, W).
    """

    scores: np.ndarray
    offsets: np.ndarray
    truths: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """(I, H, W), whole numbers."""
        return truncated(self.truths[:, 0])

    @property
    def overlaps(self) -> np.ndarray:
        """With true boxes, (I, H, W)."""
        return self.truths[:, 5]

    def targets(self, fields: Fields) -> np.ndarray:
        """The offsets that a net should give, like :attr:`offsets`."""
        shape = self.offsets.shape
        boxes = _by_field(self.truths[:, 1:5], len(fields.sizes))
        plain = encode_at_places(boxes, fields.sizes, fields.stride).reshape(shape)
        mean, std = (values.reshape(4, 1, 1) for values in fields.normalizer)
        return np.asarray((plain - mean) / std)

    def fits(self, fields: Fields, chosen: np.ndarray, common: Common) -> np.ndarray:
        """The overlaps of the boxes that the offsets mean with the true ones.

        Args:
            chosen: which fields and places, a mask (I, H, W).
        """
        plain = fields.normalizer.plain(_by_field(self.offsets, len(fields.sizes)), axis=2)
        moved = fields.limits.apply(plain, axis=2)
        found = from_middles(*decode_at_places(moved, fields.sizes, fields.stride))
        last = np.moveaxis(self.truths[:, 1:5], 1, -1)
        wanted = from_middles(last[..., :2], last[..., 2:])
        return compare_pairs(found.reshape(wanted.shape)[chosen], wanted[chosen], common)


def _by_field(values: np.ndarray, fields: int) -> np.ndarray:
    """Values (I, 4, H, W) as (N, G, 4, H, W)."""
    return values.reshape(len(values) // fields, fields, *values.shape[1:])


def require_shape(blob: Blob, index: int, what: str, shape: tuple[int, ...]) -> None:
    """Refuse a bottom of another shape.

    Raises:
        ShapeError: says which it has, and which was expected.
    """
    if blob.shape != shape:
        raise ShapeError(
            f"bottom {index} ({what}) has shape {shape_text(blob.shape)}; expected "
            f"{shape_text(shape)}"
        )


def require_groups(bottoms: Sequence[Blob], classes: int, fields: int) -> None:
    """Refuse scores, offsets and labels that are not of ``fields`` fields each.

    Raises:
        ShapeError: says which bottom does not fit, and what was expected.
    """
    shape = bottoms[0].shape
    if len(shape) != 4 or shape[1] != classes or shape[0] % fields:
        raise ShapeError(
            f"bottom 0 (scores) has shape {shape_text(shape)}; expected {fields}·N×{classes}×H×W "
            f"for {fields} field(s) and {classes} classes"
        )
    for index, (what, channels) in enumerate((("offsets", 4), ("labels", LABEL_CHANNELS)), 1):
        require_shape(bottoms[index], index, what, (shape[0], channels, *shape[2:]))


def require_joined(bottoms: Sequence[Blob], classes: int) -> None:
    """Refuse MS-CNN's bottoms: scores and offsets in one, and labels, that do not fit.

    Raises:
        ShapeError: says which bottom does not fit, and what was expected.
    """
    shape = bottoms[0].shape
    if len(shape) != 4 or shape[1] != classes + 4:
        raise ShapeError(
            f"bottom 0 (scores and offsets) has shape {shape_text(shape)}; expected "
            f"N×{classes + 4}×H×W, {classes} classes and four offsets"
        )
    require_shape(bottoms[1], 1, "labels", (shape[0], LABEL_CHANNELS, *shape[2:]))
