"""Blobs whose values or gradients are gone, as others have their memory, and who says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minicaffe.blob import Blob
from minicaffe.net.node import Node
from minicaffe.syncedmem import Dropped, SyncedMemory


class Gone:
    """Marks memories whose values other blobs have overwritten.

    Args:
        last: these memories, each with the last step in which its values stand.
        blobs: the net's blobs by name.
        forwards: how many of the steps are a forward's.

    Attributes:
        spent: the last forward's values have served a backward, which has overwritten some.
    """

    def __init__(
        self, last: Mapping[SyncedMemory, int], blobs: Mapping[str, Blob], forwards: int
    ) -> None:
        self.spent = False
        self._early: list[Dropped] = []
        self._late: list[Dropped] = []
        named: set[SyncedMemory] = set()
        for name, blob in blobs.items():
            for memory, what in ((blob.data_memory, "values"), (blob.diff_memory, "gradients")):
                if memory in last and memory not in named:
                    named.add(memory)
                    early = last[memory] < forwards
                    (self._early if early else self._late).append(Dropped(memory, name, what))

    def __bool__(self) -> bool:
        return bool(self._early or self._late)

    def after_forward(self) -> None:
        """Mark what a whole forward has overwritten, unless an array has the values."""
        self.spent = False
        _mark(self._early)

    def after_backward(self) -> None:
        """Mark what a whole backward has overwritten besides, unless an array has the values."""
        self.spent = True
        _mark(self._late)

    def abandon(self) -> None:
        """A run has ended in the middle: it may have overwritten any of them."""
        _mark(self._early)
        _mark(self._late)

    @property
    def held(self) -> bool:
        """Whether somebody has taken hold of something since the forward: it is to be kept."""
        return any(one.memory.held for one in self._late)

    def forget(self) -> None:
        """Gradients that the last backward has overwritten are about to be computed anew."""
        for one in self._late:
            if one.memory.newer is one:
                one.memory.newer = None


def _mark(dropped: Sequence[Dropped]) -> None:
    for one in dropped:
        if one.memory.newer is not None:
            one.memory.newer = one


def kept_memories(
    nodes: Sequence[Node], blobs: Mapping[str, Blob], wanted: Sequence[str]
) -> set[SyncedMemory]:
    """What somebody may look at: inputs, outputs, losses, and what somebody holds.

    Args:
        wanted: the names of inputs and outputs.
    """
    kept = [blobs[name] for name in wanted]
    for node in nodes:
        kept += node.losses if node.bottoms else node.tops
    # what is between the layers of a step is computed of the values when somebody holds it
    kept += [blob for blob in blobs.values() if blob.diff_memory.held]
    memories = {memory for blob in kept for memory in (blob.data_memory, blob.diff_memory)}
    memories.update(blob.data_memory for blob in blobs.values() if blob.data_memory.held)
    return memories
