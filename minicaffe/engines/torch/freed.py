"""Blobs whose tensors go back to the device's pool once no later layer reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.memory_plan import Uses
from minicaffe.syncedmem import Freed, SyncedHead, SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class FreedValues:
    """Gives up values after the last layer that reads them, as ``keep="outputs"`` allows.

    What a program holds stays, and so does what cannot be computed again.

    Args:
        nodes: the net's layers.
        blobs: the net's blobs by name.
        kept: names of blobs whose values are wanted after the last layer.
    """

    def __init__(
        self, nodes: Sequence[Node], blobs: Mapping[str, Blob], kept: Iterable[str]
    ) -> None:
        self._nodes, self._blobs = nodes, blobs
        self._uses = Uses(nodes, blobs, kept)
        self._ends: list[list[Freed]] = []

    def frees(self, index: int) -> bool:
        """Whether what a layer makes may be given up, and made again by it."""
        node, kept = self._nodes[index], self._uses.kept_memories()
        return bool(node.bottoms) and kept.isdisjoint(top.data_memory for top in node.tops)

    def begin(self) -> None:
        """A forward begins: see after which layer each memory is read no more."""
        kept = self._uses.kept_memories()
        last: dict[SyncedMemory, tuple[int, str]] = {}
        for name, blob in self._blobs.items():
            memory, index = blob.data_memory, self._uses.last.get(blob, -1)
            if memory not in kept and index >= last.get(memory, (-1, ""))[0]:
                last[memory] = index, last.get(memory, (0, name))[1]
        self._ends = [[] for _ in self._nodes]
        for memory, (index, name) in last.items():
            self._ends[index].append(Freed(memory, name))

    def before(self, index: int) -> None:
        """A layer is about to write its tops, whatever has become of their last values."""
        for top in self._nodes[index].tops:
            if top.data_memory.head is SyncedHead.FREED:
                top.data_memory.set_head(None)

    def after(self, index: int) -> None:
        """Give up what no later layer reads."""
        for mark in self._ends[index]:
            if not mark.memory.exported:
                mark.memory.device_copy = None
                mark.memory.set_head(mark)

    def abandon(self) -> None:
        """A forward has ended in the middle: no value that may be given up is believed."""
        self._uses.abandon()

    @property
    def any_freed(self) -> bool:
        """Whether values have been given up."""
        return any(blob.data_memory.head is SyncedHead.FREED for blob in self._blobs.values())
