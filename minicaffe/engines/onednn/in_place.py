"""What layers in place overwrite although it is needed again: by a gradient, or another forward."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines.onednn.builder import Calls
from minicaffe.engines.onednn.primitive import Primitive
from minicaffe.engines.onednn.steps import NumpyStep, Step
from minicaffe.engines.onednn.tensor import Reading, Tensor
from minicaffe.syncedmem import SyncedMemory, only_read

if TYPE_CHECKING:
    from minicaffe.engines.onednn.plan import CompiledStep


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
    for number, one in enumerate(steps):
        for tensor in (*one.forward.reads, *one.forward.writes):
            for place in _places(tensor):
                whose.setdefault(place, set()).add(tensor.memory)
                if tensor in one.forward.writes:
                    writer[place] = number
    for memory in after:
        if memory.allocated:
            writer[_place(memory.raw)] = len(steps)
    found: set[SyncedMemory] = set()
    for number, one in enumerate(steps):
        for place in _read(one.backward):
            if writer.get(place, -1) > number:
                found |= whose[place]
    return found


def _places(tensor: Tensor) -> Iterator[int]:
    """The addresses of what a version's values are written into, now or when asked for."""
    if tensor.memory.allocated:
        yield _place(tensor.memory.raw)
    if not tensor.is_plain:
        yield _place(tensor.home.buffer)


def _read(calls: Calls) -> Iterator[int]:
    for call in calls.run:
        if isinstance(call, Primitive | Reading):
            for memory in call.operands.values():
                yield _place(memory.buffer)


def _place(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


class SavedInput:
    """A blob's values before a step that works in place on them.

    A plan that is compiled between forward and backward runs its steps again, from what is in
    the plain arrays. What a caller, a data layer or a numpy layer has written there does not
    come again.

    Args:
        memory: the blob's.
    """

    def __init__(self, memory: SyncedMemory) -> None:
        self.memory = memory
        self._values: np.ndarray | None = None

    def __call__(self) -> None:
        """Keep them; a call of the step, before its others."""
        with only_read([self.memory]):
            array = self.memory.array
            if self._values is None or self._values.shape != array.shape:
                self._values = np.empty_like(array)
            np.copyto(self._values, array)

    def restore(self) -> None:
        """Put them back, if the step has run."""
        if self._values is not None and self._values.shape == self.memory.array.shape:
            self.memory.array[...] = self._values

    def now(self) -> np.ndarray:
        """What the blob holds now, for :meth:`put`."""
        with only_read([self.memory]):
            return self.memory.array.copy()

    def put(self, values: np.ndarray) -> None:
        """Let the blob hold these values."""
        self.memory.array[...] = values


def stays_in_plain(step: Step) -> bool:
    """Whether what the step has computed is in plain memory, and stays there; in place it would
    be overwritten."""
    node = step.node
    plain = isinstance(step, NumpyStep) or not node.bottoms
    return plain and not any(top in node.bottoms for top in node.tops)


def save_overwritten(steps: Sequence[CompiledStep]) -> None:
    """Let steps save what they overwrite, where to run the steps before would not bring it back.

    That is what other segments and numpy layers make, and what programs write.
    """
    made: set[SyncedMemory] = set()  # by steps that are run again
    for one in steps:
        if stays_in_plain(one.step):
            made.difference_update(top.data_memory for top in one.step.node.tops)
            continue
        for node in one.step.nodes:
            read = {bottom.data_memory for bottom in node.bottoms}
            for top in node.tops:
                memory = top.data_memory
                if top in node.bottoms and memory not in made:
                    one.forward.run.insert(0, SavedInput(memory))
                if top in node.bottoms or memory not in read:  # else a view, as a Split's
                    made.add(memory)
