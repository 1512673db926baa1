"""LevelDB databases: checked against damage first, then read and written through plyvel."""

from __future__ import annotations

import importlib
import logging
import os
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Protocol

from minicaffe.data.db import (
    DatabaseWriter,
    Record,
)
from minicaffe.errors import DataError, require
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.errors.reading import near_file
from minicaffe.files import open_to_read

MOST_TABLES = 1000
_FOOTER = 48  # bytes: where two blocks begin and how long they are, as varints; zeros; the mark
_MARK = bytes.fromhex("57fb808b247547db")
_CURRENT = re.compile(rb"MANIFEST-[0-9]{1,20}\n")
_LONGEST_NAME = 100
_TRAILER = 5  # bytes after a block: how it is compressed, its checksum


def check_tables(path: str) -> None:
    """That a LevelDB has regular files, and tables that name no blocks larger than they are.

    LevelDB would wait for ever for what comes through a pipe; and its own message would show
    what is in CURRENT, where that is another file.

    LevelDB would ask for as much memory, and end the process when there is none. Only the first
    thousand tables (2 GB) are looked at, since that takes time; further ones are trusted.

    Raises:
        DataError: one does.
    """
    with os.scandir(path) as entries:
        files = [entry for entry in entries if not entry.is_dir()]
    for entry in files:
        if not entry.is_file():
            raise DataError(
                f"LevelDB '{path}' cannot be opened: '{entry.name}' in it is no regular file"
            )
    if not _CURRENT.fullmatch(_start_of(Path(path, "CURRENT"))):
        raise DataError(
            f"'{path}' cannot be opened as a LevelDB: the file CURRENT in it does not name a "
            "manifest; it is damaged or something else"
        )
    names = [entry.name for entry in files if entry.name.endswith((".ldb", ".sst"))]
    for name in sorted(names)[:MOST_TABLES]:
        try:
            _check_table(path, name)
        except OSError:
            continue  # LevelDB will say it, if it needs this table


def _start_of(file: Path) -> bytes:
    try:
        with open_to_read(file) as stream:
            return stream.read(_LONGEST_NAME)
    except OSError as reason:
        raise DataError(f"LevelDB '{file.parent}' cannot be opened: {reason.strerror}") from reason


def _check_table(path: str, name: str) -> None:
    with open_to_read(Path(path, name)) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _FOOTER))
        footer = stream.read(_FOOTER)
    if not footer.endswith(_MARK):
        return  # not complete, or damaged: LevelDB sees that
    numbers = _varints(footer, 4)
    for start, length in zip(numbers[::2], numbers[1::2], strict=False):
        if start + length + _TRAILER > size - _FOOTER:
            raise DataError(
                f"LevelDB '{path}' is damaged: {name} has {size} bytes, but names a block of "
                f"{length} bytes from byte {start} on; copy it again, or make it again"
            )


def _varints(data: bytes, count: int) -> list[int]:
    """The first numbers, or as many as there are."""
    numbers = []
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number = shift = 0
        if len(numbers) == count:
            break
    return numbers


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
            raise MissingFileError(
                f"there is no LevelDB at '{path}' (as seen from {os.getcwd()}); expected a folder "
                f"with the file CURRENT; {near_file(path) or 'make the database first'}"
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


class RawIterator(Protocol):
    """A place in an opened database, as plyvel has it."""

    def seek_to_first(self) -> None:
        """Go to the first record."""
        ...

    def valid(self) -> bool:
        """Whether there is a record here."""
        ...

    def item(self) -> Record:
        """Key and value of the record that it is at."""
        ...

    def next(self) -> None:
        """Go on to the next record."""
        ...

    def close(self) -> None:
        """Give back what it holds of the database."""
        ...


class Opened(Protocol):
    """An opened database, as plyvel has it."""

    def raw_iterator(self, *, verify_checksums: bool, fill_cache: bool) -> RawIterator:
        """A new place in it."""
        ...


class LevelDbCursor:
    """A place in a LevelDB; what is read is checked against the stored checksums."""

    def __init__(self, db: Opened) -> None:
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
        """Pass over ``count`` records, or as many as there are; returns how many."""
        passed = 0
        while passed < count and self._iterator.valid():
            self._iterator.next()
            passed += 1
        return passed


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
