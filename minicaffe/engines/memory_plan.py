"""Planned memory: what is in use at different times has the same bytes of one arena.

Both engines plan so: each value's lifetime is known before anything runs, and an offset in the
arena is chosen for it once. The largest values come first, each at the lowest offset that is free
while it lives ("greedy by size for offset calculation", Pisarchyk & Lee 2020, arXiv:2001.03288).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minicaffe.syncedmem import ALIGNMENT, aligned_zeros


class Lifetime(NamedTuple):
    """When a value needs its bytes.

    Attributes:
        size: how many bytes.
        first, last: the numbers of the first and the last step that use them.
    """

    size: int
    first: int
    last: int


class MemoryPlan(NamedTuple):
    """Where each value has its bytes.

    Attributes:
        places: for each lifetime (begin, end) in the arena, in bytes; begins are multiples of
            :data:`~minicaffe.syncedmem.ALIGNMENT`.
        size: of the arena.
    """

    places: list[tuple[int, int]]
    size: int

    def arena(self) -> np.ndarray:
        """Memory for all of it, which takes none before it is used."""
        return aligned_zeros(self.size, np.dtype(np.uint8))


def plan_memory(lifetimes: Sequence[Lifetime]) -> MemoryPlan:
    """Offsets at which no two values overlap that live in a common step.

    >>> plan_memory([Lifetime(64, 0, 1), Lifetime(128, 1, 2), Lifetime(64, 2, 3)])
    MemoryPlan(places=[(128, 192), (0, 128), (128, 192)], size=192)
    """
    if not lifetimes:
        return MemoryPlan([], 0)
    table = np.array(lifetimes, np.int64)
    needed, first, last = -(-table[:, 0] // ALIGNMENT) * ALIGNMENT, table[:, 1], table[:, 2]
    begin = np.zeros(len(table), np.int64)
    order = np.argsort(-needed, kind="stable")
    for count, index in enumerate(order):
        placed = order[:count]
        near = placed[(first[placed] <= last[index]) & (first[index] <= last[placed])]
        begin[index] = _lowest_gap(begin[near], needed[near], int(needed[index]))
    places = [
        (int(start), int(start) + lifetime.size)
        for start, lifetime in zip(begin, lifetimes, strict=True)
    ]
    return MemoryPlan(places, int((begin + needed).max()))


def _lowest_gap(begins: np.ndarray, sizes: np.ndarray, size: int) -> int:
    """Where ``size`` bytes are free between pieces that are taken, or after all of them."""
    if not len(begins):
        return 0
    order = np.argsort(begins)
    begins = begins[order]
    ends = np.maximum.accumulate(begins + sizes[order])
    free_from = np.concatenate(([0], ends))
    gaps = np.flatnonzero(begins - free_from[:-1] >= size)
    return int(free_from[gaps[0]] if len(gaps) else ends[-1])


class TakenBytes:
    """Which addresses are taken, as intervals in order that do not touch."""

    def __init__(self) -> None:
        self._begins: list[int] = []
        self._ends: list[int] = []

    @property
    def total(self) -> int:
        """How many bytes are taken."""
        return sum(self._ends) - sum(self._begins)

    def add(self, begin: int, end: int) -> None:
        """Take the bytes from ``begin`` to ``end`` (exclusive), some of them perhaps again."""
        low, high = bisect_left(self._ends, begin), bisect_right(self._begins, end)
        if low < high:
            begin, end = min(begin, self._begins[low]), max(end, self._ends[high - 1])
        self._begins[low:high], self._ends[low:high] = [begin], [end]
