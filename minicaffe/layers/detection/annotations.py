"""Images with their annotated boxes: what an AnnotatedDatum holds, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from google.protobuf.message import DecodeError

from minicaffe.data.datum import datum_image
from minicaffe.data.images import Color
from minicaffe.errors import DataError
from minicaffe.layers.detection.boxes import areas, clip, coverages
from minicaffe.proto import caffe_pb2


@dataclass(frozen=True)
class Example:
    """An image with boxes.

    Attributes:
        image: channels × height × width, uint8.
        label: the image's own class.
        groups: the class of each box, (G,).
        instances: the number of each box within its group, (G,).
        boxes: (G, 4), in image sides.
        difficult: whether each is marked as hard to find, (G,).
    """

    image: np.ndarray
    label: int
    groups: np.ndarray
    instances: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.image.shape[1], self.image.shape[2]

    def chosen(self, which: np.ndarray, boxes: np.ndarray) -> Example:
        """This image with some of its boxes, which are elsewhere now."""
        return replace(
            self,
            groups=self.groups[which],
            instances=self.instances[which],
            boxes=boxes[which],
            difficult=self.difficult[which],
        )

    def seen_in(self, part: np.ndarray, emit: caffe_pb2.EmitConstraint | None = None) -> Example:
        """The boxes as a part of the image shows them, cut at its edge; others are dropped.

        Args:
            part: a box, in sides of this image.
            emit: which boxes the part keeps: those with their middle in it, or those of which it
                covers more than ``emit_overlap``; None all that it touches.
        """
        low, sides = part[:2], part[2:] - part[:2]
        touches = ((self.boxes[:, :2] < part[2:]) & (self.boxes[:, 2:] > low)).all(axis=1)
        if emit is not None:
            touches &= _emitted(self.boxes, part, emit)
        moved = clip((self.boxes - np.tile(low, 2)) / np.tile(sides, 2))
        return self.chosen(np.flatnonzero(touches & (areas(moved) > 0)), moved)


def _emitted(boxes: np.ndarray, part: np.ndarray, emit: caffe_pb2.EmitConstraint) -> np.ndarray:
    if emit.emit_type == emit.MIN_OVERLAP:
        return coverages(boxes, part[None])[:, 0] > emit.emit_overlap
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.asarray(((middles >= part[:2]) & (middles <= part[2:])).all(axis=1))


def parse_annotated(value: bytes) -> caffe_pb2.AnnotatedDatum:
    """The ``AnnotatedDatum`` in a database's value.

    Raises:
        DataError: the bytes are something else.
    """
    try:
        return caffe_pb2.AnnotatedDatum.FromString(value)
    except DecodeError as reason:
        raise DataError(
            f"{len(value)} bytes that are not an AnnotatedDatum; the database is damaged, or was "
            "made for Data layers (write it with AnnotatedDatums, as SSD's create_annoset does)"
        ) from reason


def example_of(datum: caffe_pb2.AnnotatedDatum, color: Color) -> Example:
    """The image and the boxes of an ``AnnotatedDatum``.

    Raises:
        DataError: the image cannot be decoded or is none of bytes; a box has corners that are no
            numbers.
    """
    image = datum_image(datum.datum, color)
    if image.dtype != np.uint8:
        raise DataError("the image has float_data; expected bytes, or an encoded image")
    rows = [
        (
            group.group_label, annotation.instance_id, annotation.bbox.difficult,
            annotation.bbox.xmin, annotation.bbox.ymin, annotation.bbox.xmax, annotation.bbox.ymax,
        )
        for group in datum.annotation_group
        for annotation in group.annotation
    ]  # fmt: skip
    table = np.array(rows, float).reshape(-1, 7)
    if not np.isfinite(table).all():
        raise DataError("a box has corners that are no finite numbers")
    return Example(
        image,
        datum.datum.label,
        groups=table[:, 0].astype(int),
        instances=table[:, 1].astype(int),
        boxes=table[:, 3:],
        difficult=table[:, 2].astype(bool),
    )
