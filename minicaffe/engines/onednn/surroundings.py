"""What prepared calls depend on outside of the plan; looked at before every run, so it is quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Surroundings:
    """The shapes of a net's blobs, and where their arrays and those of parameters are.

    Args:
        nodes: the net's.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        blobs = [blob for node in nodes for blob in (*node.bottoms, *node.tops)]
        self._blobs = list(dict.fromkeys(blobs))
        made = {blob for node in nodes for blob in node.tops}
        self._given = [blob for blob in self._blobs if blob not in made]
        self._shapes: list[tuple[int, ...]] = []

    def forget(self) -> None:
        """Shapes may change without a look at all layers."""
        self._shapes = []

    def reshape(self) -> None:
        """Let the layers whose blobs have other shapes than the last time look at them."""
        if self._shapes != [blob.shape for blob in self._blobs]:
            for node in self._nodes:
                node.reshape_if_needed()
            self._shapes = [blob.shape for blob in self._blobs]

    def now(self) -> list[object]:
        """To be compared with what it was when the calls were prepared."""
        near = self._blobs
        found: list[object] = [blob.shape for blob in near]
        found += [blob.data_memory for blob in near]
        found += [blob.diff_memory for blob in near]
        blobs = [blob for node in self._nodes for blob in node.layer.blobs]
        blobs += self._given  # a Parameter layer's top moves into the arena with what it learns
        return found + [id(blob.data_memory.plain) for blob in blobs]
