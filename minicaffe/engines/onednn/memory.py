"""The memory of a plan: who shares, loses or overwrites it, and whether it is too much."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.memory_plan import Lifetime, TakenBytes, plan_memory
from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.primitive import Memory, Primitive
from minicaffe.engines.onednn.steps import NumpyStep
from minicaffe.engines.onednn.tensor import Cached, KernelCall, Tensor
from minicaffe.errors import MemoryLimitError
from minicaffe.options import MemoryBudget, limit_text, size_text
from minicaffe.syncedmem import Freed, SyncedMemory, only_read

if TYPE_CHECKING:
    from minicaffe.engines.onednn.plan import CompiledStep
    from minicaffe.net.node import Node


@dataclass
class Buffer:
    """Bytes that primitives use, and when.

    Attributes:
        first, last: the numbers of the first and the last step that use them.
        memories: all views of them.
        shareable: nothing wants what they hold after the last step.
    """

    size: int
    first: int
    last: int
    memories: dict[int, Memory] = field(default_factory=dict)
    shareable: bool = True

    def extend(self, step: int) -> None:
        """Use it in this step as well."""
        self.first, self.last = min(self.first, step), max(self.last, step)


def share_buffers(steps: Sequence[Calls], kept: Container[SyncedMemory]) -> dict[SyncedMemory, int]:
    """Let versions of blobs, and the steps' own memories, use the same bytes wherever their
    lives do not overlap.

    Args:
        steps: all calls, in order.
        kept: memories whose values are wanted after the last step.

    Returns:
        The memories whose values are lost by then, with the last step in which they are there.
    """
    buffers = _buffers(steps)
    freed: dict[SyncedMemory, int] = {}
    for tensor in _tensors(steps):
        for memory in _own(tensor):
            buffer = buffers.get(id(memory.buffer))
            if buffer is not None and tensor.memory in kept:
                buffer.shareable = False
        if not (_in_array(tensor) or tensor.superseded or tensor.memory in kept):
            freed[tensor.memory] = buffers[id(tensor.home.buffer)].last
    _lay_out([buffer for buffer in buffers.values() if buffer.shareable])
    return freed


def read_by(tensors: Sequence[Tensor], steps: Sequence[Calls]) -> list[Tensor]:
    """Those of the tensors, each with a home, that some of the steps read."""
    read = {id(memory.buffer) for calls in steps for memory in _used(calls)}
    return [
        tensor
        for tensor in tensors
        if any(id(memory.buffer) in read for memory in (tensor.home, *_own(tensor)))
    ]


def loading(tensors: Sequence[Tensor]) -> Calls:
    """What it takes to load these tensors, as a step."""
    copies = [copy for tensor in tensors for _, copy in tensor.copies]
    return Calls(run=[*copies], asked=[*tensors])


def _tensors(steps: Sequence[Calls]) -> list[Tensor]:
    found = [t for calls in steps for t in (*calls.reads, *calls.writes, *calls.asked)]
    return list({id(tensor): tensor for tensor in found}.values())


def _own(tensor: Tensor) -> list[Memory]:
    """The memories of a version other than the blob's plain array, or another blob's."""
    return [memory for memory, _ in tensor.copies] + ([] if _in_array(tensor) else [tensor.home])


def _in_array(tensor: Tensor) -> bool:
    return tensor.is_plain or tensor.home.is_array


def _buffers(steps: Sequence[Calls]) -> dict[int, Buffer]:
    """The buffers of blobs' values, by their arrays' identity, with the steps that use them."""
    found: dict[int, Buffer] = {}
    for tensor in _tensors(steps):
        for memory in _own(tensor):
            found.setdefault(id(memory.buffer), Buffer(memory.buffer.nbytes, len(steps), -1))
    for memory in (memory for calls in steps for memory in calls.own):
        found.setdefault(id(memory.buffer), Buffer(memory.buffer.nbytes, len(steps), -1))
    for number, calls in enumerate(steps):
        for memory in _used(calls):
            _note(found, memory, number)
    return {key: buffer for key, buffer in found.items() if buffer.last >= 0}


def _used(calls: Calls) -> Iterator[Memory]:
    """What a step's primitives use, and the homes of the versions that it names."""
    for call in calls.run:
        yield from _memories(call)
    for tensor in (*calls.reads, *calls.writes, *calls.asked):
        if not tensor.is_plain:
            yield tensor.home


