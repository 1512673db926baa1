"""The kinds of databases by name, for programs that read or write whole databases."""

from __future__ import annotations

import os

from minicaffe.data.database import Database, open_shared
from minicaffe.data.database_writer import DatabaseWriter
from minicaffe.data.leveldb_source import LevelDb, LevelDbWriter, is_leveldb
from minicaffe.data.lmdb_reader import LmdbDatabase
from minicaffe.data.lmdb_source import LmdbWriter, is_lmdb
from minicaffe.errors import DataError

BACKENDS = ("lmdb", "leveldb")


def new_database(path: str | os.PathLike[str], backend: str = "lmdb") -> DatabaseWriter:
    """What makes a database; see :class:`DatabaseWriter`."""
    return LmdbWriter(path) if backend == "lmdb" else LevelDbWriter(path)


def open_database(path: str, backend: str = "lmdb") -> Database:
    """An open database.

    Raises:
        DataError: it cannot be opened, is empty, or is of the other kind.
        MissingExtraError: the package for LevelDB is not installed.
    """
    holds = "lmdb" if is_lmdb(path) else "leveldb" if is_leveldb(path) else backend
    if holds != backend:
        raise DataError(
            f"the backend is {backend}, but '{path}' holds a database of {holds}; "
            f"say --backend={holds}"
        )
    return LmdbDatabase(path) if backend == "lmdb" else open_shared(LevelDb, path)
