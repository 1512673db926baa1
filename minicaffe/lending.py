"""Blobs that nobody reads any more lend their arrays to those that come after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.memory import Dropped, SyncedMemory
from minicaffe.node import Node


class Lending:
    """Gives a net's blobs arrays for as long as their values are needed in one forward.

    Args:
        nodes: the net's layers.
        blobs: the net's blobs by name.
        kept: names of blobs whose values are wanted after the last layer.
    """

    def __init__(
        self, nodes: Sequence[Node], blobs: Mapping[str, Blob], kept: Iterable[str]
    ) -> None:
        self._nodes, self._blobs, self._kept = nodes, blobs, set(kept)
        self._free: list[np.ndarray] = []
        self._ends: list[list[Dropped]] = []

    def begin(self) -> None:
        """Find out after which layer each array is free (shapes may have changed)."""
        for node in self._nodes:
            node.reshape_if_needed()
        kept = {self._blobs[name].data_memory for name in self._kept}
        kept.update(
            top.data_memory for node in self._nodes if not node.bottoms for top in node.tops
        )
        last: dict[SyncedMemory, int] = {}
        for index, node in enumerate(self._nodes):
            for blob in (*node.bottoms, *node.tops):
                last[blob.data_memory] = index
        self._ends = [[] for _ in self._nodes]
        for name, blob in self._blobs.items():
            memory = blob.data_memory
            if memory in last and memory not in kept:
                self._ends[last.pop(memory)].append(Dropped(memory, name))

    def before(self, index: int) -> None:
        """Lend arrays to the layer's tops."""
        for top in self._nodes[index].tops:
            memory = top.data_memory
            if isinstance(memory.newer, Dropped):
                memory.newer = None
            if not memory.allocated:
                large = [one for one in self._free if one.size >= memory.size]
                if large:
                    chosen = min(large, key=lambda one: one.size)
                    self._free = [one for one in self._free if one is not chosen]
                    memory.borrow(chosen)

    def after(self, index: int) -> None:
        """Take back the arrays that no later layer reads, unless somebody holds them."""
        for dropped in self._ends[index]:
            memory = dropped.memory
            if memory.allocated and not memory.held:
                self._free.append(memory.give_back())
                memory.newer = dropped
