"""Axpy: one blob times a number for each channel, plus another blob."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import fold


@register("Axpy")
class Axpy(Layer):
    """z = a · x + y, with one a for each channel of each item: the end of an SE block.

    OpenCV 4 adds the other way round, a · y + x, when it reads a prototxt with Axpy.

    Shapes: bottom 0, a (N, C) or (N, C, 1, 1); bottom 1, x (N, C, H, W), or any other with at
    least two axes; bottom 2, y like x; top z like x.

    Gradients: da = Σ dz · x over the pixels; dx = a · dz; dy = dz.

    Raises:
        ShapeError: x and y differ, or a has not one number for each of their channels.

    Source: axpy_layer.cpp (hujie-frank/SENet); Hu, Shen, Sun, "Squeeze-and-excitation networks",
    2017 (arXiv:1709.01507).
    """

    in_place = False
    exact_bottoms = 3
    exact_tops = 1
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        a, x, y = (blob.shape for blob in bottom)
        if x != y:
            raise ShapeError(
                f"bottom 1 has shape {shape_text(x)}, bottom 2 {shape_text(y)}; the same shape is "
                "expected"
            )
        if len(x) < 2 or a[:2] != x[:2] or any(n != 1 for n in a[2:]):
            raise ShapeError(
                f"bottom 0 has shape {shape_text(a)}; one number for each channel of each item of "
                f"bottom 1 (shape {shape_text(x)}) is expected"
            )
        top[0].reshape_like(bottom[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        a, x, y, z = (fold(blob.data) for blob in (*bottom, top[0]))
        np.add(x * a, y, out=z)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        a, x, dz = fold(bottom[0].data), fold(bottom[1].data), fold(top[0].diff)
        if propagate_down[0]:
            np.einsum("nci,nci->nc", dz, x, out=fold(bottom[0].diff)[:, :, 0])
        if propagate_down[1]:
            np.multiply(a, dz, out=fold(bottom[1].diff))
        if propagate_down[2]:
            np.copyto(bottom[2].diff, top[0].diff)
