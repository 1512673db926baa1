"""The plan: a net as flat lists of prepared calls."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder, Options, Unsupported
from minicaffe.engines.onednn.describe import details, headline
from minicaffe.engines.onednn.footprint import check_copies
from minicaffe.engines.onednn.gone import Gone, kept_memories
from minicaffe.engines.onednn.library import Failed, Unimplemented, on_own_threads
from minicaffe.engines.onednn.numpy_step import NumpyStep, ShapesChanged
from minicaffe.engines.onednn.overwritten import (
    Overwritten,
    keep_overwritten,
    stands_in_plain,
)
from minicaffe.engines.onednn.parameters import Freshened
from minicaffe.engines.onednn.prepared import Prepared
from minicaffe.engines.onednn.refused import Refused, located
from minicaffe.engines.onednn.sharing import loading, read_by, share_buffers
from minicaffe.engines.onednn.skipped import Skipped, skipped_blobs
from minicaffe.engines.onednn.steps import Step, step_class
from minicaffe.engines.onednn.storage import Storage
from minicaffe.engines.onednn.surroundings import Surroundings
from minicaffe.engines.onednn.tensors import Call, Tensor, show
from minicaffe.memory import Dropped, SyncedMemory
from minicaffe.node import Node
from minicaffe.proto import caffe_pb2
from minicaffe.threads import thread_count

if TYPE_CHECKING:
    from minicaffe.net import Net


class OneDnnPlan:
    """Runs a net through oneDNN; rebuilt whenever shapes or arrays change.

    In the TEST phase it is built for inference first (unless ``force_backward`` announces
    gradients), and for gradients when somebody asks for them. Layers that are fused are taken
    apart when somebody wants to begin, stop or look between them.
    """

    def __init__(self, net: Net, options: Options) -> None:
        self._nodes = net.nodes
        self._surroundings = Surroundings(net.nodes)
        self._hooks = net.hooks
        self._budget = net.budget
        self._storage = Storage(options.storage)
        self._refused = Refused()
        self._fuse, self._references = options.fuse, options.references
        self._training = net.phase == caffe_pb2.TRAIN or _wants_input_gradients(net.nodes)
        self._blobs, self._wanted = net.blobs, [*net.inputs, *net.outputs]
        self._ends = {net.blobs[name].diff_memory for name in net.outputs}
        self._share = net.keep == "outputs"
        self._learns = net.phase == caffe_pb2.TRAIN
        self._gone: Gone | None = None
        self._kept: list[Tensor] = []
        self._given: list[Tensor] = []
        self._signature: list[object] | None = None
        #: Blobs that fusion would skip, but somebody has asked for.
        self._looked_at: set[SyncedMemory] = set()
        self.steps: list[Prepared] = []

    # ---------------------------------------------------------------- building

    def _current_signature(self) -> list[object]:
        """What the prepared calls depend on."""
        options = [self._fuse, self._training, thread_count(), len(self._looked_at), self._share]
        return [*options, *self._surroundings.now()]

    def prepare(self) -> None:
        """Build the plan unless the one at hand still fits."""
        self._fuse = self._fuse and not self._hooks
        self._surroundings.reshape()
        signature = self._current_signature()
        if self._signature == signature:
            return
        self._signature = None
        refused = -1
        while refused < self._refusals():  # some are to be built otherwise
            refused = self._refusals()
            self._build()
        keep_overwritten(self.steps)
        self._flatten()
        self._share_memory()
        lists = [(one.step.node, (one.forward, one.backward)) for one in self.steps]
        check_copies(lists, self._budget)
        self._signature = self._current_signature()

    def _refusals(self) -> int:
        return len(self._storage.reasons) + len(self._refused)

    def _share_memory(self) -> None:
        """Let blobs that nobody will look at use each other's memory."""
        self._gone = None
        self._share = self._share and not self._hooks
        self._share = self._share and (self._learns or not self._training)
        if not self._share:
            return
        forwards = [one.forward for one in self.steps]
        backwards = [one.backward for one in reversed(self.steps)]
        self._kept = read_by(self._kept, backwards)  # the others are gone by then
        steps = [*forwards, loading([*self._kept, *self._given]), *backwards]
        last = share_buffers(steps, kept_memories(self._nodes, self._blobs, self._wanted))
        last.update((one.memory, 0) for step in self.steps for one in step.skipped)
        self._gone = Gone(last, self._blobs, len(forwards))

    @on_own_threads
    def keep_all(self) -> None:
        """Let every blob keep its values from now on; those of the last forward are there again."""
        self._keep_all()

    def _keep_all(self) -> None:
        """Give every blob its own memory again."""
        if self._share:
            self._share = False
            self._rebuild()

    def _build(self) -> None:
        """Prepare all steps."""
        options = Options(self._storage.wanted, self._fuse)
        builder = Builder(options, self._training, self._looked_at, self._ends)
        self.steps = []
        while not self.steps or self.steps[-1].last + 1 < len(self._nodes):
            index = self.steps[-1].last + 1 if self.steps else 0
            self.steps.append(self._prepare_forward(builder, index))
        if self._training:
            for prepared in reversed(self.steps):
                if any(node.need_backward for node in prepared.step.nodes):
                    self._prepare_backward(builder, prepared)

    def _prepare_forward(self, builder: Builder, index: int) -> Prepared:
        node = self._nodes[index]
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
        refused = self._refused.reason(step.nodes)
        if refused is not None:
            return None, refused
        builder.begin(self._storage.of(step.node))
        try:
            step.forward(builder)
        except (Unsupported, Failed) as error:
            builder.forget()
            if isinstance(error, Failed):
                self._refuse_forward(step, error)
            return None, str(error)
        skipped = skipped_blobs(step.nodes, self._looked_at)
        builder.then(*(one.mark_newest for one in skipped))
        calls = builder.end()
        self._storage.check(step.node, calls.run)
        return Prepared(step, index, calls, skipped), ""

    def _refuse_forward(self, step: Step, error: Failed) -> None:
        alone = len(step.nodes) == 1
        stored_otherwise = alone and self._storage.refuse(step.node, str(error))
        if not stored_otherwise and not isinstance(error, Unimplemented):
            self._refused.add(step.nodes, error)

    def _prepare_backward(self, builder: Builder, prepared: Prepared) -> None:
        step = prepared.step
        builder.begin(self._storage.of(step.node))
        try:
            step.backward(builder)
        except Failed as error:
            if not self._storage.refuse(step.node, str(error)):
                self._refused.add(step.nodes, error)
        prepared.backward = builder.end()
        self._storage.check(step.node, prepared.backward.run)

    def _fusible(self, builder: Builder, cls: type[Step], index: int) -> list[Node]:
        """The node, and those right behind it that the class can take along."""
        nodes = [self._nodes[index]]
        for node in self._nodes[index + 1 :]:
            if not builder.hides(nodes[-1], node):
                break
            if self._left_to_numpy(node) or not cls.takes(nodes, node, builder.training):
                break
            nodes.append(node)
        return nodes

    def _left_to_numpy(self, node: Node) -> bool:
        return self._references and node.layer.wants_reference

    def _flatten(self) -> None:
        """The lists of a whole forward and a whole backward."""
        self._forward = [call for one in self.steps for call in one.forward.run]
        fresh: list[Freshened] = []
        if not self._training:  # nothing changes parameters on the way: look at all in one go
            fresh = [call for call in self._forward if isinstance(call, Freshened)]
            self._forward = [call for call in self._forward if not isinstance(call, Freshened)]
        memories = dict.fromkeys(memory for call in fresh for memory in call.memories)
        self._freshen = Freshened([*memories], [functools.partial(self._run, fresh)])
        self._backward = [call for one in reversed(self.steps) for call in one.backward.run]
        self._values = [t for one in self.steps for t in one.forward.writes if not t.is_plain]
        self._gradients = [t for one in self.steps for t in one.backward.writes if not t.is_plain]
        #: Blobs that a backward reads: somebody may have written into them since the forward.
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

    @on_own_threads
    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        self.prepare()
        begin = start
        while begin <= end:
            try:
                self._run_forward(begin, end)
                break
            except ShapesChanged as change:  # the rest needs other primitives
                begin = self._nodes.index(change.node) + 1
                self._rebuild(begin)
        return sum(
            float(np.vdot(top.data, top.diff))
            for node in self._nodes[start : end + 1]
            for top in node.losses
        )

    def _run_forward(self, start: int, end: int) -> None:
        if start == 0 and end == len(self._nodes) - 1 and not self._hooks:
            self._freshen()
            self._run(self._forward)
            show(self._values)
            if self._gone:
                self._gone.after_forward()
        else:
            self._keep_all()
            self._forward_part(start, end)

    def _forward_part(self, start: int, end: int) -> None:
        for prepared in self._steps_between(start, end):
            for index in range(prepared.first, prepared.last + 1):
                self._hooks.run("before_forward", index)
            for tensor in prepared.forward.reads:
                tensor.load()
            self._run([*prepared.forward.needs, *prepared.forward.run])
            show(prepared.forward.writes)
            for index in range(prepared.first, prepared.last + 1):
                self._hooks.run("after_forward", index)

    @on_own_threads
    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        never_ran = self._signature is None  # a backward may come before any forward
        if never_ran or not self._training or (self._fuse and self._hooks):
            self._training = True
            self._rebuild()
        if start == len(self._nodes) - 1 and end == 0 and not self._hooks:
            if self._gone and self._gone.spent:
                self._keep_all()
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
        else:
            self._keep_all()
            self._backward_part(start, end)

    def _backward_part(self, start: int, end: int) -> None:
        for prepared in reversed(self._steps_between(end, start)):
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

    def _rebuild(self, stop: int | None = None) -> None:
        """Build anew, and compute again what gradients need of the last forward.

        Args:
            stop: the first node that is not to be computed again.
        """
        memories = {top.data_memory for node in self._nodes for top in node.tops}
        shown = [
            (memory, memory.array.copy())
            for memory in memories
            if not isinstance(memory.newer, Skipped | Dropped)
            and not (self._gone and memory.newer)  # others use its memory by now
        ]
        overwritten = [
            (one.last, call)
            for one in self.steps
            for call in one.forward.run
            if isinstance(call, Overwritten)
        ]
        self.prepare()
        for last, call in overwritten:
            if stop is None or last < stop:
                call.restore()
        for prepared in self.steps:
            if stop is not None and prepared.last >= stop:
                break
            step = prepared.step
            if stands_in_plain(step):
                continue
            step.replaying = True
            self._run(prepared.forward.run)
            step.replaying = False
        for memory, values in shown:  # somebody may have written into some of them
            memory.array[...] = values

    def describe(self, *, verbose: bool = False) -> list[str]:
        """One line a step: the layers that it covers, and what runs them; ``verbose`` adds one
        a primitive, with its layouts."""
        lines = []
        for one in self.steps:
            calls = [*one.forward.run, *one.backward.run]
            reason = self._storage.reasons.get(one.step.node.name)
            lines.append(headline(one.step, calls, reason))
            if verbose:
                lines += [f"    forward  {line}" for line in details(one.forward.run)]
                lines += [f"    backward {line}" for line in details(one.backward.run)]
        return lines


def _wants_input_gradients(nodes: Sequence[Node]) -> bool:
    """Whether the gradient of values is wanted that no layer computes: ``force_backward``."""
    inputs: set[Blob] = set()
    for node in nodes:
        wanted = zip(node.bottoms, node.propagate_down, strict=True)
        if any(down and blob in inputs for blob, down in wanted):
            return True
        if node.bottoms:
            inputs.difference_update(node.tops)  # overwritten in place
        else:
            inputs.update(node.tops)
    return False
