"""Permute: the axes of a blob in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer
from minicaffe.layers.utility.concat import share


@register("Permute")
class Permute(MovingLayer):
    """Puts axes into another order: top[i0, i1, …] = bottom[…], axis k of the top being axis
    ``order[k]`` of the bottom.

    Shapes: bottom of any shape; top with its axes in the new order. When that is the old one, they
    share their memory.

    Settings: ``permute_param``: order, the bottom's axes counted from 0; those that it leaves out
    follow in their old order.

    Gradients: dx is dy with its axes put back.

    Raises:
        GraphError: an axis comes twice in ``order``.
        ShapeError: the bottom has no such axis.

    Source: permute_layer.cpp (weiliu89/caffe).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        order = list(self.param.permute_param.order)
        if twice := sorted({axis for axis in order if order.count(axis) > 1}):
            yield GraphError(f"order is {order}, which has {twice[0]} twice; give each axis once")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        first = [bottom[0].axis(axis) for axis in self.param.permute_param.order]
        others = [axis for axis in range(bottom[0].num_axes) if axis not in first]
        self.view, self.order = bottom[0].shape, (*first, *others)
        top[0].reshape(*[bottom[0].shape[axis] for axis in self.order])
        if self._same:
            share(top[0], bottom[0])

    @property
    def _same(self) -> bool:
        return self.order == tuple(range(len(self.order)))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if self._same:
            share(top[0], bottom[0])
        else:
            super().forward(bottom, top)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not self._same:
            super().backward(top, propagate_down, bottom)
