"""Layers that put values elsewhere and change none: Permute, Transpose, Reorg, the shuffles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer


class MovingLayer(Layer):
    """The top's memory is the bottom's, seen in a shape, with its axes in another order.

    Attributes:
        view: the shape; of as many values as the bottom has.
        order: for each axis of what becomes of it, the axis of ``view``.
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    view: tuple[int, ...]
    order: Sequence[int]

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        moved = bottom[0].data.reshape(self.view).transpose(self.order)
        np.copyto(top[0].data.reshape(moved.shape), moved)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            back = bottom[0].diff.reshape(self.view).transpose(self.order)
            np.copyto(back, top[0].diff.reshape(back.shape))
