"""LevelDB databases of Datums, plain or compressed by snappy, read in the order of their keys."""

from __future__ import annotations

import importlib
import logging
import os
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from minicaffe.data.database import CACHE_BYTES, DatabaseSource, open_shared
from minicaffe.data.database_writer import DatabaseWriter, Record, write_datums
from minicaffe.data.images import Color
from minicaffe.data.leveldb_tables import check_tables
from minicaffe.errors import DataError
from minicaffe.extras import require
from minicaffe.missing import tilde_hint

logger = logging.getLogger("minicaffe")


def is_leveldb(path: str) -> bool:
    """Whether a folder looks like a LevelDB."""
    return os.path.isfile(os.path.join(path, "CURRENT"))


class LevelDb:
    """A LevelDB that is open; only one process can have it open at a time.

    LevelDB tidies up when it opens a database, so the folder must be writable.

    Raises:
        DataError: it does not exist, is empty, damaged, in use or no LevelDB.
        MissingExtraError: no package for LevelDB is installed.
    """

    kind = "LevelDB"
    entries = None

    def __init__(self, path: str) -> None:
        plyvel = _plyvel("reading LevelDB databases")
        self.path, self._process = path, os.getpid()
        self.errors: tuple[type[Exception], ...] = (plyvel.Error,)
        if not is_leveldb(path):  # opening it would leave a lock file there
            raise DataError(
                f"there is no LevelDB at '{path}' (as seen from {os.getcwd()}); expected a folder "
                "with the file CURRENT; check source, or make the database first"
                f"{tilde_hint(path)}"
            ) from FileNotFoundError(2, "there is no LevelDB", path)
        check_tables(path)
        try:
            # paranoid: all that it reads is compared with its checksum, its own lists too
            self._db = plyvel.DB(
                path, create_if_missing=False, max_open_files=100, paranoid_checks=True
            )
        except plyvel.Error as reason:
            raise DataError(_why_not(path, _text(reason))) from reason
        weakref.finalize(self, self._db.close)
        try:
            if not LevelDbCursor(self._db).more():
                raise DataError(f"LevelDB '{path}' is empty, expected at least one record")
        except plyvel.Error as reason:
            raise DataError(_why_not(path, _text(reason))) from reason
        logger.info("Opened leveldb %s", path)

    def cursor(self) -> LevelDbCursor:
        """A new cursor at the first record.

        Raises:
            DataError: this process is a fork of the one that opened the database.
        """
        if self._process != os.getpid():
            raise DataError(
                f"LevelDB '{self.path}' was opened before this process was forked, and LevelDB "
                'serves one process at a time: start processes by "spawn", or use an LMDB'
            )
        return LevelDbCursor(self._db)


class LevelDbCursor:
    """A place in a LevelDB; what is read is checked against the stored checksums."""

    def __init__(self, db: Any) -> None:
        self._iterator = db.raw_iterator(verify_checksums=True, fill_cache=False)
        # It must not die after the database, as it may when a garbage collection takes both;
        # what a finalizer holds is no garbage, so the database still finds and closes it.
        weakref.finalize(self, self._iterator.close)
        self.first()

    def first(self) -> None:
        """Go to the first record."""
        self._iterator.seek_to_first()

    def more(self) -> bool:
        """Whether there is a record here."""
        return bool(self._iterator.valid())

    def run(self, count: int) -> Iterator[Record]:
        """The next ``count`` records, or as many as there are; see :class:`Cursor`."""
        iterator = self._iterator
        while count > 0 and iterator.valid():
            key, value = iterator.item()
            yield key, value
            iterator.next()
            count -= 1

    def skip(self, count: int) -> int:
        """Pass over so many records, or as many as there are; returns how many."""
        passed = 0
        while passed < count and self._iterator.valid():
            self._iterator.next()
            passed += 1
        return passed


class LevelDbSource(DatabaseSource):
    """The images of a LevelDB; see :class:`DatabaseSource`.

    LevelDB does not know how many records it has: the cache fills in the second epoch.

    Args:
        path: the database's folder.
        color, skip, cache_bytes: as for every database.

    Raises:
        DataError: the database cannot be opened.
        MissingExtraError: no package for LevelDB is installed.
    """

    def __init__(
        self,
        path: str,
        color: Color = Color.NATIVE,
        *,
        skip: int = 0,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        database = open_shared(LevelDb, path)
        super().__init__(database, color, skip=skip, cache_bytes=cache_bytes)


class LevelDbWriter(DatabaseWriter):
    """Makes a LevelDB, compressed by snappy. See :class:`DatabaseWriter`."""

    kind = "LevelDB"

    def _open(self, folder: Path) -> None:
        plyvel = _plyvel("writing LevelDB databases")
        self._errors = (plyvel.Error,)
        self._db = plyvel.DB(os.fspath(folder), create_if_missing=True)

    def _write(self, batch: list[Record]) -> None:
        with self._db.write_batch() as together:
            for key, value in batch:
                together.put(key, value)

    def _close(self, *, complete: bool) -> None:
        if complete:
            self._db.compact_range()
        self._db.close()

    def _text(self, reason: BaseException) -> str:
        return _text(reason)


def write_leveldb(path: str | os.PathLike[str], datums: Iterable[Any]) -> int:
    """Write a LevelDB of Datums, snappy-compressed, under the keys 00000000, 00000001, …

    The folder is written beside and renamed.

    Args:
        path: the folder to make; it must not exist.
        datums: the ``Datum`` messages, in order.

    Returns:
        How many records there are.

    Raises:
        DataError: the folder exists, or cannot be written.
        MissingExtraError: no package for LevelDB is installed.
    """
    return write_datums(LevelDbWriter(path), datums)


def _plyvel(purpose: str) -> ModuleType:
    """The package: plyvel (of plyvel or plyvel-ci), or its successor for newer Pythons."""
    try:
        return importlib.import_module("plyvel")
    except ImportError:
        return require("plyvel_next", extra="leveldb", purpose=purpose)


def _text(reason: BaseException) -> str:
    """What LevelDB says; plyvel hands it on as bytes."""
    first = reason.args[0] if reason.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(reason)


def _why_not(path: str, reason: str) -> str:
    if "LOCK" in reason and ("already held" in reason or "unavailable" in reason):
        return (
            f"LevelDB '{path}' is in use by another program ({reason}); LevelDB serves one at a "
            "time: wait for it, or copy the folder, or use an LMDB"
        )
    if "ermission denied" in reason or "ead-only" in reason:
        return (
            f"LevelDB '{path}' cannot be opened ({reason}); LevelDB writes into the folder when "
            "it opens it: make it writable, or copy it"
        )
    return f"'{path}' cannot be opened as a LevelDB ({reason}); it is damaged or something else"
