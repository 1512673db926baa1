"""Blobs that a fused step leaves unfilled, computed when somebody asks for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.memory import SyncedMemory
from minicaffe.node import Node


class Skipped:
    """Stands for the values of a blob between layers that run as one step.

    Whoever asks for the blob's array gets what the layers' numpy selves compute.

    Args:
        memory: the blob's.
        nodes: the layers of the step up to the last one that fills the blob.
        looked_at: takes the memory in, so that the next plan fills it.
    """

    def __init__(
        self, memory: SyncedMemory, nodes: Sequence[Node], looked_at: set[SyncedMemory]
    ) -> None:
        self.memory, self._nodes, self._looked_at = memory, nodes, looked_at

    def mark_newest(self) -> None:
        """Say that the layers have run, though nobody has filled the blob."""
        self.memory.newer = self

    def write_to(self, array: np.ndarray) -> None:
        """Fill the array (what :class:`SyncedMemory` asks for)."""
        self._looked_at.add(self.memory)
        for top in (top for node in self._nodes for top in node.tops):
            top.data_memory.newer = None
        with np.errstate(all="ignore"):
            for node in self._nodes:
                node.forward()


def skipped_blobs(nodes: Sequence[Node], looked_at: set[SyncedMemory]) -> list[Skipped]:
    """What the step that covers these nodes leaves unfilled."""
    if len(nodes) == 1:
        return []
    filled = nodes[-1].tops[0].data_memory
    last = {node.tops[0].data_memory: index for index, node in enumerate(nodes[:-1])}
    return [
        Skipped(memory, nodes[: index + 1], looked_at)
        for memory, index in last.items()
        if memory is not filled
    ]
