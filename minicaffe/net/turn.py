"""Whose turn it is: a net runs in one thread at a time.

Blobs, plans and an engine's buffers belong to a run, so two of them at once would mix their
numbers. A lock that waits would not help the caller: what ``forward`` returns are views, which
the other thread's run would overwrite. So the second thread is told.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec, Protocol, TypeVar

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
        #: The calls in their order. (No lock, which an exception might leave locked.)
        self._calls: list[weakref.ref[_Call]] = []

    def take(self, call: _Call) -> None:
        """Begin a call; calls within it, in the same thread, are part of it.

        Raises:
            ThreadError: another thread is running the net.
        """
        self._calls.append(weakref.ref(call))
        holder = self._first()
        if holder is not None and holder.thread is not call.thread:
            raise ThreadError(
                f"this net is running in thread '{holder.thread.name}'; give each thread a net of "
                "its own, share_with shares the weights"
            )

    def leave(self, call: _Call) -> None:
        """End a call: another thread may begin one."""
        call.over = True
        for held in list(self._calls):
            if held() is call:
                self._forget(held)

    def _forget(self, held: weakref.ref[_Call]) -> None:
        with suppress(ValueError):  # another thread has removed it
            self._calls.remove(held)

    def _first(self) -> _Call | None:
        """The first call that runs; those that came before it are over and forgotten."""
        for held in list(self._calls):
            call = held()
            if call is not None and not call.over and call.thread.is_alive():
                return call
            self._forget(held)
        return None


class HasTurn(Protocol):
    """What runs in turns."""

    @property
    def turn(self) -> Turn:
        """Which thread runs it now, if any."""


Owner = TypeVar("Owner", bound=HasTurn)


def in_turn(
    method: Callable[Concatenate[Owner, Args], Result],
) -> Callable[Concatenate[Owner, Args], Result]:
    """Decorator: while the method runs, other threads cannot use the object.

    Raises:
        ThreadError: from the method, when another thread is using it.
    """

    @functools.wraps(method)
    def run(self: Owner, *args: Args.args, **kwargs: Args.kwargs) -> Result:
        call = _Call()
        try:
            self.turn.take(call)
            return method(self, *args, **kwargs)
        finally:
            self.turn.leave(call)

    return run
