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
        self._nodes, self._blobs = nodes, blobs
        self._kept = [blobs[name] for name in kept]
        for node in nodes:
            if not (node.bottoms and node.repeatable):
                self._kept += node.tops
        self._free: list[np.ndarray] = []
        last = {
            blob: index for index, node in enumerate(nodes) for blob in (*node.bottoms, *node.tops)
        }
        #: The blobs that each layer is the last to use.
        self._ends: list[list[Blob]] = [[] for _ in nodes]
        for blob, index in last.items():
            self._ends[index].append(blob)
        self._in_use: set[Blob] = set()

    def begin(self) -> None:
        """A forward begins. What memory a blob has is asked when it is given back, as shapes may
        change on the way."""
        self._in_use = {blob for ends in self._ends for blob in ends}

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
        """Take back the arrays that no later layer reads, unless a program holds them."""
        self._in_use.difference_update(self._ends[index])
        kept = {blob.data_memory for blob in (*self._kept, *self._in_use)}
        for blob in self._ends[index]:
            memory = blob.data_memory
            if memory not in kept and memory.allocated and not memory.held:
                self._free.append(memory.give_back())
                memory.newer = Dropped(memory, self._name_of(memory))

    def _name_of(self, memory: SyncedMemory) -> str:
        """The first blob's that shows it."""
        return next(name for name, blob in self._blobs.items() if blob.data_memory is memory)
