"""Snapshots: a solver's state and its weights, written, listed, pruned and read as pairs."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import MinicaffeError, MissingExtraError, SnapshotError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import check_writable, refusals, write_together
from minicaffe.net.net import Net
from minicaffe.solver import snapshot_record
from minicaffe.solver.prefix_lock import PrefixLock
from minicaffe.solver.snapshot_record import FileMark, SnapshotRecord
from minicaffe.solver.solver_param import Settings
from minicaffe.solver.solver_state import (
    SolverState,
    check_history,
    peek_record,
    read_state,
    write_state,
)
from minicaffe.weights.caffemodel import load_weights, write_caffemodel
from minicaffe.weights.hdf5 import require_h5py, write_hdf5

if TYPE_CHECKING:
    from minicaffe.solver.training_state import TrainingState

logger = logging.getLogger("minicaffe")


@dataclass(frozen=True)
class ListedSnapshot:
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


def list_snapshots(prefix: str) -> list[ListedSnapshot]:
    """The states named ``PREFIX_iter_N.solverstate`` (or ``.h5``), the one written last first.

    The time counts before the iteration: a training that begins again, or goes on from
    an earlier snapshot, does not resume from what an older run has left.
    """
    folder, stem = os.path.split(prefix)
    pattern = re.compile(rf"{re.escape(stem)}_iter_(\d+)\.solverstate(\.h5)?")
    found = []
    with suppress(OSError):
        for name in os.listdir(folder or "."):
            match, path = pattern.fullmatch(name), os.path.join(folder, name)
            if match and os.path.isfile(path):
                found.append(_listed(path, int(match[1])))
    return sorted(found, key=lambda found: (found.written, found.iter), reverse=True)


def _listed(path: str, iteration: int) -> ListedSnapshot:
    try:
        data = peek_record(path)
        if data:
            return ListedSnapshot(path, iteration, snapshot_record.decode(data, path).written, True)
    except MinicaffeError:
        pass  # reading it says what is wrong
    try:
        return ListedSnapshot(path, iteration, os.stat(path).st_mtime, False)
    except OSError:
        return ListedSnapshot(path, iteration, 0.0, False)


def latest_snapshot(prefix: str) -> str | None:
    """The newest whole snapshot of a ``snapshot_prefix``; None when there is none.

    Those that are not whole are passed over, with a warning that says what is wrong.

    Raises:
        MissingExtraError: one is HDF5, and h5py is not installed.
    """
    for found in list_snapshots(prefix):
        try:
            read_snapshot(found.path)
            return found.path
        except MissingExtraError:
            raise
        except MinicaffeError as error:
            logger.warning("passing over a snapshot that is not whole: %s", error)
    return None


def prune_snapshots(prefix: str, keep: int) -> list[str]:
    """Remove all snapshots but the ``keep`` newest; what minicaffe did not write stays.

    Returns:
        The removed states; their weights are gone too.
    """
    removed = []
    for found in [listed for listed in list_snapshots(prefix) if listed.ours][keep:]:
        weights = ".caffemodel".join(found.path.rsplit(".solverstate", 1))
        try:
            os.unlink(found.path)  # first: without it the weights are no snapshot
            removed.append(found.path)
            with suppress(FileNotFoundError):
                os.unlink(weights)
        except OSError as reason:
            logger.warning("cannot remove the old snapshot %s: %s", found.path, reason.strerror)
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
        """The weights' and the state's file names after this number of iterations."""
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

    def write(self, net: Net, state: SolverState, training: TrainingState) -> None:
        """Write both files, then remove the snapshots that are too many.

        Args:
            net, state, training: as :func:`minicaffe.solver.snapshot.write_snapshot` takes them.

        Raises:
            SnapshotError: a file cannot be written, or another training writes there; older
                ones are as they were.
        """
        param = self._settings.param
        _, path = self.names(state.iter)
        how = {"hdf5": self.hdf5, "diffs": param.snapshot_diff}
        with self.locked():
            write_snapshot(net, path, state, training, written=self._now(), **how)
            if self._keep is not None:
                prune_snapshots(param.snapshot_prefix, self._keep)

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


def write_snapshot(
    net: Net,
    path: str,
    state: SolverState,
    training: TrainingState,
    *,
    written: float,
    hdf5: bool,
    diffs: bool,
) -> None:
    """Write the weights to ``state.learned_net`` and the state to ``path``.

    Args:
        net: has the weights.
        state: what Caffe knows of the training.
        training: what else the training depends on, in terms of JSON.
        written: the time to record, in seconds since 1970.
        hdf5: the format of both files.
        diffs: whether to write the gradients beside the weights.

    Raises:
        SnapshotError: a file cannot be written; older ones are as they were.
    """
    model = state.learned_net
    with write_together(model, path) as (beside_model, beside_state):
        with refusals(model):
            (write_hdf5 if hdf5 else write_caffemodel)(net, beside_model, diffs)
            mark = snapshot_record.file_mark(beside_model)
        with refusals(path):
            record = SnapshotRecord(written, mark, _sum(state), training)
            whole = replace(state, record=snapshot_record.encode(record))
            write_state(beside_state, whole, hdf5=hdf5)


def read_snapshot(path: str) -> tuple[SolverState, str, SnapshotRecord | None]:
    """Read a state and find its weights; both are checked against their checksums.

    Returns:
        The state, the weights' file ("" for a state without any) and minicaffe's record (None
        in a state that Caffe wrote).

    Raises:
        SnapshotError: a file is missing, damaged, or something else; names it.
    """
    state = read_state(path)
    if not state.record:
        return state, (_find_weights(state, path, None) if state.learned_net else ""), None
    record = snapshot_record.decode(state.record, path)
    if record.contents != _sum(state):
        raise SnapshotError(
            "the checksum of what it holds is wrong, so the file is damaged; use another snapshot",
            path=path,
        )
    return state, _find_weights(state, path, record.weights), record


def restore_snapshot(
    net: Net, path: str, history: Sequence[np.ndarray], histories: int
) -> tuple[SolverState, SnapshotRecord | None]:
    """Put the weights of a state into a net, and its histories into ``history``.

    Args:
        histories: how many numbers the update rule remembers of each weight.

    Returns:
        The state, and minicaffe's record of what else it depends on.

    Raises:
        SnapshotError: as :func:`read_snapshot`, or they are of another net; names what differs.
            Nothing is changed then.
    """
    state, weights, record = read_snapshot(path)
    check_history(state, net, histories, path)
    if weights:
        load_weights(net, weights, inner=True)
    for target, values in zip(history, state.history, strict=True):
        target[...] = values.reshape(target.shape)
    return state, record


def _sum(state: SolverState) -> str:
    return snapshot_record.contents_sha256(
        state.iter, state.learned_net, state.current_step, state.history
    )


def _find_weights(state: SolverState, path: str, mark: FileMark | None) -> str:
    """The weights that belong to a state: where it says, or beside the state itself.

    Raises:
        SnapshotError: in neither place, or not as they were when the state was written.
    """
    beside = os.path.join(os.path.dirname(path), os.path.basename(state.learned_net))
    places = [place for place in (state.learned_net, beside) if os.path.exists(place)]
    if not places:
        name = state.learned_net
        folders = dict.fromkeys(os.path.dirname(os.path.abspath(place)) for place in (name, beside))
        missing = f"'{os.path.basename(name)}' is not in {' nor in '.join(folders)}"
        raise SnapshotError(
            f"the weights that belong to it are missing: {missing}; copy them beside the state",
            path=path,
        )
    if mark is None:
        return places[0]
    found = {place: _mark(place) for place in places}
    matching = [place for place in places if found[place] == mark]
    if matching:
        return matching[0]
    other = found[places[0]]
    difference = (
        f"{other.length} bytes long, not {mark.length}"
        if other.length != mark.length
        else "another file of the same length (its checksum differs)"
    )
    raise SnapshotError(
        f"the weights '{places[0]}' are not those that were written with it: they are "
        f"{difference}; use another snapshot, or start from these weights with --weights",
        path=path,
    )


def _mark(path: str) -> FileMark:
    try:
        return snapshot_record.file_mark(path)
    except OSError as reason:
        raise cannot_read(path, reason, SnapshotError) from reason
