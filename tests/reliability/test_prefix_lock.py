"""One training writes with a prefix; who comes second is told; what a kill left is taken over."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minicaffe.cli import main
from minicaffe.errors import SnapshotError
from minicaffe.solver import Observer
from minicaffe.solver.prefix_lock import (
    PrefixLock,
    Process,
    is_running,
    lock_file,
    start_by_ps,
    start_of,
    this_process,
)
from tests.reliability.problem import dummy, open_solver, write_training
from tests.told import one_line_each

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from minicaffe.solver.prefix_lock import PrefixLock
lock = PrefixLock("run")
print("held", flush=True)
sys.stdin.read()
"""
STARTER = """
import sys
from minicaffe.errors import SnapshotError
from minicaffe.solver.prefix_lock import PrefixLock
print("ready", flush=True)
sys.stdin.readline()
try:
    lock = PrefixLock("run")
    print("held", flush=True)
except SnapshotError as error:
    print("told", flush=True)
sys.stdin.read()
"""


def start(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def holder():
    """A process that holds the lock of ``run``."""
    with start(HOLDER) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def leave(**says) -> None:
    """Write the lock file of a process that has ended."""
    owner = this_process()
    found = {**owner.__dict__, "started": "1", "mark": "m", "since": 0.0, **says}
    lock_file("run").write_text(json.dumps(found))


def files() -> list[str]:
    return sorted(os.listdir())


def test_a_second_training_is_told_who_writes_and_removes_nothing(folder, holder, capsys):
    write_training(folder, "max_iter: 2", dummy)
    part = Path(".run_iter_4.caffemodel.00ff00ff.part")
    part.touch()
    assert main(["train", "--solver=solver.prototxt", "--resume=auto"]) == 1
    said = one_line_each(capsys.readouterr().err).splitlines()[-1]
    assert said.startswith(f"error: solver.prototxt:3: process {holder.pid} on '")
    assert "writes snapshots there (since " in said
    assert "another snapshot_prefix than 'run'" in said
    assert part.exists()
    assert main(["train", "--solver=solver.prototxt"]) == 1
    assert f"process {holder.pid} " in capsys.readouterr().err
    solver, _ = open_solver()
    for write in (solver.solve, solver.snapshot):
        with pytest.raises(SnapshotError, match=f"process {holder.pid} on "):
            write()
    solver.step(1)  # which writes nothing
    assert not list(folder.glob("run_iter_*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_what_a_killed_process_left_is_taken_over(folder, holder):
    write_training(folder, "max_iter: 2", dummy)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock_file("run").exists()
    assert main(["train", "--solver=solver.prototxt", "--resume=auto"]) == 0
    assert not list(folder.glob(".*"))


def test_nothing_is_left(folder):
    write_training(folder, "max_iter: 4 snapshot: 2", dummy)
    solver, _ = open_solver()
    solver.step(3)
    solver.snapshot()
    solver.solve()
    assert main(["train", "--solver=solver.prototxt", "--resume=auto"]) == 0
    assert [name for name in files() if name.startswith(".")] == []


def test_nor_by_a_program_that_ends_with_the_lock(folder):
    with start(HOLDER) as process:
        process.communicate()
        assert process.returncode == 0
    assert files() == []


class Looking(Observer):
    """Tries something while a training runs."""

    def __init__(self, attempt) -> None:
        self.attempt = attempt
        self.told: list[str] = []

    def on_iteration(self, event) -> None:
        with pytest.raises(SnapshotError) as caught:
            self.attempt()
        self.told.append(str(caught.value))


def test_two_solvers_of_one_process(folder):
    write_training(folder, "max_iter: 2", dummy)
    first, _ = open_solver()
    second, _ = open_solver()
    looking = Looking(second.snapshot)
    first.observers.append(looking)
    first.solve()
    assert len(looking.told) == 2
    assert "another solver of this process writes snapshots there" in looking.told[0]
    assert looking.told[0].startswith("solver.prototxt:3: ")
    second.solve()  # one after the other is fine


def test_a_lock_ends_with_what_refers_to_it(folder):
    lock = PrefixLock("run")
    assert lock.held
    with pytest.raises(SnapshotError, match="another solver of this process"):
        PrefixLock(str(folder / "run"))
    del lock
    gc.collect()
    with PrefixLock("run") as lock:
        pass
    assert not lock.held
    lock.release()
    assert files() == []


def test_steps_hold_it_where_a_snapshot_falls_due(folder):
    write_training(folder, "max_iter: 9 snapshot: 2", dummy)
    solver, _ = open_solver()
    with PrefixLock("run"):
        solver.step(1)
        with pytest.raises(SnapshotError, match="another solver of this process"):
            solver.step(1)
    assert solver.iter == 1
    solver.step(1)
    assert Path("run_iter_2.solverstate").exists()


def test_the_time_and_test_verbs_do_not_ask(folder, holder):
    write_training(folder, "max_iter: 2", dummy)
    assert main(["time", "--model=net.prototxt", "--iterations=1"]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_have_it(folder):
    def child(sender) -> None:
        found = [lock.held]
        lock.release()  # not its own
        try:
            PrefixLock("run")
        except SnapshotError as error:
            found.append(str(error))
        sender.send(found)

    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    with PrefixLock("run") as lock:
        process = fork.Process(target=child, args=(sender,))
        process.start()
        held, told = receiver.recv()
        process.join()
        assert not held
        assert told.startswith(f"process {os.getpid()} on ")
        assert lock_file("run").exists()
    assert files() == []


@pytest.mark.parametrize(
    "says", [{"started": "2"}, {"number": 2**22 + 1}, {"mark": "left by a program before exec"}]
)
def test_a_number_that_the_system_gave_to_another_process(folder, says):
    leave(**({"started": this_process().started} if "mark" in says else {}), **says)
    with PrefixLock("run"):
        assert json.loads(lock_file("run").read_text())["started"] == this_process().started


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"number": "x"}', "\x00\xff", "[" * 9000, '{"number": 1e999}']
)
def test_a_file_that_says_nothing(folder, text):
    lock_file("run").write_text(text)
    with PrefixLock("run", pause=0):
        pass
    assert files() == []


def test_another_computer_cannot_be_asked(folder):
    leave(host="elsewhere", number=12, since=0.0)
    with pytest.raises(SnapshotError) as caught:
        PrefixLock("run")
    told = str(caught.value)
    assert told.startswith("process 12 on 'elsewhere' writes snapshots there (since ")
    assert "whether it still runs cannot be seen from here" in told
    assert "remove that file if it has ended" in told
    assert str(lock_file("run")) in told
    assert len(files()) == 1
    lock_file("run").unlink()
    PrefixLock("run").release()


def test_another_container_of_this_computer(folder, holder):
    """Its processes have other numbers, but locks on files are seen."""
    if not this_process().space:
        pytest.skip("Linux has containers")
    kernel = this_process().space.partition(" ")[0]
    says = json.loads(lock_file("run").read_text())
    lock_file("run").write_text(json.dumps({**says, "space": f"{kernel} another"}))
    with pytest.raises(SnapshotError, match=f"process {holder.pid} on .*cannot be seen from here"):
        PrefixLock("run")
    holder.kill()
    holder.wait()
    PrefixLock("run").release()


def test_of_many_that_start_at_once_one_gets_it(folder):
    """They find the lock of a dead process, and take it over at the same time."""
    for attempt in range(3):
        leave(started=f"{attempt}")
        starters = [start(STARTER) for _ in range(4)]
        for process in starters:
            assert process.stdout.readline() == "ready\n"
        for process in starters:
            process.stdin.write("\n")
            process.stdin.flush()
        told = [process.stdout.readline() for process in starters]
        assert sorted(told) == ["held\n"] + ["told\n"] * 3
        for process in starters:
            process.communicate()
        assert files() == []


def test_a_takeover_that_was_killed_is_taken_over(folder):
    leave()
    Path(".run.lock.lock").write_text(lock_file("run").read_text())
    PrefixLock("run").release()
    assert files() == []


def test_where_the_system_has_no_links(folder, monkeypatch):
    def refuse(*names):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with PrefixLock("run"), pytest.raises(SnapshotError, match="another solver"):
        PrefixLock("run")
    assert files() == []


def test_ctrl_c_while_it_is_taken_leaves_none(folder, monkeypatch):
    name = "rename" if os.name == "nt" else "link"  # how the lock file gets its name
    real = getattr(os, name)

    def interrupted(*names):
        signal.raise_signal(signal.SIGINT)
        return real(*names)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            PrefixLock("run")
    gc.collect()
    assert files() == []
    PrefixLock("run").release()


def test_a_prefix_where_nothing_can_be_written(folder):
    for prefix, reason in (("no/run", "No such file"), ("a\0b", "null byte")):
        with pytest.raises(SnapshotError, match=f"cannot write to snapshot prefix.*{reason}"):
            PrefixLock(prefix)


def test_processes():
    here = this_process()
    assert is_running(here)
    assert start_of(2**31 + 5) is None
    assert start_of(0) is None
    assert is_running(Process("elsewhere", here.space, here.number, here.started)) is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        other = Process(here.host, here.space, child.pid, start_of(child.pid) or "")
        assert is_running(other)
        child.kill()
        if os.name != "nt":
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not asked after
            assert is_running(other) is False
    assert is_running(other) is False


@pytest.mark.skipif(os.name == "nt", reason="Windows has no ps")
def test_the_start_as_ps_tells_it():
    number = os.getpid()
    try:
        subprocess.run(["ps", "-p", str(number)], capture_output=True)
    except OSError:
        assert start_by_ps(number) == ""
        return
    assert start_by_ps(number) == start_by_ps(number) != ""


def test_where_the_system_has_no_containers(monkeypatch):
    def refuse(path):
        raise FileNotFoundError(2, "No such file or directory", path)

    monkeypatch.setattr(os, "readlink", refuse)
    assert this_process().space == ""
