"""ReLU: rectified linear units, leaky ones among them."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron, step
from minicaffe.proto.dialects import changes_nothing


@register("ReLU")
class ReLU(Neuron):
    """y = max(x, 0) + negative_slope · min(x, 0).

    Without a slope minus infinity is 0 · -inf, not a number.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``relu_param``: negative_slope (0).

    Gradients: dx = dy · (1 where x > 0, else the slope). In place the sign of y is taken for that
    of x, which is right for slopes of 0 and above.

    Source: relu_layer.cpp (BVLC/caffe); Nair & Hinton, "Rectified linear units improve restricted
    Boltzmann machines", 2010; with a slope, Maas, Hannun & Ng, "Rectifier nonlinearities improve
    neural network acoustic models", 2013.
    """

    backward_reads = ("bottoms",)
    fork_fields = changes_nothing("fuse")
    reads_signs = True

    def prepare(self) -> None:
        self._slope = self.param.relu_param.negative_slope

    def right_in_place(self) -> bool:
        return self._slope >= 0

    def keeps_signs(self) -> bool:
        return self._slope >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if not self._slope:
            lost = x == -np.inf if np.isneginf(np.fmin.reduce(x, axis=None, initial=0)) else None
            np.maximum(x, 0, out=y)
            if lost is not None:
                y[lost] = np.nan
            return
        negative = np.minimum(x, 0, out=self.scratch(x))
        negative *= self._slope
        np.maximum(x, 0, out=y)
        y += negative

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        if not self._slope:
            np.multiply(dy, x > 0, out=dx)
            return
        factor = self.scratch_for(dy, dx)
        step(x > 0, self._slope, factor)
        np.multiply(dy, factor, out=dx)
