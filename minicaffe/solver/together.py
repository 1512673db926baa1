"""What a solver asks of the processes that it trains with; by default there are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast

from minicaffe import common
from minicaffe.arguments import function, shown
from minicaffe.errors import ArgumentError, RankLostError
from minicaffe.net.layer_states import LayerStates
from minicaffe.solver.signals import Action

Callback = Callable[[], object]

#: Seconds after which a snapshot is tried again whose lock a process held that is gone.
_PAUSES = (0.1, 0.2, 0.5, 1.0)


class PerIteration(Protocol):
    """What is called in each iteration."""

    def on_start(self) -> None:
        """An iteration begins."""
        ...

    def on_gradients_ready(self) -> None:
        """Backward is over, and the update is next."""
        ...


class Together(Protocol):
    """The solvers of several processes, each of which calls the same methods in the same order."""

    def agree(self, request: Action) -> Action:
        """What all of them are to do, of what each is asked to.

        Raises:
            RankLostError: another process is gone, or has said why it ends.
        """
        ...

    def gather(self, states: LayerStates) -> list[LayerStates]:
        """What the layers of each process hold, by rank.

        Raises:
            RankLostError: another process is gone, or has said why it ends.
        """
        ...

    def fail(self, cause: str) -> None:
        """Tell the others that this process ends, and why."""
        ...


class Alone:
    """One solver by itself."""

    def agree(self, request: Action) -> Action:
        """What it is asked."""
        return request

    def gather(self, states: LayerStates) -> list[LayerStates]:
        """The only process's."""
        return [states]

    def fail(self, cause: str) -> None:
        """Does nothing: there is no one to tell."""


def both_callbacks(
    on_start: Callback | PerIteration, on_gradients_ready: Callback | None
) -> tuple[Callback, Callback]:
    """The two functions of a callback: given as such, or as the methods of one object.

    Raises:
        ArgumentError: one of them is no function.
    """
    if on_gradients_ready is not None:
        start = function(cast(Callback, on_start), "on_start")
        return start, function(on_gradients_ready, "on_gradients_ready")
    names = ("on_start", "on_gradients_ready")
    methods = [getattr(on_start, name, None) for name in names]
    if not all(map(callable, methods)):
        raise ArgumentError(
            f"a callback is two functions, {' and '.join(names)}, or an object with methods of "
            f"these names, not {shown(on_start)} alone"
        )
    return cast(tuple[Callback, Callback], tuple(methods))


@contextmanager
def telling_others(together: Together, save: Callable[[], bool]) -> Iterator[None]:
    """While the block runs: tell the others why this process fails, if it does.

    Args:
        together: the others.
        save: called where another process is lost, in rank 0; in rank 1 if that is the lost one.
            It says whether it could; rank 0's files may not be closed yet.
    """
    try:
        yield
    except RankLostError as error:
        if common.solver_rank() == (error.rank == 0):
            for pause in _PAUSES:
                if save():
                    break
                time.sleep(pause)
        raise
    except BaseException as error:
        together.fail(str(error) or type(error).__name__)
        raise


def strongest(requests: Sequence[Action]) -> Action:
    """What to do when each process is asked something else; both to stop and to write a snapshot
    is to write one and stop."""
    asked = set(requests)
    if Action.TERMINATE in asked or {Action.STOP, Action.SNAPSHOT} <= asked:
        return Action.TERMINATE
    return next((each for each in (Action.STOP, Action.SNAPSHOT) if each in asked), Action.NONE)
