"""Databases of Datum records: a cursor's protocol, sources that read them, and their writers."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar, cast

import numpy as np

from minicaffe.data.datum import datum_image, parse_datum
from minicaffe.data.images import Color
from minicaffe.data.record_cache import RecordCache
from minicaffe.data.source import Records, Stacker, State, number_in, rank_state, ranks_passed
from minicaffe.errors import DataError
from minicaffe.errors.reading import shown_name
from minicaffe.options import ALONE, Ranks
from minicaffe.threads import ForkLock

CACHE_BYTES = 256 * 2**20


class Cursor(Protocol):
    """A place in a database, at first its first record."""

    def first(self) -> None:
        """Go to the first record."""
        ...

    def more(self) -> bool:
        """Whether there is a record here; there is none after the last one."""
        ...

    def run(self, count: int) -> Iterator[Record]:
        """The next ``count`` records, or as many as there are.

        The cursor leaves a record when what comes after it is asked for: a record that could not
        be used is the next one still, and ``next(cursor.run(1))`` is a look at it.
        """
        ...

    def skip(self, count: int) -> int:
        """Pass over ``count`` records, or as many as there are; returns how many."""
        ...


class Database(Protocol):
    """An open database; it has at least one record, and closes when the last reference to it goes.

    Attributes:
        path: where it is.
        kind: what it is called in messages.
        errors: what its package raises when a record cannot be read.
    """

    path: str
    kind: str
    errors: tuple[type[Exception], ...]

    @property
    def entries(self) -> int | None:
        """How many records there are, or None where it takes reading all of them to know."""
        ...

    def cursor(self) -> Cursor:
        """A new cursor at the first record."""
        ...


D = TypeVar("D")

# LevelDB forbids opening a database twice; a train and a test net may read the same one.
_open: weakref.WeakValueDictionary[tuple[object, str], object] = weakref.WeakValueDictionary()
_opening = ForkLock()


def open_shared(opener: Callable[[str], D], path: str) -> D:
    """``opener(path)``, or what that gave before, while it is still referred to.

    Raises:
        DataError: by what opens it; or the name holds a NUL.
    """
    if "\0" in path:
        raise DataError(f"there is no database at {shown_name(path)}: a name holds no NUL")
    key = (opener, os.path.realpath(path))
    with _opening:
        database = _open.get(key)
        if database is None:
            database = _open[key] = opener(path)
    return cast(D, database)


class DatabaseReader:
    """Goes through the records of a database in the order of the keys, again and again.

    Args:
        database: where they are.
        ranks: the processes that share the records: each takes every ``size``-th one of the
            endless row, so that none is read twice in an epoch (Caffe's rule).

    Attributes:
        path: the database's.
        position: which record is next, counted from 0.
        entries: how many there are; None before a LevelDB has been read to its end.
    """

    def __init__(self, database: Database, ranks: Ranks = ALONE) -> None:
        self.path = database.path
        self.ranks = ranks
        self._opened: tuple[Database, Cursor] | None = (database, database.cursor())
        self.position = 0
        self.entries = database.entries

    @property
    def database(self) -> Database:
        """Where the records are.

        Raises:
            DataError: it is closed.
        """
        return self._parts()[0]

    @property
    def cursor(self) -> Cursor:
        """What is at the next record.

        Raises:
            DataError: the database is closed.
        """
        return self._parts()[1]

    def _parts(self) -> tuple[Database, Cursor]:
        if self._opened is None:
            raise DataError(f"'{self.path}' is closed; make a new net to read on")
        return self._opened

    def know_entries(self, entries: int) -> None:
        """All records have been passed; there are so many."""
        self.entries = entries

    def seek(self, position: int) -> None:
        """Go to a record, counted from 0, around as often as it takes."""
        if self.entries is not None:
            position %= self.entries
        with database_errors(self.database):
            self._begin()
            self.pass_over(position)

    def pass_over(self, count: int) -> None:
        """Let the cursor pass over records, around as often as it takes."""
        while count > 0:
            passed = self.cursor.skip(count)
            count -= passed
            self.went_on(passed)
            if not self.position and self.entries:  # once around: the rest is known
                count %= self.entries

    def went_on(self, count: int) -> None:
        """The cursor has passed ``count`` records; after the last one comes the first."""
        self.position += count
        if not self.cursor.more():
            if self.entries is None:
                self.know_entries(self.position)
            self._begin()

    def _begin(self) -> None:
        self.cursor.first()
        self.position = 0

    def names(self, count: int) -> list[str]:
        """The keys of the next ``count`` records, as messages show them; passes them."""
        found: list[str] = []
        with database_errors(self.database):
            while len(found) < count:
                keys = [key for key, _ in self.cursor.run(self.in_a_row(count - len(found)))]
                found += [f"'{key.decode('utf-8', 'backslashreplace')}'" for key in keys]
                self.went_on(len(keys))
                self.pass_over(self.ranks.size - 1)
        return found

    def in_a_row(self, count: int) -> int:
        """How many of the next ``count`` records follow one another: all, or one if they are
        shared."""
        return count if self.ranks.size == 1 else 1

    def state(self) -> State:
        """``{"position": …}``: which record is next, counted from 0."""
        return {"position": self.position, **rank_state(self.ranks)}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self.seek(number_in(state, "position") + ranks_passed(state, self.ranks))

    def close(self) -> None:
        """Drop the database, which is closed when no other source reads it."""
        self._opened = None


class DatabaseSource(DatabaseReader):
    """The images of a database.

    Args:
        database: where they are.
        color: how many channels encoded images get.
        skip: how many records to pass over at the start.
        cache_bytes: decoded images are kept in memory when all of them take no more.
        ranks: the processes that share them.
    """

    def __init__(
        self,
        database: Database,
        color: Color = Color.NATIVE,
        *,
        skip: int = 0,
        cache_bytes: int = CACHE_BYTES,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(database, ranks)
        self._color, self._cache_bytes = color, cache_bytes
        self._stacker = Stacker()
        self._cache = self._new_cache(skip + ranks.rank)
        self.seek(skip + ranks.rank)

    def know_entries(self, entries: int) -> None:
        super().know_entries(entries)
        self._cache = self._new_cache(0)

    def _new_cache(self, position: int) -> RecordCache:
        return RecordCache(self.entries or 0, self._cache_bytes, self.ranks.size, position)

    def __len__(self) -> int:
        """How many records there are.

        Raises:
            DataError: a LevelDB that has not been read to its end yet does not know.
        """
        if self.entries is None:
            raise DataError(f"'{self.path}' has a length once all its records have been read")
        return self.entries

    def peek(self) -> np.ndarray:
        """The next image (channels × height × width), without going on."""
        if self._cache.complete:
            return self._cache.get(self.position, 1).images[0]
        with database_errors(self.database):
            key, value = next(self.cursor.run(1))
            image, _ = decode_record(self.database, key, value, self._color)
        return image

    def read(self, count: int) -> Records:
        """The next ``count`` images; see :class:`ImageSource`."""
        if self._cache.complete:
            records = self._cache.get(self.position, count)
            self.position = (self.position + count * self.ranks.size) % len(self)
            return records
        start = self.position
        records = self._read_database(count)
        self._cache.put(start, records)
        return records

    def seek(self, position: int) -> None:
        if not self._cache.reaches(position):
            self._cache = self._new_cache(position)
        if self._cache.complete:
            self.position = position % len(self)
        else:
            super().seek(position)

    def _read_database(self, count: int) -> Records:
        database, color = self.database, self._color
        keys: list[bytes] = []
        images: list[np.ndarray] = []
        labels: list[int] = []
        with database_errors(database):
            while len(images) < count:
                start = len(images)
                try:
                    for key, value in self.cursor.run(self.in_a_row(count - start)):
                        image, label = decode_record(database, key, value, color)
                        keys.append(key)
                        images.append(image)
                        labels.append(label)
                finally:
                    self.position += len(images) - start
                self.went_on(0)
                self.pass_over(self.ranks.size - 1)
        batch = self._stacker.stack(images, lambda index: record_name(database, keys[index]))
        return Records(batch, np.array(labels))


def records_of(database: Database) -> Iterator[Record]:
    """The keys and values of a whole database, in the order of the keys.

    Raises:
        DataError: the database is damaged.
    """
    with database_errors(database):
        cursor = database.cursor()
        while cursor.more():
            yield from cursor.run(BATCH)


def decode_record(
    database: Database, key: bytes, value: bytes, color: Color = Color.NATIVE
) -> tuple[np.ndarray, int]:
    """The image and the label of a record.

    Args:
        database: where the record is from, for the error's message.
        key, value: the record.
        color: how many channels an encoded image gets.

    Raises:
        DataError: it is no Datum, or its image cannot be decoded; names the record.
    """
    try:
        datum = parse_datum(value)
        return datum_image(datum, color), datum.label
    except DataError as error:
        name = record_name(database, key)
        raise DataError(f"{name}: {error.message}") from error.__cause__


def record_name(database: Database, key: bytes) -> str:
    """What to call a record in a message."""
    name = key.decode("utf-8", "backslashreplace")
    return f"record '{name}' of {database.kind} '{database.path}'"


@contextmanager
def database_errors(database: Database) -> Iterator[None]:
    """Turn what the database's package raises while reading into a ``DataError``."""
    try:
        yield
    except database.errors as reason:
        raise DataError(
            f"{database.kind} '{database.path}' cannot be read ({reason}); it is damaged"
        ) from reason


BATCH = 1000  # records written in one go
Record = tuple[bytes, bytes]


class DatabaseWriter:
    """Makes a new database; a context manager.

    The folder is written beside its final place and gets its name when the block ends, so
    that nothing is left after a failure or Ctrl-C::

        with LmdbWriter("train_lmdb") as writer:
            writer.put(b"00000000", datum.SerializeToString())

    Args:
        path: the folder to make; it must not exist.

    Raises:
        DataError: the folder exists, or cannot be written.
        MissingExtraError: the database's package is not installed.

    Attributes:
        count: how many records were put.

    A kind of database is a subclass that sets ``kind`` and ``_errors`` and overrides
    ``_open``, ``_write`` and ``_close``.
    """

    kind = ""
    _errors: tuple[type[Exception], ...] = ()

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.count = 0
        self._batch: list[Record] = []
        self._beside: Path | None = None  # made at the beginning of the block

    def put(self, key: bytes, value: bytes) -> None:
        """Add a record; the keys' order is that in which the database will be read.

        Raises:
            DataError: the database cannot be written.
        """
        self._batch.append((key, value))
        self.count += 1
        if len(self._batch) == BATCH:
            self._flush()

    def __enter__(self) -> DatabaseWriter:
        if self.path.exists():
            raise DataError(f"'{self.path}' exists already; remove it first or choose another name")
        parent, name = self.path.parent, self.path.name
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self._beside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=parent))
            self._open(self._beside)
        except BaseException as reason:
            self._remove()
            if isinstance(reason, (*self._errors, OSError)):
                raise self._failure(reason) from reason
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._beside is not None:
                self._close_with(self._beside, complete=kind is None)
        finally:
            self._remove()

    def _close_with(self, beside: Path, *, complete: bool) -> None:
        try:
            if complete:
                self._flush()
        finally:
            self._close(complete=complete)
        if complete:
            try:
                beside.chmod(0o755)
                beside.rename(self.path)
            except OSError as reason:
                raise self._failure(reason) from reason

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        errors: tuple[type[Exception], ...] = (*self._errors, OSError)
        try:
            self._write(batch)
        except errors as reason:
            raise self._failure(reason) from reason

    def _remove(self) -> None:
        if self._beside is not None:
            shutil.rmtree(self._beside, ignore_errors=True)

    def _failure(self, reason: BaseException) -> DataError:
        text = getattr(reason, "strerror", None) or self._text(reason)
        return DataError(f"cannot write {self.kind} '{self.path}': {text}")

    # ------------------------------------------------------------------- to override

    def _open(self, folder: Path) -> None:
        """Make an empty database in a folder that exists."""
        raise NotImplementedError

    def _write(self, batch: list[Record]) -> None:
        """Add records (none, if there were none at all)."""
        raise NotImplementedError

    def _close(self, *, complete: bool) -> None:
        """Let go of the folder, which is thrown away unless it is complete."""
        raise NotImplementedError

    def _text(self, reason: BaseException) -> str:
        """What the database's package says."""
        return str(reason)
