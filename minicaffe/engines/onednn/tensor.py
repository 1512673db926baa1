"""Where values live while a plan runs, often in a layout of oneDNN's own: blobs', parameters'."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, Primitive, PrimitiveDesc, reorder
from minicaffe.syncedmem import EngineCopy, SyncedHead, SyncedMemory, aligned_zeros

if TYPE_CHECKING:
    from minicaffe.engines.onednn.builder import Builder

Call = Callable[[], object]


class KernelCall:
    """A call that is no primitive, and says as one does which memories it reads and writes: what
    numpy adds up, or a kernel that is not oneDNN's.

    Args:
        call: what to call.
        operands: all that it reads or writes, by argument, as a primitive has them.
        name: what a plan calls it, such as ``convolution_forward/winograd``; "" leaves it out.
    """

    def __init__(self, call: Call, operands: Mapping[int, Memory], name: str = "") -> None:
        self._call, self.operands, self.name = call, operands, name

    def __call__(self) -> None:
        self._call()


class Tensor(EngineCopy):
    """One version of a blob's ``data`` or ``diff``, and its home.

    A blob that layers overwrite in place has one version after each of them; all belong to
    the same :class:`SyncedMemory`. A version whose home is the plain array itself needs no
    copying; any other registers as the memory's copy once it has been computed, and
    is written back when a program asks for the array.

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
        self._forks = 0  # the library's, when that was made
        self._read: Primitive | None = None

    @property
    def home(self) -> Memory:
        """Where the values live; that of a plain tensor is made when oneDNN first needs it."""
        if self._home is None:
            self._home = self._array_memory()
        return self._home

    def _array_memory(self) -> Memory:
        """The plain array as a memory."""
        return Memory(MemoryDesc(self.shape), self.memory.raw[: math.prod(self.shape)])

    def overwritten(self) -> Tensor:
        """The version that comes after this one when a layer overwrites its home."""
        after = Tensor.__new__(Tensor)
        after.__dict__.update(self.__dict__)
        after.copies, after.superseded = [], False
        return after

    def shared_with(self, memory: SyncedMemory) -> Tensor:
        """These values as another blob's, without copying."""
        other = Tensor(memory, self.shape, self.home.desc, apart=True, home=self.home)
        self.shared = other.shared = True
        return other

    def mark_newest(self) -> None:
        """Say that this version has just been computed."""
        self.memory.set_head(None if self.is_plain else self)
        self.seen = self.memory.write_version

    def bring_out(self) -> None:
        """Bring the plain array up to date, for steps that read it as it is."""
        self.memory.to_cpu()

    def write_to(self, array: np.ndarray) -> None:
        """Put the values into the plain array (what :class:`SyncedMemory` asks for)."""
        forks = dnnl.library().forks
        if self._write is None or self._forks != forks:
            self._write, self._forks = reorder(self.home, self._array_memory()), forks
        self._write()

    def load(self) -> None:
        """Bring home and copies up to date with what the blob holds for others to see."""
        memory = self.memory
        if self.is_plain:
            if memory.engine_copy is not None:
                _ = memory.array
            elif memory.write_version == self.seen != -1:
                return
            self.seen = memory.write_version
        elif memory.engine_copy is self and not memory.exported:
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


class SavedSource:
    """What a step has read of a blob, as it was then, for a backward that Caffe computes of a copy.

    It is read where it is, and copied only before a program may write into the blob.

    Args:
        source: what the step has read.
        memory: the blob's.
    """

    def __init__(self, source: Memory, memory: SyncedMemory) -> None:
        self._source, self._memory = source, memory
        self._views: list[Memory] = []
        self._copy = np.empty(0, np.uint8)
        self._kept = False  # the copy holds them

    def take(self) -> None:
        """This is the moment; a call of the forward."""
        self._kept = False
        self._memory.watch(self)

    def keep(self) -> None:
        """Copy the values, as they may change now."""
        source = self._source.buffer
        if not self._kept:
            if self._copy.size != source.size:
                self._copy = aligned_zeros(source.size, source.dtype)
            np.copyto(self._copy, source)
            self._kept = True

    @property
    def values(self) -> np.ndarray:
        """The bytes that hold them now."""
        return self._copy if self._kept else self._source.buffer

    def view(self, desc: MemoryDesc) -> Memory:
        """The values of then under a descriptor, once :meth:`choose` has been called."""
        memory = self._source.seen_as(desc)
        self._views.append(memory)
        return memory

    def choose(self) -> None:
        """Let the views show the values of then; a call of the backward, before they are read."""
        for view in self._views:
            if view.buffer is not self.values:
                view.set_data_handle(self.values)