def _note(found: dict[int, Buffer], memory: Memory, step: int) -> None:
    buffer = found.get(id(memory.buffer))
    if buffer is not None:
        buffer.extend(step)
        buffer.memories[id(memory)] = memory


def _memories(call: Callable[[], object]) -> Sequence[Memory]:
    return [*call.operands.values()] if isinstance(call, Primitive | KernelCall) else ()


def _lay_out(buffers: Sequence[Buffer]) -> None:
    """Give the buffers their bytes in one arena."""
    plan = plan_memory([Lifetime(buffer.size, buffer.first, buffer.last) for buffer in buffers])
    arena = plan.arena()
    for buffer, (begin, end) in zip(buffers, plan.places, strict=True):
        for memory in buffer.memories.values():
            memory.set_data_handle(arena[begin:end])


class FreedMarks:
    """Marks memories whose values other blobs have overwritten.

    Args:
        last: these memories, each with the last step in which its values are there.
        blobs: the net's blobs by name.
        forwards: how many of the steps are a forward's.

    Attributes:
        spent: the last forward's values have served a backward, which has overwritten some, or
            what steps keep for themselves.
    """

    def __init__(
        self, last: Mapping[SyncedMemory, int], blobs: Mapping[str, Blob], forwards: int
    ) -> None:
        self.spent = False
        self._early: list[Freed] = []
        self._late: list[Freed] = []
        named: set[SyncedMemory] = set()
        for name, blob in blobs.items():
            for memory, what in ((blob.data_memory, "values"), (blob.diff_memory, "gradients")):
                if memory in last and memory not in named:
                    named.add(memory)
                    early = last[memory] < forwards
                    (self._early if early else self._late).append(Freed(memory, name, what))

    def after_forward(self) -> None:
        """Mark what a whole forward has overwritten, unless an array has the values."""
        self.spent = False
        _mark(self._early)

    def after_backward(self) -> None:
        """Mark what a whole backward has overwritten besides, unless an array has the values."""
        self.spent = True
        _mark(self._late)

    def abandon(self) -> None:
        """A run has ended in the middle: it may have overwritten any of them."""
        _mark(self._early)
        _mark(self._late)

    @property
    def held(self) -> bool:
        """Whether a program has taken hold of something since the forward: it is to be kept."""
        return any(mark.memory.exported for mark in self._late)

    def forget(self) -> None:
        """Gradients that the last backward has overwritten are about to be computed again."""
        for mark in self._late:
            if mark.memory.engine_copy is mark:
                mark.memory.set_head(None)


def _mark(freed: Sequence[Freed]) -> None:
    for mark in freed:
        if mark.memory.engine_copy is not None:
            mark.memory.set_head(mark)


def kept_memories(
    nodes: Sequence[Node], blobs: Mapping[str, Blob], wanted: Sequence[str]
) -> set[SyncedMemory]:
    """What a program may look at: inputs, outputs, losses, and what it holds.

    Args:
        wanted: the names of inputs and outputs.
    """
    kept = [blobs[name] for name in wanted]
    for node in nodes:
        kept += node.losses if node.bottoms else node.tops
    # what is between the layers of a step is computed of the values when a program holds it
    kept += [blob for blob in blobs.values() if blob.diff_memory.exported]
    memories = {memory for blob in kept for memory in (blob.data_memory, blob.diff_memory)}
    memories.update(blob.data_memory for blob in blobs.values() if blob.data_memory.exported)
    return memories


def check_copies(lists: Iterable[tuple[Node, Calls]], budget: MemoryBudget) -> None:
    """Refuse a plan whose copies in oneDNN's layouts take more than the net may.

    It is called before a primitive has run, and untouched memory is none. A copy mostly takes
    the place of a plain array, which is then not touched; so the copies are compared with
    the limit by themselves. They may be larger than what the blobs declare, as some layouts
    round channels up to 8 or 16.

    Args:
        lists: all calls, with whose they are.
        budget: the net's.

    Raises:
        MemoryLimitError: names the layer that takes most.
    """
    taken = TakenBytes()
    shares: dict[Node, int] = {}
    total = 0
    for node, calls in lists:
        before = total
        for memory in _all_memories(calls.run):
            if not memory.is_array:
                place = _address(memory.buffer)
                taken.add(place, place + memory.buffer.nbytes)
        total = taken.total
        shares[node] = shares.get(node, 0) + total - before
    if total > budget.limit:
        node, most = max(shares.items(), key=lambda share: share[1])
        with node.located():
            raise MemoryLimitError(
                f"what oneDNN keeps in its own layouts takes {size_text(total)}, "
                f"{size_text(most)} of it for this layer; {limit_text(budget.limit)}; make the "
                "batch or the layer smaller, or use the numpy engine"
            )


