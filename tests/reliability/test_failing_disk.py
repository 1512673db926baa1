"""Snapshots that cannot be written: told at once, tried again, and seen in the exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe.errors import SnapshotError
from minicaffe.solver import Observer
from minicaffe.solver.events import SnapshotFailed
from minicaffe.solver.snapshot import latest_snapshot
from tests.reliability.problem import bits, dummy, open_solver, write_training
from tests.told import one_line_each

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["BINARYPROTO", "HDF5"])
def kind(request):
    if request.param == "HDF5":
        pytest.importorskip("h5py")
    return request.param


def ending(kind: str) -> str:
    return ".h5" if kind == "HDF5" else ""


class Failures(Observer):
    """Keeps what failed."""

    def __init__(self) -> None:
        self.told: list[SnapshotFailed] = []

    def on_snapshot_failed(self, event: SnapshotFailed) -> None:
        self.told.append(event)


def train(*words: str, **how) -> subprocess.CompletedProcess[str]:
    """``minicaffe train`` in a process of its own."""
    command = [sys.executable, "-m", "minicaffe", "train", "--solver=solver.prototxt", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, **how)


def test_a_full_disk_costs_one_snapshot(folder, kind):
    """Linux has a device that is always full."""
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    write_training(folder, f"max_iter: 6 snapshot: 2 snapshot_format: {kind}", dummy)
    full = folder / f"run_iter_4.solverstate{ending(kind)}"
    full.symlink_to("/dev/full")
    done = train()
    assert done.returncode == 3, done.stderr
    failure = "Iteration 4: the snapshot failed, training goes on without it: "
    reason = f"{full.name}: cannot write the file: No space left on device"
    assert failure + reason in done.stderr
    assert "1 snapshot(s) could not be written meanwhile" in done.stderr
    assert "Traceback" not in done.stderr
    full.unlink()
    assert not (folder / f"run_iter_4.caffemodel{ending(kind)}").exists()  # no half a pair
    assert [path for path in os.listdir() if path.endswith(".part")] == []
    assert latest_snapshot("run") == f"run_iter_6.solverstate{ending(kind)}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_when_the_last_snapshot_fails_so_does_the_training(folder, kind):
    """No file of this process may be longer than 2000 bytes."""
    import resource

    write_training(folder, f"max_iter: 4 snapshot: 2 snapshot_format: {kind}", dummy)
    limit = (2000, 2000)
    done = train(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("the snapshot failed, training goes on without it") == 2
    last = one_line_each(done.stderr).splitlines()[-1]
    assert last.startswith("error: run_iter_4.")
    assert "cannot write the file: File too large" in last
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir()) == ["net.prototxt", "solver.prototxt"]


def losing_folder(solver, lose, find):
    """Let the folder of the snapshots be away between the updates 3 and 5."""

    def at_start():
        if solver.iter == 3:
            lose()
        if solver.iter == 5:
            find()

    solver.add_callback(at_start, lambda: None)


def check_that_training_goes_on(folder, kind, lose, find):
    (folder / "deep").mkdir()
    text = f"max_iter: 6 snapshot: 2 momentum: 0.9 snapshot_format: {kind}"
    write_training(folder, text, dummy)
    whole, _ = open_solver()
    whole.solve()
    solver, _ = open_solver()
    solver.param.snapshot_prefix = "deep/run"
    failures = Failures()
    solver.observers.append(failures)
    losing_folder(solver, lose, find)
    solver.solve()
    assert solver.failed_snapshots == 1
    (event,) = failures.told
    assert event.iter == 4
    assert event.reason.startswith(f"deep/run_iter_4.caffemodel{ending(kind)}: cannot write")
    assert bits(solver) == bits(whole)
    assert sorted(path.name for path in Path("deep").glob("*.solverstate*")) == [
        f"run_iter_{n}.solverstate{ending(kind)}" for n in (2, 6)
    ]


def test_a_folder_that_is_away_for_a_while(folder, kind):
    check_that_training_goes_on(
        folder, kind, lambda: os.rename("deep", "away"), lambda: os.rename("away", "deep")
    )


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_is_read_only_for_a_while(folder, kind):
    check_that_training_goes_on(
        folder, kind, lambda: os.chmod("deep", 0o555), lambda: os.chmod("deep", 0o755)
    )


def test_asking_for_a_snapshot_still_raises(folder):
    """A program that calls snapshot() itself is told by an exception."""
    write_training(folder, "max_iter: 6", dummy)
    solver, _ = open_solver()
    solver.param.snapshot_prefix = "nowhere/run"
    with pytest.raises(
        SnapshotError, match=r"prototxt:3: cannot write to .* prefix 'nowhere/run': No"
    ):
        solver.snapshot()
    assert solver.failed_snapshots == 0


def test_two_files_stay_as_they_were_when_the_second_fails(folder):
    write_training(folder, "max_iter: 6", dummy)
    solver, _ = open_solver()
    model, state = map(Path, solver.snapshot())
    before = model.read_bytes(), state.read_bytes()
    solver.step(1)
    solver.iter = 0
    real = Path.write_bytes

    def full(path, data):
        if "solverstate" in path.name:
            raise OSError(28, "No space left on device")
        return real(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(SnapshotError, match=r"run_iter_0\.solverstate: cannot write"):
            solver.snapshot()
    assert (model.read_bytes(), state.read_bytes()) == before
    solver.snapshot()
    assert model.read_bytes() != before[0]
