"""Eltwise: several blobs of one shape become one, element by element."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_in_place, register
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")


_OPERATIONS = caffe_pb2.EltwiseParameter


@register("Eltwise")
class Eltwise(Layer):
    """The sum, product or maximum of bottoms, element by element.

    SUM
        y = Σ coeff_i · x_i.
    PROD
        y = Π x_i.
    MAX
        y = max x_i. Of two equal values bottom 1 wins against bottom 0, and a later bottom must be
        strictly greater. What is not a number is lost in bottom 0 and the later ones, and stays in
        bottom 1.

    In place (the top is bottom 0), Caffe's rule: SUM and MAX clear the top before they read, so
    that bottom 0 counts for nothing and has the gradient 0; a warning says so.

    Shapes: two or more bottoms of equal shape; top like them.

    Settings: ``eltwise_param``: operation (SUM); coeff, one for each bottom (all 1), for SUM only;
    stable_prod_grad (true).

    Gradients: SUM: dx_i = coeff_i · dy. PROD: dx_i = dy · Π_{j≠i} x_j with ``stable_prod_grad``,
    else dy · y / x_i, which is quicker with many bottoms but not a number at 0. MAX: dy to the
    winner, 0 to the others.

    Raises:
        ShapeError: the bottoms' shapes differ.
        GraphError: there are not as many ``coeff`` values as bottoms, or there are some with PROD;
            the top is a bottom other than bottom 0.

    Source: eltwise_layer.cpp (BVLC/caffe).
    """

    keeps_coordinates = True
    min_bottoms = 2
    exact_tops = 1

    def check_places(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom[1:], top)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param, bottoms = self.param.eltwise_param, len(self.param.bottom)
        if len(param.coeff) not in (0, bottoms):
            yield GraphError(
                f"{len(param.coeff)} coeff values for {bottoms} bottoms; give one for each, or none"
            )
        if param.coeff and param.operation == _OPERATIONS.PROD:
            yield GraphError("coeff is given with operation PROD; only SUM takes coefficients")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.eltwise_param
        self.coeffs = list(param.coeff) or [1.0] * len(bottom)
        self._operation = param.operation
        product = self._operation == _OPERATIONS.PROD
        reads = ("bottoms",) if param.stable_prod_grad else ("bottoms", "tops")
        self.backward_reads = reads if product else ()
        self._in_place = bottom[0] is top[0]
        self.clears = self._in_place and not product
        if self.clears:
            logger.warning(
                "layer '%s' (Eltwise) runs in place: as in Caffe its first bottom, '%s', counts "
                "for nothing, as %s clears the top before it reads; give the top another name",
                *(
                    self.param.name,
                    self.param.bottom[0],
                    _OPERATIONS.EltwiseOp.Name(param.operation),
                ),
            )

    def right_in_place(self) -> bool:
        return self._operation != _OPERATIONS.PROD

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
        if self.clears:
            self._without_first(values, out)
            return
        if self._operation == _OPERATIONS.SUM:
            self._sum(values, out)
        elif self._operation == _OPERATIONS.PROD:
            np.multiply(values[0], values[1], out=out)
            for array in values[2:]:
                out *= array
        else:
            self._maximum(values, out)

    def _without_first(self, values: list[np.ndarray], out: np.ndarray) -> None:
        """What Caffe computes in a top that it has cleared, though that is bottom 0."""
        if self._operation == _OPERATIONS.SUM:
            np.multiply(values[1], self.coeffs[1], out=out)
            for array, coeff in zip(values[2:], self.coeffs[2:], strict=True):
                out += array * coeff
        else:
            np.copyto(out, -np.finfo(out.dtype).max)
            self._maximum(values, out)

    def _sum(self, values: list[np.ndarray], out: np.ndarray) -> None:
        if self.coeffs[:2] == [1.0, 1.0]:
            np.add(values[0], values[1], out=out)
            first = 2
        else:
            np.multiply(values[0], self.coeffs[0], out=out)
            first = 1
        for array, coeff in zip(values[first:], self.coeffs[first:], strict=True):
            if coeff == 1:
                out += array
            else:
                out += array * coeff

    def _maximum(self, values: list[np.ndarray], out: np.ndarray) -> None:
        """By comparisons, as Caffe: what is no number loses, unless it is bottom 1's."""
        first = values[0] > values[1]
        out[...] = np.where(first, values[0], values[1])
        self._winner = np.empty(out.shape, np.min_scalar_type(len(values)))
        np.logical_not(first, out=self._winner, casting="unsafe")
        for index in range(2, len(values)):
            wins = values[index] > out
            np.copyto(out, values[index], where=wins)
            np.maximum(self._winner, wins * self._winner.dtype.type(index), out=self._winner)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        # bottom 0 comes last: in place its diff is the top's, which the others read
        for index in reversed(range(len(bottom))):
            if not propagate_down[index]:
                continue
            out = bottom[index].diff
            if self.clears and index == 0:
                out[...] = 0
                continue
            if self._operation == _OPERATIONS.SUM:
                np.multiply(top[0].diff, self.coeffs[index], out=out)
            elif self._operation == _OPERATIONS.PROD:
                factor = np.empty_like(out) if self._in_place and index == 0 else out
                self._factor(index, top, bottom, factor)
                np.multiply(factor, top[0].diff, out=out)
            else:
                np.multiply(top[0].diff, self._winner == index, out=out)

    def _factor(self, index: int, top: Blobs, bottom: Blobs, out: np.ndarray) -> None:
        """Write the product of the bottoms other than ``index``."""
        if not self.param.eltwise_param.stable_prod_grad:
            with np.errstate(divide="ignore", invalid="ignore"):
                np.divide(top[0].data, bottom[index].data, out=out)
            return
        others = [blob for number, blob in enumerate(bottom) if number != index]
        np.copyto(out, others[0].data)
        for blob in others[1:]:
            out *= blob.data
