"""A snapshot's two files: whole together, checked when read, legible to Caffe."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from minicaffe.errors import SnapshotError
from minicaffe.net.layer_states import from_json, to_json
from minicaffe.proto import caffe_pb2
from minicaffe.solver import snapshot_record
from minicaffe.solver.snapshot import read_snapshot
from minicaffe.solver.snapshot_record import FileMark, SnapshotRecord
from minicaffe.solver.solver_state import read_state, write_state
from tests.reliability.problem import bits, dummy, open_solver, write_training

FACTS = Path(__file__).parents[1] / "golden" / "schema" / "fields.tsv"


@pytest.fixture(params=["", ".h5"])
def pair(request, folder):
    """A solver that has trained, and the names of its snapshot's files."""
    if request.param:
        pytest.importorskip("h5py")
    kind = "HDF5" if request.param else "BINARYPROTO"
    write_training(folder, f"max_iter: 9 momentum: 0.9 snapshot_format: {kind}", dummy)
    solver, _ = open_solver()
    solver.step(2)
    return solver, *map(Path, solver.snapshot())


def refused(path: Path, message: str) -> None:
    """The snapshot is not taken, and nothing changes."""
    fresh, _ = open_solver()
    before = bits(fresh)
    with pytest.raises(SnapshotError, match=message):
        fresh.restore(path)
    assert fresh.iter == 0
    assert bits(fresh) == before


def test_the_record_knows_its_weights(pair):
    _, model, state = pair
    loaded, weights, record = read_snapshot(str(state))
    assert (loaded.iter, weights) == (2, str(model))
    data = model.read_bytes()
    assert record.weights == FileMark(len(data), hashlib.sha256(data).hexdigest())
    assert record.training["engine"] in ("numpy", "onednn")
    assert abs(record.written - os.stat(state).st_mtime) < 60


def test_other_weights_are_refused(pair):
    solver, model, state = pair
    solver.step(1)
    other, _ = solver.snapshot()
    os.replace(other, model)
    refused(state, r"are not those that were written with it: .*(checksum|bytes long)")


def test_weights_cut_short_are_refused(pair):
    _, model, state = pair
    size = model.stat().st_size
    os.truncate(model, size - 7)
    refused(state, f"they are {size - 7} bytes long, not {size}; use another snapshot")


def test_the_right_weights_beside_a_moved_state_are_preferred_to_others(pair):
    solver, model, state = pair
    moved = Path("moved")
    moved.mkdir()
    for path in (model, state):
        os.rename(path, moved / path.name)
    model.write_bytes(b"something else of that name")
    again, _ = open_solver()
    again.restore(moved / state.name)
    assert bits(again) == bits(solver)


def test_a_flipped_bit_anywhere_is_noticed(pair):
    """In the histories, whose numbers no parser can judge; and in the record."""
    _, _, state = pair
    whole = state.read_bytes()
    history = np.ascontiguousarray(read_snapshot(str(state))[0].history[0]).tobytes()
    places = {"what it holds|damaged|checksum": whole.index(history) + 5}
    places["record in it is wrong"] = whole.index(b'"standing"') + 20
    for message, place in places.items():
        state.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        refused(state, message)


def test_a_later_format_is_told(pair):
    _, _, path = pair
    state = read_state(str(path))
    fields = json.loads(state.record.partition(b"\n")[2])
    text = json.dumps({**fields, "format": 2}).encode()
    state.record = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
    write_state(str(path), state, hdf5=path.suffix == ".h5")
    refused(path, "another version of minicaffe: its record has format 2, this one reads 1")


# --------------------------------------------------------------------------- Caffe reads it


