"""LMDB databases of Datums: reading their images in the order of the keys, and writing them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minicaffe.data.database import CACHE_BYTES, DatabaseSource
from minicaffe.data.database_writer import DatabaseWriter, Record, write_datums
from minicaffe.data.images import Color
from minicaffe.data.lmdb_reader import LmdbDatabase
from minicaffe.extras import require

_FIRST_MAP_SIZE = 2**20


def is_lmdb(path: str) -> bool:
    """Whether a folder looks like an LMDB."""
    return os.path.isfile(os.path.join(path, "data.mdb"))


class LmdbSource(DatabaseSource):
    """The images of an LMDB; see :class:`DatabaseSource`.

    Args:
        path: the database's folder (or its data.mdb).
        color, skip, cache_bytes: as for every database.

    Raises:
        DataError: the database cannot be opened.
    """

    def __init__(
        self,
        path: str,
        color: Color = Color.NATIVE,
        *,
        skip: int = 0,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        database = LmdbDatabase(path)
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
