"""Layers in a row, whose shapes are known before the first of them runs, as flat lists of calls."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Calls, Options, Unsupported
from minicaffe.engines.onednn.crowded import overwritten_reads
from minicaffe.engines.onednn.dnnl import Failed, Unimplemented
from minicaffe.engines.onednn.fallbacks import Fallbacks, PrecisionPolicy, located
from minicaffe.engines.onednn.fusion import LazyBlob, Source, lazy_blobs
from minicaffe.engines.onednn.memory import (
    Gone,
    check_copies,
    kept_memories,
    loading,
    read_by,
    share_buffers,
)
from minicaffe.engines.onednn.numpy_step import NumpyStep
from minicaffe.engines.onednn.overwritten import (
    Overwritten,
    keep_overwritten,
    stands_in_plain,
)
from minicaffe.engines.onednn.prepared import Prepared
from minicaffe.engines.onednn.steps import Step, step_class
from minicaffe.engines.onednn.surroundings import Surroundings
from minicaffe.engines.onednn.tensor import Cached, Call, Tensor, show
from minicaffe.options import MemoryBudget
from minicaffe.syncedmem import Dropped, SyncedMemory
from minicaffe.threads import thread_count

if TYPE_CHECKING:
    from minicaffe.net.callbacks import Hooks
    from minicaffe.net.node import Node


class Part(Protocol):
    """Some layers in a row, and what runs them.

    Attributes:
        first, last: the numbers of the first and the last of them.
        steps: what has been prepared.
    """

    first: int
    last: int
    steps: list[Prepared]

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


@dataclass
class Common:
    """What the parts of a plan share.

    Attributes:
        nodes, hooks, budget, blobs: the net's.
        wanted: the names of the net's inputs and outputs.
        outputs: the names of its outputs.
        learns: its phase is TRAIN.
        share: blobs between inputs and outputs may use each other's memory.
        options: how to build.
        training: gradients are asked for.
        parts: all of the plan's.
        looked_at: blobs that fusion would skip, but that a program has asked for.
    """

    nodes: Sequence[Node]
    hooks: Hooks
    budget: MemoryBudget
    blobs: Mapping[str, Blob]
    wanted: Sequence[str]
    outputs: Sequence[str]
    learns: bool
    share: bool
    options: Options
    training: bool
    parts: list[Part] = field(default_factory=list)
    storage: PrecisionPolicy = field(init=False)
    refused: Fallbacks = field(default_factory=Fallbacks)
    looked_at: set[SyncedMemory] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.storage = PrecisionPolicy(self.options.storage)

    @property
    def steps(self) -> list[Prepared]:
        """All that have been prepared."""
        return [step for part in self.parts for step in part.steps]

    def outside(self, first: int, last: int) -> set[SyncedMemory]:
        """The values and gradients that layers other than ``first`` to ``last`` read or write."""
        others = (*self.nodes[:first], *self.nodes[last + 1 :])
        blobs = {blob for node in others for blob in (*node.bottoms, *node.tops)}
        return {memory for blob in blobs for memory in (blob.data_memory, blob.diff_memory)}

    def overwritten_behind(self, last: int) -> set[SyncedMemory]:
        """The values that layers behind ``last`` overwrite in place."""
        return {
            top.data_memory
            for node in self.nodes[last + 1 :]
            for top in node.tops
            if top in node.bottoms
        }


class Stretch:
    """Runs some layers in a row through oneDNN; rebuilt whenever shapes or arrays change.

    In the TEST phase it is built for inference first (unless ``force_backward`` announces
    gradients), and for gradients when a program asks for them. Layers that are fused are taken
    apart when it wants to begin, stop or look between them.

    What lies between two stretches is in the blobs' plain arrays for whoever reads it.

    Args:
        common: what all parts of the plan share.
        first, last: the numbers of the first and the last layer.
    """

    def __init__(self, common: Common, first: int, last: int) -> None:
        self.common = common
        self.first, self.last = first, last
        self._nodes = common.nodes[first : last + 1]
        self._surroundings = Surroundings(self._nodes)
        self._hooks = common.hooks
        self._fuse = common.options.fuse
        self._share = common.share
        self._training = False
        self._by_parts = False  # a backward has run some of the layers only
        self._gone: Gone | None = None
        self._entering: list[Tensor] = []
        self._entered: list[Overwritten] = []
        self._kept: list[Tensor] = []
        self._given: list[Tensor] = []
        self._signature: list[object] | None = None
        self.steps: list[Prepared] = []

    # ---------------------------------------------------------------- building

    def _current_signature(self) -> list[object]:
        """What the prepared calls depend on."""
        looked_at = len(self.common.looked_at)
        options = [self._fuse, self.common.training, thread_count(), looked_at, self._share]
        return [*options, *self._surroundings.now()]

    def fits(self, start: int, end: int) -> bool:
        """Whether layers ``start`` to ``end`` alone can run with what has been prepared.

        They are reshaped where that is due; the others are left alone.
        """
        self._surroundings.forget()
        for node in self.common.nodes[start : end + 1]:
            node.reshape_if_needed()
        if self._signature != self._current_signature():
            if not all(node.up_to_date for node in self._nodes):
                return False
            self.prepare()
        return True

    def prepare(self) -> None:
        """Build what runs the layers unless what is at hand still fits; shapes are settled."""
        self._fuse = self._fuse and not self._hooks
        signature = self._current_signature()
        if self._signature == signature:
            return
        self._signature = None
        self._training = self.common.training
        crowded: set[SyncedMemory] = set()
        before = -1
        while before < self._refusals() + len(crowded):  # some are to be built otherwise
            before = self._refusals() + len(crowded)
            self._build(crowded)
            crowded |= overwritten_reads(self.steps, self.common.overwritten_behind(self.last))
        keep_overwritten(self.steps)
        self._flatten()
        self._share_memory()
        steps = self.common.steps
        lists = [(one.step.node, (one.forward, one.backward)) for one in steps]
        check_copies(lists, self.common.budget)
        self._signature = self._current_signature()

    def _refusals(self) -> int:
        return len(self.common.storage.reasons) + len(self.common.refused)

    def _share_memory(self) -> None:
        """Let blobs that nobody will look at use each other's memory."""
        self._gone = None
        self._share = self._share and not self._hooks
        self._share = self._share and (self.common.learns or not self._training)
        if not self._share:
            return
        common = self.common
        forwards = [one.forward for one in self.steps]
        backwards = [one.backward for one in reversed(self.steps)]
        self._kept = read_by(self._kept, backwards)  # the others are gone by then
        steps = [*forwards, loading([*self._kept, *self._given]), *backwards]
        kept = kept_memories(self._nodes, common.blobs, common.wanted)
        last = share_buffers(steps, kept | common.outside(self.first, self.last))
        last.update((one.memory, 0) for step in self.steps for one in step.skipped)
        self._gone = Gone(last, common.blobs, len(forwards))

    def abandon(self) -> None:
        """Mark the blobs that have lent their memory, as a run has ended in the middle."""
        if self._gone:
            self._gone.abandon()

    def keep_all(self) -> None:
        """Give every blob its own memory again."""
        if self._share:
            self._share = False
            self._rebuild()

    def _build(self, crowded: set[SyncedMemory]) -> None:
        """Prepare all steps."""
        common = self.common
        options = Options(common.storage.wanted, self._fuse)
        given = {common.blobs[name].diff_memory for name in common.outputs}
        given |= common.outside(self.first, self.last)
        builder = Builder(
            options, self._training, common.looked_at, given, crowded, by_parts=self._by_parts
        )
        self.steps = []
        while not self.steps or self.steps[-1].last < self.last:
            index = self.steps[-1].last + 1 if self.steps else self.first
            self.steps.append(self._prepare_forward(builder, index))
        for memory in common.overwritten_behind(self.last):
            builder.values.overwrite(memory)
        self._builder = builder
        if self._training:
            self._build_backward()

    def _build_backward(self) -> None:
        """Prepare the gradients of all steps."""
        self._builder.begin_backward()
        for prepared in reversed(self.steps):
            prepared.backward = Calls()
            if any(node.need_backward for node in prepared.step.nodes):
                self._prepare_backward(self._builder, prepared)

    def _prepare_forward(self, builder: Builder, index: int) -> Prepared:
        node = self.common.nodes[index]
        cls, reason = step_class(node.layer.type), f"oneDNN has no {node.layer.type}"
        if not all(blob.count for blob in (*node.bottoms, *node.tops)):
            cls, reason = None, "an empty blob"
        if self._left_to_numpy(node):
            cls, reason = None, "its prototxt says engine: CAFFE"
        if cls is not None:
            nodes = self._fusible(builder, cls, index)
            while nodes:
                prepared, reason = self._try_forward(builder, cls(nodes), index)
                if prepared is not None:
                    return prepared
                nodes.pop()
        builder.begin()
        plain = NumpyStep([node], reason)
        plain.forward(builder)
        return Prepared(plain, index, builder.end())

    def _try_forward(self, builder: Builder, step: Step, index: int) -> tuple[Prepared | None, str]:
        """The step, prepared; or why oneDNN does not run it."""
        storage = self.common.storage
        refused = self.common.refused.reason(step.nodes)
        if refused is not None:
            return None, refused
        builder.begin(storage.of(step.node))
        versions = builder.versions(step.nodes)
        try:
            step.forward(builder)
        except (Unsupported, Failed) as error:
            builder.forget()
            if isinstance(error, Failed):
                self._refuse_forward(step, error)
            return None, str(error)
        skipped = self._skipped(builder, step.nodes, versions)
        calls = builder.end()
        storage.check(step.node, calls.run)
        return Prepared(step, index, calls, skipped), ""

    def _skipped(
        self, builder: Builder, nodes: Sequence[Node], versions: Mapping[Blob, Tensor]
    ) -> list[LazyBlob]:
        """Mark the blobs that the step leaves unfilled, and keep what they are computed of."""
        if len(nodes) == 1 or all(node.tops == nodes[-1].tops for node in nodes):
            return []
        sources = {blob: Source(version) for blob, version in versions.items()}
        skipped = lazy_blobs(nodes, sources, self.common.looked_at)
        builder.calls.run[:0] = sources.values()
        builder.then(*(one.mark_newest for one in skipped))
        return skipped

    def _refuse_forward(self, step: Step, error: Failed) -> None:
        alone = len(step.nodes) == 1
        stored_otherwise = alone and self.common.storage.refuse(step.node, str(error))
        if not stored_otherwise and not isinstance(error, Unimplemented):
            self.common.refused.add(step.nodes, error)

    def _prepare_backward(self, builder: Builder, prepared: Prepared) -> None:
        step, storage = prepared.step, self.common.storage
        builder.begin(storage.of(step.node))
        try:
            step.backward(builder)
        except Failed as error:
            if not storage.refuse(step.node, str(error)):
                self.common.refused.add(step.nodes, error)
        prepared.backward = builder.end()
        storage.check(step.node, prepared.backward.run)

    def _fusible(self, builder: Builder, cls: type[Step], index: int) -> list[Node]:
        """The node, and those right behind it that the class can take along."""
        nodes = [self.common.nodes[index]]
        for node in self.common.nodes[index + 1 : self.last + 1]:
            if not builder.hides(nodes[-1], node):
                break
            if self._left_to_numpy(node) or not cls.can_fuse(nodes, node, builder.training):
                break
            nodes.append(node)
        return nodes

    def _left_to_numpy(self, node: Node) -> bool:
        return self.common.options.references and node.layer.wants_reference

    def _flatten(self) -> None:
        """The lists of a whole forward and a whole backward."""
        self._forward = [call for one in self.steps for call in one.forward.run]
        fresh: list[Cached] = []
        if not self._training:  # nothing changes parameters on the way: look at all in one go
            fresh = [call for call in self._forward if isinstance(call, Cached)]
            self._forward = [call for call in self._forward if not isinstance(call, Cached)]
        memories = dict.fromkeys(memory for call in fresh for memory in call.memories)
        self._freshen = Cached([*memories], [functools.partial(self._run, fresh)])
        self._values = [t for one in self.steps for t in one.forward.writes if not t.is_plain]
        #: Values from elsewhere, which may not be in their arrays yet.
        self._entering = []
        written: set[SyncedMemory] = set()
        for one in self.steps:
            self._entering += [t for t in one.forward.reads if t.memory not in written]
            written.update(tensor.memory for tensor in one.forward.writes)
        memories = dict.fromkeys(tensor.memory for tensor in self._entering)
        self._entered = [Overwritten(memory) for memory in memories]
        self._flatten_backward()

    def _flatten_backward(self) -> None:
        self._backward = [call for one in reversed(self.steps) for call in one.backward.run]
        self._gradients = [t for one in self.steps for t in one.backward.writes if not t.is_plain]
        #: Blobs that a backward reads: a program may have written into them since the forward.
        self._kept = [
            tensor
            for one in self.steps
            for tensor in one.forward.reads
            if one.backward.run and not tensor.superseded
        ]
        made = {tensor for one in self.steps for tensor in one.backward.writes}
        self._given = [
            tensor for one in self.steps for tensor in one.backward.reads if tensor not in made
        ]

    # ----------------------------------------------------------------- running

    def _run(self, calls: Iterable[Call]) -> None:
        """Run prepared calls; one that fails is told with its layer."""
        call = None
        try:
            for call in calls:
                call()
        except Failed as error:
            lists = [(s.step.node, c) for s in self.steps for c in (s.forward, s.backward)]
            raise located(error, call, lists) from None

    def forward(self, start: int, end: int) -> None:
        """Run layers ``start`` to ``end``."""
        if start > self.first or end < self.last:  # the plan has asked whether they fit
            self.keep_all()
            self._forward_part(start, end)
            return
        self._surroundings.reshape()
        self.prepare()
        if self._hooks:
            self.keep_all()
            self._forward_part(start, end)
            return
        for tensor in self._entering:
            if tensor.memory.newer is not None:
                tensor.bring_out()
        if not self._training:  # a backward would have to compute the values again
            for one in self._entered:
                one()
        self._freshen()
        self._run(self._forward)
        show(self._values)
        if self._gone:
            self._gone.after_forward()

    def _forward_part(self, start: int, end: int) -> None:
        chosen = self._steps_between(start, end)
        for lazy in (lazy for one in self.steps if one not in chosen for lazy in one.skipped):
            lazy.keep()
        for prepared in chosen:
            for index in range(prepared.first, prepared.last + 1):
                self._hooks.run("before_forward", index)
            for tensor in prepared.forward.reads:
                tensor.load()
            self._run([*prepared.forward.needs, *prepared.forward.run])
            show(prepared.forward.writes)
            for index in range(prepared.first, prepared.last + 1):
                self._hooks.run("after_forward", index)

    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end``."""
        self._prepare_for_gradients()
        if start < self.last or end > self.first or self._hooks:
            self.keep_all()
            self._backward_part(start, end)
            return
        if self._gone and self._gone.spent:
            self.keep_all()
        elif self._gone:
            self._gone.forget()
            if self._gone.held:
                self._signature = None
                self._rebuild()
        for tensor in self._kept:
            tensor.load()
        for tensor in self._given:
            tensor.load()
        self._run(self._backward)
        show(self._gradients)
        if self._gone:
            self._gone.after_backward()

    def _prepare_for_gradients(self) -> None:
        """See to it that the steps have gradients, by what is known of the blobs by now."""
        never_ran = self._signature is None  # a backward may come before any forward
        if never_ran or not self._training or (self._fuse and self._hooks):
            self.common.training = True
            self._rebuild()
        elif any(memory.allocated for memory in self._builder.untouched):
            if self._share:
                self._signature = None
                self._rebuild()
            else:  # the values stay where they are
                self._build_backward_again()

    def _build_backward_again(self) -> None:
        self._build_backward()
        self._flatten_backward()

    def _backward_part(self, start: int, end: int) -> None:
        if not self._by_parts:
            self._by_parts = self._builder.by_parts = True
            self._build_backward_again()
        chosen = self._steps_between(end, start)
        for prepared in reversed(chosen):
            for index in range(prepared.last, prepared.first - 1, -1):
                self._hooks.run("before_backward", index)
            values = [tensor for tensor in prepared.forward.reads if not tensor.superseded]
            for tensor in (*values, *prepared.backward.reads):
                tensor.load()
            for tensor in prepared.backward.writes:
                if isinstance(tensor.memory.newer, Dropped):
                    tensor.memory.newer = None  # about to be computed
            self._run([*prepared.backward.needs, *prepared.backward.run])
            show(prepared.backward.writes)
            for index in range(prepared.last, prepared.first - 1, -1):
                self._hooks.run("after_backward", index)

    def _steps_between(self, first: int, last: int) -> list[Prepared]:
        """The steps that cover exactly these nodes; fused ones are taken apart for that."""
        chosen = [one for one in self.steps if one.last >= first and one.first <= last]
        if chosen[0].first < first or chosen[-1].last > last:
            self._fuse = False
            self._rebuild()
            return self._steps_between(first, last)
        return chosen

    def _rebuild(self) -> None:
        """Build anew, and compute again what gradients need of the last forward."""
        memories = {top.data_memory for node in self._nodes for top in node.tops}
        shown = [
            (memory, memory.array.copy())
            for memory in memories
            if not isinstance(memory.newer, LazyBlob | Dropped)
            and not (self._gone and memory.newer)  # others use its memory by now
        ]
        overwritten = [
            call for one in self.steps for call in one.forward.run if isinstance(call, Overwritten)
        ]
        entered = [(one, one.now()) for one in self._entered if not self._training]
        self._surroundings.reshape()
        self.prepare()
        for call, _ in entered:
            call.restore()
        for call in overwritten:
            call.restore()
        for prepared in self.steps:
            step = prepared.step
            if stands_in_plain(step):
                continue
            step.replaying = True
            self._run(prepared.forward.run)
            step.replaying = False
        for call, values in entered:
            call.put(values)
        for memory, values in shown:  # a program may have written into some of them
            memory.array[...] = values
