"""The plan of some layers in a row: a value, compiled for one purpose and one set of shapes."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Calls, Options, Unsupported
from minicaffe.engines.onednn.dnnl import Failed
from minicaffe.engines.onednn.fallbacks import Fallbacks, located
from minicaffe.engines.onednn.fusion import LazyBlob, Source, lazy_blobs
from minicaffe.engines.onednn.in_place import SavedInput, overwritten_reads, save_overwritten
from minicaffe.engines.onednn.memory import (
    FreedMarks,
    kept_memories,
    loading,
    read_by,
    share_buffers,
)
from minicaffe.engines.onednn.steps import NumpyStep, Step, step_class
from minicaffe.engines.onednn.tensor import Cached, Call, Tensor
from minicaffe.options import MemoryBudget
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.callbacks import Callbacks
    from minicaffe.net.node import Node


@dataclass(frozen=True)
class Purpose:
    """What a plan is compiled for.

    Attributes:
        training: gradients are asked for.
        fuse: one primitive may do the work of several layers.
        share: blobs between inputs and outputs may use each other's memory.
        by_parts: a backward may run some layers only. (Of this depend the gradients alone, which
            can be built again while the forward stays.)
    """

    training: bool
    fuse: bool
    share: bool
    by_parts: bool = field(default=False, compare=False)


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


@dataclass(frozen=True, eq=False)
class Backward:
    """A whole backward.

    Attributes:
        calls: in order.
        gradients: the versions that it leaves in layouts of oneDNN's.
        kept: blobs that it reads: a program may have written into them since the forward.
        given: gradients that come from elsewhere.
    """

    calls: tuple[Call, ...]
    gradients: tuple[Tensor, ...]
    kept: tuple[Tensor, ...]
    given: tuple[Tensor, ...]


@dataclass(frozen=True, eq=False)
class SegmentPlan:
    """Layers in a row as flat lists of calls.

    Attributes:
        purpose: what it was compiled for.
        steps: in the order of the forward.
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
    parameters: Call
    forward: tuple[Call, ...]
    values: tuple[Tensor, ...]
    entering: tuple[Tensor, ...]
    saved: tuple[SavedInput, ...]
    backward: Backward
    freed: FreedMarks | None
    builder: Builder

    @property
    def has_new_gradients(self) -> bool:
        """Whether a program has asked for a gradient that was taken to be 0."""
        return any(memory.allocated for memory in self.builder.untouched)


def run_calls(calls: Iterable[Call], steps: Sequence[CompiledStep]) -> None:
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
        lists = [(s.step.node, c) for s in steps for c in (s.forward, s.backward)]
        raise located(error, call, lists) from None


# ------------------------------------------------------------------ compiling


def compile_plan(context: Context, first: int, last: int, purpose: Purpose) -> SegmentPlan:
    """Prepare everything that runs layers ``first`` to ``last`` in their blobs' present shapes."""
    crowded: set[SyncedMemory] = set()
    before = -1
    while before < len(context.fallbacks) + len(crowded):  # some are to be built otherwise
        before = len(context.fallbacks) + len(crowded)
        compiler = _Compiler(context, first, last, purpose, crowded)
        steps = compiler.steps()
        crowded |= overwritten_reads(steps, context.overwritten_after(last))
    save_overwritten(steps)
    plan = _flat(purpose, steps, compiler.builder)
    return _sharing(plan, context, first, last) if purpose.share else plan


def with_new_backward(plan: SegmentPlan, context: Context, *, by_parts: bool) -> SegmentPlan | None:
    """The plan with its gradients built again, as others are wanted than were known, or by parts;
    the values stay where they are. None where oneDNN has refused something in doing so."""
    before = len(context.fallbacks)
    plan.builder.by_parts = by_parts
    steps = _with_backward(plan.builder, plan.steps, context.fallbacks)
    if len(context.fallbacks) != before:
        return None
    purpose = replace(plan.purpose, by_parts=by_parts)
    return replace(plan, purpose=purpose, steps=steps, backward=_backward(steps))


