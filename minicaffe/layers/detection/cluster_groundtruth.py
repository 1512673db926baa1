"""ClusterGroundtruth: DetectNet's true boxes, of its grid made a list."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.detection.detectnet import GridLayer, fill


@register("ClusterGroundtruth")
class ClusterGroundtruth(GridLayer):
    """The boxes of the places that an object covers, each once.

    A layer ``type: "Python"`` with ``module: "caffe.layers.detectnet.clustering"`` and this name is
    this one, if there is no module of that name on the path. The boxes come in the order of their
    places; the fork's have none.

    Shapes: bottom 0, coverage (N, C, H, W), above 0 where an object is; bottom 1, the boxes' left,
    top, right and bottom edges (N, 4, H, W) in pixels from the place; tops, one a class, boxes (N,
    50, 5): the four edges in pixels, rounded to half precision, and 0; 0 after the last. More than
    50 are cut off; the fork fails.

    Settings: ``python_param``: param_str, numbers with commas between: image width, image height,
    stride, in pixels; number of classes, 1 without it.

    Gradients: none; the bottoms' are 0.

    Raises:
        GraphError: param_str is wrong, or there is not one top a class.
        ShapeError: the bottoms do not fit each other or the tops.

    Source: clustering.py (NVIDIA/caffe).
    """

    replaces_modules = ("caffe.layers.detectnet.clustering",)
    names = (
        ("image width", int),
        ("image height", int),
        ("stride", int),
        ("number of classes", int),
    )

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for item, boxes in enumerate(bottom[1].data):
            for kind, blob in enumerate(top):
                cover = bottom[0].data[item, kind]
                found = self.proposals(cover, boxes, cover > 0)
                once = list(dict.fromkeys(map(tuple, found.tolist())))
                fill(blob, item, np.array(once).reshape(-1, 4))
