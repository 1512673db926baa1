"""SeLu: self-normalising exponential units."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("SeLu")
class SeLu(Neuron):
    """y = lambda · x where x > 0, else lambda · alpha · (exp(x) - 1).

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``selu_param``: lambda (1.0507), alpha (1.67326), with which mean 0 and
    variance 1 stay what they are.

    Gradients: dx = lambda · dy where x > 0, else dy · (y + lambda · alpha).

    Source: selu_layer.cpp (jolibrain/caffe); Klambauer, Unterthiner, Mayr, Hochreiter,
    "Self-normalizing neural networks", 2017 (arXiv:1706.02515).
    """

    def right_in_place(self) -> bool:
        return self._factor > 0 and self._alpha >= 0

    def prepare(self) -> None:
        param = self.param.selu_param
        self._factor: float = getattr(param, "lambda")
        self._alpha: float = param.alpha

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        below = np.expm1(np.minimum(x, 0)) * self._factor * self._alpha
        np.maximum(x, 0, out=y)
        y *= self._factor
        y += below

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        below = y + self._factor * self._alpha
        np.multiply(dy, np.where(x > 0, self._factor, below), out=dx)