class _Compiler:
    """Chooses a step for every layer and lets it append its calls.

    Args:
        crowded: memories each of whose versions needs a home of its own.
    """

    def __init__(
        self,
        context: Context,
        first: int,
        last: int,
        purpose: Purpose,
        crowded: Collection[SyncedMemory],
    ) -> None:
        self._context, self._first, self._last = context, first, last
        given = {context.blobs[name].diff_memory for name in context.outputs}
        given |= context.outside(first, last)
        options = Options(context.fallbacks.wanted, purpose.fuse)
        filled = {context.blobs[name].data_memory for name in context.wanted} | context.looked_at
        self.builder = Builder(
            options, purpose.training, filled, given, crowded, by_parts=purpose.by_parts
        )

    def steps(self) -> tuple[CompiledStep, ...]:
        """All steps, in order; with gradients where these are asked for."""
        steps: list[CompiledStep] = []
        while not steps or steps[-1].last < self._last:
            steps.append(self._forward(steps[-1].last + 1 if steps else self._first))
        for memory in self._context.overwritten_after(self._last):
            self.builder.values.overwrite(memory)
        if self.builder.training:
            return _with_backward(self.builder, steps, self._context.fallbacks)
        return tuple(steps)

    def _forward(self, index: int) -> CompiledStep:
        node = self._context.nodes[index]
        cls, reason = step_class(node.layer.type), f"oneDNN has no {node.layer.type}"
        if not all(blob.count for blob in (*node.bottoms, *node.tops)):
            cls, reason = None, "an empty blob"
        if self._left_to_numpy(node):
            cls, reason = None, "its prototxt says engine: CAFFE"
        if cls is not None:
            nodes = self._fusible(cls, index)
            while nodes:
                compiled, reason = self._try_forward(cls(nodes), index)
                if compiled is not None:
                    return compiled
                nodes.pop()
        self.builder.begin()
        plain = NumpyStep([node], reason)
        plain.forward(self.builder)
        return CompiledStep(plain, index, self.builder.end())

    def _left_to_numpy(self, node: Node) -> bool:
        return self._context.references and node.layer.wants_reference

    def _fusible(self, cls: type[Step], index: int) -> list[Node]:
        """The node, and those right after it that the class can fuse with it."""
        nodes = [self._context.nodes[index]]
        for node in self._context.nodes[index + 1 : self._last + 1]:
            if not self.builder.hides(nodes[-1], node):
                break
            if self._left_to_numpy(node) or not cls.can_fuse(nodes, node, self.builder.training):
                break
            if self.builder.training and _stops(node):
                break
            nodes.append(node)
        return nodes

    def _try_forward(self, step: Step, index: int) -> tuple[CompiledStep | None, str]:
        """The step, compiled; or why oneDNN does not run it."""
        builder, fallbacks = self.builder, self._context.fallbacks
        refused = fallbacks.reason(step.nodes)
        if refused is not None:
            return None, refused
        builder.begin(fallbacks.dtype_of(step.node))
        versions = builder.versions(step.nodes)
        try:
            step.forward(builder)
        except (Unsupported, Failed) as error:
            builder.forget()
            if isinstance(error, Failed):
                fallbacks.refuse_forward(step.nodes, error)
            return None, str(error)
        lazy = self._lazy(step.nodes, versions)
        calls = builder.end()
        fallbacks.refuse_slow(step.node, calls.run)
        return CompiledStep(step, index, calls, lazy=lazy), ""

    def _lazy(self, nodes: Sequence[Node], versions: Mapping[Blob, Tensor]) -> list[LazyBlob]:
        """Mark the blobs that the step leaves unfilled, and keep what they are computed of."""
        if len(nodes) == 1 or all(node.tops == nodes[-1].tops for node in nodes):
            return []
        sources = {blob: Source(version) for blob, version in versions.items()}
        lazy = lazy_blobs(nodes, sources, self._context.looked_at)
        self.builder.calls.run[:0] = sources.values()
        self.builder.then(*(one.mark_newest for one in lazy))
        return lazy


