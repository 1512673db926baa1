"""Blobs whose values are no longer needed lend their memory to later ones."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.primitive import Memory, Primitive
from minicaffe.engines.onednn.tensors import Reading, Tensor
from minicaffe.syncedmem import SyncedMemory, aligned_zeros


@dataclass
class Buffer:
    """Bytes that primitives use, and when.

    Attributes:
        first, last: the numbers of the first and the last step that use them.
        memories: all views of them.
        shareable: nobody wants what they hold after the last step.
    """

    size: int
    first: int
    last: int
    memories: dict[int, Memory] = field(default_factory=dict)
    shareable: bool = True

    def extend(self, step: int) -> None:
        """Use it in this step as well."""
        self.first, self.last = min(self.first, step), max(self.last, step)

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are in use at the same time."""
        return self.first <= other.last and other.first <= self.last


def share_buffers(steps: Sequence[Calls], kept: Container[SyncedMemory]) -> dict[SyncedMemory, int]:
    """Let versions of blobs, and the steps' own memories, use the same bytes wherever their
    lives do not overlap.

    Args:
        steps: all calls, in order.
        kept: memories whose values are wanted after the last step.

    Returns:
        The memories whose values are gone by then, with the last step that they stand in.
    """
    buffers = _buffers(steps)
    gone: dict[SyncedMemory, int] = {}
    for tensor in _tensors(steps):
        for memory in _own(tensor):
            buffer = buffers.get(id(memory.buffer))
            if buffer is not None and tensor.memory in kept:
                buffer.shareable = False
        if not (_in_array(tensor) or tensor.superseded or tensor.memory in kept):
            gone[tensor.memory] = buffers[id(tensor.home.buffer)].last
    _place([buffer for buffer in buffers.values() if buffer.shareable])
    return gone


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
    copies = [copy for one in tensors for _, copy in one.copies]
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
    return list(call.operands.values()) if isinstance(call, Primitive | Reading) else ()


def _place(buffers: list[Buffer]) -> None:
    """The largest first, each into the first place that is free while it lives."""
    places: list[tuple[np.ndarray, list[Buffer]]] = []
    for buffer in sorted(buffers, key=lambda one: -one.size):
        free = (place for place in places if not any(buffer.overlaps(other) for other in place[1]))
        place = next(free, None)
        if place is None:
            place = (aligned_zeros(buffer.size, np.dtype(np.uint8)), [])
            places.append(place)
        place[1].append(buffer)
        for memory in buffer.memories.values():
            memory.moved(place[0][: buffer.size])
