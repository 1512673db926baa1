"""What is on the disk when the power fails, for every moment of a training that snapshots.

No one pulls a plug: what a training asks of the system is written down, and for each moment
all that a file system may have on the disk is put into a folder, from which someone resumes.
A file system may keep the contents of a file from its fsync on (before that, here, it is
empty), and changes of names from the folder's fsync on; of later ones it may keep any and lose
any. A disk that lies about fsync is not looked at.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import pytest

from minicaffe.solver.events import Iteration, Observer
from minicaffe.solver.snapshot import latest_snapshot
from tests.reliability.problem import dummy, open_solver, write_training

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync folders")

Names = dict[str, bytes]


class Disk:
    """Writes down what is asked of one folder, in order.

    Attributes:
        log: ``("sync", name, contents)``, ``("rename", name, new)``, ``("remove", name)``,
            ``("folder",)``, and ``("done", iteration)`` when a snapshot is said to be there.
    """

    def __init__(self) -> None:
        self.log: list[tuple] = []
        self._listening = False
        self._fsync = os.fsync
        sys.addaudithook(self._hear)  # for ever, so it can be deaf

    @contextmanager
    def listening(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(os, "fsync", self._synced)
        self._listening = True
        try:
            yield
        finally:
            self._listening = False

    def _hear(self, event: str, args: tuple) -> None:
        if self._listening and event in ("os.rename", "os.remove"):
            names = [Path(path).name for path in args[: 2 if event == "os.rename" else 1]]
            # the prefix's lock promises nothing; test_prefix_lock takes stale ones over
            if not any(".lock" in name for name in names):
                self.log.append((event[3:], *names))

    def _synced(self, handle: int) -> None:
        self._fsync(handle)
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            self.log.append(("folder",))
            return
        (path,) = (file for file in Path().iterdir() if file.stat().st_ino == status.st_ino)
        self.log.append(("sync", path.name, path.read_bytes()))

    def crashes(self) -> Iterator[tuple[int, Names]]:
        """For each moment, all that may be on the disk, and the last iteration promised."""
        promised, names, contents = 0, Names(), Names()
        pending: list[tuple] = []
        for entry in self.log:
            if entry[0] == "sync":
                contents[entry[1]] = entry[2]
            elif entry[0] == "folder":
                names, pending = after(names, pending, contents), []
            elif entry[0] == "done":
                promised = entry[1]
            else:
                pending.append(entry)
            for count in range(len(pending) + 1):
                for kept in combinations(pending, count):
                    yield promised, after(names, kept, contents)


def after(names: Names, changes, contents: Names) -> Names:
    """The names and contents in a folder after some changes of names."""
    names = dict(names)
    for kind, name, *new in changes:
        if kind == "rename":
            names[new[0]] = contents.get(name, b"")
        else:
            names.pop(name, None)
    return names


class Promise(Observer):
    """Notes in the log that an iteration begins: all snapshots before it are there."""

    def __init__(self, log: list[tuple]) -> None:
        self._log = log

    def on_iteration(self, event: Iteration) -> None:
        self._log.append(("done", event.iter - 1))


def losses(
    folder: Path, monkeypatch: pytest.MonkeyPatch, keep: int | None, without: str = ""
) -> Iterator[bool]:
    """Train with a snapshot every iteration; whether one is lost, for each state of the disk.

    Args:
        folder: to train in.
        monkeypatch: of the test.
        keep: how many snapshots.
        without: a kind of entries of the disk's log that does not happen.
    """
    write_training(folder, "max_iter: 4 snapshot: 1 momentum: 0.9", dummy)
    disk, seen = Disk(), set()
    solver, _ = open_solver(keep_snapshots=keep)
    solver.observers.append(Promise(disk.log))
    with disk.listening(monkeypatch):
        solver.solve()
    disk.log = [entry for entry in disk.log if entry[0] != without]
    disk.log.append(("done", 4))
    crashed = folder / "crashed"
    crashed.mkdir()
    monkeypatch.chdir(crashed)
    for promised, names in disk.crashes():
        if (promised, frozenset(names.items())) in seen:
            continue
        seen.add((promised, frozenset(names.items())))
        for path in crashed.iterdir():
            path.unlink()
        for name, contents in names.items():
            (crashed / name).write_bytes(contents)
        newest = re.search(r"_iter_(\d+)\.", latest_snapshot("run") or "_iter_0.")
        yield newest is None or int(newest[1]) < promised


@pytest.mark.parametrize("keep", [None, 1, 2])
def test_nothing_that_was_promised_is_lost(folder, monkeypatch, keep):
    lost = list(losses(folder, monkeypatch, keep))
    assert not any(lost)
    assert len(lost) >= 15


@pytest.mark.parametrize("step", ["sync", "folder"])
def test_a_step_that_is_left_out_is_noticed(folder, monkeypatch, step):
    assert any(losses(folder, monkeypatch, None, without=step))
