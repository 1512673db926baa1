"""Compiling: a step for every layer, its calls, and what oneDNN refuses."""

from __future__ import annotations

import functools
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.builder import Builder, Calls, Purpose, Unsupported
from minicaffe.engines.onednn.dnnl import Failed, Unimplemented
from minicaffe.engines.onednn.fusion import LazyBlob, Source, lazy_blobs
from minicaffe.engines.onednn.memory import (
    FreedMarks,
    SavedInput,
    kept_memories,
    loading,
    overwritten_reads,
    read_by,
    save_overwritten,
    share_buffers,
)
from minicaffe.engines.onednn.plan import (
    Backward,
    BackwardPart,
    BackwardParts,
    CompiledStep,
    Context,
    Record,
    SegmentPlan,
    entering_values,
    record_of,
    run_calls,
)
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.engines.onednn.steps import NumpyStep, Step, step_class
from minicaffe.engines.onednn.tensor import Cached, Call, Tensor
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.net.node import Node

logger = logging.getLogger("minicaffe")

#: Bytes of the largest operand in bfloat16 below which slow code costs nothing to speak of.
_SMALL = 1 << 16

#: Layouts for which oneDNN has code with every set of instructions, by their number of channels in
#: a block. With the channels last, values can share memory, which in row-major order are
#: kept in their blobs.
_LAYOUTS = {0: "with the channels last", 1: "in row-major order"}


class Fallbacks:
    """Layers that are run otherwise than wanted, found as plans are built.

    A layer that oneDNN refuses in the wanted data type stores float32. A step that could not be
    built is not tried again: its layers run one by one, and then as numpy. A plan during whose
    building something was refused is built again, as what a layer's gradient is refused also
    changes its forward. A layer for which oneDNN has only its reference code in the layout in which
    the layers before leave their values is given another; where that spares nothing, a step of
    several layers is taken apart.

    Args:
        wanted: the data type that all layers are to use.

    Attributes:
        float32: the layers that use float32 instead, by name, and why.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.float32: dict[str, str] = {}
        self._numpy: dict[tuple[Node, ...], str] = {}
        self._slow: dict[tuple[tuple[Node, ...], bool], list[str]] = {}  # by layers and training
        self._tries: dict[tuple[tuple[Node, ...], bool], int] = {}  # which of _LAYOUTS is tried

    def __len__(self) -> int:
        return len(self.float32) + len(self._numpy) + sum(1 + n for n in self._tries.values())

    def dtype_of(self, node: Node) -> int:
        """The data type in which a layer stores its values."""
        return dnnl.F32 if node.name in self.float32 else self.wanted

    def reason(self, nodes: Sequence[Node]) -> str | None:
        """Why no step for these nodes shall be tried, or None."""
        return self._numpy.get(tuple(nodes))

    def refuse_forward(self, nodes: Sequence[Node], error: Failed) -> None:
        """The forward of a step for these nodes has failed to be built."""
        stored_otherwise = len(nodes) == 1 and self._store_float32(nodes[0], str(error))
        if not stored_otherwise and not isinstance(error, Unimplemented):
            self._leave_to_numpy(nodes, error)

    def refuse_backward(self, nodes: Sequence[Node], error: Failed) -> None:
        """The backward of a step for these nodes has failed to be built."""
        if not self._store_float32(nodes[0], str(error)):
            self._leave_to_numpy(nodes, error)

    def refuse_slow(self, node: Node, calls: Sequence[Call]) -> None:
        """Store float32 for a layer for which oneDNN has nothing but its slow reference code."""
        if self.dtype_of(node) == dnnl.F32:
            return
        for call in calls:
            if not isinstance(call, Primitive) or not call.is_reference:
                continue
            if call.largest(self.wanted) >= _SMALL:
                self._store_float32(node, f"oneDNN has only {call.name} in bfloat16")

    def notes(self, nodes: Sequence[Node], *, training: bool) -> list[str]:
        """How a step is run otherwise than wanted, and why."""
        float32, block = self.float32.get(nodes[0].name), self.block(nodes, training=training)
        notes = [f"in float32, {float32}"] if float32 else []
        if block is not None:
            slow = self._slow[tuple(nodes), training][0]
            notes.append(f"{_LAYOUTS[block]}, oneDNN has only {slow} in the layout before")
        return notes

    def block(self, nodes: Sequence[Node], *, training: bool) -> int | None:
        """The layout that a step for these nodes is to use instead of that before, or None."""
        number = self._tries.get((tuple(nodes), training), len(_LAYOUTS))
        return next(islice(_LAYOUTS, number, None), None)

    def refuse_layout(
        self, nodes: Sequence[Node], calls: Sequence[Call], *, training: bool
    ) -> None:
        """Use another layout for a step in float32 that would run oneDNN's reference code, if one
        leaves less of it; otherwise take the step apart, as oneDNN's better code may lack what is
        fused.

        In blocks of 8 channels and with SSE4.1 alone, BatchNorm, Scale and Eltwise take some 100
        times as long.

        Args:
            nodes: the step's.
            calls: all that it makes, forward and backward.
            training: of the plan that the step is part of.
        """
        key = tuple(nodes), training
        number = self._tries.get(key)
        if self.dtype_of(nodes[0]) != dnnl.F32 or number == len(_LAYOUTS):
            return
        slow = [call.name for call in calls if isinstance(call, Primitive) and call.is_reference]
        if number is None:
            if slow:
                self._slow[key], self._tries[key] = slow, 0
        elif len(slow) >= len(self._slow[key]):
            self._tries[key] = number + 1
            if len(nodes) > 1 and number + 1 == len(_LAYOUTS):
                self._numpy[key[0]] = f"oneDNN has only {slow[0]} for them together"

    def _store_float32(self, node: Node, reason: str) -> bool:
        """Use float32 for a layer from now on; False where that was so already."""
        if self.dtype_of(node) == dnnl.F32:
            return False
        self.float32[node.name] = reason
        return True

    def _leave_to_numpy(self, nodes: Sequence[Node], error: Failed) -> None:
        """Do not try a step for these nodes again.

        That numpy does the work of a single one is a surprise that is told once, unless the
        library just has no such thing.
        """
        self._numpy[tuple(nodes)] = str(error)
        if len(nodes) == 1 and not isinstance(error, Unimplemented):
            logger.warning(
                "layer '%s' (%s): %s; numpy runs it instead",
                *(nodes[0].name, nodes[0].layer.type, error),
            )


def compile_plan(context: Context, first: int, last: int, purpose: Purpose) -> SegmentPlan:
    """Prepare everything that runs layers ``first`` to ``last`` in their blobs' present shapes."""
    crowded: set[SyncedMemory] = set()
    before = -1
    while before < len(context.fallbacks) + len(crowded):  # some are to be built otherwise
        before = len(context.fallbacks) + len(crowded)
        compiler = _Compiler(context, first, last, purpose, crowded)
        steps = compiler.steps()
        for compiled in steps:
            calls = [*compiled.forward.run, *compiled.backward.run]
            context.fallbacks.refuse_layout(compiled.step.nodes, calls, training=purpose.training)
        crowded |= overwritten_reads(steps, context.overwritten_after(last))
    save_overwritten(steps, context.overwritten)
    plan = _flat(context, purpose, steps, compiler.builder)
    return _sharing(plan, context, first, last) if purpose.share else plan


