"""Snapshots: names, contents, resuming, and what cannot be restored."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from minicaffe.errors import SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.solver.solver_state import SolverState, read_state, write_state
from minicaffe.weights.blob_proto import blob_proto
from tests.solver.problem import NET, make_solver, weights_of

FILES = Path(__file__).parent.parent / "golden" / "files"
FORMATS = {"": "BINARYPROTO", ".h5": "HDF5"}


@pytest.fixture(params=["", ".h5"])
def ending(request):
    if request.param:
        pytest.importorskip("h5py")
    return request.param


def settings(ending, more=""):
    return f"snapshot_prefix: 'w' snapshot_format: {FORMATS[ending]} momentum: 0.9 {more}"


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_resuming_equals_going_on(tmp_path, ending, kind):
    more = f'type: "{kind}" max_iter: 6 snapshot: 3'
    whole = make_solver(tmp_path, settings(ending, more))
    whole.solve()
    assert sorted(name for name in os.listdir() if "_iter_" in name) == [
        f"w_iter_{n}.{what}{ending}" for n in (3, 6) for what in ("caffemodel", "solverstate")
    ]
    resumed = make_solver(tmp_path, settings(ending, more))
    resumed.restore(f"w_iter_3.solverstate{ending}")
    assert resumed.iter == 3
    resumed.solve()
    for a, b in zip(weights_of(whole.net), weights_of(resumed.net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_restoring_gives_the_test_nets_the_weights(tmp_path, ending):
    more = settings(ending, "test_iter: 1 test_interval: 100 test_initialization: false")
    solver = make_solver(tmp_path, more)
    solver.step(2)
    _, state = solver.snapshot()
    want = weights_of(solver.net)
    again = make_solver(tmp_path, more)
    assert not np.array_equal(weights_of(again.test_nets[0])[0], want[0])
    again.restore(state)
    for got, expected in zip(weights_of(again.test_nets[0]), want, strict=True):
        np.testing.assert_array_equal(got, expected)
    again.net.params["fc"][1].data[...] = 7  # shared, not copied
    assert again.test_nets[0].params["fc"][1].data.tolist() == [7, 7, 7]


def test_solve_can_resume(tmp_path, ending, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    make_solver(tmp_path, settings(ending, "max_iter: 2")).solve()
    solver = make_solver(tmp_path, settings(ending, "max_iter: 4 snapshot_after_train: false"))
    solver.solve(f"w_iter_2.solverstate{ending}")
    assert solver.iter == 4
    assert f"Restoring previous solver status from w_iter_2.solverstate{ending}" in caplog.text
    assert not os.path.exists(f"w_iter_4.caffemodel{ending}")


def test_state_keeps_all(tmp_path, ending):
    history = [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(4).reshape(())]
    write_state("s", SolverState(7, "wé.caffemodel", 2, history), hdf5=bool(ending))
    state = read_state("s")
    assert (state.iter, state.learned_net, state.current_step) == (7, "wé.caffemodel", 2)
    for want, got in zip(history, state.history, strict=True):
        np.testing.assert_array_equal(want, got)


def test_hdf5_state_is_laid_out_as_caffes(tmp_path):
    h5py = pytest.importorskip("h5py")
    golden = FILES / "file_sgd_hdf5" / "snap_iter_5.solverstate.h5"
    state = read_state(str(golden))
    write_state("mine.h5", state, hdf5=True)
    with h5py.File(golden) as want, h5py.File("mine.h5") as got:
        names: list[str] = []
        want.visit(names.append)
        assert sorted(names) == sorted(_names(got))
        for name in names:
            if not isinstance(want[name], h5py.Group):
                assert got[name].shape == want[name].shape
                assert got[name].dtype == want[name].dtype
                np.testing.assert_array_equal(got[name][()], want[name][()])
        text = got["learned_net"].id.get_type()
        assert text.get_strpad() == want["learned_net"].id.get_type().get_strpad()


def _names(file):
    names: list[str] = []
    file.visit(names.append)
    return names


def test_binary_state_is_caffes_message(tmp_path):
    golden = FILES / "file_adam" / "snap_iter_5.solverstate"
    write_state("mine", read_state(str(golden)), hdf5=False)
    want, got = (
        caffe_pb2.SolverState.FromString(Path(path).read_bytes()) for path in (golden, "mine")
    )
    assert got == want


def test_weights_are_found_beside_a_moved_state(tmp_path, ending):
    solver = make_solver(tmp_path, settings(ending))
    solver.step(2)
    model, state = solver.snapshot()
    os.mkdir("moved")
    shutil.move(model, "moved")
    shutil.move(state, "moved")
    again = make_solver(tmp_path, settings(ending))
    again.restore(os.path.join("moved", state))
    for a, b in zip(weights_of(solver.net), weights_of(again.net), strict=True):
        np.testing.assert_array_equal(a, b)
    os.remove(os.path.join("moved", model))
    with pytest.raises(SnapshotError, match=f"weights that belong to it are missing.*{model}"):
        again.restore(os.path.join("moved", state))


def test_missing_weights_are_named_once_with_where_they_were_looked_for(tmp_path):
    solver = make_solver(tmp_path)
    model, state = solver.snapshot()
    os.remove(model)
    with pytest.raises(SnapshotError) as caught:
        solver.restore(state)
    assert str(caught.value).count(os.path.basename(model)) == 1
    assert str(caught.value).endswith(
        f"is not in {os.path.dirname(os.path.abspath(model))}; copy them beside the state"
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows' file names are text")
def test_weights_of_a_name_that_is_not_utf8(tmp_path):
    solver = make_solver(tmp_path, settings(""))
    solver.step(1)
    model, state = solver.snapshot()
    os.rename(model, b"w_\xe9ter.caffemodel")  # é in Latin-1
    proto = caffe_pb2.SolverState(iter=1, learned_net="w_Xter.caffemodel")
    for array in solver.history:
        proto.history.append(blob_proto(array))
    Path(state).write_bytes(proto.SerializeToString().replace(b"w_X", b"w_\xe9"))
    again = make_solver(tmp_path, settings(""))
    again.restore(state)
    for a, b in zip(weights_of(solver.net), weights_of(again.net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_current_step_is_kept(tmp_path, ending):
    more = settings(ending, "gamma: 0.5 stepvalue: 1 stepvalue: 2")
    solver = make_solver(tmp_path, more)
    solver.param.lr_policy = "multistep"
    solver.step(4)
    _, state = solver.snapshot()
    assert read_state(state).current_step == 2
    again = make_solver(tmp_path, more)
    again.param.lr_policy = "multistep"
    again.restore(state)
    assert again.lr == pytest.approx(0.025)


def test_snapshot_diff(tmp_path):
    solver = make_solver(tmp_path, settings("", "snapshot_diff: true"))
    solver.step(1)
    model, _ = solver.snapshot()
    proto = caffe_pb2.NetParameter.FromString(Path(model).read_bytes())
    blob = next(layer for layer in proto.layer if layer.name == "fc").blobs[1]
    np.testing.assert_array_equal(np.array(blob.diff, np.float32), solver.net.params["fc"][1].diff)


# --------------------------------------------------------------------- refused


def unchanged(solver, path, message):
    before = weights_of(solver.net)
    with pytest.raises(SnapshotError, match=message):
        solver.restore(path)
    assert solver.iter == 0
    for a, b in zip(before, weights_of(solver.net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_state_of_another_net(tmp_path, ending):
    wider = NET.replace("num_output: 3", "num_output: 7")
    solver = make_solver(tmp_path, settings(ending), wider)
    solver.step(1)
    _, state = solver.snapshot()
    other = make_solver(tmp_path, settings(ending))
    unchanged(other, state, r"layer 'fc'.*history 0 has shape 7×5.*parameter 0 has 3×5")


def test_state_of_another_solver_type(tmp_path, ending):
    solver = make_solver(tmp_path, settings(ending, 'type: "Adam"'))
    _, state = solver.snapshot()
    other = make_solver(tmp_path, settings(ending))
    unchanged(other, state, "holds 4 history blobs, but this solver with net 'small' has 2")


def test_old_4d_history_fits(tmp_path):
    solver = make_solver(tmp_path)
    history = [values.reshape(1, 1, *(1, *values.shape)[-2:]) for values in solver.history]
    write_state("s", SolverState(3, "", 0, history), hdf5=False)
    solver.restore("s")
    assert solver.iter == 3


@pytest.mark.parametrize("content", [None, b"", b"garbage, nothing but garbage"])
def test_file_that_is_no_state(tmp_path, content):
    solver = make_solver(tmp_path)
    if content is not None:
        Path("bad.solverstate").write_bytes(content)
    unchanged(solver, "bad.solverstate", r"bad\.solverstate")


def test_weights_in_the_place_of_a_state(tmp_path, ending):
    solver = make_solver(tmp_path, settings(ending))
    model, _ = solver.snapshot()
    unchanged(solver, model, "a solver state: it has no|this is a net with its weights")


def test_truncated_hdf5(tmp_path):
    pytest.importorskip("h5py")
    solver = make_solver(tmp_path, settings(".h5"))
    _, state = solver.snapshot()
    Path(state).write_bytes(Path(state).read_bytes()[:900])
    unchanged(solver, state, "cannot be read as an HDF5 file")


def test_nothing_is_lost_when_writing_fails(tmp_path, monkeypatch):
    solver = make_solver(tmp_path, settings(""))
    model, state = solver.snapshot()
    before = Path(model).read_bytes()
    solver.net.params["fc"][0].data[...] = 5

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SnapshotError, match="No space left on device"):
        solver.snapshot()
    assert Path(model).read_bytes() == before
    assert sorted(name for name in os.listdir() if "iter" in name) == [model, state]
