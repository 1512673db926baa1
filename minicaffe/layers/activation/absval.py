"""AbsVal: absolute values."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("AbsVal")
class AbsVal(Neuron):
    """y = |x|; dx = dy · sign(x), where sign(0) is 0. It refuses to run in place.

    Raises:
        GraphError: the top is the bottom.
    """

    in_place = False
    backward_reads = ("bottoms",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.abs(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        np.sign(x, out=dx)
        dx *= dy
