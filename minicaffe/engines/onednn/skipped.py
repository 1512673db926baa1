"""Blobs that a fused step leaves unfilled, computed when a program asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.onednn.primitive import plain, reorder
from minicaffe.engines.onednn.tensors import Tensor
from minicaffe.net.node import Node
from minicaffe.syncedmem import SyncedMemory


class Source:
    """A blob's values as a step read them, for the time when they are needed once more.

    By then a program or another layer may have written others into the plain array; a version in
    a home of its own stays.

    Args:
        tensor: the version.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        tensor.shared = True  # no later layer overwrites its home
        self._room = Blob(tensor.shape)

    def __call__(self) -> None:
        """Keep them; a call of the step, before its others."""
        if self._tensor.is_plain:
            np.copyto(self._room.data.reshape(-1), self._tensor.memory.plain[: self._room.count])

    def blob(self) -> Blob:
        """A blob of its own that holds them."""
        values = Blob(self._tensor.shape)
        if self._tensor.is_plain:
            np.copyto(values.data, self._room.data)
        else:
            reorder(self._tensor.home, plain(values.data.reshape(-1), values.shape))()
        return values


class Skipped:
    """Stands for the values of a blob between layers that run as one step.

    A program that asks for the blob's array gets what the layers' numpy selves compute of what
    the step has read; nothing else of the net changes by that.

    Args:
        blob: the blob.
        nodes: the layers of the step up to the last one that fills the blob.
        sources: what the step reads.
        looked_at: takes the memory in, so that the next plan fills it.
    """

    def __init__(
        self,
        blob: Blob,
        nodes: Sequence[Node],
        sources: Mapping[Blob, Source],
        looked_at: set[SyncedMemory],
    ) -> None:
        self.memory = blob.data_memory
        self._blob, self._nodes, self._sources, self._looked_at = blob, nodes, sources, looked_at

    def mark_newest(self) -> None:
        """Say that the layers have run, though nobody has filled the blob."""
        self.memory.newer = self

    def write_to(self, array: np.ndarray) -> None:
        """Fill the array (what :class:`SyncedMemory` asks for)."""
        self._looked_at.add(self.memory)
        values = {blob: source.blob() for blob, source in self._sources.items()}
        with np.errstate(all="ignore"):
            for node in self._nodes:
                bottoms = [values[blob] for blob in node.bottoms]
                for top in node.tops:
                    if top not in node.bottoms:
                        values[top] = Blob(top.shape)
                node.forward_apart(bottoms, [values[top] for top in node.tops])
        result = values[self._blob]
        np.copyto(array[: result.count], result.data.reshape(-1))


def skipped_blobs(
    nodes: Sequence[Node], sources: Mapping[Blob, Source], looked_at: set[SyncedMemory]
) -> list[Skipped]:
    """What the step that covers these nodes leaves unfilled."""
    filled = nodes[-1].tops[0].data_memory
    last = {node.tops[0]: index for index, node in enumerate(nodes[:-1])}
    return [
        Skipped(blob, nodes[: index + 1], sources, looked_at)
        for blob, index in last.items()
        if blob.data_memory is not filled
    ]
