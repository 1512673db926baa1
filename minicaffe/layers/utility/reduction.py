"""Reduction: each item becomes one number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2

_OPERATIONS = caffe_pb2.ReductionParameter


@register("Reduction")
class Reduction(Layer):
    """Reduces all axes from ``axis`` (0 by default) on to one number, times ``coeff``.

    ``reduction_param { operation }``: SUM Σx (the default), ASUM Σ|x|, SUMSQ Σx²,
    MEAN Σx / n. The top keeps the axes before ``axis``; with axis 0 it is a scalar, which
    with ``loss_weight`` makes a loss. The gradient of |x| at 0 is 0.
    """

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.reduction_param
        shape = bottom[0].shape
        axis = bottom[0].axis(param.axis)
        self._matrix = (math.prod(shape[:axis]), math.prod(shape[axis:]))
        self._coeff = param.coeff
        if param.operation == _OPERATIONS.MEAN:
            self._coeff = param.coeff / self._matrix[1] if self._matrix[1] else math.nan
        top[0].reshape(*shape[:axis])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        operation = self.param.reduction_param.operation
        x = bottom[0].data.reshape(self._matrix)
        out = top[0].data.reshape(self._matrix[0])
        if operation == _OPERATIONS.ASUM:
            np.sum(np.abs(x), axis=1, out=out)
        elif operation == _OPERATIONS.SUMSQ:
            np.einsum("nd,nd->n", x, x, out=out)
        else:
            np.sum(x, axis=1, out=out)
        if self._coeff != 1:
            out *= self._coeff

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        operation = self.param.reduction_param.operation
        x = bottom[0].data.reshape(self._matrix)
        out = bottom[0].diff.reshape(self._matrix)
        scale = (top[0].diff.reshape(self._matrix[0]) * self._coeff)[:, None]
        if operation == _OPERATIONS.ASUM:
            np.sign(x, out=out)
            out *= scale
        elif operation == _OPERATIONS.SUMSQ:
            np.multiply(x, 2 * scale, out=out)
        else:
            out[...] = scale
