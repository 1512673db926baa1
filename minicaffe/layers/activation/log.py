"""Log: logarithms to any base."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.activation.exp import log_of_base
from minicaffe.layers.activation.power import AffineNeuron


@register("Log")
class Log(AffineNeuron):
    """y = log(shift + scale · x) to a base; not a number where that is negative.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``log_param``: base (-1, which means e), scale (1), shift (0).

    Gradients: dx = dy · scale / ((shift + scale · x) · ln base).

    Raises:
        GraphError: the base is 1, or neither positive nor -1.

    Source: log_layer.cpp (BVLC/caffe).
    """

    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        base = self.param.log_param.base
        yield from raised_by(log_of_base, base)
        if base == 1:
            yield GraphError("log_param has base 1, to which there are no logarithms")

    def prepare(self) -> None:
        param = self.param.log_param
        self.scale, self.shift = param.scale, param.shift
        self.log_base = log_of_base(param.base)

    def right_in_place(self) -> bool:
        return False

    def why_not_finite(self, bottom: Blobs) -> str:
        least = float(self.shift + self.scale * bottom[0].data.min(initial=np.inf))
        if least > 0:
            return ""
        return f"a logarithm is taken of {least:.4g}: keep its input above 0, by shift or a Power"

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        self.affine(x, y)
        np.log(y, out=y)
        if self.log_base != 1:
            y *= 1 / self.log_base

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.scratch_for(dy, dx)
        self.affine(x, factor)
        np.divide(self.scale / self.log_base, factor, out=factor)
        np.multiply(dy, factor, out=dx)
