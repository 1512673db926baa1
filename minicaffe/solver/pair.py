"""A snapshot on the disk: weights and solver state, two files that are whole together or not.

The state is the last to appear and holds length and checksum of the weights, a checksum of
itself, and where the training stood; Caffe reads both files and passes over what it does not
know. What Caffe wrote is read too, without checksums.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minicaffe.errors import SnapshotError
from minicaffe.files import refusals, write_together
from minicaffe.solver import record as records
from minicaffe.solver.record import FileMark, Record
from minicaffe.solver.snapshot import SolverState, check_history, read_state, write_state_file
from minicaffe.weights import load_weights, write_caffemodel
from minicaffe.weights_hdf5 import write_hdf5


def write_pair(
    net: Any,
    path: str,
    state: SolverState,
    standing: dict[str, Any],
    *,
    written: float,
    hdf5: bool,
    diffs: bool,
) -> None:
    """Write the weights to ``state.learned_net`` and the state to ``path``.

    Args:
        net: has the weights.
        state: what Caffe knows of the training.
        standing: what else the training depends on.
        written: the time to record, in seconds since 1970.
        hdf5: the format of both files.
        diffs: whether the gradients stand beside the weights.

    Raises:
        SnapshotError: a file cannot be written; older ones are as they were.
    """
    model = state.learned_net
    with write_together(model, path) as (beside_model, beside_state):
        with refusals(model):
            (write_hdf5 if hdf5 else write_caffemodel)(net, beside_model, diffs)
            mark = records.mark_of(beside_model)
        with refusals(path):
            record = Record(written, mark, _sum(state), standing)
            whole = replace(state, record=records.encode(record))
            write_state_file(beside_state, whole, hdf5=hdf5)


def read_pair(path: str) -> tuple[SolverState, str, Record | None]:
    """Read a state and find its weights; both are checked against their checksums.

    Returns:
        The state, the weights' file ("" for a state without any) and minicaffe's record (None
        in a state that Caffe wrote).

    Raises:
        SnapshotError: a file is missing, damaged, or something else; names it.
    """
    state = read_state(path)
    if not state.record:
        return state, (_find_weights(state, path, None) if state.learned_net else ""), None
    record = records.decode(state.record, path)
    if record.contents != _sum(state):
        raise SnapshotError(
            "the checksum of what it holds is wrong, so the file is damaged; use another snapshot",
            path=path,
        )
    return state, _find_weights(state, path, record.weights), record


def restore_pair(
    net: Any, path: str, history: Sequence[np.ndarray], histories: int
) -> tuple[SolverState, Record | None]:
    """Put the weights of a state into a net, and its histories into ``history``.

    Args:
        histories: how many numbers the update rule remembers of each weight.

    Returns:
        The state, and minicaffe's record of what else it depends on.

    Raises:
        SnapshotError: as :func:`read_pair`, or they are of another net; names what differs.
            Nothing is changed then.
    """
    state, weights, record = read_pair(path)
    check_history(state, net, histories, path)
    if weights:
        load_weights(net, weights, inner=True)
    for target, values in zip(history, state.history, strict=True):
        target[...] = values.reshape(target.shape)
    return state, record


def _sum(state: SolverState) -> str:
    return records.sum_of_contents(state.iter, state.learned_net, state.current_step, state.history)


def _find_weights(state: SolverState, path: str, mark: FileMark | None) -> str:
    """The weights that belong to a state: where it says, or beside the state itself.

    Raises:
        SnapshotError: in neither place, or not as they were when the state was written.
    """
    beside = os.path.join(os.path.dirname(path), os.path.basename(state.learned_net))
    places = [place for place in (state.learned_net, beside) if os.path.exists(place)]
    if not places:
        name = state.learned_net
        folders = dict.fromkeys(os.path.dirname(os.path.abspath(one)) for one in (name, beside))
        missing = f"'{os.path.basename(name)}' is not in {' nor in '.join(folders)}"
        raise SnapshotError(
            f"the weights that belong to it are missing: {missing}",
            path=path,
        )
    if mark is None:
        return places[0]
    found = {place: _mark(place) for place in places}
    matching = [place for place in places if found[place] == mark]
    if matching:
        return matching[0]
    other = found[places[0]]
    difference = (
        f"{other.length} bytes long, not {mark.length}"
        if other.length != mark.length
        else "another file of the same length (its checksum differs)"
    )
    raise SnapshotError(
        f"the weights '{places[0]}' are not those that were written with it: they are "
        f"{difference}; use another snapshot, or start from these weights with --weights",
        path=path,
    )


def _mark(path: str) -> FileMark:
    try:
        return records.mark_of(path)
    except OSError as reason:
        raise SnapshotError(f"the file cannot be read: {reason.strerror}", path=path) from reason
