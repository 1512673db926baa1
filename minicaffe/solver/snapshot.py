"""Solver states on disk: Caffe's ``.solverstate`` and ``.solverstate.h5``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import SnapshotError
from minicaffe.files import refusals, write_beside, write_together
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import ENOUGH, STATE, other_kind
from minicaffe.proto.io import map_binary, read_binary
from minicaffe.proto.wire import BYTES, WireError, wire_fields
from minicaffe.solver import training_state as records
from minicaffe.solver.training_state import FileMark, Record
from minicaffe.weights.blob_proto import array_of, blob_proto
from minicaffe.weights.caffemodel import load_weights, write_caffemodel
from minicaffe.weights.hdf5 import (
    Hdf5Reader,
    is_hdf5,
    new_hdf5,
    open_hdf5,
    require_h5py,
    write_hdf5,
)

#: The field of the message, and the dataset of the HDF5 file, that Caffe passes over.
_RECORD = "minicaffe_record"


@dataclass
class SolverState:
    """What a solver needs to go on, besides the weights.

    Attributes:
        iter: how many updates there have been.
        learned_net: the file that holds the weights; "" when there is none.
        current_step: how many steps the learning rate has gone down.
        history: the update rule's memory, parameter by parameter.
        record: what minicaffe adds (see :mod:`minicaffe.solver.training_state`); empty in
            Caffe's files.
    """

    iter: int
    learned_net: str = ""
    current_step: int = 0
    history: Sequence[np.ndarray] = field(default_factory=list)
    record: bytes = b""


def write_state(path: str, state: SolverState, *, hdf5: bool) -> None:
    """Write a state in Caffe's format.

    Raises:
        SnapshotError: the file cannot be written; an older one is kept.
    """
    with write_beside(path) as beside:
        write_state_file(beside, state, hdf5=hdf5)


def write_state_file(path: Path, state: SolverState, *, hdf5: bool) -> None:
    """The same, straight into a file that is nobody's yet.

    Raises:
        OSError: it cannot be written.
    """
    if hdf5:
        _write_hdf5(path, state)
        return
    proto = caffe_pb2.SolverState(
        iter=state.iter, learned_net=state.learned_net, current_step=state.current_step
    )
    if state.record:
        proto.minicaffe_record = state.record
    for array in state.history:
        proto.history.append(blob_proto(array))
    path.write_bytes(proto.SerializeToString())


def read_state(path: str) -> SolverState:
    """Read a state; HDF5 is told by its content.

    Raises:
        SnapshotError: the file cannot be read or is something else.
    """
    if is_hdf5(path):
        return _read_hdf5(path)
    proto = read_binary(path, caffe_pb2.SolverState, inner=True)
    if not proto.HasField("iter") and not proto.history:
        raise SnapshotError(_no_state(path), path=path)
    try:
        history = [array_of(one) for one in proto.history]
    except SnapshotError as error:
        raise error.locate(path=path) from error.__cause__
    learned_net = proto.learned_net
    if isinstance(learned_net, bytes):  # a name that is not UTF-8
        learned_net = os.fsdecode(learned_net)
    return SolverState(proto.iter, learned_net, proto.current_step, history, proto.minicaffe_record)


def _no_state(path: str) -> str:
    with open(path, "rb") as stream:
        kind = other_kind(stream.read(ENOUGH), STATE)
    return kind or (
        "does not look like a solver state; expected a .solverstate or .solverstate.h5 file "
        "(weights are given by themselves)"
    )


def peek_record(path: str) -> bytes:
    """Only what minicaffe has added to a state; the histories are passed over.

    Raises:
        SnapshotError: the file cannot be read or is something else.
    """
    if is_hdf5(path):
        with open_hdf5(path) as file:
            return _record_in(file)
    number = caffe_pb2.SolverState.DESCRIPTOR.fields_by_name[_RECORD].number
    try:
        for one in wire_fields(map_binary(path, inner=True).view):
            if one.number == number and one.wire == BYTES:
                return bytes(one.value)
    except WireError as reason:
        raise SnapshotError(f"the file is truncated or damaged: {reason}", path=path) from reason
    return b""


def check_history(state: SolverState, net: Any, histories: int, path: str) -> None:
    """Refuse a state that was written for another net or another solver type.

    Args:
        histories: how many numbers the update rule remembers of each weight.

    Raises:
        SnapshotError: names what differs.
    """
    params = net.learnable_params
    expected = histories * len(params)
    if len(state.history) != expected:
        raise SnapshotError(
            f"it holds {len(state.history)} history blobs, but this solver with net "
            f"'{net.name}' has {expected}; it was written for another net or solver type",
            path=path,
        )
    for index, array in enumerate(state.history):
        one = params[index % len(params)]
        want = one.blob.shape
        if array.shape != want and array.shape != (1,) * (4 - len(want)) + want:
            raise SnapshotError(
                f"history {index} has shape {shape_text(array.shape)}, but parameter "
                f"{one.index} has {shape_text(want)} in net '{net.name}'; the state was "
                "written for another net",
                path=path,
                layer=one.layer_name,
            )


def _write_hdf5(path: Path, state: SolverState) -> None:
    with new_hdf5(path) as file:
        file.create_dataset("iter", data=np.array([state.iter], np.int32))
        _write_text(file, "learned_net", state.learned_net)
        file.create_dataset("current_step", data=np.array([state.current_step], np.int32))
        group = file.create_group("history")
        for index, array in enumerate(state.history):
            group.create_dataset(str(index), data=array)
        if state.record:
            file.create_dataset(_RECORD, data=np.frombuffer(state.record, np.uint8))


def _write_text(file: Any, name: str, text: str) -> None:
    """A string that ends with a zero byte, which Caffe's reader relies on."""
    h5 = require_h5py()
    raw = text.encode() + b"\0"
    kind = h5.h5t.C_S1.copy()
    kind.set_size(len(raw))
    kind.set_strpad(h5.h5t.STR_NULLTERM)
    space = h5.h5s.create(h5.h5s.SCALAR)
    dataset = h5.h5d.create(file.id, name.encode(), kind, space)
    dataset.write(space, space, np.array(raw, f"S{len(raw)}"), kind)


