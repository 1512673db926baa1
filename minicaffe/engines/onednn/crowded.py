"""Blobs that later layers overwrite in place, though a gradient needs what was there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.engines.onednn.tensor import Reading, Tensor
from minicaffe.syncedmem import SyncedMemory


class _HasCalls(Protocol):
    forward: Calls
    backward: Calls


def overwritten_reads(
    steps: Sequence[_HasCalls], behind: Collection[SyncedMemory]
) -> set[SyncedMemory]:
    """The blobs' memories in which a step's backward reads what a later step's forward has
    written over. Each version of such a blob needs a home of its own.

    Args:
        steps: with their calls, in order.
        behind: memories that layers behind these steps overwrite.
    """
    writer: dict[int, int] = {}
    whose: dict[int, set[SyncedMemory]] = {}
    for number, one in enumerate(steps):
        for tensor in (*one.forward.reads, *one.forward.writes):
            for place in _places(tensor):
                whose.setdefault(place, set()).add(tensor.memory)
                if tensor in one.forward.writes:
                    writer[place] = number
    for memory in behind:
        if memory.allocated:
            writer[_place(memory.plain)] = len(steps)
    found: set[SyncedMemory] = set()
    for number, one in enumerate(steps):
        for place in _read(one.backward):
            if writer.get(place, -1) > number:
                found |= whose[place]
    return found


def _places(tensor: Tensor) -> Iterator[int]:
    """The addresses of what a version's values are written into, now or when asked for."""
    if tensor.memory.allocated:
        yield _place(tensor.memory.plain)
    if not tensor.is_plain:
        yield _place(tensor.home.buffer)


def _read(calls: Calls) -> Iterator[int]:
    for call in calls.run:
        if isinstance(call, Primitive | Reading):
            for memory in call.operands.values():
                yield _place(memory.buffer)


def _place(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])
