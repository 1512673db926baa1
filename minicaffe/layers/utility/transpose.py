"""Transpose: another order of axes."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer


@register("Transpose")
class Transpose(MovingLayer):
    """Puts the axes into another order: axis i of the top is axis ``dim[i]`` of the bottom.

    SSD's Permute does so, too; its list may be shorter.

    Shapes: bottom x of any shape with at least one axis; top y of x's lengths in that order.

    Settings: ``transpose_param``: dim, every axis of the bottom once.

    Gradients: dx is dy in the order of x.

    Raises:
        GraphError: ``dim`` is not every axis once.
        ShapeError: the bottom has another number of axes.

    Source: transpose_layer.cpp (tianzhi0549/CTPN).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        order = list(self.param.transpose_param.dim)
        if not order or sorted(order) != list(range(len(order))):
            yield GraphError(
                f"dim is {order}, expected each axis from 0 on once, such as dim: 2 dim: 0 dim: 1"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = self.view = bottom[0].shape
        self.order = [int(axis) for axis in self.param.transpose_param.dim]
        if len(shape) != len(self.order):
            raise ShapeError(
                f"dim orders {len(self.order)} axes, but the bottom has {len(shape)} "
                f"({shape_text(shape)})"
            )
        top[0].reshape(*(shape[axis] for axis in self.order))
