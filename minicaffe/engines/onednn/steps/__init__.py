"""How oneDNN runs each layer type: one small class a type or family.

A step is built in two calls, ``forward(builder)`` and later ``backward(builder)``; each
appends to ``builder.calls``. It raises :class:`Unsupported` from ``forward`` when the layer's
configuration is not oneDNN's; the layer then runs as its numpy self.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc
from minicaffe.engines.onednn.tensor import Call
from minicaffe.named import import_modules

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Step:
    """Runs one node, or several that follow each other.

    Attributes:
        nodes: what it covers; the first one's bottoms are read, the last one's tops filled.
    """

    #: Its place among the layers that become part of the weights before them, one after the other
    #: (BatchNorm, Scale, Bias); None for all others.
    folding_order: ClassVar[int | None] = None
    #: It adds up blobs, where its node says so.
    adds: ClassVar[bool] = False

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)
        self.node = nodes[0]
        self.layer: Any = nodes[0].layer  # of the class that the step is for

    @classmethod
    def can_fuse(cls, nodes: Sequence[Node], following: Node, training: bool) -> bool:
        """Whether the step can cover the node that alone reads what ``nodes`` make, too."""
        return False

    @classmethod
    def is_constant(cls, node: Node) -> bool:
        """Whether the node multiplies each channel by a number and adds one, both of them made of
        parameters alone."""
        return False

    @property
    def bottom(self) -> Blob:
        """The first node's bottom 0."""
        return self.node.bottoms[0]

    @property
    def top(self) -> Blob:
        """The last node's top 0."""
        return self.nodes[-1].tops[0]

    @property
    def in_place(self) -> bool:
        """Whether they are one blob."""
        return self.top is self.bottom

    def read(self, builder: Builder, *, needed: bool) -> Memory:
        """The bottom's values, to be written by :meth:`write` in their place where the net says so.

        Args:
            needed: the gradient needs them as they are.
        """
        self.kept = needed and self.in_place
        return builder.kept_source(self.bottom) if self.kept else builder.source(self.bottom)

    def write(self, builder: Builder, desc: MemoryDesc) -> Memory:
        """Where the top's values go; :meth:`read` was before."""
        over = self.in_place and not self.kept
        return builder.in_place(self.top, desc) if over else builder.result(self.top, desc)

    def write_gradient(self, builder: Builder, desc: MemoryDesc) -> Memory:
        """Where the bottom's gradient goes: in the place of the top's, where the net is so."""
        make = builder.gradient_in_place if self.in_place else builder.gradient_result
        return make(self.bottom, desc)

    def runs(self, node: Node) -> bool:
        """Whether oneDNN, not the layer itself, computes it."""
        return node in self.nodes

    def forward(self, builder: Builder) -> None:
        """Append what fills the tops."""
        raise NotImplementedError

    def backward(self, builder: Builder) -> None:
        """Append what fills the bottoms' diffs and adds to the parameters' diffs."""
        for node in reversed(self.nodes):
            self.backward_of(builder, node)

    def backward_of(self, builder: Builder, node: Node) -> None:
        """Append the gradient of one of the layers alone: a backward begins or ends at it, or a
        program looks at what is between it and the others."""
        raise NotImplementedError


class NumpyStep(Step):
    """Runs a layer as its numpy self.

    Attributes:
        reason: why oneDNN does not run it.
    """

    def __init__(self, nodes: Sequence[Node], reason: str) -> None:
        super().__init__(nodes)
        self.reason = reason

    def runs(self, node: Node) -> bool:
        """The layer itself does."""
        return False

    def forward(self, builder: Builder) -> None:
        """Run the layer; as it asks for its bottoms' data, it gets the newest."""
        builder.read_by_numpy(self.node.bottoms)
        builder.once(self.run)
        builder.written_by_numpy(self.node.tops)

    def backward(self, builder: Builder) -> None:
        """Run the layer's gradient."""
        builder.backward_by_numpy(self.node)

    def run(self) -> None:
        """Run the layer's forward."""
        self._run(self.node.forward)

    def run_again(self) -> None:
        """Let the layer keep what its gradient needs, although oneDNN has run it."""
        self._run(self.node.forward_again)

    def _run(self, forward: Call) -> None:
        tops = self.node.tops
        read = [blob.data_memory for blob in self.node.bottoms]
        for top in tops:
            if top.data_memory not in read:
                top.data_memory.set_head(None)  # about to be overwritten: spare the copying
        versions = [memory.version for memory in read]
        forward()
        for memory, version in zip(read, versions, strict=True):
            memory.version = version  # the layer only read it


_steps: dict[str, type[Step]] = {}  # filled once, as the step modules are imported


def step_for(layer_type: str) -> Callable[[type[Step]], type[Step]]:
    """Class decorator: this class runs layers of this type."""

    def add(cls: type[Step]) -> type[Step]:
        _steps[layer_type] = cls
        return cls

    return add


def step_class(layer_type: str) -> type[Step] | None:
    """The class for a layer type, or None when numpy runs it."""
    import_modules(__name__)
    return _steps.get(layer_type)


def step_of(node: Node) -> type[Step]:
    """The class for a node's layer; :class:`NumpyStep` where there is none."""
    return step_class(node.layer.type) or NumpyStep
