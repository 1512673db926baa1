"""Layers in a row, run by the plan whose guards hold; or one layer, run by numpy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.compiler import compile_parts, compile_plan
from minicaffe.engines.onednn.fusion import LazyBlob
from minicaffe.engines.onednn.memory import SavedInput, check_copies
from minicaffe.engines.onednn.plan import (
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
from minicaffe.engines.onednn.steps import NumpyStep
from minicaffe.engines.onednn.tensor import show
from minicaffe.layers.data.dummy_data import DummyData
from minicaffe.layers.data.input import Input
from minicaffe.syncedmem import SyncedHead, SyncedMemory
from minicaffe.threads import thread_count

if TYPE_CHECKING:
    from minicaffe.engines.onednn.builder import Purpose
    from minicaffe.engines.onednn.session import Session
    from minicaffe.net.node import Node


class Part(ABC):
    """Some layers in a row, and what runs them.

    Args:
        first, last: the numbers of the first and the last of them.
    """

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    @property
    @abstractmethod
    def steps(self) -> Sequence[CompiledStep]:
        """What has been compiled."""

    @abstractmethod
    def forward(self, start: int, end: int) -> None:
        """Run layers ``start`` to ``end``."""

    @abstractmethod
    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end``."""

    def fits(self, start: int, end: int) -> bool:
        """Whether layers ``start`` to ``end`` alone can run, in their blobs' present shapes."""
        return True

    def keep_all(self) -> None:  # noqa: B027
        """Give every blob its own memory from now on, and its values where others have used it."""

    def abandon(self) -> None:  # noqa: B027
        """Mark the blobs whose memory others have used, as a run has ended in the middle."""


def runs_alone(node: Node) -> bool:
    """Whether a layer's tops may have other shapes, or memory, after its forward than before."""
    layer = node.layer
    if layer.reshapes_always or node.foreign:
        return True
    return not (node.bottoms or isinstance(layer, Input | DummyData))  # these have no next image


class NumpyLayer(Part):
    """Runs one layer as its numpy self, as Caffe does: reshape, then forward.

    Args:
        context: what all plans of the net are compiled from.
        index: the layer's number.
    """

    def __init__(self, context: Context, index: int) -> None:
        super().__init__(index, index)
        self._hooks = context.callbacks
        self._node = context.nodes[index]
        self._step = NumpyStep([self._node], f"oneDNN has no {self._node.layer.type}")

    @property
    def steps(self) -> Sequence[CompiledStep]:
        return [CompiledStep(self._step, self.first, Calls())]

    def forward(self, start: int, end: int) -> None:
        self._hooks.run("before_forward", start)
        self._step.run()
        self._hooks.run("after_forward", start)

    def backward(self, start: int, end: int) -> None:
        self._hooks.run("before_backward", start)
        if self._node.need_backward:
            self._node.backward()
        self._hooks.run("after_backward", start)
        self._hooks.ready(start, start)


