"""The kinds of databases by name, for programs that read or write whole databases."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from minicaffe.errors import DataError

if TYPE_CHECKING:
    from minicaffe.data.db import Database, DatabaseWriter

# The readers and writers are imported when one is asked for: --help shows their names only.
BACKENDS = ("lmdb", "leveldb")


def new_database(path: str | os.PathLike[str], backend: str = "lmdb") -> DatabaseWriter:
    """What makes a database; see :class:`DatabaseWriter`."""
    from minicaffe.data.leveldb import LevelDbWriter
    from minicaffe.data.lmdb import LmdbWriter

    return LmdbWriter(path) if backend == "lmdb" else LevelDbWriter(path)


def open_database(path: str, backend: str = "lmdb") -> Database:
    """An open database.

    Raises:
        DataError: it cannot be opened, is empty, or is of the other kind.
        MissingExtraError: the package for LevelDB is not installed.
    """
    from minicaffe.data.db import open_shared
    from minicaffe.data.leveldb import LevelDb, is_leveldb
    from minicaffe.data.lmdb import LmdbDatabase, is_lmdb

    holds = "lmdb" if is_lmdb(path) else "leveldb" if is_leveldb(path) else backend
    if holds != backend:
        raise DataError(
            f"the backend is {backend}, but '{path}' holds a database of {holds}; "
            f"say --backend={holds}"
        )
    return LmdbDatabase(path) if backend == "lmdb" else open_shared(LevelDb, path)
