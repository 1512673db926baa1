"""LMDB databases of Datums, read in the order of their keys."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from minicaffe.data.database import CACHE_BYTES, DatabaseSource, open_shared
from minicaffe.data.images import Color
from minicaffe.errors import DataError
from minicaffe.extras import require
from minicaffe.proto import caffe_pb2

logger = logging.getLogger("minicaffe")

_FIRST_MAP_SIZE = 2**20


class Environment:
    """An LMDB that is open for reading, without lock file; it closes when nobody holds it.

    Raises:
        DataError: it does not exist, is empty, cut short or no LMDB.
    """

    kind = "LMDB"

    def __init__(self, path: str) -> None:
        lmdb = require("lmdb", extra="data", purpose="reading LMDB databases")
        self.path = path
        self.errors: tuple[type[Exception], ...] = (lmdb.Error,)
        file = Path(path, "data.mdb") if os.path.isdir(path) else Path(path)
        if not file.is_file():
            raise DataError(
                f"there is no LMDB at '{path}' (as seen from {os.getcwd()}); expected a folder "
                "with the file data.mdb; check source, or make the database first"
            )
        try:
            self._lmdb = lmdb.open(
                path, subdir=os.path.isdir(path), readonly=True, lock=False, max_readers=1
            )
        except (lmdb.Error, OSError) as reason:
            raise DataError(
                f"'{path}' cannot be opened as an LMDB ({reason}); it is damaged or something else"
            ) from reason
        weakref.finalize(self, self._lmdb.close)
        logger.info("Opened lmdb %s", path)
        try:
            self.entries = self._checked_entries(file)
        except DataError:
            self._lmdb.close()
            raise

    def _checked_entries(self, file: Path) -> int:
        stat, info = self._lmdb.stat(), self._lmdb.info()
        size, expected = file.stat().st_size, (info["last_pgno"] + 1) * stat["psize"]
        if size < expected:  # reading beyond the end would kill the process
            raise DataError(
                f"LMDB '{self.path}' is cut short: data.mdb has {size} bytes, expected at least "
                f"{expected}; copy it again"
            )
        if not stat["entries"]:
            raise DataError(f"LMDB '{self.path}' is empty, expected at least one record")
        return int(stat["entries"])

    def cursor(self) -> Any:
        """A new cursor at the first record, in a read transaction of its own."""
        cursor = self._lmdb.begin(buffers=False).cursor()
        cursor.first()
        return cursor


def open_environment(path: str) -> Environment:
    """The open database at ``path``; the same object for all who hold it at one time."""
    return open_shared(Environment, path)


class LmdbSource(DatabaseSource):
    """The images of an LMDB; see :class:`DatabaseSource`.

    Args:
        path: the database's folder (or its data.mdb).
        color, skip, cache_bytes: as for every database.

    Raises:
        DataError: the database cannot be opened.
        MissingExtraError: the package lmdb is not installed.
    """

    def __init__(
        self,
        path: str,
        color: Color = Color.NATIVE,
        *,
        skip: int = 0,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        database = open_environment(path)
        self._length: int = database.entries
        super().__init__(database, color, skip=skip, cache_bytes=cache_bytes)

    def __len__(self) -> int:
        return self._length


# ------------------------------------------------------------------------------ writing


def write_lmdb(path: str | os.PathLike[str], datums: Iterable[Any]) -> int:
    """Write an LMDB of Datums under the keys 00000000, 00000001, …

    The folder is written beside and renamed; it holds data.mdb alone, as small as it gets.

    Args:
        path: the folder to make; it must not exist.
        datums: the ``Datum`` messages, in order.

    Returns:
        How many records there are.

    Raises:
        DataError: the folder exists, or cannot be written.
        MissingExtraError: the package lmdb is not installed.
    """
    lmdb = require("lmdb", extra="data", purpose="writing LMDB databases")
    target = Path(path)
    if target.exists():
        raise DataError(f"'{target}' exists already; remove it first or choose another name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as reason:
        raise DataError(f"cannot write '{target}': {reason.strerror or reason}") from reason
    try:
        with lmdb.open(os.fspath(beside), map_size=_FIRST_MAP_SIZE, lock=False) as environment:
            count = 0
            for batch in _batches(datums):
                _append(environment, count, batch, lmdb.MapFullError)
                count += len(batch)
        (beside / "lock.mdb").unlink(missing_ok=True)
        beside.chmod(0o755)
        beside.rename(target)
    except (lmdb.Error, OSError) as reason:
        raise DataError(f"cannot write LMDB '{target}': {reason}") from reason
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return count


def _append(environment: Any, start: int, values: list[bytes], full: type[Exception]) -> None:
    """Add records in one transaction; the map grows by doubling, as Caffe's writer does it."""
    while True:
        try:
            with environment.begin(write=True) as transaction:
                for index, value in enumerate(values, start):
                    transaction.put(b"%08d" % index, value, append=True)
            return
        except full:
            environment.set_mapsize(2 * environment.info()["map_size"])


def _batches(datums: Iterable[Any], size: int = 1000) -> Iterator[list[bytes]]:
    values = map(caffe_pb2.Datum.SerializeToString, datums)
    while batch := list(islice(values, size)):
        yield batch
