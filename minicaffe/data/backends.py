"""The kinds of databases by name: opening one, reading its images, writing a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from minicaffe.errors import DataError
from minicaffe.options import ALONE, Ranks

if TYPE_CHECKING:
    from minicaffe.data.db import Database, DatabaseSource, DatabaseWriter
    from minicaffe.data.images import Color
    from minicaffe.proto import caffe_pb2

# The readers and writers are imported when one is asked for: --help shows their names only.
BACKENDS = ("lmdb", "leveldb")


def new_database(path: str | os.PathLike[str], backend: str = "lmdb") -> DatabaseWriter:
    """What makes a database; see :class:`DatabaseWriter`."""
    from minicaffe.data.leveldb import LevelDbWriter
    from minicaffe.data.lmdb import LmdbWriter

    return LmdbWriter(path) if backend == "lmdb" else LevelDbWriter(path)


def write_datums(
    path: str | os.PathLike[str],
    datums: Iterable[caffe_pb2.Datum | caffe_pb2.AnnotatedDatum],
    backend: str = "lmdb",
) -> int:
    """Write a database of Datums under the keys 00000000, 00000001, …

    The folder is written beside its final place and renamed. An LMDB holds data.mdb alone, as
    small as it gets; a LevelDB is compressed by snappy.

    Args:
        path: the folder to make; it must not exist.
        datums: the ``Datum`` or ``AnnotatedDatum`` messages, in order.
        backend: "lmdb" or "leveldb".

    Returns:
        How many records there are.

    Raises:
        DataError: the folder exists, or cannot be written.
        MissingExtraError: the package for this kind of database is not installed.
    """
    with new_database(path, backend) as writer:
        for index, datum in enumerate(datums):
            writer.put(b"%08d" % index, datum.SerializeToString())
    return writer.count


def open_database(path: str, backend: str = "lmdb") -> Database:
    """An open database.

    Raises:
        DataError: it cannot be opened, is empty, or is of the other kind.
        MissingExtraError: the package for LevelDB is not installed.
    """
    from minicaffe.data.db import open_shared
    from minicaffe.data.leveldb import LevelDb
    from minicaffe.data.lmdb import LmdbDatabase

    found = kind_of(path) or backend
    if found != backend:
        raise DataError(
            f"the backend is {backend}, but '{path}' holds a database of {found}; "
            f"say --backend={found}"
        )
    return LmdbDatabase(path) if backend == "lmdb" else open_shared(LevelDb, path)


def kind_of(path: str) -> str:
    """Which kind of database a folder looks like: "lmdb", "leveldb", or "" for neither."""
    from minicaffe.data.leveldb import is_leveldb
    from minicaffe.data.lmdb import is_lmdb

    return "lmdb" if is_lmdb(path) else "leveldb" if is_leveldb(path) else ""


def open_source(
    path: str,
    backend: str = "lmdb",
    color: Color | None = None,
    *,
    skip: int = 0,
    cache_bytes: int | None = None,
    ranks: Ranks = ALONE,
) -> DatabaseSource:
    """The images of a database, in the order of the keys, again and again.

    Args:
        path: the database's folder (or an LMDB's data.mdb).
        backend: "lmdb" or "leveldb".
        color: how many channels encoded images get; as stored by default.
        skip: how many records to pass over at the start.
        cache_bytes: see :class:`DatabaseSource`.
        ranks: the processes that share the records.

    Raises:
        DataError: the database cannot be opened, or is of the other kind.
        MissingExtraError: the package for LevelDB is not installed.
    """
    from minicaffe.data.db import CACHE_BYTES, DatabaseSource
    from minicaffe.data.images import Color

    return DatabaseSource(
        open_database(path, backend),
        color or Color.NATIVE,
        skip=skip,
        cache_bytes=CACHE_BYTES if cache_bytes is None else cache_bytes,
        ranks=ranks,
    )
