"""Resample: images of other sizes, smoothed on shrinking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.proto import caffe_pb2

_Resample = caffe_pb2.ResampleParameter


@register("Resample")
class Resample(Layer):
    """Resizes images: each pixel is a weighted mean of those around its place.

    With f = H / H' and g = W / W' row i of the top lies at r = i · f + g / 2 - 1/2 of the bottom,
    and column j at j · g + f / 2 - 1/2: FlowNet's Caffe, whose networks were trained so, swaps f
    and g in the middle, which tells only where they differ. The weight of a pixel is k(d) of both
    distances, divided by the sum of the weights; k is 1 - \\|d\\| up to 1 for LINEAR, the cubic
    kernel with a = -1/2 for CUBIC. With ``antialias`` and f or g above 1, distances are divided by
    f and g before. NEAREST takes the pixel at r, rounded, half-way away from 0; the outermost
    one where that is outside (there FlowNet's Caffe reads another row or image).

    Shapes: bottom 0 (N, C, H, W); bottom 1, optional, with four axes, of which only height and
    width count; top (N, C, H', W').

    Settings: ``resample_param``: width and height, without bottom 1; type, LINEAR, NEAREST or
    CUBIC; antialias (true); factor is not used.

    Gradients: each dy goes to the pixels that its value came from, with their weights (FlowNet's
    Caffe has none, and stops); none for bottom 1.

    Raises:
        GraphError: there is no size; type is AREA.
        ShapeError: there are not four axes; the size is 0.

    Source: resample_layer.cu (lmb-freiburg/flownet2), which runs on GPUs only.
    """

    in_place = False
    size_bottoms = frozenset({1})
    min_bottoms = 1
    max_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.resample_param
        if param.type == _Resample.AREA:
            yield GraphError("type is AREA; LINEAR, NEAREST and CUBIC are there")
        if len(self.param.bottom) < 2 and not (param.width and param.height):
            yield GraphError(
                "no size is given; write height and width, or add a second bottom that has the size"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for index, blob in enumerate(bottom):
            require_images(blob, f"bottom {index}")
        param = self.param.resample_param
        size = (param.height, param.width) if len(bottom) < 2 else bottom[1].shape[2:]
        if 0 in (*size, *bottom[0].shape[2:]):
            raise ShapeError("an image without pixels cannot be resampled")
        places = sum(n * own for n, own in zip(size, bottom[0].shape[2:], strict=True))
        self.limits.check(32 * places, "what it makes of its size")
        f, g = (
            np.float32(old) / np.float32(new)
            for old, new in zip(bottom[0].shape[2:], size, strict=True)
        )
        smooth = param.antialias and (f > 1 or g > 1)
        self.matrices = tuple(
            _weights(length, wanted, own, other, param.type, smooth=smooth).astype(self.dtype)
            for length, wanted, own, other in (
                (bottom[0].shape[2], size[0], f, g),
                (bottom[0].shape[3], size[1], g, f),
            )
        )
        top[0].reshape(*bottom[0].shape[:2], *size)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        rows, columns = self.matrices
        np.matmul(rows, bottom[0].data @ columns.T, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            rows, columns = self.matrices
            np.matmul(rows.T, top[0].diff @ columns, out=bottom[0].diff)


def _weights(
    length: int, wanted: int, ratio: np.float32, other: np.float32, kind: int, *, smooth: bool
) -> np.ndarray:
    """What each of ``length`` values (columns) counts in each of the ``wanted`` ones (rows)."""
    half = np.float32(0.5)
    place = np.arange(wanted, dtype=np.float32) * ratio + other * half - half
    place = place.astype(np.float64)
    if kind == _Resample.NEAREST:
        nearest = np.trunc(place + np.copysign(0.5, place)).astype(np.intp)
        return np.eye(length)[np.clip(nearest, 0, length - 1)]
    d = np.abs(place[:, None] - np.arange(length)) / (float(ratio) if smooth else 1.0)
    if kind == _Resample.CUBIC:
        inner, outer = d * d * (1.5 * d - 2.5) + 1, d * (d * (2.5 - 0.5 * d) - 4) + 2
        weights = np.where(d <= 1, inner, np.where(d < 2, outer, 0))
    else:
        weights = np.maximum(1 - d, 0)
    total = weights.sum(1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total != 0)
