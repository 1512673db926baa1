"""The threads of the BLAS library behind numpy's matrix products.

They wait busily. Beside another pool of threads (an engine's) or another program each product then
takes as long as the system leaves a waiting thread in place of a working one: measured, LeNet goes
from 30 ms an iteration to 840 when another program takes one of two cores, and stays at 35 when
BLAS has one thread. So an engine says how many it may have while a net runs. The package
threadpoolctl does it, whatever BLAS numpy has; without it, BLAS does as it likes.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from minicaffe.errors import MissingExtraError
from minicaffe.extras import require
from minicaffe.threads import is_chosen

logger = logging.getLogger("minicaffe")

#: Whoever sets one of these has chosen for BLAS, and nothing is changed.
VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
)

#: Seconds to wait for what takes microseconds.
_PATIENCE = 1.0

Args = ParamSpec("Args")
Result = TypeVar("Result")


class Guest:
    """A call that is inside, for as long as its frame lives."""


class BlasLimit:
    """Lets BLAS have so many threads within ``with``; afterwards it has as many as before.

    Several may be entered at a time, also in different threads: as the library knows one number
    only, the latest one counts until the last of them is left.

    Args:
        libraries: what has ``get_num_threads`` and ``set_num_threads``.
    """

    def __init__(self, libraries: Sequence[Any]) -> None:
        self._libraries = libraries
        self._lock = threading.Lock()
        self._inside: weakref.WeakSet[Guest] = weakref.WeakSet()
        self._before: list[int] | None = None  # numbers to go back to, while they are limited

    def enter(self, count: int, guest: Guest) -> None:
        """Limit them until the guest leaves, or is no more."""
        with self._locked():
            if self._before is None:
                self._before = [one.get_num_threads() for one in self._libraries]
            self._inside.add(guest)
            self._set([count] * len(self._libraries))

    def leave(self, guest: Guest) -> None:
        """Undo that, if nobody else is inside."""
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
            mine = lock.acquire(timeout=_PATIENCE)
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
        for one, count in zip(self._libraries, counts, strict=True):
            if hasattr(one, "clear_controlling_thread"):  # it may be another thread than before
                one.clear_controlling_thread(force=True)
            one.set_num_threads(count)


@functools.cache
def blas_limit() -> BlasLimit:
    """The limit of numpy's BLAS; one without effect where that is not ours to set, or cannot be
    set for want of threadpoolctl."""
    limit = BlasLimit([] if any(map(os.environ.get, VARIABLES)) else _libraries())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=limit.unlock)
    return limit


def _libraries() -> Sequence[Any]:
    try:
        control = require("threadpoolctl", extra="threads", purpose="limiting BLAS's threads")
    except MissingExtraError as reason:
        if is_chosen():
            logger.warning("numpy's matrix products take as many threads as they like: %s", reason)
        return []
    found: Sequence[Any] = control.ThreadpoolController().select(user_api="blas").lib_controllers
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
