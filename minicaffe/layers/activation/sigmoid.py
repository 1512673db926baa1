"""Sigmoid: the logistic function."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


def sigmoid(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) as tanh(x/2)/2 + 1/2, which cannot overflow; out has x's shape, or is x."""
    np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


@register("Sigmoid")
class Sigmoid(Neuron):
    """y = 1 / (1 + exp(-x)).

    Shapes: bottom x of any shape; top y like x, also in place.

    Gradients: dx = dy · y · (1 - y).

    Source: sigmoid_layer.cpp (BVLC/caffe).
    """

    squashes = True
    backward_reads = ("tops",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        sigmoid(x, y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.subtract(1, y, out=self.scratch_for(dy, dx))
        factor *= y
        np.multiply(dy, factor, out=dx)
