"""What BatchNorm and Scale do to each channel, as single passes over Caffe's own layout."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from minicaffe.engines.jit.pointwise_pass import Pointwise
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.sums import ChannelSums
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy.kernels import Kernel
from minicaffe.layer import Layer
from minicaffe.layers.activation.scale import Scale
from minicaffe.layers.channels import ChannelPasses, as_rows
from minicaffe.layers.normalization.shared_statistics import SharedStatistics

#: With fewer values of a channel side by side, vectors are not filled.
_FEWEST = 8


def suits(layer: Layer) -> TypeGuard[Scale | SharedStatistics]:
    """Whether a layer is made of such passes."""
    return isinstance(layer, Scale | SharedStatistics) and layer.dtype == np.float32


class ChannelKernel(Kernel["Scale | SharedStatistics"]):
    """A layer as it is, with passes by kernels.

    Args:
        layer: the layer, which gets the passes.
        team, scratch: of the plan.
    """

    words = "jit"

    def __init__(self, layer: Scale | SharedStatistics, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        layer.passes = CompiledPasses(team)


class CompiledPasses(ChannelPasses):
    """Passes by kernels, where the arrays suit them; else numpy's.

    Args:
        team: the threads.
    """

    def __init__(self, team: Team) -> None:
        self._sums, self._pointwise = ChannelSums(team), Pointwise(team)

    def moments(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance: float64."""
        return self._sums.moments(as_rows(x)) if _suit(x) else super().moments(x)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Σ values: float64."""
        return self._sums.total(as_rows(values)) if _suit(values) else super().total(values)

    def add(self, values: np.ndarray, shift: np.ndarray) -> None:
        """values += shift."""
        if not _suit(values):
            super().add(values, shift)
            return
        ones = np.ones(values.shape[1], np.float32)
        self._pointwise.by_channel("scale", values, values, gain=ones, shift=shift)

    def products(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Σ left and Σ left · right: float64."""
        if not _suit(left, right):
            return super().products(left, right)
        return self._sums.products(as_rows(left), as_rows(right))

    def normalise(
        self,
        x: np.ndarray,
        y: np.ndarray,
        about: np.ndarray,
        gain: np.ndarray,
        rest: np.ndarray | None = None,
        shift: np.ndarray | None = None,
        kept: np.ndarray | None = None,
    ) -> None:
        """d = x - about - rest into ``kept``, y = d · gain + shift."""
        if not _suit(x, y, kept):
            super().normalise(x, y, about, gain, rest, shift, kept)
            return
        kernel = "normalise" if kept is None else "normalise_keep"
        self._pointwise.by_channel(kernel, x, y, kept, a=about, b=rest, gain=gain, shift=shift)

    def differentiate(
        self,
        dy: np.ndarray,
        dx: np.ndarray,
        centred: np.ndarray,
        slope: np.ndarray,
        mean: np.ndarray,
        gain: np.ndarray,
        work: np.ndarray,
    ) -> None:
        """dx = (dy - centred · slope - mean) · gain."""
        if not _suit(dy, dx, centred):
            super().differentiate(dy, dx, centred, slope, mean, gain, work)
            return
        self._pointwise.by_channel("difference", dy, dx, centred, a=slope, b=mean, gain=gain)

    def scale(
        self,
        x: np.ndarray,
        y: np.ndarray,
        gain: np.ndarray,
        shift: np.ndarray | None = None,
        kept: np.ndarray | None = None,
    ) -> None:
        """y = x · gain + shift, x also into ``kept``."""
        if not _suit(x, y, kept):
            super().scale(x, y, gain, shift, kept)
            return
        kernel = "scale" if kept is None else "scale_keep"
        self._pointwise.by_channel(kernel, x, y, kept, gain=gain, shift=shift)


def _suit(first: np.ndarray, *others: np.ndarray | None) -> bool:
    """Whether kernels can read and write these arrays (N, C, S)."""
    arrays = [first, *(array for array in others if array is not None)]
    return (
        first.size > 0
        and first.shape[2] >= _FEWEST
        and all(array.dtype == np.float32 and array.flags.c_contiguous for array in arrays)
    )