def _all_memories(calls: Iterable[Callable[[], object]]) -> Iterator[Memory]:
    for call in calls:
        if isinstance(call, Cached):
            yield from _all_memories(call.calls)
        elif isinstance(call, Primitive | KernelCall):
            yield from call.operands.values()


# ------------------------------------------------------------------ what layers in place overwrite


def overwritten_reads(
    steps: Sequence[CompiledStep], after: Collection[SyncedMemory]
) -> set[SyncedMemory]:
    """The blobs' memories in which a step's backward reads what a later step's forward has
    written over. Each version of such a blob needs a home of its own.

    Args:
        steps: with their calls, in order.
        after: memories that layers after these steps overwrite.
    """
    writer: dict[int, int] = {}
    whose: dict[int, set[SyncedMemory]] = {}
    for number, compiled in enumerate(steps):
        for tensor in (*compiled.forward.reads, *compiled.forward.writes):
            for place in _addresses(tensor):
                whose.setdefault(place, set()).add(tensor.memory)
                if tensor in compiled.forward.writes:
                    writer[place] = number
    for memory in after:
        if memory.allocated:
            writer[_address(memory.raw)] = len(steps)
    found: set[SyncedMemory] = set()
    for number, compiled in enumerate(steps):
        for place in _read(compiled.backward):
            if writer.get(place, -1) > number:
                found |= whose[place]
    return found


def _addresses(tensor: Tensor) -> Iterator[int]:
    """The addresses of what a version's values are written into, now or when asked for."""
    if tensor.memory.allocated:
        yield _address(tensor.memory.raw)
    if not tensor.is_plain:
        yield _address(tensor.home.buffer)


def _read(calls: Calls) -> Iterator[int]:
    for call in calls.run:
        if isinstance(call, Primitive | KernelCall):
            for memory in call.operands.values():
                yield _address(memory.buffer)


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


#: Values by the node that overwrites them, and by the memory where they were.
Overwritten = dict[tuple[object, SyncedMemory], np.ndarray]


class SavedInput:
    """A blob's values before a step that works in place on them, or before all steps.

    A step that runs once more reads what blobs hold. What a caller, a data layer or a numpy layer
    has written there, and a layer in place has overwritten since, does not come again.

    Args:
        memory: the blob's.
        store: keeps the values, whatever plan has run.
        place: the step's first node.
    """

    def __init__(self, memory: SyncedMemory, store: Overwritten, place: object) -> None:
        self.memory, self._store, self._key = memory, store, (place, memory)

    def __call__(self) -> None:
        """Keep them; a call of the step, before its others."""
        with only_read([self.memory]):
            array = self.memory.array
            values = self._store.get(self._key)
            if values is None or values.shape != array.shape:
                values = self._store[self._key] = np.empty_like(array)
            np.copyto(values, array)

    def restore(self) -> None:
        """Put them back, if the step has run."""
        values = self._store.get(self._key)
        if values is not None and values.shape == self.memory.array.shape:
            self.memory.array[...] = values


def save_overwritten(steps: Sequence[CompiledStep], store: Overwritten) -> None:
    """Let steps save what they overwrite, where to run the steps before would not bring it back.

    That is what other segments and numpy layers make, and what programs write.
    """
    made: set[SyncedMemory] = set()  # by steps that may run once more
    for compiled in steps:
        if isinstance(compiled.step, NumpyStep) or not compiled.step.node.bottoms:
            made.difference_update(top.data_memory for top in compiled.step.node.tops)
            continue
        for node in compiled.step.nodes:
            read = {bottom.data_memory for bottom in node.bottoms}
            for top in node.tops:
                memory = top.data_memory
                if top in node.bottoms and memory not in made:
                    compiled.forward.run.insert(0, SavedInput(memory, store, compiled.step.node))
                if top in node.bottoms or memory not in read:  # else a view, as a Split's
                    made.add(memory)
