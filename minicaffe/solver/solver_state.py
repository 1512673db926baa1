"""A solver's state as Caffe writes it: ``.solverstate`` and ``.solverstate.h5``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import SnapshotError
from minicaffe.errors.mistakes import FileKindError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import ENOUGH, STATE, other_kind
from minicaffe.proto.io import map_binary, read_binary
from minicaffe.proto.wire import BYTES, WireError, wire_fields
from minicaffe.weights.blob_proto import array_of, blob_proto
from minicaffe.weights.hdf5 import (
    Hdf5Reader,
    is_hdf5,
    new_hdf5,
    open_hdf5,
    require_h5py,
)

if TYPE_CHECKING:
    import h5py

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
        record: what minicaffe adds (see :mod:`minicaffe.solver.snapshot_record`); empty in
            Caffe's files.
    """

    iter: int
    learned_net: str = ""
    current_step: int = 0
    history: Sequence[np.ndarray] = field(default_factory=list)
    record: bytes = b""


def write_state(path: str | os.PathLike[str], state: SolverState, *, hdf5: bool) -> None:
    """Write a state in one of Caffe's two formats.

    Args:
        path: a file that nothing reads before it is complete (see
            :func:`minicaffe.files.write_together`): a failure leaves it half written.
        state: what to write.
        hdf5: the format: HDF5, or else a binary message.

    Raises:
        OSError: it cannot be written.
    """
    if hdf5:
        _write_hdf5(Path(path), state)
        return
    proto = caffe_pb2.SolverState(
        iter=state.iter, learned_net=state.learned_net, current_step=state.current_step
    )
    if state.record:
        proto.minicaffe_record = state.record
    for array in state.history:
        proto.history.append(blob_proto(array))
    Path(path).write_bytes(proto.SerializeToString())


def read_state(path: str) -> SolverState:
    """Read a state; HDF5 is told by its content.

    Raises:
        SnapshotError: the file cannot be read or is something else.
    """
    if is_hdf5(path):
        return _read_hdf5(path)
    proto = read_binary(path, caffe_pb2.SolverState, inner=True)
    if not proto.HasField("iter") and not proto.history:
        raise _no_state(path)
    try:
        history = [array_of(blob) for blob in proto.history]
    except SnapshotError as error:
        raise error.locate(path=path) from error.__cause__
    learned_net = proto.learned_net
    if isinstance(learned_net, bytes):  # a name that is not UTF-8
        learned_net = os.fsdecode(learned_net)
    return SolverState(proto.iter, learned_net, proto.current_step, history, proto.minicaffe_record)


def _no_state(path: str) -> SnapshotError:
    with open(path, "rb") as stream:
        kind = other_kind(stream.read(ENOUGH), STATE)
    if kind:
        return FileKindError(kind, path=path)
    return SnapshotError(
        "does not look like a solver state; expected a .solverstate or .solverstate.h5 file "
        "(weights are given by themselves)",
        path=path,
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
        for field in wire_fields(map_binary(path, inner=True).view):
            if field.number == number and field.wire == BYTES:
                return bytes(field.value)
    except WireError as reason:
        raise SnapshotError(f"the file is truncated or damaged: {reason}", path=path) from reason
    return b""


def check_history(state: SolverState, net: Net, histories: int, path: str) -> None:
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
        param = params[index % len(params)]
        want = param.blob.shape
        if array.shape != want and array.shape != (1,) * (4 - len(want)) + want:
            raise SnapshotError(
                f"history {index} has shape {shape_text(array.shape)}, but parameter "
                f"{param.index} has {shape_text(want)} in net '{net.name}'; the state was "
                "written for another net",
                path=path,
                layer=param.layer_name,
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


def _write_text(file: h5py.File, name: str, text: str) -> None:
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
