"""Layers that run as their numpy selves inside a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.steps import Step

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class NumpyStep(Step):
    """Runs a layer as its numpy self.

    Attributes:
        reason: why oneDNN does not run it.
    """

    def __init__(self, nodes: Sequence[Node], reason: str) -> None:
        super().__init__(nodes)
        self.reason = reason

    def forward(self, builder: Builder) -> None:
        """Run the layer; as it asks for its bottoms' data, it gets the newest."""
        builder.read_by_numpy(self.node.bottoms)
        builder.then(self.run)
        builder.written_by_numpy(self.node.tops)

    def backward(self, builder: Builder) -> None:
        """Run the layer's gradient."""
        builder.backward_by_numpy(self.node)

    def run(self) -> None:
        """Run the layer's forward."""
        tops = self.node.tops
        read = [blob.data_memory for blob in self.node.bottoms]
        for top in tops:
            if top.data_memory not in read:
                top.data_memory.newer = None  # about to be overwritten: spare the copying
        versions = [memory.version for memory in read]
        if self.replaying:
            self.node.forward_again()
        else:
            self.node.forward()
        for memory, version in zip(read, versions, strict=True):
            memory.version = version  # the layer only read it
