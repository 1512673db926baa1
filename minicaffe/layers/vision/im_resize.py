"""ImResize: OpenPose's maps of several scales, enlarged and averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register

#: What brings a pixel that lies on a pixel there in spite of rounding.
_TINY = 1e-5


@register("ImResize")
class ImResize(Layer):
    """The mean over the items of their middle parts, each enlarged by cubic interpolation.

    Item n is an image at the scale s = start_scale - n · scale_gap, with margins: of width W the
    ⌊⌊W/2⌋ · (1 - s)⌋ columns at either side do not count. A pixel's middle lies at (x + 0.5) · size
    / target - 0.5; weights are those of Catmull and Rom, and pixels beyond the edge are the edge's.
    (That is the fork's GPU code. Its CPU code resizes each item by itself and writes beyond the
    top.)

    Shapes: bottom (N, C, H, W), N scales of one image; top (1, C, H', W').

    Settings: ``imresize_param``: factor (0), by which H' and W' are larger than H and W; without it
    target_spatial_height (368) and target_spatial_width (368), in pixels; start_scale (1) and
    scale_gap (0.1).

    Gradients: dx is dy sent back with the same weights; the fork has none.

    Raises:
        ShapeError: the bottom has not four axes; nothing is left of an item at its scale, or of the
            target.

    Source: imresize_layer.cu (CMU-Perceptual-Computing-Lab/caffe_rtpose); Cao, Simon, Wei, Sheikh,
    "Realtime multi-person 2D pose estimation using part affinity fields", 2017 (arXiv:1611.08050).
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.imresize_param, bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(f"bottom has shape {shape_text(shape)}, expected N×C×H×W")
        target = (param.target_spatial_height, param.target_spatial_width)
        if param.factor:
            target = (int(shape[2] * param.factor), int(shape[3] * param.factor))
        if min(target) < 1:
            raise ShapeError(
                f"the top would have {shape_text(target)} pixels; at least 1 is needed"
            )
        top[0].reshape(1, shape[1], *target)
        self._weights = [
            [self._axis(item, shape[axis], target[axis - 2]) for axis in (2, 3)]
            for item in range(shape[0])
        ]

    def _axis(self, item: int, size: int, target: int) -> np.ndarray:
        """What each pixel of a side counts for each pixel of the target's (target, size)."""
        param = self.param.imresize_param
        exact = size // 2 * (1 - param.start_scale + item * param.scale_gap)
        margin = math.floor(exact) if math.isfinite(exact) else -1
        inner = size - 2 * margin
        if margin < 0 or inner < 1:
            scale = param.start_scale - item * param.scale_gap
            raise ShapeError(
                f"item {item} would be at scale {scale:g}, of which {size} pixels hold nothing; "
                "start_scale and scale_gap must give scales above 0, up to 1"
            )
        return _cubic(inner, target, size, margin).astype(self.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        y = top[0].data[0]
        y[...] = 0
        for x, (rows, columns) in zip(bottom[0].data, self._weights, strict=True):
            y += rows @ x @ columns.T
        y /= max(1, len(self._weights))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        dy = top[0].diff[0] / max(1, len(self._weights))
        for dx, (rows, columns) in zip(bottom[0].diff, self._weights, strict=True):
            dx[...] = rows.T @ dy @ columns


def _cubic(inner: int, target: int, size: int, margin: int) -> np.ndarray:
    """Weights (target, size) of the ``inner`` pixels between two margins."""
    places = (np.arange(target) + 0.5) * (inner / target) - 0.5
    first = np.clip((places + _TINY).astype(np.int64), 0, inner - 1)
    t = places - first
    second = np.minimum(first + 1, inner - 1)
    neighbours = (np.maximum(first - 1, 0), first, second, np.minimum(second + 1, inner - 1))
    shares = (
        -0.5 * t**3 + t**2 - 0.5 * t,
        1.5 * t**3 - 2.5 * t**2 + 1,
        -1.5 * t**3 + 2 * t**2 + 0.5 * t,
        0.5 * t**3 - 0.5 * t**2,
    )
    weights = np.zeros((target, size))
    for neighbour, share in zip(neighbours, shares, strict=True):
        np.add.at(weights, (np.arange(target), neighbour + margin), share)
    return weights
