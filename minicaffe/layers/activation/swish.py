"""Swish: x times its sigmoid."""

from __future__ import annotations

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.layers.activation.sigmoid import sigmoid


@register("Swish")
class Swish(Neuron):
    """y = x · s with s = sigmoid(beta · x).

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``swish_param``: beta (1).

    Gradients: dx = dy · (beta · y + s · (1 - beta · y)).

    Source: swish_layer.cpp (BVLC/caffe); Ramachandran, Zoph & Le, "Searching for activation
    functions", 2017 (arXiv:1710.05941).
    """

    backward_reads = ("tops",)

    def prepare(self) -> None:
        self._beta = self.param.swish_param.beta
        self._sigmoid = Blob(dtype=self.dtype)  # s of the last forward

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        self._sigmoid.reshape(*x.shape)
        gate = self._sigmoid.data
        np.multiply(x, self._beta, out=gate)
        sigmoid(gate, gate)
        np.multiply(x, gate, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.multiply(y, -self._beta, out=self.scratch_for(dy, dx))
        factor += 1
        factor *= self._sigmoid.data
        factor += y * self._beta
        np.multiply(dy, factor, out=dx)
