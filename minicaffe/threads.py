"""How many threads compute: one number for the process, as its threads share its cores.

A program sets it with :func:`set_threads`, the command line with ``--threads``. Otherwise the
environment variable ``OMP_NUM_THREADS`` says it, and otherwise there is one thread a core. What a
thread must not be cut off from by a fork of the process, it does within a :class:`ForkLock`.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import ParamSpec, Protocol, TypeVar

from minicaffe.arguments import whole_number
from minicaffe.errors import EngineError, MissingExtraError, require

logger = logging.getLogger("minicaffe")

VARIABLE = "OMP_NUM_THREADS"


@dataclass
class _Setting:
    threads: int | None = None


_setting = _Setting()


def set_threads(count: int | None) -> None:
    """Compute with this number of threads from now on; None goes back to the default.

    Args:
        count: at least 1. More than there are cores makes everything slower.

    Raises:
        EngineError: it is less than 1.
        ArgumentError: it is no whole number.
    """
    if count is not None and whole_number(count, "the number of threads") < 1:
        raise EngineError(f"{count} threads asked for, expected 1 or more")
    _setting.threads = count


def thread_count() -> int:
    """How many threads are to compute."""
    return _setting.threads or _from_environment() or available_cores()


def is_chosen() -> bool:
    """Whether :func:`set_threads` has chosen a number."""
    return _setting.threads is not None


def busy_thread_count() -> int:
    """How many threads that wait busily are to compute: by default all cores but one.

    Another program that takes a core stops the thread there, for which all the others wait.
    """
    return _setting.threads or _from_environment() or max(1, available_cores() - 1)


def _from_environment() -> int | None:
    """OpenMP's variable: a number, or a list of numbers for nested teams."""
    first = os.environ.get(VARIABLE, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Team:
    """Threads that share the blocks of a large array for numpy to work on.

    They help where each numpy call takes much longer than handing over Python's lock: measured,
    that is from about 100,000 elements a call on.

    Args:
        largest: more threads than these are never used.
        least: how many elements make another thread worth waking.
    """

    def __init__(self, largest: int, least: int) -> None:
        self._largest, self._least = largest, least
        self._pool: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    def each(self, sizes: Sequence[int], work: Callable[[range, int], None]) -> None:
        """Call ``work(blocks, number)`` once a thread, each with a share of the blocks.

        Args:
            sizes: how many elements each block has.
            work: takes the indices of neighbouring blocks, and which thread it is, from 0.
        """
        total = sum(sizes)
        count = min(thread_count(), self._largest, total // self._least)
        if count < 2:
            work(range(len(sizes)), 0)
            return
        if self._pool is None or self._process != os.getpid():  # a fork has no threads
            self._process = os.getpid()
            self._pool = ThreadPoolExecutor(self._largest - 1, "minicaffe-update")
        ends = list(accumulate(sizes))
        bounds = [bisect_right(ends, total * number / count) for number in range(1, count)]
        shares = [range(*pair) for pair in pairwise([0, *bounds, len(sizes)])]
        others = [
            self._pool.submit(work, share, number) for number, share in enumerate(shares[1:], 1)
        ]
        work(shares[0], 0)
        for other in others:
            other.result()

    def close(self) -> None:
        """End the threads; another call of :meth:`each` starts new ones."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.shutdown()
        self._pool = None


#: A user who sets one of these has chosen for BLAS, and nothing is changed.
VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
)


Args = ParamSpec("Args")


Result = TypeVar("Result")


class Blas(Protocol):
    """A library for matrix products, as threadpoolctl finds it."""

    def get_num_threads(self) -> int:
        """With how many threads it works."""
        ...

    def set_num_threads(self, num_threads: int) -> None:
        """Let it work with as many."""
        ...


class Guest:
    """A call that is inside, for as long as its frame lives."""


class BlasLimit:
    """Limits the threads of BLAS within ``with``; afterwards it has as many as before.

    Several may be entered at a time, also in different threads: as the library knows one number
    only, the latest one counts until the last of them is left.

    Args:
        libraries: those whose threads are limited.
        patience: seconds to wait for another thread, which needs microseconds; then it counts as
            interrupted, and is not waited for any more.
    """

    def __init__(self, libraries: Sequence[Blas], patience: float = 1.0) -> None:
        self._libraries = libraries
        self._patience = patience
        self._lock = threading.Lock()
        self._inside: weakref.WeakSet[Guest] = weakref.WeakSet()
        self._before: list[int] | None = None  # numbers to go back to, while they are limited

    def enter(self, count: int, guest: Guest) -> None:
        """Limit them until the guest leaves, or is no more."""
        with self._locked():
            if self._before is None:
                self._before = [library.get_num_threads() for library in self._libraries]
            self._inside.add(guest)
            self._set([count] * len(self._libraries))

    def leave(self, guest: Guest) -> None:
        """Undo that, unless another call is still inside."""
        with self._locked():
            self._inside.discard(guest)
            if not self._inside and self._before is not None:
                self._set(self._before)
                self._before = None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Within, other threads wait; a lock that an exception has left locked is replaced."""
        lock, mine = self._lock, False
        try:
            mine = lock.acquire(timeout=self._patience)
            if not mine:
                self.unlock()
            yield
        finally:
            if mine:
                lock.release()

    def unlock(self) -> None:
        """The thread that held the lock is not there (as after a fork), or has left it locked."""
        self._lock = threading.Lock()

    def _set(self, counts: Sequence[int]) -> None:
        for library, count in zip(self._libraries, counts, strict=True):
            if hasattr(library, "clear_controlling_thread"):  # it may be another thread than before
                library.clear_controlling_thread(force=True)
            library.set_num_threads(count)


@functools.cache
def blas_limit() -> BlasLimit:
    """The limit of numpy's BLAS; one without effect where that is not ours to set, or cannot be
    set for want of threadpoolctl."""
    limit = BlasLimit([] if any(map(os.environ.get, VARIABLES)) else _libraries())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=limit.unlock)
    return limit


def _libraries() -> Sequence[Blas]:
    try:
        control = require("threadpoolctl", extra="threads", purpose="limiting BLAS's threads")
    except MissingExtraError as reason:
        if is_chosen():
            logger.warning("numpy's matrix products take as many threads as they like: %s", reason)
        return []
    found: Sequence[Blas] = control.ThreadpoolController().select(user_api="blas").lib_controllers
    return found


def with_blas_threads(
    count: Callable[[], int],
) -> Callable[[Callable[Args, Result]], Callable[Args, Result]]:
    """Decorator: BLAS has ``count()`` threads while the function runs."""

    def decorate(function: Callable[Args, Result]) -> Callable[Args, Result]:
        @functools.wraps(function)
        def limited(*args: Args.args, **kwargs: Args.kwargs) -> Result:
            limit, guest = blas_limit(), Guest()
            try:
                limit.enter(count(), guest)
                return function(*args, **kwargs)
            finally:
                limit.leave(guest)

        return limited

    return decorate


#: Seconds that a fork waits at most for what :class:`ForkLock` guards.
FORK_PATIENCE = 30.0


class ForkLock:
    """A lock for one thread at a time, and for a fork: within, another thread's fork waits.

    A forked process has only the thread that forked, but the memory of all: a lock that another
    thread holds there, in this program or inside a library such as HDF5, stays locked for ever,
    and what that thread had half done stays half done. So whatever a thread does that others
    rely on is done within such a lock. A fork that has waited ``FORK_PATIENCE`` goes on.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._owner: int | None = None  # the thread that is within
        self._depth = 0  # how often
        _forks().add(self)

    def __enter__(self) -> None:
        self._lock.acquire()
        self._owner = threading.get_ident()
        self._depth += 1

    def __exit__(self, *reason: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
        self._lock.release()

    def begin_fork(self, patience: float) -> bool:
        """Keep others out; returns False where that takes longer than ``patience``.

        A thread that forks while it is within is let through: it is in the child, too.
        """
        return self._owner == threading.get_ident() or self._lock.acquire(timeout=patience)

    def end_fork(self) -> None:
        """Let others in, if they were kept out."""
        if self._owner != threading.get_ident():
            with suppress(RuntimeError):  # another thread has it: this fork did not wait
                self._lock.release()

    def begin_child(self) -> None:
        """Let others in; the thread that is within is not there, unless it has forked."""
        self.end_fork()
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._owner, self._depth, self._lock = None, 0, threading.RLock()


class _Forks:
    """All locks of the process that a fork waits for."""

    def __init__(self) -> None:
        self._locks: weakref.WeakValueDictionary[int, ForkLock] = weakref.WeakValueDictionary()

    def add(self, lock: ForkLock) -> None:
        self._locks[id(lock)] = lock

    def before(self) -> None:
        """Take all; but wait for one while holding none, as its owner may wait for another."""
        end, first = time.monotonic() + FORK_PATIENCE, None
        while first := self._take(first, end):
            self.after_in_parent()
            if time.monotonic() > end:
                return

    def _take(self, first: ForkLock | None, end: float) -> ForkLock | None:
        """Take the locks, waiting for the first one only; returns one that another thread has."""
        if first is not None and not first.begin_fork(max(0.0, end - time.monotonic())):
            return first
        others = (lock for lock in self._alive() if lock is not first)
        return next((lock for lock in others if not lock.begin_fork(0.0)), None)

    def after_in_parent(self) -> None:
        for lock in self._alive():
            lock.end_fork()

    def after_in_child(self) -> None:
        for lock in self._alive():
            lock.begin_child()

    def _alive(self) -> list[ForkLock]:
        return [lock for found in self._locks.valuerefs() if (lock := found()) is not None]

    def register(self) -> None:
        """Be asked at forks; more than once does no harm, as the locks are reentrant."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self.before,
                after_in_parent=self.after_in_parent,
                after_in_child=self.after_in_child,
            )


@functools.cache
def _forks() -> _Forks:
    forks = _Forks()
    forks.register()
    return forks


@functools.cache
def wait_before(library: str) -> None:
    """Let a fork take the locks of this program before those of a library that is imported now.

    A fork calls the functions that were registered for it, the newest first. A library such as
    h5py, imported later than this module, would lock itself before we wait for a thread that reads,
    and that thread would wait for the library: neither would go on.

    Args:
        library: its name; this counts once for each.
    """
    _forks().register()
