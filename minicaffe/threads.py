"""How many threads compute: one number for the process, as its threads share its cores.

A program sets it with :func:`set_threads`, the command line with ``--threads``. Otherwise the
environment variable ``OMP_NUM_THREADS`` says it, and otherwise there is one thread a core.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise

from minicaffe.arguments import whole_number
from minicaffe.errors import EngineError

VARIABLE = "OMP_NUM_THREADS"


@dataclass
class _Setting:
    threads: int | None = None


_setting = _Setting()


def set_threads(count: int | None) -> None:
    """Compute with so many threads from now on; None goes back to the default.

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
        for one in others:
            one.result()

    def close(self) -> None:
        """End the threads; another call of :meth:`each` starts new ones."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.shutdown()
        self._pool = None
