"""ClusterDetections: DetectNet's boxes of the places of its grid, grouped."""

from __future__ import annotations

import numpy as np

from minicaffe.errors import DataError
from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.detectnet import GridLayer, fill
from minicaffe.layers.detection.grouping import group_rectangles

_LARGEST = 2**31


@register("ClusterDetections")
class ClusterDetections(GridLayer):
    """Boxes of the places whose coverage reaches a threshold, grouped as OpenCV does it.

    A layer ``type: "Python"`` with ``module: "caffe.layers.detectnet.clustering"`` and this name is
    this one, if there is no module of that name on the path; OpenCV is not needed. Edges are cut
    to whole pixels before they are grouped (:func:`minicaffe.layers.detection.grouping.
    group_rectangles`); groups lower than the minimum height are dropped.

    Shapes: bottom 0, coverage (N, C, H, W); bottom 1, the boxes' left, top, right and bottom edges
    (N, 4, H, W) in pixels from the place; tops, one a class, boxes (N, 50, 5): the four edges in
    pixels, rounded to half precision, and the logarithm of the number of places; 0 after the last.
    More than 50 are cut off; the fork fails.

    Settings: ``python_param``: param_str, numbers with commas between: image width, image height,
    stride, in pixels; coverage threshold; how many places a group must have more than; the share of
    the sides by which edges may differ; minimum height in pixels; number of classes, 1 without it.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong, or there is not one top a class.
        ShapeError: the bottoms do not fit each other or the tops.
        DataError: a box's edge is no number of pixels.

    Source: clustering.py (NVIDIA/caffe); Barker, Sarathy, Tao, "DetectNet: deep neural network for
    object detection in DIGITS", 2016.
    """

    measures = False
    replaces_modules = ("caffe.layers.detectnet.clustering",)
    names = (
        ("image width", int),
        ("image height", int),
        ("stride", int),
        ("coverage threshold", float),
        ("least places", int),
        ("eps", float),
        ("minimum height", int),
        ("number of classes", int),
    )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for item, boxes in enumerate(bottom[1].data):
            for kind, blob in enumerate(top):
                fill(blob, item, self._detections(bottom[0].data[item, kind], boxes))

    def _detections(self, cover: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        chosen = cover >= self.number("coverage threshold")
        found = self.proposals(cover, boxes, chosen)
        if not found.any():
            return np.zeros((0, 5))
        if not (np.abs(found) < _LARGEST).all():
            raise DataError("a box's edge is not finite, or no number of pixels; look at bottom 1")
        rectangles = np.concatenate([found[:, :2], found[:, 2:] - found[:, :2]], axis=1)
        groups, counts = group_rectangles(
            rectangles.astype(np.int64), int(self.number("least places")), self.number("eps")
        )
        high = groups[:, 3] >= self.number("minimum height")
        groups, counts = groups[high], counts[high]
        ends = groups[:, :2] + groups[:, 2:]
        return np.concatenate([groups[:, :2], ends, np.log(counts)[:, None]], axis=1)
