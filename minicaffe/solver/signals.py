"""What SIGINT (Ctrl-C), SIGHUP and SIGTERM do while a net trains."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import enum
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from minicaffe.errors import SolverError, did_you_mean

Handler = Callable[[int, FrameType | None], object]

_NUMBERS = tuple(map(int, signal.valid_signals()))
# signal.getsignal makes an enum of each answer, 64 times an iteration of training
_handler_of: Callable[[int], Handler | int | None] = getattr(_signal, "getsignal", signal.getsignal)


class Action(enum.Enum):
    """What a solver is asked to do between two iterations (Caffe's ``SolverAction``).

    ``TERMINATE``, which Caffe lacks, is a snapshot at once and then the end.
    """

    NONE = "none"
    STOP = "stop"
    SNAPSHOT = "snapshot"
    TERMINATE = "terminate"


def effect(name: str) -> Action:
    """The action of this name, as ``--sigint_effect`` takes it.

    Raises:
        SolverError: neither stop, snapshot nor none.
    """
    choices = [action.value for action in Action if action is not Action.TERMINATE]
    if name not in choices:
        hint = did_you_mean(name, choices)
        raise SolverError(f"unknown signal effect '{name}', expected stop, snapshot or none{hint}")
    return Action(name)


class SignalHandler:
    """While entered, turns signals into actions that the solver asks for; then undoes that.

    Python delivers signals to the main thread alone: elsewhere this does nothing.

    SIGTERM, which clusters and ``kill`` send, asks for a snapshot and the end.

    Args:
        sigint, sighup: the effects, ``stop``, ``snapshot`` or ``none``.

    Attributes:
        terminated: whether SIGTERM has come.
    """

    def __init__(self, sigint: str = "stop", sighup: str = "snapshot") -> None:
        self.terminated = False
        self._effects = {
            "SIGTERM": Action.TERMINATE,
            "SIGHUP": effect(sighup),
            "SIGINT": effect(sigint),
        }
        self._pending: set[int] = set()
        self._before: dict[int, Handler | int | None] = {}

    def requested(self) -> Action:
        """What has been asked for since the last call; SIGHUP goes first, as in Caffe."""
        for name, action in self._effects.items():
            number = getattr(signal, name, None)
            if number in self._pending:
                self._pending.discard(number)
                return action
        return Action.NONE

    def __enter__(self) -> SignalHandler:
        if threading.current_thread() is threading.main_thread():
            for name in self._effects:
                if hasattr(signal, name):  # Windows has no SIGHUP
                    number = getattr(signal, name)
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pending.add(number)
        self.terminated = self.terminated or number == signal.SIGTERM


@dataclass
class _Queue:
    """Signals that have come while they were to wait, with their handlers."""

    is_open: bool = False
    came: list[tuple[Handler, int, FrameType | None]] = field(default_factory=list)


class _StandIn:
    """A signal's handler that waits while it is told to; otherwise it is the handler itself.

    So it does no harm where an exception has kept it from being taken away again.
    """

    def __init__(self, handler: Handler, queue: _Queue) -> None:
        self.handler: Handler = handler.handler if isinstance(handler, _StandIn) else handler
        self._queue = queue

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._queue.is_open:
            self._queue.came.append((self.handler, number, frame))
        else:
            self.handler(number, frame)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let all signals with handlers in Python wait for the end of the block, so that none of them
    leaves a half-made update. (Handlers run in the main thread alone.)

    Raises:
        BaseException: at the end, what the handler of a signal raises that came meanwhile, such
            as KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    queue = _Queue()
    placed: list[tuple[int, _StandIn]] = []
    try:
        for number in _NUMBERS:
            handler = _handler_of(number)
            if callable(handler):
                placed.append((number, _StandIn(handler, queue)))
                signal.signal(*placed[-1])
        queue.is_open = True
        yield
    finally:
        queue.is_open = False
        for number, stand_in in placed:
            if _handler_of(number) is stand_in:
                signal.signal(number, stand_in.handler)
        for waiting, number, frame in queue.came:
            waiting(number, frame)
