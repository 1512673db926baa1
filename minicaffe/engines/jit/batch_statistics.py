"""A batch's mean, variance and what their gradients need, without a word of numpy's in between.

A few values tell where the means are about; sums from there are taken of all, and once more from
nearer where that was far off. See :mod:`~minicaffe.engines.jit.statistics` for the formulas.
"""

from __future__ import annotations

import functools

import numpy as np

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Frame
from minicaffe.engines.jit.statistics import STATISTICS, StatisticsKernels
from minicaffe.engines.jit.sums import SUMS, Segments, filled_channels, sum_kernel
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team, aligned_floats

#: How often sums are taken at most.
_TRIES = 3

#: Numbers of each channel in double and in single precision, by their names in frames.
_DOUBLES = ("mean", "variance", "inv", "rest")
_FLOATS = ("start", "about", "gain", "shift", "slope", "remains", "factor", "dgamma", "dbeta")


class BatchStatistics:
    """What the normalisation of a batch needs of each channel, both ways.

    Args:
        team: the threads.
        shape: (items, blocks, rows, lanes), which :func:`~minicaffe.engines.jit.sums.has_kernels`
            knows.
        channels: how many of them are no filling.
        eps: added to the variance.

    Attributes:
        team, channels: the same.
        segments: how the arrays are cut.
        doubles: mean, variance, inv and rest by name, float64, since the last :meth:`measure`.
        floats: about, gain and shift since then, and slope, remains, factor, dgamma and dbeta
            since the last :meth:`differentiate`, float32.
    """

    def __init__(self, team: Team, shape: tuple[int, ...], channels: int, eps: float) -> None:
        self.team, self.channels = team, channels
        size = filled_channels(shape, team.target)
        self.doubles = {name: np.zeros(size) for name in _DOUBLES}
        self.floats = {name: aligned_floats(size) for name in _FLOATS}
        self._none, self._ones = aligned_floats(size), aligned_floats(size) + np.float32(1)
        self.segments, self._few = (f(shape, team.target) for f in (Segments.of, Segments.few))
        self._sums = np.zeros(self.segments.parts * 2 * size)
        self._numbers = np.array([0.0, eps, 0.0])
        self._frame = self._channels_frame(size, channels)
        self._frames = {
            segments: self._sums_frame(segments) for segments in (self.segments, self._few)
        }

    def measure(self, x: int, gamma: int | None, beta: int | None) -> None:
        """Mean and variance of x, and the numbers of the forward.

        Args:
            x: the address of the array.
            gamma, beta: of the scales and shifts, one a channel; None for 1 and 0.
        """
        self._learned(gamma, beta)
        self.floats["start"].fill(0)
        self._add_up("moments", x, x, self.floats["start"], self._few)
        self._finish("guess", self._few)
        for _ in range(_TRIES):
            self._add_up("moments", x, x, self.floats["start"], self.segments)
            self._finish("measure", self.segments)
            if not self._numbers[2]:
                break

    def differentiate(self, dy: int, x: int, gamma: int | None, *, relu: bool) -> None:
        """The gradients of scales and shifts, and the numbers of that of x.

        Args:
            dy, x: the addresses of arrays.
            gamma: that of the scales; None for 1.
            relu: of what the ReLU has let pass.
        """
        self._learned(gamma, None)
        kind = "passed" if relu else "products"
        self._add_up(kind, dy, x, self.floats["about"], self.segments)
        self._finish("differentiate", self.segments)

    def _learned(self, gamma: int | None, beta: int | None) -> None:
        self._frame["gamma"] = self._ones.ctypes.data if gamma is None else gamma
        self._frame["beta"] = self._none.ctypes.data if beta is None else beta

    def _add_up(
        self, kind: str, left: int, right: int, about: np.ndarray, segments: Segments
    ) -> None:
        frame = self._frames[segments]
        frame["left"], frame["right"], frame["about"] = left, right, about.ctypes.data
        kernel = sum_kernel(self.team.target, kind, segments)
        self.team.run(kernel, frame.address, segments.units)

    def _finish(self, kernel: str, segments: Segments) -> None:
        self._numbers[0] = segments.values
        self._frame["parts"] = segments.parts
        self.team.run(_compiled(self.team.target)[kernel], self._frame.address, 1)

    def _channels_frame(self, filled: int, channels: int) -> Frame:
        arrays = {**self.doubles, **self.floats, "sums": self._sums, "numbers": self._numbers}
        return STATISTICS.frame(
            **{name: array.ctypes.data for name, array in arrays.items()},
            **{"gamma": 0, "beta": 0, "parts": 0},
            filled=filled,
            channels=channels,
        )

    def _sums_frame(self, segments: Segments) -> Frame:
        return SUMS.frame(
            **{"left": 0, "right": 0, "about": 0},
            gain=self.floats["gain"].ctypes.data,
            shift=self.floats["shift"].ctypes.data,
            sums=self._sums.ctypes.data,
            **segments.fields,
            filled=len(self.floats["gain"]),
        )


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(StatisticsKernels(target).functions(), target))
