"""Proposals: of all boxes that a net finds in an image the best, without doubles, as rows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.layer import Blobs
from minicaffe.layers.detection.boxes import best_first, suppress
from minicaffe.layers.detection.pixel_boxes import Common, compare
from minicaffe.proto import caffe_pb2

#: The row of a batch without a box: something to pool from.
_INSTEAD = (0, 1, 1, 10, 10)


class Found(NamedTuple):
    """Boxes (n, 4) with their scores (n,)."""

    boxes: np.ndarray
    scores: np.ndarray

    def only(self, index: np.ndarray) -> Found:
        """Those of an index or mask."""
        return Found(self.boxes[index], self.scores[index])

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """All of them, in order."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


def choose(
    found: Found,
    param: caffe_pb2.BoxGroupOutputParameter | caffe_pb2.BoxOutputParameter,
    common: Common,
) -> Found:
    """One image's best ``max_nms_num`` boxes, those without a better double, the best
    ``max_post_nms_num`` of these; 0 is all.

    Args:
        found: the image's.
        param: has these fields, ``iou_thr`` and ``nms_type``.
        common: the area that boxes have in common.
    """
    best = found.only(best_first(found.scores, top_k=param.max_nms_num or -1))
    by = functools.partial(compare, nms_type=param.nms_type, common=common)
    most = param.max_post_nms_num or -1
    return best.only(suppress(best.boxes, param.iou_thr, compare=by, most=most))


def fill(top: Blobs, images: Sequence[Found]) -> None:
    """Make top 0 rows of image, xmin, ymin, xmax, ymax, and top 1, if there is one, these with
    scores; of a batch without a box one row."""
    counts = [len(found.scores) for found in images]
    everything = Found.joined(images)
    rows = np.column_stack([np.repeat(np.arange(len(images)), counts), *everything])
    plain = rows[:, :5]
    if not len(rows):
        rows, plain = np.zeros((1, 6)), np.array([_INSTEAD])
    for blob, values in zip(top, (plain, rows), strict=False):
        blob.reshape(*values.shape, 1, 1)
        blob.data[..., 0, 0] = values