def _stops(node: Node) -> bool:
    """Whether it runs backward, but hands no gradient on (``propagate_down: false``)."""
    return node.need_backward and not any(node.propagate_down) and not node.layer.blobs


def _with_backward(
    builder: Builder, steps: Sequence[CompiledStep], fallbacks: Fallbacks
) -> tuple[CompiledStep, ...]:
    """The steps with the calls of their gradients, which are built from the last to the first."""
    builder.begin_backward()
    complete: list[CompiledStep] = []
    for one in reversed(steps):
        backward = Calls()
        if any(node.need_backward for node in one.step.nodes):
            builder.begin(fallbacks.dtype_of(one.step.node))
            try:
                one.step.backward(builder)
            except Failed as error:
                fallbacks.refuse_backward(one.step.nodes, error)
            backward = builder.end()
            fallbacks.refuse_slow(one.step.node, backward.run)
        complete.append(replace(one, backward=backward))
    return tuple(reversed(complete))


def _flat(purpose: Purpose, steps: tuple[CompiledStep, ...], builder: Builder) -> SegmentPlan:
    """The lists of a whole forward and a whole backward."""
    forward = [call for one in steps for call in one.forward.run]
    cached: list[Cached] = []
    if not purpose.training:  # nothing changes parameters on the way: look at all in one go
        cached = [call for call in forward if isinstance(call, Cached)]
        forward = [call for call in forward if not isinstance(call, Cached)]
    parameters = dict.fromkeys(memory for call in cached for memory in call.memories)
    entering: list[Tensor] = []
    written: set[SyncedMemory] = set()
    for one in steps:
        entering += [t for t in one.forward.reads if t.memory not in written]
        written.update(tensor.memory for tensor in one.forward.writes)
    entered = dict.fromkeys(tensor.memory for tensor in entering)
    return SegmentPlan(
        purpose=purpose,
        steps=steps,
        parameters=Cached([*parameters], [functools.partial(run_calls, cached, steps)]),
        forward=tuple(forward),
        values=tuple(t for one in steps for t in one.forward.writes if not t.is_plain),
        entering=tuple(entering),
        saved=tuple(SavedInput(memory) for memory in entered),
        freed=None,
        builder=builder,
        backward=_backward(steps),
    )


def _backward(steps: Sequence[CompiledStep]) -> Backward:
    """The lists of a whole backward."""
    made = {tensor for one in steps for tensor in one.backward.writes}
    return Backward(
        calls=tuple(call for one in reversed(steps) for call in one.backward.run),
        gradients=tuple(t for one in steps for t in one.backward.writes if not t.is_plain),
        kept=tuple(
            tensor
            for one in steps
            for tensor in one.forward.reads
            if one.backward.run and not tensor.superseded
        ),
        given=tuple(t for one in steps for t in one.backward.reads if t not in made),
    )


def _sharing(plan: SegmentPlan, context: Context, first: int, last: int) -> SegmentPlan:
    """The plan with blobs that no program will look at in each other's memory."""
    forwards = [one.forward for one in plan.steps]
    backwards = [one.backward for one in reversed(plan.steps)]
    kept = read_by(plan.backward.kept, backwards)  # the others are freed by then
    steps = [*forwards, loading([*kept, *plan.backward.given]), *backwards]
    shown = kept_memories(context.nodes[first : last + 1], context.blobs, context.wanted)
    freed = share_buffers(steps, shown | context.outside(first, last))
    freed.update((lazy.memory, 0) for one in plan.steps for lazy in one.lazy)
    return replace(
        plan,
        backward=replace(plan.backward, kept=tuple(kept)),
        freed=FreedMarks(freed, context.blobs, len(forwards)),
    )