def bvlc_message(name: str):
    """A message class with BVLC Caffe's fields only, from the facts about its schema."""
    file = descriptor_pb2.FileDescriptorProto(name="bvlc.proto", package="bvlc", syntax="proto2")
    field_type = descriptor_pb2.FieldDescriptorProto
    wanted = ("SolverState", "BlobProto", "BlobShape")
    for value in wanted:
        file.message_type.add(name=value)
    with open(FACTS, newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            if row["message"] not in wanted:
                continue
            message = next(item for item in file.message_type if item.name == row["message"])
            field = message.field.add(name=row["field"], number=int(row["number"]))
            field.label = field_type.Label.Value("LABEL_" + row["label"].upper())
            if row["type"] in wanted:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".bvlc.{row['type']}"
            else:
                field.type = field_type.Type.Value("TYPE_" + row["type"].upper())
            if row["packed"] == "packed":
                field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bvlc.{name}"))


def test_caffes_own_schema_reads_the_state(folder):
    write_training(folder, "max_iter: 9 momentum: 0.9", dummy)
    solver, _ = open_solver()
    solver.step(3)
    model, path = solver.snapshot()
    theirs = bvlc_message("SolverState")()
    assert "minicaffe_record" not in theirs.DESCRIPTOR.fields_by_name
    theirs.ParseFromString(Path(path).read_bytes())
    assert (theirs.iter, theirs.learned_net, theirs.current_step) == (3, model, 0)
    assert len(theirs.history) == len(solver.history)
    for proto, array in zip(theirs.history, solver.history, strict=True):
        assert list(proto.shape.dim) == list(array.shape)
        np.testing.assert_array_equal(np.array(proto.data, np.float32), array.ravel())
    ours = caffe_pb2.SolverState.FromString(Path(path).read_bytes())
    assert ours.minicaffe_record
    ours.ClearField("minicaffe_record")
    theirs.DiscardUnknownFields()
    assert theirs.SerializeToString() == ours.SerializeToString()


def test_caffes_hdf5_reader_finds_what_it_looks_for(folder):
    """It opens these by name, and counts the members of 'history' only."""
    h5py = pytest.importorskip("h5py")
    write_training(folder, "max_iter: 9 momentum: 0.9 snapshot_format: HDF5", dummy)
    solver, _ = open_solver()
    solver.step(3)
    _, path = solver.snapshot()
    with h5py.File(path) as file:
        assert set(file) == {"iter", "learned_net", "current_step", "history", "minicaffe_record"}
        assert sorted(file["history"]) == sorted(str(i) for i in range(len(solver.history)))


# ----------------------------------------------------------------------------- the record

STANDING = {
    "number": 2**127 + 3,
    "real": 0.1,
    "nothing": None,
    "texts": ["é", ""],
    "deep": {"flag": True, "values": [1, [2.5]]},
}


def test_a_record_comes_back_exactly():
    record = SnapshotRecord(12.5, FileMark(7, "ab"), "cd", STANDING)
    assert snapshot_record.decode(snapshot_record.encode(record), "x") == record


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "u1", "i8", "?"])
def test_arrays_are_plain_and_come_back(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    found = from_json(json.loads(json.dumps(to_json({"a": (array, np.float32(2))}))))
    assert found["a"][1] == 2.0
    assert found["a"][0].dtype == array.dtype
    np.testing.assert_array_equal(found["a"][0], array)
    found["a"][0][0, 0] = 1  # may be written


@pytest.mark.parametrize("value", [object(), {1: 2}, {"array": 3}, np.array([None]), {1, 2}, b""])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(TypeError):
        to_json(value)


def signed(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


RECORD = SnapshotRecord(0, FileMark(1, ""), "", {})
GOOD = json.loads(snapshot_record.encode(RECORD).partition(b"\n")[2])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no record",
        signed(b"{}"),
        signed(b"[1]"),
        signed(b"[" * 100_000),
        signed(b"\xff"),
        signed(json.dumps({**GOOD, "standing": [1]}).encode()),
        signed(json.dumps({**GOOD, "weights": None}).encode()),
        signed(json.dumps({**GOOD, "written": "now"}).encode()),
        signed(json.dumps({**GOOD, "standing": {"array": ["O", [1], "AAAA"]}}).encode()),
        signed(json.dumps({**GOOD, "standing": {"a": {"array": ["<f4", [-9], "AAAA"]}}}).encode()),
        signed(json.dumps({**GOOD, "standing": {"a": {"array": 5}}}).encode()),
        signed(b'{"format": 1e999}'),
    ],
)
def test_malformed_records_are_one_line(data):
    with pytest.raises(SnapshotError) as caught:
        snapshot_record.decode(data, "x.solverstate")
    assert str(caught.value).startswith("x.solverstate: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"loss": 3, "train": [], "tests": []},
        {"loss": {"mean": 0, "losses": [], "count": 0}, "train": [], "tests": 3},
        {"loss": {"mean": 0, "losses": [], "count": 0}, "train": [3], "tests": []},
        {
            "loss": {"mean": 0, "losses": [], "count": 0},
            "train": [{"name": "data", "type": "DummyData", "rng": {"bit_generator": "MT19937"}}],
            "tests": [],
        },
        {
            "loss": {"mean": 0, "losses": [], "count": 0},
            "train": [{"name": "data", "type": "DummyData", "rng": "PCG64"}],
            "tests": [],
        },
    ],
    ids=str,
)
def test_a_state_that_does_not_fit_is_one_line(training, folder):
    write_training(folder, "max_iter: 9 momentum: 0.9", dummy)
    solver, _ = open_solver()
    _, path = solver.snapshot()
    state = read_state(path)
    record = snapshot_record.decode(state.record, path)
    state.record = snapshot_record.encode(replace(record, training=training))
    write_state(path, state, hdf5=False)
    fresh, _ = open_solver()
    with pytest.raises(SnapshotError, match=r"malformed|cannot be restored") as caught:
        fresh.restore(path)
    assert "\n" not in str(caught.value)


def test_one_sum_of_contents_for_both_formats_and_another_for_other_contents():
    one = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((), np.float32)]
    sums = {
        snapshot_record.contents_sha256(1, "a", 0, one),
        snapshot_record.contents_sha256(1, "a", 0, [one[0].astype(">f4"), one[1]]),
    }
    assert len(sums) == 1
    for other in (
        (2, "a", 0, one),
        (1, "b", 0, one),
        (1, "a", 1, one),
        (1, "a", 0, one[:1]),
        (1, "a", 0, [one[0].reshape(3, 2), one[1]]),
        (1, "a", 0, [one[0].astype(np.float64), one[1]]),
        (1, "a", 0, [one[0] + np.float32(1e-6), one[1]]),
    ):
        sums.add(snapshot_record.contents_sha256(*other))
    assert len(sums) == 8
