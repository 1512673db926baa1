"""What prepared calls depend on outside of the plan; looked at before every run, so it is quick."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.node import Node


class Surroundings:
    """The shapes of a net's blobs, and where their arrays and those of parameters are.

    Args:
        nodes: the net's.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._tops = [top for node in nodes for top in node.tops]
        bottoms = [bottom for node in nodes for bottom in node.bottoms]
        self._blobs = list(dict.fromkeys([*bottoms, *self._tops]))
        self._shapes: list[tuple[int, ...]] = []

    def reshape(self) -> None:
        """Let the layers whose blobs have other shapes than the last time look at them."""
        if self._shapes != [blob.shape for blob in self._blobs]:
            for node in self._nodes:
                node.reshape_if_needed()
            self._shapes = [blob.shape for blob in self._blobs]

    def now(self) -> list[object]:
        """To be compared with what it was when the calls were prepared."""
        tops = self._tops
        found: list[object] = [top.shape for top in tops]
        found += [top.data_memory for top in tops]
        found += [top.diff_memory for top in tops]
        blobs = [blob for node in self._nodes for blob in node.layer.blobs]
        return found + [id(blob.data_memory.plain) for blob in blobs]
