"""Which snapshot is the newest, which ones are removed."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from minicaffe.errors import MissingExtraError, SnapshotError
from minicaffe.files import remove_leftovers
from minicaffe.solver.snapshot import latest_snapshot, list_snapshots, prune_snapshots
from minicaffe.solver.solver_state import read_state, write_state
from tests.reliability.problem import dummy, open_solver, write_training


@pytest.fixture
def solver(folder):
    """A solver that has written snapshots after 1, 2 and 3 iterations."""
    write_training(folder, "max_iter: 9", dummy)
    solver, _ = open_solver()
    for _ in range(3):
        solver.step(1)
        solver.snapshot()
    return solver


def states(folder=".") -> list[str]:
    return sorted(path.name for path in Path(folder).glob("*.solverstate*"))


def test_the_last_one_written_counts(solver):
    assert latest_snapshot("run") == "run_iter_3.solverstate"
    solver.iter = 1  # an earlier one was gone back to
    solver.snapshot()
    assert latest_snapshot("run") == "run_iter_1.solverstate"
    assert [snapshot.iter for snapshot in list_snapshots("run")] == [1, 3, 2]


def test_the_time_is_the_recorded_one_whatever_copying_made_of_the_files(solver):
    for age, iteration in enumerate((3, 1, 2)):
        os.utime(f"run_iter_{iteration}.solverstate", (age, age))
    assert latest_snapshot("run") == "run_iter_3.solverstate"


def test_a_clock_that_goes_back_does_not_make_new_snapshots_old(solver, monkeypatch):
    """Another computer goes on with the training, and its clock is slow."""
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    later, _ = open_solver(keep_snapshots=2)
    later.restore("run_iter_3.solverstate")
    for iteration in (4, 5, 6):
        later.step(1)
        later.snapshot()
        assert latest_snapshot("run") == f"run_iter_{iteration}.solverstate"
    assert [snapshot.iter for snapshot in list_snapshots("run")] == [6, 5]


def test_none(folder):
    assert latest_snapshot("run") is None
    assert latest_snapshot("no/such/folder/run") is None


def test_other_names_do_not_count(solver, folder):
    (folder / "deep").mkdir()
    for name in ("rerun_iter_9", "run_iter_x", "run_iter_9.old", "deep/run_iter_9"):
        os.link("run_iter_1.solverstate", f"{name}.solverstate")
    assert [snapshot.iter for snapshot in list_snapshots("run")] == [3, 2, 1]
    assert [snapshot.path for snapshot in list_snapshots("deep/run")] == [
        "deep/run_iter_9.solverstate"
    ]
    assert [snapshot.iter for snapshot in list_snapshots(str(folder / "run"))] == [3, 2, 1]
    assert list_snapshots("run.iter") == list_snapshots("r(n") == []


def test_folders_and_devices_of_such_names_are_no_snapshots(solver, folder):
    (folder / "run_iter_5.solverstate").mkdir()
    if os.path.exists("/dev/zero"):  # has no end
        (folder / "run_iter_6.solverstate").symlink_to("/dev/zero")
    assert [snapshot.iter for snapshot in list_snapshots("run")] == [3, 2, 1]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda: os.remove("run_iter_3.caffemodel"), "missing"),
        (lambda: os.truncate("run_iter_3.caffemodel", 100), "100 bytes long"),
        (lambda: os.truncate("run_iter_3.solverstate", 100), "truncated or damaged"),
        (lambda: os.truncate("run_iter_3.solverstate", 0), "empty"),
        (lambda: Path("run_iter_3.solverstate").write_text("some text"), "text file"),
    ],
)
def test_what_is_not_whole_is_passed_over_and_told(solver, caplog, damage, reason):
    damage()
    assert latest_snapshot("run") == "run_iter_2.solverstate"
    (told,) = caplog.messages
    assert re.match(rf"passing over .* run_iter_3\.solverstate: .*{reason}", told)


def test_nothing_whole_at_all(solver, caplog):
    for iteration in (1, 2, 3):
        os.remove(f"run_iter_{iteration}.caffemodel")
    assert latest_snapshot("run") is None
    assert len(caplog.messages) == 3


def test_caffes_own_snapshots_count_by_their_files_time(solver):
    state = read_state("run_iter_2.solverstate")
    state.record = b""
    write_state("run_iter_20.solverstate", state, hdf5=False)
    later = list_snapshots("run")[0].written + 100
    os.utime("run_iter_20.solverstate", (later, later))
    assert latest_snapshot("run") == "run_iter_20.solverstate"


def test_hdf5_without_h5py_is_an_error_and_not_a_loss(folder, monkeypatch):
    pytest.importorskip("h5py")
    write_training(folder, "max_iter: 9 snapshot_format: HDF5", dummy)
    solver, _ = open_solver()
    solver.snapshot()
    assert latest_snapshot("run") == "run_iter_0.solverstate.h5"

    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError):
        latest_snapshot("run")


# --------------------------------------------------------------------------------- removing


def test_prune_keeps_the_newest_and_what_is_not_ours(solver):
    state = read_state("run_iter_1.solverstate")
    state.record = b""
    write_state("run_iter_7.solverstate", state, hdf5=False)
    Path("run_iter_7.caffemodel").write_bytes(b"Caffe's")
    assert prune_snapshots("run", 2) == ["run_iter_1.solverstate"]
    assert states() == [f"run_iter_{n}.solverstate" for n in (2, 3, 7)]
    assert sorted(Path().glob("*.caffemodel")) == [
        Path(f"run_iter_{n}.caffemodel") for n in (2, 3, 7)
    ]


def test_prune_removes_broken_pairs_as_well(solver):
    os.remove("run_iter_1.caffemodel")
    assert prune_snapshots("run", 1) == ["run_iter_2.solverstate", "run_iter_1.solverstate"]
    assert states() == ["run_iter_3.solverstate"]


def test_prune_in_a_folder_with_a_confusing_name(folder):
    Path("a.solverstate").mkdir()
    write_training(folder, "max_iter: 9 ", dummy)
    solver, _ = open_solver(keep_snapshots=1)
    solver.param.snapshot_prefix = "a.solverstate/run"
    for _ in range(2):
        solver.step(1)
        solver.snapshot()
    assert sorted(os.listdir("a.solverstate")) == [
        "run_iter_2.caffemodel",
        "run_iter_2.solverstate",
    ]


def test_what_cannot_be_removed_is_reported(solver, monkeypatch, caplog):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    assert prune_snapshots("run", 1) == []
    assert "cannot remove the old snapshot run_iter_2.solverstate: Permission" in caplog.text


def test_keep_snapshots_of_a_solver(folder):
    write_training(folder, "max_iter: 9 snapshot: 2", dummy)
    solver, _ = open_solver(keep_snapshots=2)
    solver.solve()
    assert states() == ["run_iter_8.solverstate", "run_iter_9.solverstate"]
    assert len(list(folder.glob("*.caffemodel"))) == 2
    with pytest.raises(SnapshotError, match="0 snapshots are to be kept, expected at least 1"):
        open_solver(keep_snapshots=0)


def test_leftovers_of_a_killed_process_are_removed(solver, folder):
    for name in (".run_iter_4.caffemodel.00ff00ff.part", "run_iter_0.89abcdef.tempfile"):
        (folder / name).touch()
    for name in (".run.part", ".other_iter_4.caffemodel.00ff00ff.part", "run_iter_4.tempfile"):
        (folder / name).touch()
    assert remove_leftovers("run") == [
        ".run_iter_4.caffemodel.00ff00ff.part",
        "run_iter_0.89abcdef.tempfile",
    ]
    assert remove_leftovers(str(folder / "run")) == remove_leftovers("no/such/run") == []
    assert (folder / ".run.part").exists()
    assert len(states()) == 3
