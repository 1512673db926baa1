"""Layers that run as their numpy selves inside a plan."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.steps import Step
from minicaffe.node import Node


class ShapesChanged(Exception):
    """A layer has given its tops other shapes, or memory, while it ran (a data layer's next
    image)."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.name)
        self.node = node


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
        builder.then(self._forward)
        builder.written_by_numpy(self.node.tops)

    def backward(self, builder: Builder) -> None:
        """Run the layer's gradient."""
        builder.backward_by_numpy(self.node)

    def _forward(self) -> None:
        tops = self.node.tops
        read = [blob.data_memory for blob in self.node.bottoms]
        for top in tops:
            if top.data_memory not in read:
                top.data_memory.newer = None  # about to be overwritten: spare the copying
        before = [(top.shape, top.data_memory) for top in tops]
        versions = [memory.version for memory in read]
        # the running statistics of a BatchNorm count a batch once
        kept = [blob.data.copy() for blob in self.node.layer.blobs if self.replaying]
        self.node.forward()
        for blob, values in zip(self.node.layer.blobs, kept, strict=False):
            blob.data[...] = values
        if before != [(top.shape, top.data_memory) for top in tops]:
            raise ShapesChanged(self.node)
        for memory, version in zip(read, versions, strict=True):
            memory.version = version  # the layer only read it
