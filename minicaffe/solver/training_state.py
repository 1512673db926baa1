"""What a training depends on besides weights and histories: saved, restored, rolled back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from minicaffe import common
from minicaffe.blob import Blob
from minicaffe.engines import engine_name
from minicaffe.errors import SnapshotError
from minicaffe.net.layer_states import (
    LayerStates,
    layer_states,
    of_another_rank,
    restore_layer_states,
)
from minicaffe.net.net import Net
from minicaffe.solver.display import LossState, LossWindow
from minicaffe.solver.signals import uninterrupted
from minicaffe.syncedmem import EngineCopy, only_read

if TYPE_CHECKING:
    from typing_extensions import NotRequired

    from minicaffe.solver.best import BestState
    from minicaffe.solver.solver import Solver

logger = logging.getLogger("minicaffe")


class TrainingState(TypedDict):
    """What a snapshot's record holds.

    Attributes:
        engine: what computed, and with which precision.
        loss: the window of losses.
        train: the states of the trained net's layers.
        tests: those of each test net's.
        ranks: those of the train nets of other processes, ranks 1, 2, …; left out where they could
            not be asked.
        processes: how many train, if more than one.
        best: the best test so far, where one is looked for.
    """

    engine: str
    loss: LossState
    train: LayerStates
    tests: list[LayerStates]
    ranks: NotRequired[list[LayerStates]]
    processes: NotRequired[int]
    best: NotRequired[BestState]


def training_state(
    net: Net,
    test_nets: Sequence[Net],
    loss: LossWindow,
    states: Sequence[LayerStates],
    tests: Sequence[LayerStates] = (),
) -> TrainingState:
    """All of it, in terms of JSON: what a snapshot's record holds.

    Args:
        net: the net that is trained.
        test_nets: the nets that are tested meanwhile.
        loss: the window of losses.
        states: those of the train net's layers, in each process that trains it.
        tests: the states of the test nets' layers, if not those that they have now.
    """
    first, *others = states
    state: TrainingState = {
        "engine": _engine(net),
        "loss": loss.state(),
        "train": first,
        "tests": list(tests) or [layer_states(test_net) for test_net in test_nets],
    }
    if others:
        state["ranks"] = others
    if common.solver_count() > 1:
        state["processes"] = common.solver_count()
    return state


def restore_training_state(
    state: TrainingState, path: str, net: Net, test_nets: Sequence[Net], loss: LossWindow
) -> None:
    """Bring all of it back to a saved state.

    Args:
        state: what :func:`training_state` gave.
        path: the file that it comes from, for messages.
        net, test_nets, loss: as :func:`training_state` took them; they are changed.

    Raises:
        SnapshotError: something cannot take what was saved of it.
    """
    if state.get("engine") != _engine(net):
        logger.info(
            "%s was written with the engine '%s'; with '%s' the numbers differ by rounding",
            path, state.get("engine"), _engine(net),
        )  # fmt: skip
    try:
        loss.restore(state["loss"])
        nets = [_of_rank(state, net, path), *state["tests"]]
    except (KeyError, TypeError, ValueError) as reason:
        raise SnapshotError(f"minicaffe's record in it is malformed: {reason!r}", path=path) from (
            reason
        )
    for each, found in zip((net, *test_nets), nets, strict=False):
        restore_layer_states(each, found, path)


def _of_rank(state: TrainingState, net: Net, path: str) -> LayerStates:
    """What the layers held in the process of this rank, or would hold if there had been one."""
    rank, size = common.solver_rank(), common.solver_count()
    states, before = [state["train"], *state.get("ranks", [])], state.get("processes", 1)
    if len(states) == size:
        return states[rank]
    if rank:
        return of_another_rank(states[0], layer_states(net))
    if before == size:
        logger.info("%s does not say what the other processes had drawn at random", path)
    else:
        logger.warning(
            "%s was written by %d process(es), and %d go on: an iteration now reads %d batch(es) "
            "instead of %d, and the learning rate stays as it is. Records go on where they were; "
            "what is drawn at random is not what it would have been",
            path, before, size, size, before,
        )  # fmt: skip
    return states[0]


#: How nets compute by default.
_DEFAULTS = ("float32", "auto")


def _engine(net: Net) -> str:
    """What computes, and how if not as by default."""
    options = net.options
    how = [options.precision, options.convolutions]
    return " ".join([engine_name(net.engine), *(word for word in how if word not in _DEFAULTS)])


@contextmanager
def rolled_back_on_error(solver: Solver, net: Net, loss: LossWindow) -> Iterator[None]:
    """An iteration: an exception that ends it before its update takes back what it has changed.

    That is the window of losses, and parameters that layers change as they run forward (a
    BatchNorm's statistics): the next iteration in its place counts once. Weights, histories and
    ``iter`` change in the update alone, which is not interrupted. Batches that were read and
    random numbers that were drawn are used up.

    Args:
        solver: its ``iter`` tells whether the update was made.
        net: the net that is trained.
        loss: the window.
    """
    iteration, window = solver.iter, loss.state()
    blobs = _changed_by_forward(net)
    before = [_kept(blob) for blob in blobs]
    try:
        yield
    except BaseException:
        if solver.iter == iteration:
            with uninterrupted():
                loss.restore(window)
                for blob, values in zip(blobs, before, strict=True):
                    _put_back(blob, values)
        raise


def _kept(blob: Blob) -> EngineCopy | np.ndarray:
    """A blob's values as they are now; those on a device stay there."""
    copy = blob.data_memory.engine_copy
    kept = copy.kept() if copy is not None else None
    if kept is not None:
        return kept
    with only_read([blob.data_memory]):
        return blob.data.copy()


def _put_back(blob: Blob, values: EngineCopy | np.ndarray) -> None:
    memory = blob.data_memory
    if not isinstance(values, EngineCopy):
        blob.data[...] = values
        return
    memory.set_head(values)
    if memory.exported:
        memory.to_cpu()


def _changed_by_forward(net: Net) -> list[Blob]:
    """Parameters that may be others after a forward."""
    return [blob for node in net.nodes if not node.repeatable for blob in node.layer.blobs]
