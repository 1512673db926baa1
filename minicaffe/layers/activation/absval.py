"""Layers that pass positive values and bend the others: ReLU, PReLU, ELU, and their kin."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, refuse_in_place, register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("AbsVal")
class AbsVal(Neuron):
    """y = |x|; dx = dy · sign(x), where sign(0) is 0. It refuses to run in place.

    Raises:
        GraphError: the top is the bottom.
    """

    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        super().setup(bottom, top)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.abs(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        np.sign(x, out=dx)
        dx *= dy