class Guards:
    """What a plan depends on outside of it; compared before every run, so it is quick.

    They are the shapes of the layers' blobs, and where their arrays and those of parameters are.

    Args:
        nodes: the layers.
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
        """To be compared with what it was when the plan was compiled."""
        near = self._blobs
        found: list[object] = [blob.shape for blob in near]
        found += [blob.data_memory for blob in near]
        found += [blob.diff_memory for blob in near]
        blobs = [blob for node in self._nodes for blob in node.layer.blobs]
        blobs += self._given  # a Parameter layer's top moves into the arena with what it learns
        return found + [id(blob.data_memory.raw) for blob in blobs]


class Segment(Part):
    """Runs layers in a row through oneDNN by a plan, for as long as its guards hold.

    In the TEST phase the plan is for inference first (unless ``force_backward`` announces
    gradients), and for gradients when a program asks for them. Layers that are fused are taken
    apart when it wants to begin, stop or look between them.

    What lies between two segments is in the blobs' plain arrays for any reader.

    Args:
        session: the net's.
        first, last: the numbers of the first and the last layer.
    """

    def __init__(self, session: Session, first: int, last: int) -> None:
        super().__init__(first, last)
        self._session, self._context = session, session.context
        self._nodes = self._context.nodes[first : last + 1]
        self._guards = Guards(self._nodes)
        self._hooks = self._context.callbacks
        self._fuse, self._share = session.purpose.fuse, session.purpose.share
        self._plan: SegmentPlan | None = None
        self._guarded: list[object] | None = None  # None: the plan is not to be used again
        self._around: list[object] = []
        self._record: Record = {}
        self._backward: BackwardParts | None = None

    @property
    def steps(self) -> Sequence[CompiledStep]:
        return self._plan.steps if self._plan is not None else ()

    # ---------------------------------------------------------------- choosing

    def _purpose(self) -> Purpose:
        return replace(self._session.purpose, fuse=self._fuse, share=self._share)

    def _guards_now(self) -> list[object]:
        """What the plan depends on."""
        looked_at = len(self._context.looked_at)
        return [self._purpose(), thread_count(), looked_at, *self._guards.now()]

    def fits(self, start: int, end: int) -> bool:
        """Whether layers ``start`` to ``end`` alone can run with a plan for all.

        They are reshaped where that is due; the others are left alone.
        """
        self._guards.forget()
        self._share = False
        for node in self._context.nodes[start : end + 1]:
            node.reshape_if_needed()
        if self._guarded != self._guards_now():
            if not all(node.up_to_date for node in self._nodes):
                return False
            self._choose()
        return True

    def _choose(self) -> SegmentPlan:
        """The plan at hand if its guards hold, or else another; shapes are settled."""
        self._fuse = self._fuse and not self._hooks
        if self._plan is not None and self._guarded == self._guards_now():
            return self._plan
        if self._around != self._guards.now():
            self._record = {}  # of other shapes
        self._guarded = None
        training = self._session.purpose.training
        self._share = self._share and not self._hooks and (self._context.learns or not training)
        plan = compile_plan(self._context, self.first, self.last, self._purpose())
        self._plan, self._backward = plan, None
        lists = [pair for compiled in self._session.steps for pair in compiled.lists]
        check_copies(lists, self._context.budget)
        self._guarded, self._around = self._guards_now(), self._guards.now()
        return plan

    def _choose_for_part(self, start: int, end: int) -> list[CompiledStep]:
        """The steps that cover these layers and no others, of a plan that keeps every blob."""
        self._share = False
        chosen = _between(self._choose().steps, start, end)
        if (chosen[0].first, chosen[-1].last) != (start, end):
            self._fuse = False
            chosen = _between(self._choose().steps, start, end)
        return chosen

    # ----------------------------------------------------------------- running

    def forward(self, start: int, end: int) -> None:
        if start > self.first or end < self.last:  # the session has asked whether they fit
            self._forward_part(start, end)
            return
        self._guards.reshape()
        plan = self._choose()
        self._record = {}
        if self._hooks:
            self._forward_part(start, end)
            return
        for tensor in plan.entering:
            tensor.bring_out()
        if not plan.purpose.training:  # what gradients need is then computed of these
            for saved in plan.saved:
                saved()
        plan.parameters()
        run_calls(plan.forward, plan.steps)
        show(plan.values)
        if plan.freed:
            plan.freed.after_forward()
        self._record = plan.record

    def _forward_part(self, start: int, end: int) -> None:
        chosen = self._choose_for_part(start, end)
        if any(tensor.memory.head is SyncedHead.FREED for tensor in entering_values(chosen)):
            self._materialise()
        left = {blob for step in chosen for blob in step.lazy}
        for memory in self._values():
            if isinstance(memory.engine_copy, LazyBlob) and memory.engine_copy not in left:
                memory.engine_copy.keep()
        for compiled in chosen:
            self._tell("before_forward", compiled.layers)
            for tensor in compiled.forward.reads:
                tensor.load()
            run_calls(compiled.forward.run, self.steps)
            show(compiled.forward.writes)
            self._tell("after_forward", compiled.layers)
        if self._session.purpose.training:
            self._record = {**self._record, **record_of(chosen)}

    def backward(self, start: int, end: int) -> None:
        plan = self._recorded(end, start)
        if (start, end) == (self.last, self.first) and not self._hooks:
            if self._can_run_whole(plan):
                self._backward_whole(plan)
                return
            self._guarded = None  # the next plan knows what a program holds and has asked for
        else:
            self._share = False
        self._backward_parts(plan, start, end)

    def _recorded(self, first: int, last: int) -> SegmentPlan:
        """The plan, with what the gradients of these layers need of the last forward."""
        plan = self._plan
        if plan is not None and all(index in self._record for index in range(first, last + 1)):
            return plan
        if plan is not None and plan.freed:
            self._share = False
        self._session.purpose = replace(self._session.purpose, training=True)
        return self._materialise()

    def _can_run_whole(self, plan: SegmentPlan) -> bool:
        """Whether the plan's backward is that of the last forward, has all gradients that a program
        has asked for, and overwrites nothing that it holds."""
        if self._record is not plan.record or plan.purpose.share != self._share:
            return False
        return not (plan.backward.is_incomplete or (plan.freed and plan.freed.held))

    def _backward_whole(self, plan: SegmentPlan) -> None:
        if plan.freed:
            plan.freed.forget()
        backward = plan.backward
        for tensor in (*backward.kept, *backward.given):
            tensor.load()
        if self._hooks.when_ready:
            for compiled in reversed(plan.steps):
                run_calls(compiled.backward.run, [compiled])
                self._hooks.ready(compiled.first, compiled.last)
        else:
            run_calls(backward.calls, plan.steps)
        show(backward.gradients)
        if plan.freed:
            self._record = {}  # some of it is overwritten
            plan.freed.after_backward()

    def _backward_parts(self, plan: SegmentPlan, start: int, end: int) -> None:
        for part in reversed(self._parts_between(plan, end, start)):
            layers = range(part.last, part.first - 1, -1)
            self._tell("before_backward", layers)
            for tensor in (*part.kept, *part.calls.reads):
                tensor.load()
            for tensor in part.calls.writes:
                if tensor.memory.head is SyncedHead.FREED:
                    tensor.memory.set_head(None)  # about to be computed
            run_calls(part.calls.run, [part])
            show(part.calls.writes)
            self._tell("after_backward", layers)
            self._hooks.ready(part.first, part.last)

    def _parts_between(self, plan: SegmentPlan, first: int, last: int) -> list[BackwardPart]:
        """The gradients of these layers in parts, compiled where those at hand are others."""
        parts, by_layer = self._backward, bool(self._hooks)
        if parts is None or not parts.serve(self._record, first, last, by_layer=by_layer):
            steps = self._record[first].first, self._record[last].last
            by_layer = by_layer or steps != (first, last)
            parts = compile_parts(plan, self._context, self._record, by_layer=by_layer)
            while parts is None:  # oneDNN has refused something: those layers run otherwise now
                self._guarded = None
                plan = self._materialise()
                parts = compile_parts(plan, self._context, self._record, by_layer=by_layer)
            self._backward = parts
        return parts.between(first, last)

    def _tell(self, moment: str, layers: Iterable[int]) -> None:
        if self._hooks:
            for index in layers:
                self._hooks.run(moment, index)

    # ---------------------------------------------------------------- materialising

    def keep_all(self) -> None:
        if self._share:
            self._share = False
            if any(memory.head is SyncedHead.FREED for memory in self._values()):
                self._materialise()

    def abandon(self) -> None:
        if self._plan is not None and self._plan.freed:
            self._plan.freed.abandon()

    def _values(self) -> set[SyncedMemory]:
        return {top.data_memory for node in self._nodes for top in node.tops}

    def _materialise(self) -> SegmentPlan:
        """A plan that has what the last forward has not left, for one of three reasons:

        - it was an inference, which keeps nothing of what gradients need;
        - with ``keep="outputs"`` other values have overwritten what a gradient, a part of the
          net, or a program (:meth:`keep_all`) asks for;
        - oneDNN has refused a primitive of a backward in parts, so that other steps, which keep
          something else, run those layers from now on.

        That can only be computed: each step runs by itself, once more, of what blobs hold now, not
        of what the steps before it make, as layers may have run by themselves since, or programs
        have written into blobs or parameters. What draws or counts (:attr:`Calls.once`), and what
        numpy has run, does not run again, and afterwards every blob holds what it held.
        """
        old = self._plan
        held = {
            memory: memory.array.copy()
            for memory in self._values()
            if memory.head is not SyncedHead.FREED
            and not (old and old.freed and memory.engine_copy)  # others use its memory by now
        }
        self._guards.reshape()
        plan = self._choose()
        entered = plan.saved if old and not old.purpose.training else ()
        held.update({saved.memory: saved.memory.array.copy() for saved in entered})
        for saved in entered:
            saved.restore()
        end = {memory: compiled for compiled in plan.steps for memory in compiled.values}
        end.update(dict.fromkeys((saved.memory for saved in entered), plan.steps[-1]))
        for compiled in plan.steps:
            self._run_again(compiled, old)
            for memory, values in held.items():
                if end[memory] is compiled:
                    memory.array[...] = values
        if old and old.freed:
            old.freed.forget()
        self._record = plan.record
        return plan

    def _run_again(self, compiled: CompiledStep, old: SegmentPlan | None) -> None:
        """Let a step compute what it keeps, if it has not run in the old plan."""
        step = compiled.step
        if isinstance(step, NumpyStep):
            if old and any(compiled.step.runs(step.node) for compiled in old.steps):
                step.run_again()
            return
        if not step.node.bottoms:
            return
        for tensor in compiled.forward.reads:
            tensor.load()
        once = compiled.forward.once
        calls = [call for call in compiled.forward.run if call not in once]
        again = (call.restore if isinstance(call, SavedInput) else call for call in calls)
        run_calls(again, self.steps)


def _between(steps: Sequence[CompiledStep], first: int, last: int) -> list[CompiledStep]:
    return [compiled for compiled in steps if compiled.last >= first and compiled.first <= last]
