"""Planned memory: what is in use at different times has the same bytes of one arena.

Both engines plan so: each value's lifetime is known before anything runs, and an offset in the
arena is chosen for it once. The largest values come first, each at the lowest offset that is free
while it lives ("greedy by size for offset calculation", Pisarchyk & Lee 2020, arXiv:2001.03288).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minicaffe.blob import Blob
from minicaffe.syncedmem import ALIGNMENT, Freed, SyncedMemory, aligned_zeros

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Lifetime(NamedTuple):
    """When a value needs its bytes.

    Attributes:
        size: how many bytes.
        first, last: the numbers of the first and the last step that use them.
    """

    size: int
    first: int
    last: int


class Uses:
    """Which layer is the last to use each blob, and whose values are wanted after it.

    Those are the blobs that are asked for, and the tops that cannot be made again: of layers
    without bottoms, and of those that give something else each time.

    Args:
        nodes: the net's layers.
        blobs: the net's blobs by name.
        kept: names of blobs whose values are wanted after the last layer.

    Attributes:
        kept: blobs that stay.
        last: the number of the last layer that has each blob.
    """

    def __init__(
        self, nodes: Sequence[Node], blobs: Mapping[str, Blob], kept: Iterable[str]
    ) -> None:
        self._blobs = blobs
        self.kept = {blobs[name] for name in kept}
        for node in nodes:
            if not (node.bottoms and node.repeatable):
                self.kept.update(node.tops)
        self.last = {
            blob: index for index, node in enumerate(nodes) for blob in (*node.bottoms, *node.tops)
        }

    def kept_memories(self) -> set[SyncedMemory]:
        """The memories that the blobs that stay have now."""
        return {blob.data_memory for blob in self.kept}

    def abandon(self) -> None:
        """A forward has ended in the middle: values may be lost that were not marked yet."""
        kept = self.kept_memories()
        for name, blob in self._blobs.items():
            memory = blob.data_memory
            if memory not in kept and not memory.exported:
                memory.set_head(Freed(memory, name))


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
