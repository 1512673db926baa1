"""Whose turn it is: a net runs in one thread at a time.

Blobs, plans and an engine's buffers belong to a run, so two of them at once would mix their
numbers. A lock that waits would not help the caller: what ``forward`` returns are views, which
the other thread's run would overwrite. So the second thread is told.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from minicaffe.errors import ThreadError

Args = ParamSpec("Args")
Result = TypeVar("Result")


class _Call:
    """A call that runs, for as long as its frame lives and it is not over."""

    __slots__ = ("__weakref__", "over", "thread")

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.over = False


class Turn:
    """Which thread runs a net, if any.

    The outermost call holds the turn through a weak reference to an object in its own frame:
    however the call ends, by an exception at whatever place too, the turn ends with it.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._holder: weakref.ref[_Call] | None = None

    def take(self, call: _Call) -> None:
        """Begin a call; calls within it, in the same thread, are part of it.

        Raises:
            ThreadError: another thread is running the net.
        """
        if self._process != os.getpid():  # a fork has none of the other threads
            self._begin()
        with self._lock:
            holder = None if self._holder is None else self._holder()
            if holder is None or holder.over or not holder.thread.is_alive():
                self._holder = weakref.ref(call)
                return
        if holder.thread is not call.thread:
            raise ThreadError(
                f"this net is running in thread '{holder.thread.name}'; give each thread a net of "
                "its own, share_with shares the weights"
            )


class HasTurn(Protocol):
    """What runs in turns."""

    @property
    def turn(self) -> Turn:
        """Whose turn it is."""


Owner = TypeVar("Owner", bound=HasTurn)


def in_turn(
    method: Callable[Concatenate[Owner, Args], Result],
) -> Callable[Concatenate[Owner, Args], Result]:
    """Decorator: while the method runs, other threads cannot use the object.

    Raises:
        ThreadError: from the method, when another thread is using it.
    """

    @functools.wraps(method)
    def run(self: Owner, *args: Args.args, **kwargs: Args.kwargs) -> Any:
        call = _Call()
        try:
            self.turn.take(call)
            return method(self, *args, **kwargs)
        finally:
            call.over = True

    return run
