"""Exp: a number to the power of a line."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, raised_by
from minicaffe.layer import Blobs, register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("Exp")
class Exp(Neuron):
    """y = base^(shift + scale · x).

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``exp_param``: base (-1, which means e), scale (1), shift (0).

    Gradients: dx = dy · y · scale · ln base.

    Raises:
        GraphError: the base is neither positive nor -1.

    Source: exp_layer.cpp (BVLC/caffe).
    """

    backward_reads = ("tops",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        return raised_by(log_of_base, self.param.exp_param.base)

    def prepare(self) -> None:
        param = self.param.exp_param
        log_base = log_of_base(param.base)
        self.inner_scale = log_base * param.scale
        self.outer_scale = float(np.exp(log_base * param.shift))

    def why_not_finite(self, bottom: Blobs) -> str:
        largest = float((self.inner_scale * bottom[0].data).max(initial=-np.inf))
        limit = float(np.log(np.finfo(self.dtype).max))
        if largest <= limit:
            return ""
        return f"e to the power of {largest:.4g} overflows (beyond {limit:.4g}): scale its input"

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.multiply(x, self.inner_scale, out=y)
        np.exp(y, out=y)
        if self.outer_scale != 1:
            y *= self.outer_scale

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.multiply(y, self.inner_scale, out=self.scratch_for(dy, dx))
        np.multiply(dy, factor, out=dx)


def log_of_base(base: float) -> float:
    """The natural logarithm of a ``base`` field; -1 means e.

    Raises:
        GraphError: the base has no finite logarithm.
    """
    if base == -1:
        return 1.0
    if not 0 < base < math.inf:
        raise GraphError(f"base is {base:g}, expected a positive number, or -1 for e")
    return math.log(base)
