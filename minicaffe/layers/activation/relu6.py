"""ReLU6: rectified linear units that end at 6."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron, step
from minicaffe.proto.dialects import meant

_TOP = 6


@register("ReLU6")
class ReLU6(Neuron):
    """y = min(max(x, 0) + negative_slope · min(x, 0), 6).

    MobileNet-YOLO's layer has the slope; without it, it is that of all others. What is not a number
    stays so.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``relu6_param``: negative_slope (0).

    Gradients: dx = dy · (0 where x >= 6, 1 where 0 < x < 6, else the slope).

    Source: relu6_layer.cpp (eric612/MobileNet-YOLO); Howard et al., "MobileNets",
    2017 (arXiv:1704.04861).
    """

    backward_reads = ("bottoms",)
    fork_fields = meant("relu6_param")

    def prepare(self) -> None:
        self._slope = self.param.relu6_param.negative_slope

    def right_in_place(self) -> bool:
        return self._slope >= 0

    def keeps_signs(self) -> bool:
        return self._slope >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if self._slope:
            negative = np.minimum(x, 0, out=self.scratch(x))
            negative *= self._slope
            np.maximum(x, 0, out=y)
            y += negative
        else:
            np.maximum(x, 0, out=y)
        np.minimum(y, _TOP, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.scratch_for(dy, dx)
        step(x > 0, self._slope, factor)
        factor *= x < _TOP
        np.multiply(dy, factor, out=dx)
