"""AbsVal: absolute values."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("AbsVal")
class AbsVal(Neuron):
    """y = |x|.

    Shapes: bottom x of any shape; top y like x, never in place.

    Gradients: dx = dy · sign(x), where sign(0) is 0.

    Raises:
        GraphError: the top is the bottom.

    Source: absval_layer.cpp (BVLC/caffe).
    """

    in_place = False
    backward_reads = ("bottoms",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.abs(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        np.sign(x, out=dx)
        dx *= dy
