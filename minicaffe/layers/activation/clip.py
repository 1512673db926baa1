"""Clip: values held between two bounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("Clip")
class Clip(Neuron):
    """y = max(min, min(x, max)). What is not a number becomes min, as in Caffe.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``clip_param``: min and max, both required.

    Gradients: dx = dy where min <= x <= max (edges included), else 0.

    Raises:
        GraphError: ``min`` or ``max`` is not given.

    Source: clip_layer.cpp (BVLC/caffe).
    """

    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.clip_param
        if not (param.HasField("min") and param.HasField("max")):
            yield GraphError("clip_param needs both min and max")

    def prepare(self) -> None:
        param = self.param.clip_param
        self._min, self._max = param.min, param.max

    def right_in_place(self) -> bool:
        return False

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.minimum(x, self._max, out=y)
        np.fmax(y, self._min, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        inside = x >= self._min
        inside &= x <= self._max
        np.multiply(dy, inside, out=dx)
