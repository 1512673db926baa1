"""Eltwise: several blobs of one shape become one, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.checks import refuse_in_place
from minicaffe.proto import caffe_pb2
from minicaffe.registry import register

_OPERATIONS = caffe_pb2.EltwiseParameter


@register("Eltwise")
class Eltwise(Layer):
    """The sum, product or maximum of two or more bottoms of equal shape.

    ``eltwise_param { operation }``:

    SUM (the default)
        Σ coeff_i · x_i, every ``coeff`` being 1 if none is given.
    PROD
        Π x_i. Its gradient is dy · Π_{j≠i} x_j with ``stable_prod_grad`` (the default),
        else dy · y / x_i, which is quicker with many bottoms but not a number at 0.
    MAX
        max x_i. Its gradient goes to the winner: of two equal values bottom 1 wins against
        bottom 0, and a later bottom must be strictly greater.
    """

    min_bottoms = 2
    exact_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        param = self.param.eltwise_param
        if len(param.coeff) not in (0, len(bottom)):
            raise GraphError(
                f"{len(param.coeff)} coeff values for {len(bottom)} bottoms; give one for "
                "each, or none"
            )
        if param.coeff and param.operation == _OPERATIONS.PROD:
            raise GraphError("coeff is given with operation PROD; only SUM takes coefficients")
        self._coeffs = list(param.coeff) or [1.0] * len(bottom)
        self._operation = param.operation

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for index, blob in enumerate(bottom):
            if blob.shape != bottom[0].shape:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}, bottom 0 "
                    f"{shape_text(bottom[0].shape)}; equal shapes are expected"
                )
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        out = top[0].data
        values = [blob.data for blob in bottom]
        if self._operation == _OPERATIONS.SUM:
            self._sum(values, out)
        elif self._operation == _OPERATIONS.PROD:
            np.multiply(values[0], values[1], out=out)
            for array in values[2:]:
                out *= array
        else:
            self._maximum(values, out)

    def _sum(self, values: list[np.ndarray], out: np.ndarray) -> None:
        if self._coeffs[:2] == [1.0, 1.0]:
            np.add(values[0], values[1], out=out)
            first = 2
        else:
            np.multiply(values[0], self._coeffs[0], out=out)
            first = 1
        for array, coeff in zip(values[first:], self._coeffs[first:], strict=True):
            if coeff == 1:
                out += array
            else:
                out += array * coeff

    def _maximum(self, values: list[np.ndarray], out: np.ndarray) -> None:
        np.maximum(values[0], values[1], out=out)
        self._winner = np.empty(out.shape, np.min_scalar_type(len(values)))
        np.less_equal(values[0], values[1], out=self._winner, casting="unsafe")
        for index in range(2, len(values)):
            wins = values[index] > out
            np.maximum(out, values[index], out=out)
            np.maximum(self._winner, wins * self._winner.dtype.type(index), out=self._winner)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for index, wanted in enumerate(propagate_down):
            if not wanted:
                continue
            out = bottom[index].diff
            if self._operation == _OPERATIONS.SUM:
                np.multiply(top[0].diff, self._coeffs[index], out=out)
            elif self._operation == _OPERATIONS.PROD:
                self._factor(index, top, bottom)
                out *= top[0].diff
            else:
                np.multiply(top[0].diff, self._winner == index, out=out)

    def _factor(self, index: int, top: Blobs, bottom: Blobs) -> None:
        """Write the product of the other bottoms into bottom ``index``'s diff."""
        out = bottom[index].diff
        if not self.param.eltwise_param.stable_prod_grad:
            with np.errstate(divide="ignore", invalid="ignore"):
                np.divide(top[0].data, bottom[index].data, out=out)
            return
        others = [blob for number, blob in enumerate(bottom) if number != index]
        np.copyto(out, others[0].data)
        for blob in others[1:]:
            out *= blob.data
