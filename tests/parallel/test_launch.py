"""``minicaffe train --ranks N``: processes that the command line starts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minicaffe import common
from minicaffe.cli import main
from minicaffe.net.net import Net
from minicaffe.parallel import launch
from minicaffe.parallel.launch import start_ranks
from tests.parallel.problem import train, write_problem

SETTINGS = "max_iter: 4 display: 2 test_iter: 2 test_interval: 4 snapshot: 4"


def test_two_ranks_train_as_one_with_two_batches(caplog):
    write_problem(SETTINGS)
    command = [sys.executable, "-m", "minicaffe", "train", "--solver=solver.prototxt", "--ranks=2"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("rank 0 of 2, over shared memory") == 1
    assert ended.stderr.count("Optimization Done.") == 1
    assert ended.stderr.count("Iteration 4, Testing net (#0)") == 1
    together = Net("net.prototxt", weights="s_iter_4.caffemodel")
    alone = ["--set", "iter_size=2", "--set", "snapshot_prefix=alone"]
    assert main(["train", "--solver=solver.prototxt", *alone]) == 0
    expected = Net("net.prototxt", weights="alone_iter_4.caffemodel")
    for name, blobs in together.params.items():
        for blob, other in zip(blobs, expected.params[name], strict=True):
            assert blob.data == pytest.approx(other.data, rel=1e-5, abs=1e-7)


def test_a_mistake_in_the_solver_is_told_once(capfd):
    write_problem("base_learning_rate: 1")
    assert start_ranks(2, ["train", "--solver=solver.prototxt"]) == 1
    assert capfd.readouterr().err.count("--> solver.prototxt:") == 1


def test_a_mistake_is_told_once_and_ends_all_processes(capfd):
    write_problem(SETTINGS)
    os.remove("records/data.mdb")
    assert start_ranks(2, ["train", "--solver=solver.prototxt"]) == 1
    told = capfd.readouterr().err
    assert told.count("expected a folder with the file data.mdb") == 1
    assert "layer 'data' (Data)" in told
    assert told.count("Use CPU.") == 1


ORPHAN = """
import time
from minicaffe.parallel.launch import end_with_starter
end_with_starter()
print("begun", flush=True)
time.sleep(300)
"""
STARTER = f"""
import os, subprocess, sys
environ = {{**os.environ, "MINICAFFE_STARTER": str(os.getpid())}}
started = subprocess.Popen([sys.executable, "-c", '''{ORPHAN}'''], env=environ)
started.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not tell who has ended")
def test_processes_end_when_what_has_started_them_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout.readline() == "begun\n"
        starter.kill()
        assert starter.communicate(timeout=60)[0] == ""  # the other has closed its end


class Told:
    """In place of a process: what has been sent to it."""

    def __init__(self):
        self.came = []

    def send_signal(self, number):
        self.came.append(number)

    def kill(self):
        self.came.append("kill")


@pytest.mark.parametrize("foreground", [False, True])
def test_an_interrupt_reaches_all_processes_once_and_a_second_kills_them(monkeypatch, foreground):
    monkeypatch.setattr(launch, "in_foreground", lambda: foreground)  # of a terminal
    told = [Told(), Told()]
    with launch.passing_signals_on(told):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
    expected = ["kill"] if foreground else [signal.SIGINT, "kill"]
    assert [process.came for process in told] == [expected, expected]


def test_flags_that_contradict_what_started_the_process(monkeypatch, capsys):
    write_problem(SETTINGS)
    for name, value in (("RANK", "0"), ("RANKS", "2"), ("KEY", "k")):
        monkeypatch.setenv(f"MINICAFFE_{name}", value)
    assert main(["train", "--solver=solver.prototxt", "--ranks=3"]) == 2
    log = capsys.readouterr().err
    assert "--ranks=3, but minicaffe has started 2 process(es)" in log
    assert "leave --ranks out" in log


def test_each_process_has_a_gpu_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(common, "devices", lambda: ["cuda:0", "cuda:1"])
    started = []
    monkeypatch.setattr(launch, "start_ranks", lambda size, words: started.append(size) or 0)
    for gpus in ("all", "0,1"):
        assert main(["train", "--solver=solver.prototxt", f"--gpu={gpus}"]) == 0
    assert started == [2, 2]
    for name, value in (("RANK", "2"), ("RANKS", "3"), ("KEY", "k")):
        monkeypatch.setenv(f"MINICAFFE_{name}", value)
    assert main(["train", "--solver=solver.prototxt", "--gpu=0,1"]) == 2
    assert "names 2 GPU(s) for 3 processes" in capsys.readouterr().err


def test_pycaffes_program_for_several_devices(ranks):
    write_problem("max_iter: 4 snapshot: 4 display: 2")
    shutil.copy(Path(__file__).with_name("pycaffe_program.py"), "program.py")
    command = [sys.executable, "-m", "minicaffe.as_caffe", "program.py"]
    environ = {**os.environ, "MINICAFFE_ENGINE": "numpy", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("Snapshotting to binary proto file s_iter_4.caffemodel") == 1
    found = Net("net.prototxt", weights="s_iter_4.caffemodel")
    for weights, _ in ranks.run(train, 2, 4):
        trained = [blob.data.ravel() for blobs in found.params.values() for blob in blobs]
        assert set(np.concatenate(trained)) <= set(weights)


def test_mpiexec_starts_ranks(ranks):
    pytest.importorskip("mpi4py")
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec")
    write_problem("max_iter: 4 snapshot: 4")
    command = [mpiexec, "-n", "2", sys.executable, "-m", "minicaffe", "train"]
    flags = ["--solver=solver.prototxt", "--transport=mpi", "--engine=numpy", "--threads=1"]
    ended = subprocess.run([*command, *flags], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("rank 0 of 2, over MPI") == 1
    found = Net("net.prototxt", weights="s_iter_4.caffemodel")
    weights, _ = ranks.run(train, 2, 4)[0]
    for blobs in found.params.values():
        for blob in blobs:
            assert np.isclose(blob.data.ravel()[:, None], weights, atol=1e-7).any(axis=1).all()
