"""Layers that may shape their tops while they run: each by itself, as its numpy self."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.numpy_step import NumpyStep
from minicaffe.engines.onednn.prepared import Prepared
from minicaffe.engines.onednn.stretch import Common

if TYPE_CHECKING:
    from minicaffe.net.node import Node

#: Built-in layers without bottoms that have no next image of another size.
_OF_ONE_SHAPE = ("Input", "DummyData")


def runs_alone(node: Node) -> bool:
    """Whether a layer's tops may have other shapes, or memory, after its forward than before."""
    layer = node.layer
    if layer.reshapes_always or node.foreign:
        return True
    return not node.bottoms and layer.type not in _OF_ONE_SHAPE


class Alone:
    """Runs one layer as its numpy self, as Caffe does: reshape, then forward.

    Args:
        common: what all parts of the plan share.
        index: the layer's number.
    """

    def __init__(self, common: Common, index: int) -> None:
        self.first = self.last = index
        self._hooks = common.hooks
        self._node = common.nodes[index]
        self._step = NumpyStep([self._node], f"oneDNN has no {self._node.layer.type}")
        self.steps: list[Prepared] = [Prepared(self._step, index, Calls())]

    def fits(self, start: int, end: int) -> bool:
        """Always: there are no others."""
        return True

    def forward(self, start: int, end: int) -> None:
        """Run the layer; as it asks for its bottoms' data, it gets the newest."""
        self._hooks.run("before_forward", start)
        self._step.run()
        self._hooks.run("after_forward", start)

    def backward(self, start: int, end: int) -> None:
        """Run the layer's gradient."""
        self._hooks.run("before_backward", start)
        if self._node.need_backward:
            self._node.backward()
        self._hooks.run("after_backward", start)

    def abandon(self) -> None:
        """Nothing to do: its blobs have lent nothing."""

    def keep_all(self) -> None:
        """Nothing to do: its blobs are the caller's or the other parts'."""
