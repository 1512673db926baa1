"""Memory that plain numpy arrays and an engine's own layouts share (Caffe's SyncedMemory)."""

from __future__ import annotations

import enum
import gc
import mmap
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.options import Reservation

ALIGNMENT = 64  # bytes: one cache line, and the widest vector register


LARGE = 2**22  # bytes that are worth a search for garbage, or huge pages


OWN_PAGES = 2**18  # bytes that are worth pages of their own


def aligned_zeros(count: int, dtype: np.dtype) -> np.ndarray:
    """A flat array of zeros that begins on a cache line, as vector code likes it.

    It takes no memory before it is used. (That of ``malloc`` may: where it has been used and
    freed before, it is filled with zeros at once.)
    """
    size = count * dtype.itemsize
    raw = _pages(size) if size >= OWN_PAGES else None
    if raw is None:
        raw = np.zeros(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype)


def _pages(size: int) -> np.ndarray | None:
    """Fresh bytes from the system, or None where it has no such call or refuses it."""
    if sys.platform == "win32":
        return None
    try:
        pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if size >= LARGE and hasattr(mmap, "MADV_HUGEPAGE"):
            pages.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        return None
    return np.frombuffer(pages, np.uint8)


class SyncedHead(enum.Enum):
    """Where the newest values of a :class:`SyncedMemory` are (Caffe's ``SyncedHead``).

    Caffe's SYNCED, for two places that hold the same, is a version here: an engine remembers
    :attr:`SyncedMemory.write_version` of what it has copied.
    """

    UNINITIALIZED = "none has been written, and there is no array: they are 0"
    HEAD_AT_CPU = "in the array"
    HEAD_AT_ENGINE = "in an engine's copy; they are brought into the array when asked for"
    LAZY = "nowhere; an engine computes them when asked for"
    CLEARED = "nowhere; they are 0, and are written when asked for"
    FREED = "lost: others use their memory"


class EngineCopy:
    """What an engine registers with a memory whose newest values it holds itself.

    Attributes:
        head: the state of a memory with which it is registered.
    """

    head: SyncedHead = SyncedHead.HEAD_AT_ENGINE

    def write_to(self, array: np.ndarray) -> None:
        """Put the values into the plain array."""
        raise NotImplementedError(f"{type(self).__name__}.write_to")

    def kept(self) -> EngineCopy | None:
        """The values as they are now, where the engine can keep them without a plain array: they
        come back by :meth:`SyncedMemory.set_head`. None where it cannot."""
        return None


class Watcher(Protocol):
    """Who wants to keep what a memory holds before it changes."""

    def keep(self) -> None:
        """Copy it now; a second call does nothing."""


class Zeros(EngineCopy):
    """Values that are all 0 and that have not been written yet."""

    head = SyncedHead.CLEARED

    def write_to(self, array: np.ndarray) -> None:
        """Fill the array with zeros."""
        array[...] = 0


_ZEROS = Zeros()


class Freed(EngineCopy):
    """Registered in place of values whose memory others use by now.

    Args:
        memory: whose values they were.
        name: the blob's.
        what: what the values are of it.
    """

    head = SyncedHead.FREED

    def __init__(self, memory: SyncedMemory, name: str, what: str = "values") -> None:
        self.memory, self._name, self._what = memory, name, what

    def write_to(self, array: np.ndarray) -> None:
        """There is nothing to write.

        Raises:
            GraphError: always; says how to keep the values.
        """
        self.memory.set_head(self)
        raise GraphError(
            f"the {self._what} of blob '{self._name}' were not kept, as the net was opened with "
            'keep="outputs"; open it with keep="all" to look at every blob'
        )


