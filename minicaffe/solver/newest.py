"""Which snapshots of a training there are: the newest that is whole, and those to remove."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass

from minicaffe.errors import MinicaffeError, MissingExtraError
from minicaffe.solver import record as records
from minicaffe.solver.pair import read_pair
from minicaffe.solver.snapshot import peek_record

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