def _read_hdf5(path: str) -> SolverState:
    with open_hdf5(path) as file:
        for name in ("iter", "current_step", "history"):
            if file.find(name) is None:
                weights = file.is_group(file.find("data"))
                hint = "; these are weights, given as --weights (net.copy_from)" if weights else ""
                raise SnapshotError(
                    f"does not look like a solver state: it has no '{name}'{hint}", path=path
                )
        group = file.find("history")
        history = [
            file.numbers(file.find(str(index), group), f"history {index}")
            for index in range(len(file.names(group)))
        ]
        return SolverState(
            iter=_number_in(file, "iter"),
            learned_net=_text_in(file, "learned_net"),
            current_step=_number_in(file, "current_step"),
            history=history,
            record=_record_in(file),
        )


def _number_in(file: Hdf5Reader, name: str) -> int:
    values = file.numbers(file.find(name), f"'{name}'").ravel()
    if not values.size or not 0 <= values[0] < 2**31:
        raise SnapshotError(
            f"'{name}' is {values[:1].tolist() or 'empty'}, expected a whole number from 0 to "
            "2^31-1",
            path=file.path,
        )
    return int(values[0])


def _text_in(file: Hdf5Reader, name: str) -> str:
    item = file.find(name)
    raw = b"" if item is None else file.raw(item, f"'{name}'")
    return raw.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _record_in(file: Hdf5Reader) -> bytes:
    item = file.find(_RECORD)
    return b"" if item is None else file.numbers(item, f"'{_RECORD}'").tobytes()


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
