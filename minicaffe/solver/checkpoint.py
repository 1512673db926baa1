"""Which snapshots of a training there are: the newest that is whole, and those to remove."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from minicaffe.errors import MinicaffeError, MissingExtraError, SnapshotError
from minicaffe.files import check_writable
from minicaffe.solver import training_state as records
from minicaffe.solver.prefix_lock import PrefixLock
from minicaffe.solver.snapshot import SolverState, peek_record, read_pair, write_pair
from minicaffe.solver.solver_param import Settings
from minicaffe.weights.hdf5 import require_h5py

logger = logging.getLogger("minicaffe")


@dataclass(frozen=True)
class Listed:
    """A solver state that is there; whether it is whole is another matter.

    Attributes:
        path: its file.
        iter: what its name says.
        written: when, in seconds since 1970, as minicaffe recorded it or, without a record,
            as the file system says.
        ours: whether it has a record.
    """

    path: str
    iter: int
    written: float
    ours: bool


def list_snapshots(prefix: str) -> list[Listed]:
    """The states named ``PREFIX_iter_N.solverstate`` (or ``.h5``), the one written last first.

    The time counts before the iteration: who trains anew, or from an earlier snapshot, does
    not go on from what an older run has left.
    """
    folder, stem = os.path.split(prefix)
    pattern = re.compile(rf"{re.escape(stem)}_iter_(\d+)\.solverstate(\.h5)?")
    found = []
    with suppress(OSError):
        for name in os.listdir(folder or "."):
            match, path = pattern.fullmatch(name), os.path.join(folder, name)
            if match and os.path.isfile(path):
                found.append(_listed(path, int(match[1])))
    return sorted(found, key=lambda one: (one.written, one.iter), reverse=True)


def _listed(path: str, iteration: int) -> Listed:
    try:
        data = peek_record(path)
        if data:
            return Listed(path, iteration, records.decode(data, path).written, True)
    except MinicaffeError:
        pass  # whoever wants to read it is told what is wrong
    try:
        return Listed(path, iteration, os.stat(path).st_mtime, False)
    except OSError:
        return Listed(path, iteration, 0.0, False)


def find_newest(prefix: str) -> str | None:
    """The newest whole snapshot of a ``snapshot_prefix``; None when there is none.

    Those that are not whole are passed over, with a warning that says what is wrong.

    Raises:
        MissingExtraError: one is HDF5, and h5py is not installed.
    """
    for one in list_snapshots(prefix):
        try:
            read_pair(one.path)
            return one.path
        except MissingExtraError:
            raise
        except MinicaffeError as error:
            logger.warning("passing over a snapshot that is not whole: %s", error)
    return None


def prune(prefix: str, keep: int) -> list[str]:
    """Remove all snapshots but the ``keep`` newest; what minicaffe did not write stays.

    Returns:
        The removed states; their weights are gone too.
    """
    removed = []
    for one in [listed for listed in list_snapshots(prefix) if listed.ours][keep:]:
        weights = ".caffemodel".join(one.path.rsplit(".solverstate", 1))
        try:
            os.unlink(one.path)  # first: without it the weights are no snapshot
            removed.append(one.path)
            with suppress(FileNotFoundError):
                os.unlink(weights)
        except OSError as reason:
            logger.warning("cannot remove the old snapshot %s: %s", one.path, reason.strerror)
    return removed


class Snapshots:
    """The snapshots that a solver writes.

    Args:
        settings: its prefix and format.
        keep: how many to keep, at least 1; None keeps all.
        lock: the lock of the prefix, where the caller holds it already.

    Raises:
        SnapshotError: ``keep`` is less than 1.
    """

    def __init__(
        self, settings: Settings, keep: int | None = None, lock: PrefixLock | None = None
    ) -> None:
        if keep is not None and keep < 1:
            raise SnapshotError(f"{keep} snapshots are to be kept, expected at least 1")
        self._settings = settings
        self._keep = keep
        self._latest: float | None = None  # when the last one was written
        self._lock = lock

    @property
    def hdf5(self) -> bool:
        """Whether they are HDF5 files."""
        param = self._settings.param
        return bool(param.snapshot_format == param.HDF5)

    def names(self, iteration: int) -> tuple[str, str]:
        """The weights' and the state's file names after so many iterations."""
        stem = f"{self._settings.param.snapshot_prefix}_iter_{iteration}"
        ending = ".h5" if self.hdf5 else ""
        return f"{stem}.caffemodel{ending}", f"{stem}.solverstate{ending}"

    def check(self, iteration: int) -> None:
        """Make sure, before the work begins, that its results can be written.

        Raises:
            SnapshotError: they cannot be; names the line of the setting.
            MissingExtraError: HDF5 is asked for, and h5py is not installed.
        """
        field = "snapshot_prefix"
        try:
            check_writable(f"{self._settings.param.snapshot_prefix}_iter_{iteration}")
            if self.hdf5:
                field = "snapshot_format"
                require_h5py()
        except MinicaffeError as error:
            line = self._settings.line(field)
            raise error.locate(path=self._settings.path, line=line) from error.__cause__

    @contextmanager
    def locked(self, wanted: bool = True) -> Iterator[None]:
        """Hold the lock of the prefix, as long as the block or a block around it runs.

        Args:
            wanted: whether anything will be written; else nothing is locked.

        Raises:
            SnapshotError: another training has it; names the line of the setting.
        """
        prefix = self._settings.param.snapshot_prefix
        ours = self._lock is not None and self._lock.held and self._lock.prefix == prefix
        if ours or not wanted:
            yield
            return
        try:
            lock = PrefixLock(prefix)
        except MinicaffeError as error:
            line = self._settings.line("snapshot_prefix")
            raise error.locate(path=self._settings.path, line=line) from error.__cause__
        outer, self._lock = self._lock, lock
        try:
            with lock:
                yield
        finally:
            self._lock = outer

    def write(self, net: Any, state: SolverState, standing: dict[str, Any]) -> None:
        """Write both files, then remove the snapshots that are too many.

        Args:
            net, state, standing: as :func:`minicaffe.solver.snapshot.write_pair` takes them.

        Raises:
            SnapshotError: a file cannot be written, or another training writes there; older
                ones are as they were.
        """
        param = self._settings.param
        _, path = self.names(state.iter)
        how = {"hdf5": self.hdf5, "diffs": param.snapshot_diff}
        with self.locked():
            write_pair(net, path, state, standing, written=self._now(), **how)
            if self._keep is not None:
                prune(param.snapshot_prefix, self._keep)

    def _now(self) -> float:
        """The time, in seconds since 1970, but later than that of all snapshots that are there.

        The computers of a cluster may disagree about it; the newest snapshot must stay the
        newest.
        """
        if self._latest is None:
            found = list_snapshots(self._settings.param.snapshot_prefix)
            self._latest = found[0].written if found else 0.0
        self._latest = max(time.time(), self._latest + 0.001)
        return self._latest
