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
    """Each item becomes one number: SUM coeff · Σ x, ASUM coeff · Σ |x|, SUMSQ coeff · Σ x², MEAN
    coeff · Σ x / n.

    Shapes: bottom of any shape; top with the axes before ``axis``; a scalar with axis 0, which with
    ``loss_weight`` makes a loss. n is the product of the other axes.

    Settings: ``reduction_param``: operation (SUM), axis (0), coeff (1).

    Gradients: SUM dx = coeff · dy; ASUM coeff · dy · sign(x), where sign(0) is 0; SUMSQ
    2 · coeff · dy · x; MEAN coeff · dy / n.

    Raises:
        ShapeError: there is no such axis.

    Source: reduction_layer.cpp (BVLC/caffe).
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
