"""The threads on which kernels that are generated at run time run beside oneDNN's primitives."""

from __future__ import annotations

import functools
from typing import Protocol

import numpy as np

from minicaffe.engines import PRECISIONS, jit
from minicaffe.engines.jit.sums import ChannelSums
from minicaffe.engines.jit.target import host_target
from minicaffe.engines.jit.team import OpenMP, Team
from minicaffe.engines.onednn.dnnl import library
from minicaffe.layers import sums


@functools.cache
def team() -> Team | None:
    """The threads of oneDNN's own OpenMP; threads of Python where it has another runtime.

    None where kernels cannot be made: without llvmlite, or on another processor.
    """
    target = host_target() if jit.why_not(PRECISIONS[0]) is None else None
    if target is None:
        return None
    try:
        return Team(target, OpenMP(library().dll))
    except AttributeError:
        return Team(target)


class Sums(Protocol):
    """The sums of :mod:`minicaffe.layers.sums`."""

    def total(self, values: np.ndarray) -> np.ndarray:
        """Σ y of each channel."""

    def moments(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each channel."""

    def products(
        self,
        left: np.ndarray,
        right: np.ndarray,
        about: np.ndarray | None = None,
        *,
        below_zero: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Σ left, and Σ left · (right - about), of each channel."""


@functools.cache
def channel_sums() -> Sums:
    """Sums over channels: by kernels, or numpy's."""
    threads = team()
    return sums if threads is None else ChannelSums(threads)
