"""Where a blob's values live while a plan runs: often in a layout of oneDNN's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, Primitive, reorder
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.engines.onednn.builder import Calls

Call = Callable[[], object]


class Reading:
    """A call that reads memories without a primitive, and says so as one does.

    Args:
        call: what to call.
        memories: what it reads.
    """

    def __init__(self, call: Call, memories: Sequence[Memory]) -> None:
        self._call = call
        self.operands = dict(enumerate(memories))

    def __call__(self) -> None:
        self._call()


class Tensor:
    """One version of a blob's ``data`` or ``diff``, and its home.

    A blob that layers overwrite in place has one version after each of them; all belong to
    the same :class:`SyncedMemory`. A version whose home is the plain array itself needs no
    copying; any other registers as the memory's ``newer`` copy once it has been computed, and
    is written back when somebody asks for the array.

    Args:
        memory: the blob's memory.
        shape: the blob's shape.
        desc: the layout; row-major float32 when left out.
        apart: have a home of its own even for row-major float32.
        home: use this home, which belongs to another blob too.

    Attributes:
        superseded: a later layer overwrites the blob in place.
        seen: the memory's version when this one was computed or loaded.
        shared: another blob has the same home, which must not be overwritten then.
        copies: the same values in other layouts, with what makes them.
    """

    def __init__(
        self,
        memory: SyncedMemory,
        shape: Sequence[int],
        desc: MemoryDesc | None = None,
        *,
        apart: bool = False,
        home: Memory | None = None,
    ) -> None:
        self.memory = memory
        self.shape = tuple(shape)
        self.is_plain = not apart and (desc is None or desc.is_plain_float32)
        if home is None and not self.is_plain:
            home = Memory(desc or MemoryDesc(self.shape))
        self._home = home
        self.superseded = self.shared = False
        self.seen = -1
        self.copies: list[tuple[Memory, Primitive]] = []
        self._write: Primitive | None = None
        self._read: Primitive | None = None

    @property
    def home(self) -> Memory:
        """Where the values live; that of a plain tensor is made when oneDNN first needs it."""
        if self._home is None:
            self._home = self._array_memory()
        return self._home

    def _array_memory(self) -> Memory:
        """The plain array as a memory."""
        return Memory(MemoryDesc(self.shape), self.memory.plain[: math.prod(self.shape)])

    def overwritten(self) -> Tensor:
        """The version that comes after this one when a layer overwrites its home."""
        after = Tensor.__new__(Tensor)
        after.__dict__.update(self.__dict__)
        after.copies, after.superseded = [], False
        return after

    def shared_with(self, memory: SyncedMemory) -> Tensor:
        """The same values as another blob's, without copying."""
        other = Tensor(memory, self.shape, self.home.desc, apart=True, home=self.home)
        self.shared = other.shared = True
        return other

    def mark_newest(self) -> None:
        """Say that this version has just been computed."""
        self.memory.newer = None if self.is_plain else self
        self.seen = self.memory.settled

    def bring_out(self) -> None:
        """Bring the plain array up to date, for steps that read it as it is."""
        if self.memory.newer is not None:
            self.memory.newer.write_to(self.memory.plain)
            self.memory.newer = None  # not before: a copy that is interrupted is made again

    def write_to(self, array: np.ndarray) -> None:
        """Put the values into the plain array (what :class:`SyncedMemory` asks for)."""
        if self._write is None:
            self._write = reorder(self.home, self._array_memory())
        self._write()

    def load(self) -> None:
        """Bring home and copies up to date with what the blob holds for others to see."""
        memory = self.memory
        if self.is_plain:
            if memory.newer is not None:
                _ = memory.array
            elif memory.settled == self.seen != -1:
                return
            self.seen = memory.settled
        elif memory.newer is self and not memory.held:
            return
        else:
            _ = memory.array
            if self._read is None:
                self._read = reorder(self._array_memory(), self.home)
            self._read()
            self.mark_newest()
        for _, copy in self.copies:
            copy()

    def add_copy(self, desc: MemoryDesc) -> tuple[Memory, Primitive | None]:
        """The values in another layout, and what makes them unless they are there already."""
        if desc == self.home.desc:
            return self.home, None
        for memory, _ in self.copies:
            if memory.desc == desc:
                return memory, None
        memory = Memory(desc)
        primitive = reorder(self.home, memory)
        self.copies.append((memory, primitive))
        return memory, primitive


def bring_out_shared(others: Sequence[Calls]) -> None:
    """Put values that share a home with what is about to be computed into their arrays.

    Args:
        others: of steps that do not run now.
    """
    for calls in others:
        for tensor in calls.writes:
            if tensor.shared and tensor.memory.newer is tensor:
                tensor.bring_out()


def show(tensors: Sequence[Tensor]) -> None:
    """Bring the arrays that somebody holds up to date."""
    for tensor in tensors:
        if not tensor.superseded and tensor.memory.newer is tensor and tensor.memory.held:
            _ = tensor.memory.array
