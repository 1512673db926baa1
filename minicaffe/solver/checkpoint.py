"""The snapshots that a solver writes: their names, whether they can be written, how many stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minicaffe.errors import MinicaffeError, SnapshotError
from minicaffe.files import check_writable
from minicaffe.solver.loading import Settings
from minicaffe.solver.newest import list_snapshots, prune
from minicaffe.solver.pair import write_pair
from minicaffe.solver.prefix_lock import PrefixLock
from minicaffe.solver.snapshot import SolverState
from minicaffe.weights_hdf5 import require_h5py


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
            net, state, standing: as :func:`minicaffe.solver.pair.write_pair` takes them.

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
