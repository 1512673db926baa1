"""LMDB databases of Datums, read in the order of their keys."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minicaffe.data.database import CACHE_BYTES, DatabaseSource, open_shared
from minicaffe.data.database_writer import DatabaseWriter, Record, write_datums
from minicaffe.data.images import Color
from minicaffe.errors import DataError
from minicaffe.extras import require

logger = logging.getLogger("minicaffe")

_FIRST_MAP_SIZE = 2**20


def is_lmdb(path: str) -> bool:
    """Whether a folder looks like an LMDB."""
    return os.path.isfile(os.path.join(path, "data.mdb"))


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
        try:
            cursor = self._lmdb.begin(buffers=False).cursor()
            cursor.first()
        except self.errors as reason:
            raise DataError(
                f"LMDB '{self.path}' cannot be read ({reason}); it is damaged"
            ) from reason
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


class LmdbWriter(DatabaseWriter):
    """Makes an LMDB; the folder holds data.mdb alone. See :class:`DatabaseWriter`."""

    kind = "LMDB"

    def _open(self, folder: Path) -> None:
        self._folder = folder
        self._lmdb = require("lmdb", extra="data", purpose="writing LMDB databases")
        self._errors = (self._lmdb.Error,)
        self._environment = self._lmdb.open(os.fspath(folder), map_size=_FIRST_MAP_SIZE, lock=False)

    def _write(self, batch: list[Record]) -> None:
        """One transaction; the map grows by doubling, as Caffe's writer does it."""
        environment = self._environment
        while True:
            try:
                with environment.begin(write=True) as transaction:
                    for key, value in batch:
                        if not transaction.put(key, value, append=True):  # not the greatest key
                            transaction.put(key, value)
                return
            except self._lmdb.MapFullError:
                environment.set_mapsize(2 * environment.info()["map_size"])

    def _close(self, *, complete: bool) -> None:
        self._environment.close()
        (self._folder / "lock.mdb").unlink(missing_ok=True)


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
    return write_datums(LmdbWriter(path), datums)
