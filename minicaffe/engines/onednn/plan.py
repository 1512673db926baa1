"""The plan of some layers in a row: a value, compiled for one purpose and one set of shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Calls, Purpose
from minicaffe.engines.onednn.dnnl import Failed
from minicaffe.engines.onednn.fusion import LazyBlob
from minicaffe.engines.onednn.memory import FreedMarks, Overwritten, SavedInput
from minicaffe.engines.onednn.steps import Step
from minicaffe.engines.onednn.tensor import Call, Tensor
from minicaffe.errors import MinicaffeError
from minicaffe.options import MemoryBudget
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.engines.onednn.compiler import Fallbacks
    from minicaffe.net.callbacks import Callbacks
    from minicaffe.net.node import Node


@dataclass(frozen=True)
class Context:
    """What all plans of a net are compiled from.

    Attributes:
        nodes, callbacks, budget, blobs: the net's.
        wanted: the names of the net's inputs and outputs.
        outputs: the names of its outputs.
        learns: its phase is TRAIN.
        references: layers whose prototxt says ``engine: CAFFE`` are numpy's.
        fallbacks: what oneDNN has refused so far.
        looked_at: blobs that fusion would leave unfilled, but that a program has asked for.
        overwritten: values that layers in place have overwritten: see :class:`SavedInput`.
    """

    nodes: Sequence[Node]
    callbacks: Callbacks
    budget: MemoryBudget
    blobs: Mapping[str, Blob]
    wanted: Sequence[str]
    outputs: Sequence[str]
    learns: bool
    references: bool
    fallbacks: Fallbacks
    looked_at: set[SyncedMemory] = field(default_factory=set)
    overwritten: Overwritten = field(default_factory=dict)

    def outside(self, first: int, last: int) -> set[SyncedMemory]:
        """The values and gradients that layers other than ``first`` to ``last`` read or write."""
        others = (*self.nodes[:first], *self.nodes[last + 1 :])
        blobs = {blob for node in others for blob in (*node.bottoms, *node.tops)}
        return {memory for blob in blobs for memory in (blob.data_memory, blob.diff_memory)}

    def overwritten_after(self, last: int) -> set[SyncedMemory]:
        """The values that layers after ``last`` overwrite in place."""
        return {
            top.data_memory
            for node in self.nodes[last + 1 :]
            for top in node.tops
            if top in node.bottoms
        }


@dataclass(frozen=True, eq=False)
class CompiledStep:
    """A step with its calls.

    Attributes:
        first: the number of the first layer that it covers.
        lazy: the blobs that it leaves unfilled.
    """

    step: Step
    first: int
    forward: Calls
    backward: Calls = field(default_factory=Calls)
    lazy: Sequence[LazyBlob] = ()

    @property
    def last(self) -> int:
        """The number of the last layer that it covers."""
        return self.first + len(self.step.nodes) - 1

    @property
    def layers(self) -> range:
        """The numbers of all of them."""
        return range(self.first, self.last + 1)

    @property
    def values(self) -> set[SyncedMemory]:
        """The memories of what its layers make."""
        return {top.data_memory for node in self.step.nodes for top in node.tops}

    @property
    def lists(self) -> Sequence[tuple[Node, Calls]]:
        """Its calls, with whose they are."""
        return [(self.step.node, self.forward), (self.step.node, self.backward)]


#: For layers by number, the step that has run each of them last, and keeps what its gradient needs.
Record = Mapping[int, CompiledStep]


@dataclass(frozen=True, eq=False)
class Backward:
    """A whole backward.

    Attributes:
        calls: in order.
        gradients: the versions that it leaves in layouts of oneDNN's.
        kept: blobs that it reads: a program may have written into them since the forward.
        given: gradients that come from elsewhere.
        untouched: gradients that were taken to be 0.
    """

    calls: tuple[Call, ...]
    gradients: tuple[Tensor, ...]
    kept: tuple[Tensor, ...]
    given: tuple[Tensor, ...]
    untouched: tuple[SyncedMemory, ...]

    @property
    def is_incomplete(self) -> bool:
        """Whether a program has asked for a gradient that was taken to be 0."""
        return any(memory.allocated for memory in self.untouched)


@dataclass(frozen=True, eq=False)
class BackwardPart:
    """The gradients of some layers in a row, when a backward runs part by part.

    Attributes:
        first, last: the numbers of the layers.
        node: the first one.
        calls: in order.
        kept: blobs that they read, as in :class:`Backward`.
    """

    first: int
    last: int
    node: Node
    calls: Calls
    kept: Sequence[Tensor]

    @property
    def lists(self) -> Sequence[tuple[Node, Calls]]:
        """Its calls, with whose they are."""
        return [(self.node, self.calls)]


@dataclass(frozen=True, eq=False)
class BackwardParts:
    """A backward that can begin, stop and be looked at between its parts.

    Attributes:
        record: what has run each layer.
        by_layer: whether each part is a single layer, not a step.
        parts: in the order of the forward.
        untouched: gradients that were taken to be 0.
    """

    record: Record
    by_layer: bool
    parts: tuple[BackwardPart, ...]
    untouched: tuple[SyncedMemory, ...]

    def between(self, first: int, last: int) -> list[BackwardPart]:
        """The parts of these layers."""
        return [part for part in self.parts if part.last >= first and part.first <= last]

    def serve(self, record: Record, first: int, last: int, *, by_layer: bool) -> bool:
        """Whether they are those of a record, and none begins or ends elsewhere than asked for."""
        if self.record != record or by_layer > self.by_layer:
            return False
        parts = self.between(first, last)
        return (parts[0].first, parts[-1].last) == (first, last) and not any(
            memory.allocated for memory in self.untouched
        )


@dataclass(frozen=True, eq=False)
class SegmentPlan:
    """Layers in a row as flat lists of calls.

    Attributes:
        purpose: what it was compiled for.
        steps: in the order of the forward.
        record: for each layer the step that keeps what its gradient needs; empty where none does.
        parameters: brings what depends on parameters alone up to date; before ``forward``.
        forward: the calls of a whole forward.
        values: the versions that it leaves in layouts of oneDNN's.
        entering: values from elsewhere, which may not be in their arrays yet.
        saved: the memories of these, to be able to compute the pass again.
        backward: the whole backward.
        freed: marks what the passes overwrite; None where every blob keeps its memory.
        builder: has built the forward, and can build a backward again.
    """

    purpose: Purpose
    steps: tuple[CompiledStep, ...]
    record: Record
    parameters: Call
    forward: tuple[Call, ...]
    values: tuple[Tensor, ...]
    entering: tuple[Tensor, ...]
    saved: tuple[SavedInput, ...]
    backward: Backward
    freed: FreedMarks | None
    builder: Builder


def record_of(steps: Sequence[CompiledStep]) -> Record:
    """The steps that have run their layers last."""
    return {index: compiled for compiled in steps for index in compiled.layers}


def entering_values(steps: Sequence[CompiledStep]) -> list[Tensor]:
    """What these steps read that others have made."""
    entering: list[Tensor] = []
    written: set[SyncedMemory] = set()
    for compiled in steps:
        entering += [t for t in compiled.forward.reads if t.memory not in written]
        written.update(tensor.memory for tensor in compiled.forward.writes)
    return entering


def run_calls(calls: Iterable[Call], steps: Sequence[CompiledStep | BackwardPart]) -> None:
    """Run calls; one that fails is told with its layer.

    Args:
        calls: in order.
        steps: whose calls they are.
    """
    call = None
    try:
        for call in calls:
            call()
    except Failed as error:
        raise located(
            error, call, [pair for compiled in steps for pair in compiled.lists]
        ) from None


def located(
    error: Failed, call: Call | None, lists: Sequence[tuple[Node, Calls]]
) -> MinicaffeError:
    """The error of a call that failed while it ran, with its layer and a way out.

    Args:
        error: what the library said.
        call: the call that was running.
        lists: whose calls are whose.
    """
    error.message += '; --engine numpy (engine="numpy" in Python) runs the net without oneDNN'
    for node, calls in lists:
        if any(other is call for other in calls.run):
            return error.locate(
                path=node.path, line=node.line, layer=node.name, layer_type=node.layer.type
            )
    return error
