"""Blobs that nobody reads any more lend their arrays to those that come after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.syncedmem import Freed, SyncedHead, SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.node import Node


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
        self._nodes = nodes
        self._names = {blob: name for name, blob in blobs.items()}
        self._kept = {blobs[name] for name in kept}
        for node in nodes:
            if not (node.bottoms and node.repeatable):
                self._kept.update(node.tops)
        self._free: list[np.ndarray] = []
        last = {
            blob: index for index, node in enumerate(nodes) for blob in (*node.bottoms, *node.tops)
        }
        #: The blobs that each layer is the last to use.
        self._ends: list[list[Blob]] = [[] for _ in nodes]
        for blob, index in last.items():
            self._ends[index].append(blob)
        #: The memory that each blob in use has had since its layer ran, and who uses a memory.
        self._memory: dict[Blob, SyncedMemory] = {}
        self._users: dict[SyncedMemory, set[Blob]] = {}
        self._first: dict[SyncedMemory, Blob] = {}  # whose name errors say

    def abandon(self) -> None:
        """A forward has ended in the middle: values may be gone that were not marked yet."""
        kept = {blob.data_memory for blob in self._kept}
        for blob, name in self._names.items():
            memory = blob.data_memory
            if memory not in kept and not memory.exported:
                memory.set_head(Freed(memory, name))

    def begin(self) -> None:
        """A forward begins. What memory a blob has is asked when its layer has run, as shapes may
        change on the way."""
        self._memory.clear()
        self._users.clear()
        self._first.clear()

    def before(self, index: int) -> None:
        """Lend arrays to the layer's tops."""
        for top in self._nodes[index].tops:
            memory = top.data_memory
            if memory.head is SyncedHead.FREED:
                memory.set_head(None)
            if not memory.allocated:
                large = [one for one in self._free if one.size >= memory.size]
                if large:
                    chosen = min(large, key=lambda one: one.size)
                    self._free = [one for one in self._free if one is not chosen]
                    memory.borrow(chosen)

    def after(self, index: int) -> None:
        """Take back the arrays that no later layer reads, unless a program holds them."""
        for top in self._nodes[index].tops:
            self._leave(top)
            memory = self._memory[top] = top.data_memory
            self._users.setdefault(memory, set()).add(top)
            self._first.setdefault(memory, top)
        for blob in self._ends[index]:
            if blob in self._kept:
                continue
            memory = blob.data_memory
            self._leave(blob)
            if memory not in self._users and memory.allocated and not memory.exported:
                first = self._first.get(memory, blob)
                self._free.append(memory.give_back())
                memory.set_head(Freed(memory, self._names.get(first, first.name)))

    def _leave(self, blob: Blob) -> None:
        """The blob does not use the memory that it had any more."""
        memory = self._memory.pop(blob, None)
        if memory is not None:
            users = self._users[memory]
            users.discard(blob)
            if not users:
                del self._users[memory]