class SyncedMemory:
    """A flat array of elements, allocated on first touch, that blobs can share.

    Its state is :attr:`head`. Programs see the array (:attr:`array`), which is brought up to
    date for them; engines look at the state and spare that. Each change of the state is a single
    assignment, so that an interruption leaves the state before it or the one after it::

        UNINITIALIZED, HEAD_AT_CPU    set_head(copy)   ->  HEAD_AT_ENGINE, LAZY, FREED
        any                           clear()          ->  CLEARED
        any but FREED                 array, to_cpu()  ->  HEAD_AT_CPU (with the values)
        any                           set_head(None)   ->  HEAD_AT_CPU (they are written next)

    Attributes:
        size: how many elements fit (a blob keeps it when it shrinks).
        dtype: their type.
        share: counts it in a budget for as long as it lives; None where nothing counts it.
        version: how often :attr:`array` has been asked for, and may have been written into;
            who keeps a copy remembers the version that it was made of.
        device_copy: what an engine keeps of the values on a device, whichever are the newest;
            nets that share the memory share it, too.
    """

    __slots__ = (
        "_engine_copy", "_exported", "_raw", "_watchers", "device_copy", "dtype", "share", "size",
        "version",
    )  # fmt: skip

    def __init__(self, size: int, dtype: np.dtype, share: Reservation | None = None) -> None:
        self.size = size
        self.share = share
        self.dtype = dtype
        self.version = 0
        self.device_copy: EngineCopy | None = None
        self._engine_copy: EngineCopy | None = None
        self._raw: np.ndarray | None = None
        self._exported: np.ndarray | None = None
        self._watchers: weakref.WeakSet[Watcher] | None = None

    # ---------------------------------------------------------------- state

    @property
    def head(self) -> SyncedHead:
        """Where the newest values are."""
        if self._engine_copy is not None:
            return self._engine_copy.head
        return SyncedHead.UNINITIALIZED if self._raw is None else SyncedHead.HEAD_AT_CPU

    @property
    def engine_copy(self) -> EngineCopy | None:
        """What holds the newest values while that is not the array."""
        return self._engine_copy

    def set_head(self, copy: EngineCopy | None) -> None:
        """Say what holds the newest values: an engine's copy, or (None) the array, which the
        caller has written, or overwrites next."""
        self._engine_copy = copy

    def to_cpu(self) -> None:
        """Bring the array up to date, for an engine that reads it (Caffe's ``to_cpu``).

        Raises:
            GraphError: the values are lost (``FREED``).
        """
        if self._engine_copy is not None:
            self._engine_copy.write_to(self.raw)
            self._engine_copy = None  # not before: a copy that is interrupted is made again

    def clear(self) -> None:
        """Make all elements 0: when they are asked for, or now if a program holds the array.

        Who is about to overwrite them all sees ``CLEARED`` and can spare that.
        """
        self.version += 1
        self._engine_copy = _ZEROS
        if self.exported:
            _ = self.array

    # ---------------------------------------------------------------- values

    @property
    def raw(self) -> np.ndarray:
        """The array as it is, for an engine that knows whether it is the newest."""
        if self._raw is None:
            self._raw = aligned_zeros(self.size, self.dtype)
        return self._raw

    @property
    def array(self) -> np.ndarray:
        """The array with the newest values (zeros when never written), to read or write."""
        self.to_cpu()
        if self._watchers:
            for watcher in [*self._watchers]:
                watcher.keep()
            self._watchers.clear()
        self.version += 1
        if self._exported is None:
            # Over a memoryview, so that numpy lets every view derived from it refer to this
            # object: its reference count then tells whether a program holds one.
            self._exported = np.frombuffer(self.raw.data, self.dtype)
        return self._exported

    def watch(self, watcher: Watcher) -> None:
        """Let a watcher keep what is here, once, before the array is given out for writing.

        Engines that change the values themselves are not noticed.
        """
        if self._watchers is None:
            self._watchers = weakref.WeakSet()
        self._watchers.add(watcher)
        if self.exported:
            watcher.keep()

    @property
    def exported(self) -> bool:
        """Whether a program still holds an array that :attr:`array` gave, or a view of it."""
        unheld = 2  # our attribute and getrefcount's own argument
        return self._exported is not None and sys.getrefcount(self._exported) > unheld

    @property
    def write_version(self) -> int:
        """The version that changes with the next write; -1 while a holder may write unseen."""
        return self.version if self._exported is None or not self.exported else -1

    @property
    def allocated(self) -> bool:
        """Whether there is an array yet."""
        return self._raw is not None

    # ---------------------------------------------------------------- place

    def borrow(self, array: np.ndarray) -> None:
        """Use this array of :attr:`size` elements, part of an arena, until :meth:`give_back`."""
        self._raw = array

    def give_back(self) -> None:
        """Use the array no longer; the values are lost."""
        self._raw = self._exported = None

    def move_to(self, raw: np.ndarray) -> None:
        """Live in ``raw`` (part of an arena) from now on, taking the values along."""
        if self.head is not SyncedHead.UNINITIALIZED:
            raw[...] = self.array[: raw.size]
        self._raw, self._exported = raw, None
        self.size = raw.size


@contextmanager
def only_read(memories: Sequence[SyncedMemory]) -> Iterator[None]:
    """Within, their arrays are asked for to be read: their versions stay what they are."""
    versions = [memory.version for memory in memories]
    try:
        yield
    finally:
        for memory, version in zip(memories, versions, strict=True):
            memory.version = version


class Snapshot:
    """The values of a memory at one moment, copied only before they may change.

    Args:
        memory: one that no engine writes into, such as a parameter's.
    """

    def __init__(self, memory: SyncedMemory) -> None:
        self._memory = memory
        self._copy: np.ndarray | None = None

    def take(self) -> None:
        """Remember which values the memories hold now."""
        self._copy = None
        self._memory.watch(self)

    def keep(self) -> None:
        """Copy the values, as they may change now."""
        if self._copy is None:
            self._copy = self._memory.raw.copy()

    @property
    def values(self) -> np.ndarray:
        """The values of then, flat; not to be written into."""
        return self._memory.raw if self._copy is None else self._copy


def release(owner: object, size: int) -> None:
    """Free what a dying object holds at once, though parts of it refer to each other.

    An engine's plan and the memories that it fills do so. Python looks for such garbage after so
    many new objects, however large they are; without this the memory of several nets piles up.
    What a program still holds stays.

    Args:
        owner: the object; it is empty afterwards.
        size: how many bytes it may hold; a search does not pay below :data:`LARGE`.
    """
    if size >= LARGE and not sys.is_finalizing():
        vars(owner).clear()
        gc.collect()
