"""Memory that plain numpy arrays and an engine's own layouts share (Caffe's SyncedMemory)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

ALIGNMENT = 64  # bytes: one cache line, and the widest vector register


def aligned_zeros(count: int, dtype: np.dtype) -> np.ndarray:
    """A flat array of zeros that begins on a cache line, as vector code likes it."""
    size = count * dtype.itemsize
    raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype)


class EngineCopy(Protocol):
    """What an engine registers with a memory whose newest values it holds itself."""

    def write_to(self, array: np.ndarray) -> None:
        """Put the values into the plain array."""


class SyncedMemory:
    """A flat array of elements, allocated on first touch, that blobs can share.

    Attributes:
        size: how many elements fit (a blob keeps it when it shrinks).
        dtype: their type.
        newer: the engine's copy while that is newer than the plain array, else None.
    """

    __slots__ = ("_array", "dtype", "newer", "size")

    def __init__(self, size: int, dtype: np.dtype) -> None:
        self.size = size
        self.dtype = dtype
        self.newer: EngineCopy | None = None
        self._array: np.ndarray | None = None

    @property
    def array(self) -> np.ndarray:
        """The plain array with the newest values; zeros when never written."""
        if self._array is None:
            self._array = aligned_zeros(self.size, self.dtype)
        if self.newer is not None:
            newer, self.newer = self.newer, None
            newer.write_to(self._array)
        return self._array

    @property
    def allocated(self) -> bool:
        """Whether anybody has touched it yet."""
        return self._array is not None

    def move_to(self, array: np.ndarray) -> None:
        """Live in ``array`` (part of an arena) from now on, taking the values along."""
        if self._array is not None or self.newer is not None:
            array[...] = self.array[: array.size]
        self._array = array
        self.size = array.size