def show(tensors: Sequence[Tensor]) -> None:
    """Bring the arrays that a program holds up to date."""
    for tensor in tensors:
        if not tensor.superseded and tensor.memory.engine_copy is tensor and tensor.memory.exported:
            _ = tensor.memory.array


class ParameterGradient:
    """A parameter's gradient on its way from a primitive into ``diff``, to which it is added.

    While nothing has written into ``diff`` since it was cleared, it is computed right there:
    nothing is filled with zeros, and nothing added to them.

    Args:
        blob: the parameter.
        view: its plain array as the primitive's operand.
        apart: what the primitive computes in, where it chooses another layout.
        wanted: False leaves ``diff`` alone.

    Attributes:
        memory: where the primitive writes.
    """

    def __init__(self, blob: Blob, view: MemoryDesc, apart: Memory | None, wanted: bool) -> None:
        self._diff = blob.diff_memory
        self._plain = self._diff.raw[: blob.count]
        self._apart = aligned_zeros(blob.count, self._plain.dtype)  # no memory until it is used
        self._result = Memory(view, self._apart)
        self._direct = False
        self.wanted = wanted
        self.memory = self._result if apart is None else apart
        self._moving: list[Call] = []
        if apart is not None and wanted:
            self._moving.append(reorder(self.memory, self._result))
        flat = MemoryDesc((blob.count,))
        total = Memory(flat, self._plain)
        operands = {dnnl.SRC: total, dnnl.SRC_1: Memory(flat, self._apart), dnnl.DST: total}
        self._add = Primitive(PrimitiveDesc("binary", dnnl.BINARY_ADD, flat, flat, flat), operands)

    @property
    def before(self) -> Sequence[Call]:
        """What to call before the primitive."""
        return [self._choose] if self.wanted else []

    @property
    def after(self) -> Sequence[Call]:
        """What to call after it."""
        return [*self._moving, self._settle] if self.wanted else []

    def _choose(self) -> None:
        self._direct = self._diff.head is SyncedHead.CLEARED
        target = self._plain if self._direct else self._apart
        if self._result.buffer is not target:
            self._result.set_data_handle(target)

    def _settle(self) -> None:
        if self._direct:
            self._diff.set_head(None)
            self._diff.version += 1
        else:
            _ = self._diff.array
            self._add()


class Cached:
    """A call that makes something of parameters again, only when they may have changed.

    Args:
        memories: the parameters' memories.
        calls: make it.
    """

    def __init__(self, memories: Sequence[SyncedMemory], calls: Sequence[Call]) -> None:
        self.memories = tuple(memories)
        self._seen: list[int] = []
        self.calls = tuple(calls)

    def __call__(self) -> None:
        versions = [memory.write_version for memory in self.memories]
        if versions != self._seen or -1 in versions:
            for call in self.calls:
                call()
            self._seen = versions  # not before: one that fails is tried again


class Weights:
    """Compute copies of parameters, and the way of their gradients into the arena."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._copies: list[tuple[SyncedMemory, Memory, Cached]] = []
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

        Another layout is a copy, made again by every forward before which the parameter may
        have changed.
        """
        home = Memory(view, blob.data_memory.raw[: blob.count])
        if desc is None or desc == view:
            return home
        for memory, copy, cached in self._copies:
            if memory is blob.data_memory and copy.desc == desc:
                self._builder.then(cached)
                return copy
        copy = Memory(desc)
        cached = Cached([blob.data_memory], [reorder(home, copy)])
        self._builder.then(cached)
        self._copies.append((blob.data_memory, copy, cached))
        return copy

    def computed(
        self, memories: Sequence[SyncedMemory], make: Call, home: Memory, desc: MemoryDesc
    ) -> Memory:
        """What ``make`` computes of parameters into ``home``, in the layout ``desc``."""
        copy = home if desc == home.desc else Memory(desc)
        calls: list[Call] = [make] if copy is home else [make, reorder(home, copy)]
        self._builder.then(Cached(memories, calls))
        return copy

    def gradient(
        self, blob: Blob, view: MemoryDesc, desc: MemoryDesc | None = None, *, wanted: bool = True
    ) -> ParameterGradient:
        """Where a primitive writes a parameter's gradient, in a layout of its choice."""
        apart = None if desc is None or desc == view else self._builder.own(desc)
        return ParameterGradient(blob, view, apart, wanted)
