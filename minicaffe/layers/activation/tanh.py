"""TanH: the hyperbolic tangent."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("TanH")
class TanH(Neuron):
    """y = tanh(x).

    Shapes: bottom x of any shape; top y like x, also in place.

    Gradients: dx = dy · (1 - y²).

    Source: tanh_layer.cpp (BVLC/caffe).
    """

    backward_reads = ("tops",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.tanh(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.square(y, out=self.scratch_for(dy, dx))
        np.subtract(1, factor, out=factor)
        np.multiply(dy, factor, out=dx)
