"""Reverse: the other way round along an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register


@register("Reverse")
class Reverse(Layer):
    """The values in the opposite order along one axis, such as a sequence for a second LSTM.

    Shapes: bottom x of any shape with at least one axis; top y like x.

    Settings: ``reverse_param``: axis (0), counted from the first one.

    Gradients: dx is dy in the opposite order.

    Raises:
        ShapeError: there is no such axis, or it is negative.

    Source: reverse_layer.cpp (jolibrain/caffe); also that of tianzhi0549/CTPN.
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        axis = self.param.reverse_param.axis
        if axis < 0:
            raise ShapeError(f"axis is {axis}, expected at least 0: axes count from the first one")
        self.axis = bottom[0].axis(axis)
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, np.flip(bottom[0].data, self.axis))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            np.copyto(bottom[0].diff, np.flip(top[0].diff, self.axis))