def compile_parts(
    plan: SegmentPlan, context: Context, record: Record, *, by_layer: bool
) -> BackwardParts | None:
    """The gradients of layers in parts: their steps, or each layer by itself.

    A step that covers several layers, but has not run all of them last, is taken apart.

    Args:
        plan: the newest one.
        context: what it was compiled from.
        record: what has run the layers.
        by_layer: take all steps apart.

    Returns:
        None where oneDNN has refused something.
    """
    builder, before = plan.builder, len(context.fallbacks)
    builder.begin_backward(by_parts=True)
    parts: list[BackwardPart] = []
    for compiled, layers in _units(record, by_layer=by_layer):
        calls = _gradient_calls(builder, context.fallbacks, compiled.step, layers)
        kept = read_by([t for t in compiled.forward.reads if not t.superseded], [calls])
        first = compiled.first + compiled.step.nodes.index(layers[0])
        parts.append(BackwardPart(first, first + len(layers) - 1, compiled.step.node, calls, kept))
    if len(context.fallbacks) != before:
        return None
    return BackwardParts(record, by_layer, tuple(reversed(parts)), tuple(builder.untouched))


def _units(record: Record, *, by_layer: bool) -> Iterator[tuple[CompiledStep, list[Node]]]:
    """What is differentiated in one go: a step with all of its layers, or with one; from the last
    to the first."""
    number = max(record)
    while number >= min(record):
        compiled = record.get(number)
        if compiled is None:
            number -= 1
            continue
        whole = all(record.get(index) is compiled for index in compiled.layers)
        layers = compiled.step.nodes
        if by_layer or not whole:
            layers = [layers[number - compiled.first]]
        yield compiled, layers
        number -= len(layers)


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
        filled = {context.blobs[name].data_memory for name in context.wanted} | context.looked_at
        self.builder = Builder(purpose, context.fallbacks.wanted, filled, given, crowded)

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
        _begin(builder, fallbacks, step.nodes)
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
        self.builder.calls.run[:0] = [source.take for source in sources.values()]
        self.builder.then(*(blob.mark_newest for blob in lazy))
        return lazy


