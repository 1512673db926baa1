"""Layers in a row, run by the plan whose guards hold; or one layer, run by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.in_place import SavedInput, stays_in_plain
from minicaffe.engines.onednn.memory import check_copies
from minicaffe.engines.onednn.plan import (
    CompiledStep,
    Context,
    Purpose,
    SegmentPlan,
    compile_plan,
    run_calls,
    with_new_backward,
)
from minicaffe.engines.onednn.steps import NumpyStep
from minicaffe.engines.onednn.tensor import show
from minicaffe.layers.data.dummy_data import DummyData
from minicaffe.layers.data.input import Input
from minicaffe.syncedmem import SyncedHead, SyncedMemory
from minicaffe.threads import thread_count

if TYPE_CHECKING:
    from minicaffe.net.node import Node


class Wish:
    """The purpose that a net's plans begin with.

    Attributes:
        purpose: it; gradients are asked for from the first backward on, by all parts at once.
    """

    def __init__(self, purpose: Purpose) -> None:
        self.purpose = purpose


class Part(Protocol):
    """Some layers in a row, and what runs them.

    Attributes:
        first, last: the numbers of the first and the last of them.
    """

    first: int
    last: int

    @property
    def steps(self) -> Sequence[CompiledStep]:
        """What has been compiled."""
        ...

    def fits(self, start: int, end: int) -> bool:
        """Whether layers ``start`` to ``end`` alone can run, in their blobs' present shapes."""
        ...

    def forward(self, start: int, end: int) -> None:
        """Run these layers."""
        ...

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end``."""
        ...

    def keep_all(self) -> None:
        """Give every blob its own memory again."""
        ...

    def abandon(self) -> None:
        """Mark the blobs that have lent their memory, as a run has ended in the middle."""
        ...


def runs_alone(node: Node) -> bool:
    """Whether a layer's tops may have other shapes, or memory, after its forward than before."""
    layer = node.layer
    if layer.reshapes_always or node.foreign:
        return True
    return not (node.bottoms or isinstance(layer, Input | DummyData))  # these have no next image


class NumpyLayer:
    """Runs one layer as its numpy self, as Caffe does: reshape, then forward.

    Args:
        context: what all plans of the net are compiled from.
        index: the layer's number.
    """

    def __init__(self, context: Context, index: int) -> None:
        self.first = self.last = index
        self._hooks = context.callbacks
        self._node = context.nodes[index]
        self._step = NumpyStep([self._node], f"oneDNN has no {self._node.layer.type}")
        self.steps: Sequence[CompiledStep] = [CompiledStep(self._step, index, Calls())]

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


def _filled(compiled: CompiledStep) -> set[SyncedMemory]:
    """The values that a step makes."""
    return {top.data_memory for node in compiled.step.nodes for top in node.tops}


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


