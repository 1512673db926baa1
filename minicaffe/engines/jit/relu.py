"""ReLU as one pass over the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from minicaffe.engines.jit.pointwise_pass import Pointwise
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy.kernels import Kernel
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.activation.relu import ReLU


def suits(layer: Layer) -> TypeGuard[ReLU]:
    """Whether a layer can be computed so."""
    return type(layer) is ReLU and layer.dtype == np.float32


class ReLUKernel(Kernel[ReLU]):
    """ReLU, also in place.

    Args:
        layer: the layer.
        team, scratch: of the plan.
    """

    words = "jit"

    def __init__(self, layer: ReLU, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        self._passes = Pointwise(team)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One kernel."""
        x, y = bottom[0].data, top[0].data
        self._passes.alike("relu", x, y, x, self._slope)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """One kernel."""
        if propagate_down[0]:
            x, dy, dx = bottom[0].data, top[0].diff, bottom[0].diff
            self._passes.alike("relu_back", dy, dx, x, self._slope)

    @property
    def _slope(self) -> float:
        return float(self.layer.param.relu_param.negative_slope)
