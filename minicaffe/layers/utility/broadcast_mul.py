"""BroadcastMul: one blob times a number for each channel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import fold


@register("BroadcastMul")
class BroadcastMul(Layer):
    """z = a · x, with one a for each channel of each item; the larger bottom is x.

    Shapes: bottoms x (N, C, H, W), or any other with at least two axes, and a, N·C numbers in any
    shape, in either order; top z like x. Of bottoms with as many values the second is x.

    Gradients: da = Σ dz · x over the pixels; dx = a · dz. (The fork's CPU code overwrites the
    bottoms with them.)

    Raises:
        ShapeError: the smaller bottom has not one number for each channel of the larger one.

    Source: broadcast_mul_layer.cpp (jolibrain/caffe).
    """

    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self._large = 0 if bottom[0].count > bottom[1].count else 1
        large, small = bottom[self._large], bottom[1 - self._large]
        if len(large.shape) < 2 or small.count != large.shape[0] * large.shape[1]:
            raise ShapeError(
                f"the bottoms have shapes {shape_text(bottom[0].shape)} and "
                f"{shape_text(bottom[1].shape)}; one number for each channel of the larger one is "
                "expected"
            )
        top[0].reshape_like(large)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, a = fold(bottom[self._large].data), bottom[1 - self._large].data
        np.multiply(x, a.reshape(*x.shape[:2], 1), out=fold(top[0].data))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        large, small = bottom[self._large], bottom[1 - self._large]
        x, dz = fold(large.data), fold(top[0].diff)
        if propagate_down[self._large]:
            np.multiply(dz, small.data.reshape(*x.shape[:2], 1), out=fold(large.diff))
        if propagate_down[1 - self._large]:
            small.diff[...] = np.einsum("nci,nci->nc", dz, x).reshape(small.shape)
