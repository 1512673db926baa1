"""A process that has computed may be forked: no one waits for threads that are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe.engines import why_unavailable
from tests.reliability.problem import SOURCES, write_training

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

ROOT = Path(__file__).parents[2]
LIMIT = 120  # seconds, after which it hangs


def run(*args: str) -> list[str]:
    """The lines that grandchild, child and parent print."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.forked", *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    try:
        printed, errors = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        printed, _ = process.communicate()
        pytest.fail(f"it hangs; it has printed: {printed!r}")
    assert not errors
    return printed.splitlines()


@pytest.mark.parametrize("source", ["lmdb", "hdf5"])
def test_all_go_on_alike(source: str, engine: str, folder: Path) -> None:
    write_training(folder, "", SOURCES[source])
    lines = run(engine)
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert len(lines[0]) == 64


def test_an_openmp_that_cannot_end_its_threads(folder: Path) -> None:
    if why_unavailable("onednn"):
        pytest.skip(str(why_unavailable("onednn")))
    from minicaffe.engines.onednn.dnnl import library

    if library().openmp("omp_set_num_threads") is None:
        pytest.skip("this oneDNN has no OpenMP")
    write_training(folder, "", SOURCES["dummy"])
    *children, parent = run("onednn", "old")
    assert len(children) == 4
    for told, alone in (children[:2], children[2:]):
        assert "this process is a fork" in told
        assert 'start processes by "spawn"' in told
        assert alone == "one thread goes on"
    assert len(parent) == 64


def test_a_thread_that_forks(engine: str, folder: Path) -> None:
    write_training(folder, "", SOURCES["dummy"])
    lines = run(engine, "thread")
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert len(lines[0]) == 64


def test_a_database_that_cannot_be_taken_along(engine: str, folder: Path) -> None:
    write_training(folder, "", SOURCES["leveldb"])
    *children, parent = run(engine)
    assert len(children) == 2
    for line in children:
        assert "LevelDB 'records' was opened before this process was forked" in line
        assert 'start processes by "spawn"' in line
    assert len(parent) == 64


_WAITS = """
import os, threading
from minicaffe import threads
from minicaffe.data import db  # whose locks are registered before h5py is imported
from minicaffe.weights.hdf5 import open_hdf5

threads.FORK_PATIENCE = 3.0
with open_hdf5("x.h5"):
    pass
lock, within, done = threads.ForkLock(), threading.Event(), []

def read():
    with lock:
        within.set()
        while not forking:
            pass
        for _ in range(200):
            with open_hdf5("x.h5") as file:
                file.numbers(file.find("x"), "x")
        done.append(True)

forking = []
os.register_at_fork(before=lambda: forking.append(True))
reader = threading.Thread(target=read)
reader.start()
within.wait()
child = os.fork()
if child == 0:
    os._exit(0 if done else 1)
reader.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_waits_for_a_thread_before_it_locks_hdf5(folder: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = [1.0, 2.0]
    done = subprocess.run(
        [sys.executable, "-c", _WAITS], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=LIMIT,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n", "")