class Segment:
    """Runs layers in a row through oneDNN by a plan, for as long as its guards hold.

    In the TEST phase the plan is for inference first (unless ``force_backward`` announces
    gradients), and for gradients when a program asks for them. Layers that are fused are taken
    apart when it wants to begin, stop or look between them.

    What lies between two segments is in the blobs' plain arrays for whoever reads it.

    Args:
        context: what all plans of the net are compiled from.
        wish: what all plans of the net are for.
        parts: all of the net's.
        first, last: the numbers of the first and the last layer.
    """

    def __init__(
        self, context: Context, wish: Wish, parts: Sequence[Part], first: int, last: int
    ) -> None:
        self.first, self.last = first, last
        self._context, self._wish, self._parts = context, wish, parts
        self._nodes = context.nodes[first : last + 1]
        self._guards = Guards(self._nodes)
        self._hooks = context.callbacks
        self._fuse, self._share = wish.purpose.fuse, wish.purpose.share
        self._by_parts = False  # whether a backward has run some of the layers only
        self._plan: SegmentPlan | None = None
        self._guarded: list[object] | None = None  # None: the plan is not to be used again

    @property
    def steps(self) -> Sequence[CompiledStep]:
        """What has been compiled."""
        return self._plan.steps if self._plan is not None else ()

    # ---------------------------------------------------------------- choosing

    def _purpose(self) -> Purpose:
        return replace(
            self._wish.purpose, fuse=self._fuse, share=self._share, by_parts=self._by_parts
        )

    def _guards_now(self) -> list[object]:
        """What the plan depends on."""
        looked_at = len(self._context.looked_at)
        return [self._purpose(), thread_count(), looked_at, *self._guards.now()]

    def fits(self, start: int, end: int) -> bool:
        """Whether layers ``start`` to ``end`` alone can run with a plan for all.

        They are reshaped where that is due; the others are left alone.
        """
        self._guards.forget()
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
        self._guarded = None
        training = self._wish.purpose.training
        self._share = self._share and not self._hooks and (self._context.learns or not training)
        plan = compile_plan(self._context, self.first, self.last, self._purpose())
        steps = [step for one in self._parts for step in (plan.steps if one is self else one.steps)]
        lists = [(one.step.node, (one.forward, one.backward)) for one in steps]
        check_copies(lists, self._context.budget)
        self._plan = plan
        self._guarded = self._guards_now()
        return plan

    def _recompute(self) -> SegmentPlan:
        """Another plan, in which what gradients need of the last forward is computed again.

        Every step computes it of what blobs hold now, not of what the steps before make: layers
        may have run by themselves since, or programs have written into blobs or parameters.
        """
        old = self._plan
        memories = {top.data_memory for node in self._nodes for top in node.tops}
        shown = {
            memory: memory.array.copy()
            for memory in memories
            if memory.head is not SyncedHead.FREED
            and not (old and old.freed and memory.engine_copy)  # others use its memory by now
        }
        overwritten = [
            call for one in self.steps for call in one.forward.run if isinstance(call, SavedInput)
        ]
        inference = old is not None and not old.purpose.training
        entered = [(one, one.now()) for one in old.saved] if old and inference else []
        self._guards.reshape()
        plan = self._choose()
        for call, _ in entered:
            call.restore()
        for call in overwritten:
            call.restore()
        given = {call.memory for call, _ in entered}
        last = {memory: one for one in plan.steps for memory in _filled(one)}
        for compiled in plan.steps:
            if not stays_in_plain(compiled.step):
                self._run_again(compiled)
            for memory, values in shown.items():
                if last[memory] is compiled and memory not in given:
                    memory.array[...] = values
        for call, values in entered:
            call.put(values)
        return plan

    def _run_again(self, compiled: CompiledStep) -> None:
        for tensor in compiled.forward.reads:
            tensor.load()
        compiled.step.recomputing = True
        run_calls(compiled.forward.run, self.steps)
        compiled.step.recomputing = False

    def abandon(self) -> None:
        """Mark the blobs that have lent their memory, as a run has ended in the middle."""
        if self._plan is not None and self._plan.freed:
            self._plan.freed.abandon()

    def keep_all(self) -> None:
        """Give every blob its own memory again."""
        if self._share:
            self._share = False
            self._recompute()

    # ----------------------------------------------------------------- running

    def forward(self, start: int, end: int) -> None:
        """Run layers ``start`` to ``end``."""
        if start > self.first or end < self.last:  # the session has asked whether they fit
            self.keep_all()
            self._forward_part(start, end)
            return
        self._guards.reshape()
        plan = self._choose()
        if self._hooks:
            self.keep_all()
            self._forward_part(start, end)
            return
        for tensor in plan.entering:
            tensor.bring_out()
        if not plan.purpose.training:  # a backward would have to compute the values again
            for one in plan.saved:
                one()
        plan.parameters()
        run_calls(plan.forward, plan.steps)
        show(plan.values)
        if plan.freed:
            plan.freed.after_forward()

    def _forward_part(self, start: int, end: int) -> None:
        chosen = self._steps_between(start, end)
        for lazy in (lazy for one in self.steps if one not in chosen for lazy in one.lazy):
            lazy.keep()
        for one in chosen:
            for index in range(one.first, one.last + 1):
                self._hooks.run("before_forward", index)
            for tensor in one.forward.reads:
                tensor.load()
            run_calls([*one.forward.needs, *one.forward.run], self.steps)
            show(one.forward.writes)
            for index in range(one.first, one.last + 1):
                self._hooks.run("after_forward", index)

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end``."""
        plan = self._with_gradients()
        if start < self.last or end > self.first or self._hooks:
            self.keep_all()
            self._backward_part(start, end)
            return
        if plan.freed and plan.freed.spent:
            self.keep_all()
            plan.freed.forget()  # the values are here again
        elif plan.freed:
            plan.freed.forget()
            if plan.freed.held:
                self._guarded = None
                self._recompute()
        plan = self._plan or plan
        backward = plan.backward
        for tensor in (*backward.kept, *backward.given):
            tensor.load()
        run_calls(backward.calls, plan.steps)
        show(backward.gradients)
        if plan.freed:
            plan.freed.after_backward()

    def _with_gradients(self) -> SegmentPlan:
        """A plan whose steps have gradients, by what is known of the blobs by now."""
        plan = self._plan
        never_ran = self._guarded is None  # a backward may come before any forward
        if plan is None or never_ran or not plan.purpose.training or (self._fuse and self._hooks):
            self._wish.purpose = replace(self._wish.purpose, training=True)
            return self._recompute()
        if not plan.has_new_gradients:
            return plan
        if not self._share:
            return self._build_backward_again(plan)
        self._guarded = None
        return self._recompute()

    def _build_backward_again(self, plan: SegmentPlan) -> SegmentPlan:
        """The plan with other gradients; another one if oneDNN has refused some of them."""
        other = with_new_backward(plan, self._context, by_parts=self._by_parts)
        if other is None:
            self._guarded = None
            return self._recompute()
        self._plan = other
        return other

    def _backward_part(self, start: int, end: int) -> None:
        if not self._by_parts and self._plan is not None:
            self._by_parts = True
            self._build_backward_again(self._plan)
        chosen = self._steps_between(end, start)
        for one in reversed(chosen):
            for index in range(one.last, one.first - 1, -1):
                self._hooks.run("before_backward", index)
            values = [tensor for tensor in one.forward.reads if not tensor.superseded]
            for tensor in (*values, *one.backward.reads):
                tensor.load()
            for tensor in one.backward.writes:
                if tensor.memory.head is SyncedHead.FREED:
                    tensor.memory.set_head(None)  # about to be computed
            run_calls([*one.backward.needs, *one.backward.run], self.steps)
            show(one.backward.writes)
            for index in range(one.last, one.first - 1, -1):
                self._hooks.run("after_backward", index)

    def _steps_between(self, first: int, last: int) -> list[CompiledStep]:
        """The steps that cover these layers; fused ones are taken apart for that."""
        chosen = [one for one in self.steps if one.last >= first and one.first <= last]
        if chosen[0].first < first or chosen[-1].last > last:
            self._fuse = False
            self._recompute()
            return self._steps_between(first, last)
        return chosen