def _stops(node: Node) -> bool:
    """Whether it runs backward, but hands no gradient on (``propagate_down: false``)."""
    return node.need_backward and not any(node.propagate_down) and not node.layer.blobs


def _with_backward(
    builder: Builder, steps: Sequence[CompiledStep], fallbacks: Fallbacks
) -> tuple[CompiledStep, ...]:
    """The steps with the calls of their gradients, which are built from the last to the first."""
    builder.begin_backward()
    complete = [
        replace(
            compiled,
            backward=_gradient_calls(builder, fallbacks, compiled.step, compiled.step.nodes),
        )
        for compiled in reversed(steps)
    ]
    return tuple(reversed(complete))


def _begin(builder: Builder, fallbacks: Fallbacks, nodes: Sequence[Node]) -> None:
    """Start the list of a step, stored and ordered as its nodes have to be."""
    block = fallbacks.block(nodes, training=builder.training)
    builder.begin(fallbacks.dtype_of(nodes[0]), block)


def _gradient_calls(
    builder: Builder, fallbacks: Fallbacks, step: Step, layers: Sequence[Node]
) -> Calls:
    """The gradients of a step's layers, of all or of one."""
    if not any(node.need_backward for node in layers):
        return Calls()
    _begin(builder, fallbacks, step.nodes)
    try:
        if len(layers) == len(step.nodes):
            step.backward(builder)
        else:
            step.backward_of(builder, layers[0])
    except Failed as error:
        fallbacks.refuse_backward(step.nodes, error)
    calls = builder.end()
    fallbacks.refuse_slow(step.node, calls.run)
    return calls


def _flat(
    context: Context, purpose: Purpose, steps: tuple[CompiledStep, ...], builder: Builder
) -> SegmentPlan:
    """The lists of a whole forward and a whole backward."""
    forward = [call for compiled in steps for call in compiled.forward.run]
    cached: list[Cached] = []
    if not purpose.training:  # nothing changes parameters on the way: look at all in one go
        cached = [call for call in forward if isinstance(call, Cached)]
        forward = [call for call in forward if not isinstance(call, Cached)]
    parameters = dict.fromkeys(memory for call in cached for memory in call.memories)
    entering = entering_values(steps)
    entered = dict.fromkeys(tensor.memory for tensor in entering)
    place = steps[0].step.node
    return SegmentPlan(
        purpose=purpose,
        steps=steps,
        record=record_of(steps) if purpose.training else {},
        parameters=Cached([*parameters], [functools.partial(run_calls, cached, steps)]),
        forward=tuple(forward),
        values=tuple(t for compiled in steps for t in compiled.forward.writes if not t.is_plain),
        entering=tuple(entering),
        saved=tuple(SavedInput(memory, context.overwritten, place) for memory in entered),
        freed=None,
        builder=builder,
        backward=_backward(steps, builder),
    )


def _backward(steps: Sequence[CompiledStep], builder: Builder) -> Backward:
    """The lists of a whole backward."""
    made = {tensor for compiled in steps for tensor in compiled.backward.writes}
    return Backward(
        calls=tuple(call for compiled in reversed(steps) for call in compiled.backward.run),
        gradients=tuple(
            t for compiled in steps for t in compiled.backward.writes if not t.is_plain
        ),
        kept=tuple(
            tensor
            for compiled in steps
            for tensor in compiled.forward.reads
            if compiled.backward.run and not tensor.superseded
        ),
        given=tuple(t for compiled in steps for t in compiled.backward.reads if t not in made),
        untouched=tuple(builder.untouched),
    )


def _sharing(plan: SegmentPlan, context: Context, first: int, last: int) -> SegmentPlan:
    """The plan with blobs that no program will look at in each other's memory."""
    forwards = [compiled.forward for compiled in plan.steps]
    backwards = [compiled.backward for compiled in reversed(plan.steps)]
    kept = read_by(plan.backward.kept, backwards)  # the others are freed by then
    steps = [*forwards, loading([*kept, *plan.backward.given]), *backwards]
    shown = kept_memories(context.nodes[first : last + 1], context.blobs, context.wanted)
    freed = share_buffers(steps, shown | context.outside(first, last))
    freed.update((lazy.memory, 0) for compiled in plan.steps for lazy in compiled.lazy)
    return replace(
        plan,
        backward=replace(plan.backward, kept=tuple(kept)),
        freed=FreedMarks(freed, context.blobs, len(forwards)),
    )
