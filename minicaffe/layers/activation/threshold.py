"""Threshold: 1 above a value, 0 elsewhere."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Layer, register
from minicaffe.layers.activation.neuron_layer import Neuron


@register("Threshold")
class Threshold(Neuron):
    """y = 1 where x > threshold (strictly), else 0.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``threshold_param``: threshold (0).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: a gradient is asked for.

    Source: threshold_layer.cpp (BVLC/caffe).
    """

    decides = True
    backward_reads = ()

    def prepare(self) -> None:
        self._threshold = self.param.threshold_param.threshold

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.copyto(y, x > self._threshold)

    backward = Layer.backward  # refuses
