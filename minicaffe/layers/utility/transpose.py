"""Transpose: another order of axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register


@register("Transpose")
class Transpose(Layer):
    """Puts the axes into another order: axis i of the top is axis ``dim[i]`` of the bottom.

    SSD's Permute does so, too; its list may be shorter.

    Shapes: bottom x of any shape with at least one axis; top y of x's lengths in that order.

    Settings: ``transpose_param``: dim { dim: … }, every axis once.

    Gradients: dx is dy in the order of x.

    Raises:
        GraphError: ``dim`` is not every axis once.
        ShapeError: the bottom has another number of axes.

    Source: transpose_layer.cpp (tianzhi0549/CTPN).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        order = list(self.param.transpose_param.dim.dim)
        if not order or sorted(order) != list(range(len(order))):
            yield GraphError(
                f"dim is {order}, expected each axis from 0 on once, such as "
                "dim { dim: 2 dim: 0 dim: 1 }"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.order = [int(axis) for axis in self.param.transpose_param.dim.dim]

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != len(self.order):
            raise ShapeError(
                f"dim orders {len(self.order)} axes, but the bottom has {len(shape)} "
                f"({shape_text(shape)})"
            )
        top[0].reshape(*(shape[axis] for axis in self.order))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, bottom[0].data.transpose(self.order))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            np.copyto(bottom[0].diff.transpose(self.order), top[0].diff)
