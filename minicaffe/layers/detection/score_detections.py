"""ScoreDetections: DetectNet's boxes held against the true ones."""

from __future__ import annotations

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.detectnet import MAX_BOXES, DetectNetLayer, listed

_OVERLAP = 0.7


@register("ScoreDetections")
class ScoreDetections(DetectNetLayer):
    """Which boxes are right: each true box takes the first free detection that overlaps it.

    A layer ``type: "Python"`` with ``module: "caffe.layers.detectnet.mean_ap"`` and this name is
    this one, if there is no module of that name on the path. To overlap is to share at least 0.7 of
    the area that both cover.

    Shapes: bottom 0, the true boxes (N, 50, 5); bottom 1, the detections (N, 50, 5): left, top,
    right and bottom edges in pixels, 0 where there is none; top (N, 50, 5): the four edges, and 1
    for a right detection, 2 for a wrong one, 3 for a true box that was missed. More than 50 are
    cut off; the fork fails.

    Gradients: none; the bottoms' are 0.

    Raises:
        ShapeError: the bottoms have other shapes.

    Source: mean_ap.py (NVIDIA/caffe).
    """

    replaces_modules = ("caffe.layers.detectnet.mean_ap",)
    exact_bottoms = 2
    exact_tops = 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for index, blob in enumerate(bottom):
            shape = blob.shape
            if len(shape) != 3 or shape[2] < 4 or shape[0] != bottom[0].shape[0]:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(shape)}, expected items×boxes×5, "
                    "as many items in both"
                )
        top[0].reshape(bottom[0].shape[0], MAX_BOXES, 5)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = 0
        for item, (true, found) in enumerate(zip(bottom[0].data, bottom[1].data, strict=True)):
            rows = _scored(listed(true[:, :4]), listed(found[:, :4]))[:MAX_BOXES]
            top[0].data[item, : len(rows)] = rows


def _scored(true: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The right ones, the wrong ones, the missed ones, each with its number (M, 5)."""
    used, met = np.zeros(len(found), bool), np.zeros(len(true), bool)
    for index, box in enumerate(true):
        free = np.flatnonzero((_overlaps(box, found) >= _OVERLAP) & ~used)
        if len(free):
            used[free[0]] = met[index] = True
    parts = ((found[used], 1), (found[~used], 2), (true[~met], 3))
    return np.concatenate(
        [np.concatenate([rows, np.full((len(rows), 1), kind)], axis=1) for rows, kind in parts]
    )


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The shared part of the area that a box and each other cover."""
    ends = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(0, ends - np.maximum(box[:2], others[:, :2])), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(shared > 0, shared / (areas - shared), 0)
