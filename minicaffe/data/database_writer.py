"""Writing databases, record by record."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from minicaffe.errors import DataError

BATCH = 1000  # records written in one go

Record = tuple[bytes, bytes]


class DatabaseWriter:
    """Makes a new database; a context manager.

    The folder is written beside its final place and gets its name when the block ends, so
    that a failure or Ctrl-C leaves nothing behind::

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
        self._beside: Path | None = None

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
            self._close_with(complete=kind is None)
        finally:
            self._remove()

    def _close_with(self, *, complete: bool) -> None:
        assert self._beside is not None
        try:
            if complete:
                self._flush()
        finally:
            self._close(complete=complete)
        if complete:
            try:
                self._beside.chmod(0o755)
                self._beside.rename(self.path)
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


def write_datums(writer: DatabaseWriter, datums: Iterable[Any]) -> int:
    """Write Datums under the keys 00000000, 00000001, …; returns how many there are."""
    with writer:
        for index, datum in enumerate(datums):
            writer.put(b"%08d" % index, datum.SerializeToString())
    return writer.count
