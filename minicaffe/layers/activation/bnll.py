"""BNLL: softplus, log(1 + exp(x))."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron

BNLL_LIMIT = 50.0  # exp of more is not needed: the gradient is 1 by then


@register("BNLL")
class BNLL(Neuron):
    """y = log(1 + exp(x)), the binomial normal log likelihood, also called softplus.

    Shapes: bottom x of any shape; top y like x, also in place.

    Gradients: dx = dy · e / (1 + e) with e = exp(min(x, 50)).

    Source: bnll_layer.cpp (BVLC/caffe).
    """

    backward_reads = ("bottoms",)

    def right_in_place(self) -> bool:
        return False

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        rest = np.abs(x, out=self.scratch(x))  # log(1 + exp(-|x|)) cannot overflow
        np.negative(rest, out=rest)
        np.exp(rest, out=rest)
        np.log1p(rest, out=rest)
        np.maximum(x, 0, out=y)
        y += rest

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        growth = np.minimum(x, BNLL_LIMIT, out=self.scratch(x))
        np.exp(growth, out=growth)
        np.multiply(dy, growth, out=dx)
        growth += 1
        dx /= growth
