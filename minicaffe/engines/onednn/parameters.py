"""Parameters as primitives read them: in layouts of oneDNN's, made anew when they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.blob import Blob
from minicaffe.engines.onednn.gradients import ParameterGradient
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, reorder
from minicaffe.engines.onednn.tensors import Call
from minicaffe.syncedmem import SyncedMemory

if TYPE_CHECKING:
    from minicaffe.engines.onednn.builder import Builder


class Freshened:
    """A call that makes something anew of parameters, only when they may have changed.

    Args:
        memories: the parameters' memories.
        calls: make it.
    """

    def __init__(self, memories: Sequence[SyncedMemory], calls: Sequence[Call]) -> None:
        self.memories = tuple(memories)
        self._seen: list[int] = []
        self.calls = tuple(calls)

    def __call__(self) -> None:
        versions = [memory.settled for memory in self.memories]
        if versions != self._seen or -1 in versions:
            for call in self.calls:
                call()
            self._seen = versions  # not before: one that fails is tried again


class Weights:
    """Compute copies of parameters, and the way of their gradients into the arena."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._copies: list[tuple[SyncedMemory, Memory, Freshened]] = []
        self._kept = 0  # how many of them belong to steps that are complete
        self._forwards: int | None = None  # how many the forward has made

    def keep(self) -> None:
        """A step is complete."""
        self._kept = len(self._copies)

    def forget(self) -> None:
        """Take back what the current step has made."""
        del self._copies[self._kept :]

    def begin_backward(self) -> None:
        """Gradients come now; what an earlier attempt at them has made is forgotten."""
        if self._forwards is None:
            self._forwards = len(self._copies)
        del self._copies[self._forwards :]

    def source(self, blob: Blob, view: MemoryDesc, desc: MemoryDesc | None = None) -> Memory:
        """A parameter's values seen through a descriptor of its plain array.

        Another layout is a copy, made anew by every forward before which the parameter may
        have changed.
        """
        home = Memory(view, blob.data_memory.plain[: blob.count])
        if desc is None or desc == view:
            return home
        for memory, copy, freshened in self._copies:
            if memory is blob.data_memory and copy.desc == desc:
                self._builder.calls.needs.append(freshened)
                return copy
        copy = Memory(desc)
        freshened = Freshened([blob.data_memory], [reorder(home, copy)])
        self._builder.then(freshened)
        self._copies.append((blob.data_memory, copy, freshened))
        return copy

    def computed(
        self, memories: Sequence[SyncedMemory], make: Call, home: Memory, desc: MemoryDesc
    ) -> Memory:
        """What ``make`` computes of parameters into ``home``, in the layout ``desc``."""
        copy = home if desc == home.desc else Memory(desc)
        calls: list[Call] = [make] if copy is home else [make, reorder(home, copy)]
        self._builder.then(Freshened(memories, calls))
        return copy

    def gradient(
        self, blob: Blob, view: MemoryDesc, desc: MemoryDesc | None = None, *, wanted: bool = True
    ) -> ParameterGradient:
        """Where a primitive writes a parameter's gradient, in a layout of its choice."""
        apart = None if desc is None or desc == view else self._builder.own(desc)
        return ParameterGradient(blob, view, apart, wanted)
