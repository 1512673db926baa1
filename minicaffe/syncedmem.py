"""Memory that plain numpy arrays and an engine's own layouts share (Caffe's SyncedMemory)."""

from __future__ import annotations

import gc
import mmap
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.options import MemoryShare

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


class EngineCopy(Protocol):
    """What an engine registers with a memory whose newest values it holds itself."""

    def write_to(self, array: np.ndarray) -> None:
        """Put the values into the plain array."""


class Watcher(Protocol):
    """Who wants to keep what a memory holds before somebody changes it."""

    def keep(self) -> None:
        """Copy it now; a second call does nothing."""


class Zeros:
    """Stands for values that are all 0 and that nobody has written yet."""

    def write_to(self, array: np.ndarray) -> None:
        """Write them."""
        array[...] = 0


#: A memory's ``newer`` after :meth:`SyncedMemory.clear`.
ZEROS = Zeros()


class Dropped:
    """Registered in place of values whose memory others use by now.

    Args:
        memory: whose values they were.
        name: the blob's.
        what: what the values are of it.
    """

    def __init__(self, memory: SyncedMemory, name: str, what: str = "values") -> None:
        self.memory, self._name, self._what = memory, name, what

    def write_to(self, array: np.ndarray) -> None:
        """There is nothing to write.

        Raises:
            GraphError: always; says how to keep the values.
        """
        self.memory.newer = self
        raise GraphError(
            f"the {self._what} of blob '{self._name}' were not kept, as the net was opened with "
            'keep="outputs"; open it with keep="all" to look at every blob'
        )


class SyncedMemory:
    """A flat array of elements, allocated on first touch, that blobs can share.

    Attributes:
        size: how many elements fit (a blob keeps it when it shrinks).
        dtype: their type.
        share: counts it in a budget for as long as it lives; None where nobody counts.
        newer: the engine's copy while that is newer than the plain array, else None.
        version: how often somebody has asked for the array, and may have written into it;
            who keeps a copy remembers the version that it was made of.
    """

    __slots__ = (
        "_lent", "_plain", "_shown", "_watchers", "dtype", "newer", "share", "size", "version",
    )  # fmt: skip

    def __init__(self, size: int, dtype: np.dtype, share: MemoryShare | None = None) -> None:
        self.size = size
        self.share = share
        self.dtype = dtype
        self.newer: EngineCopy | None = None
        self.version = 0
        self._plain: np.ndarray | None = None
        self._lent: np.ndarray | None = None
        self._shown: np.ndarray | None = None
        self._watchers: weakref.WeakSet[Watcher] | None = None

    @property
    def plain(self) -> np.ndarray:
        """The array as it is, for an engine that knows whether it is the newest."""
        if self._plain is None:
            self._plain = aligned_zeros(self.size, self.dtype)
        return self._plain

    @property
    def array(self) -> np.ndarray:
        """The array with the newest values (zeros when never written), to read or write."""
        if self.newer is not None:
            self.newer.write_to(self.plain)
            self.newer = None  # not before: a copy that is interrupted is made again
        if self._watchers:
            for one in [*self._watchers]:
                one.keep()
            self._watchers.clear()
        self.version += 1
        if self._shown is None:
            # Over a memoryview, so that numpy lets every view derived from it refer to this
            # object: its reference count then tells whether anybody holds one.
            self._shown = np.frombuffer(self.plain.data, self.dtype)
        return self._shown

    def watch(self, watcher: Watcher) -> None:
        """Let somebody keep what is here, once, before the array is given out for writing.

        Engines that change the values themselves are not noticed.
        """
        if self._watchers is None:
            self._watchers = weakref.WeakSet()
        self._watchers.add(watcher)
        if self.held:
            watcher.keep()

    def clear(self) -> None:
        """Make all elements 0: when somebody asks for them, or now if anybody holds the array.

        Who is about to overwrite them all sees :data:`ZEROS` in ``newer`` and can spare that.
        """
        self.version += 1
        self.newer = ZEROS
        if self.held:
            _ = self.array

    @property
    def held(self) -> bool:
        """Whether anybody still holds an array that :attr:`array` gave, or a view of it."""
        unheld = 2  # our attribute and getrefcount's own argument
        return self._shown is not None and sys.getrefcount(self._shown) > unheld

    @property
    def settled(self) -> int:
        """The version that changes with the next write; -1 while a holder may write unseen."""
        return self.version if self._shown is None or not self.held else -1

    @property
    def allocated(self) -> bool:
        """Whether anybody has asked for the array yet."""
        return self._plain is not None

    def borrow(self, array: np.ndarray) -> None:
        """Use an array that is large enough, until :meth:`give_back`."""
        self._lent, self._plain = array, array[: self.size]

    def give_back(self) -> np.ndarray:
        """The array, which this memory uses no longer; whole, if it was borrowed."""
        array = self.plain if self._lent is None else self._lent
        self._plain = self._shown = self._lent = None
        return array

    def move_to(self, plain: np.ndarray) -> None:
        """Live in ``plain`` (part of an arena) from now on, taking the values along."""
        if self._plain is not None or self.newer is not None:
            plain[...] = self.array[: plain.size]
        self._plain, self._shown = plain, None
        self.size = plain.size


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
    """The values of a memory at one moment, copied only when somebody may be about to change them.

    Args:
        memory: one that no engine writes into, such as a parameter's.
    """

    def __init__(self, memory: SyncedMemory) -> None:
        self._memory = memory
        self._copy: np.ndarray | None = None

    def take(self) -> None:
        """This is the moment."""
        self._copy = None
        self._memory.watch(self)

    def keep(self) -> None:
        """Copy the values, as they may change now."""
        if self._copy is None:
            self._copy = self._memory.plain.copy()

    @property
    def values(self) -> np.ndarray:
        """The values of then, flat; not to be written into."""
        return self._memory.plain if self._copy is None else self._copy


def release(owner: object, size: int) -> None:
    """Free what a dying object holds at once, though parts of it refer to each other.

    An engine's plan and the memories that it fills do so. Python looks for such garbage after so
    many new objects, however large they are; without this the memory of several nets piles up.
    What somebody else holds stays.

    Args:
        owner: the object; it is empty afterwards.
        size: how many bytes it may hold; a search does not pay below :data:`LARGE`.
    """
    if size >= LARGE and not sys.is_finalizing():
        vars(owner).clear()
        gc.collect()
