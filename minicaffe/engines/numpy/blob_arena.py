"""Blobs that are needed at different times of a forward, in one arena."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.memory_plan import Lifetime, Uses, plan_memory
from minicaffe.syncedmem import Freed, SyncedHead, SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class BlobArena:
    """Gives a net's blobs arrays for as long as their values are needed in one forward.

    What a program holds keeps its bytes; what a layer shapes otherwise as it runs gets an array of
    its own until the next forward.

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
        self._uses = Uses(nodes, blobs, kept)
        #: The blobs that each layer is the last to use.
        self._ends: list[list[Blob]] = [[] for _ in nodes]
        for blob, index in self._uses.last.items():
            self._ends[index].append(blob)
        self._lifetimes: dict[SyncedMemory, Lifetime] = {}
        self._arena = np.empty(0, np.uint8)
        #: Where in the arena each memory is to be, and which memories have their bytes now.
        self._places: dict[SyncedMemory, tuple[int, int]] = {}
        self._taken: dict[SyncedMemory, tuple[int, int]] = {}
        #: The memory that each blob in use has had since its layer ran, and who uses a memory.
        self._memory: dict[Blob, SyncedMemory] = {}
        self._users: dict[SyncedMemory, set[Blob]] = {}
        self._first: dict[SyncedMemory, Blob] = {}  # whose name errors say

    def abandon(self) -> None:
        """A forward has ended in the middle: values may be lost that were not marked yet."""
        self._uses.abandon()

    def begin(self) -> None:
        """A forward begins: plan where its blobs' memories are to be, unless that is known."""
        lifetimes = self._lifetimes_now()
        if lifetimes != self._lifetimes:
            plan = plan_memory([*lifetimes.values()])
            self._arena, self._taken = plan.arena(), {}
            self._places = dict(zip(lifetimes, plan.places, strict=True))
            self._lifetimes = lifetimes
        self._memory.clear()
        self._users.clear()
        self._first.clear()

    def _lifetimes_now(self) -> dict[SyncedMemory, Lifetime]:
        """Of all memories that are to be in the arena, from the first layer that writes one to the
        last that reads it."""
        kept = self._uses.kept_memories()
        found: dict[SyncedMemory, Lifetime] = {}
        for index, node in enumerate(self._nodes):
            for top in node.tops:
                memory, last = top.data_memory, self._uses.last[top]
                if memory in found:
                    before = found[memory]
                    found[memory] = Lifetime(before.size, before.first, max(before.last, last))
                elif memory not in kept:
                    found[memory] = Lifetime(memory.size * memory.dtype.itemsize, index, last)
        return found

    def before(self, index: int) -> None:
        """Give the layer's tops their places.

        A place is left out while some of its bytes are in use: a program holds an earlier blob.
        """
        for top in self._nodes[index].tops:
            memory = top.data_memory
            if memory.head is SyncedHead.FREED:
                memory.set_head(None)
            place = self._places.get(memory)
            if place is None or memory.allocated:
                continue
            begin, end = place
            if all(end <= start or stop <= begin for start, stop in self._taken.values()):
                memory.borrow(self._arena[begin:end].view(memory.dtype))
                self._taken[memory] = place

    def after(self, index: int) -> None:
        """Take back the arrays that no later layer reads, unless a program holds them.

        What memory a blob has is asked when its layer has run, as shapes may change on the way.
        """
        for top in self._nodes[index].tops:
            self._leave(top)
            memory = self._memory[top] = top.data_memory
            self._users.setdefault(memory, set()).add(top)
            self._first.setdefault(memory, top)
        for blob in self._ends[index]:
            if blob in self._uses.kept:
                continue
            memory = blob.data_memory
            self._leave(blob)
            if memory not in self._users and memory.allocated and not memory.exported:
                first = self._first.get(memory, blob)
                memory.give_back()
                self._taken.pop(memory, None)
                memory.set_head(Freed(memory, self._names.get(first, first.name)))

    def _leave(self, blob: Blob) -> None:
        """The blob does not use the memory that it had any more."""
        memory = self._memory.pop(blob, None)
        if memory is not None:
            users = self._users[memory]
            users.discard(blob)
            if not users:
                del self._users[memory]
