"""ELU: exponential linear units."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("ELU")
class ELU(Neuron):
    """y = x where x > 0, else alpha · (exp(x) - 1).

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``elu_param``: alpha (1).

    Gradients: dx = dy where x > 0, else dy · (y + alpha).

    Source: elu_layer.cpp (BVLC/caffe); Clevert, Unterthiner & Hochreiter, "Fast and accurate deep
    network learning by exponential linear units", 2016 (arXiv:1511.07289).
    """

    def prepare(self) -> None:
        self._alpha = self.param.elu_param.alpha

    def right_in_place(self) -> bool:
        return self._alpha >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        negative = np.minimum(x, 0, out=self.scratch(x))
        np.exp(negative, out=negative)
        negative -= 1
        negative *= self._alpha
        np.maximum(x, 0, out=y)
        y += negative

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.scratch_for(dy, dx)
        np.minimum(y, 0, out=factor)  # below: (y + alpha - 1) + 1 where x <= 0, else 0 + 1
        factor += self._alpha - 1
        factor *= x <= 0
        factor += 1
        np.multiply(dy, factor, out=dx)
