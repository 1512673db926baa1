"""Reading LMDBs, without LMDB's own library, which trusts a file and dies with a damaged one."""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from minicaffe.data.db import DatabaseWriter, Record
from minicaffe.data.lmdb_file import NODE, REMEDY, LmdbFile, Pages, Tree
from minicaffe.errors import DataError, require
from minicaffe.errors.mistakes import MissingFileError
from minicaffe.errors.reading import near_file, shown_name

logger = logging.getLogger("minicaffe")
_leaf_node = struct.Struct("=IHH").unpack_from
_page_number = struct.Struct("=Q").unpack_from
_LARGE, _NAMED = 0x01, 0x02  # flags of a leaf's nodes
_OTHER_ORDERS = 0x02 | 0x08  # flags of a tree: keys compared from their ends, or as numbers


class LmdbDatabase:
    """An LMDB that is open for reading; it closes when the last reference to it goes.

    It takes no lock and writes nothing; pages are read when a cursor gets there. All cursors see
    the database as it was when it was opened. A program that writes into it in the meantime
    may, from its second transaction on, use pages again that are still read here: an error where it
    shows.

    Args:
        path: the database's folder, or its data.mdb.

    Attributes:
        entries: how many records there are.

    Raises:
        DataError: it does not exist, is empty, cut short or no LMDB that Caffe can read.
    """

    kind = "LMDB"
    errors: tuple[type[Exception], ...] = ()

    def __init__(self, path: str) -> None:
        self.path = path
        file = Path(path, "data.mdb") if os.path.isdir(path) else Path(path)
        if "\0" in path or not file.is_file():
            raise MissingFileError(
                f"there is no LMDB at {shown_name(path)} (as seen from {os.getcwd()}); expected a "
                f"folder with the file data.mdb; {near_file(path) or 'make the database first'}"
            ) from FileNotFoundError(2, "there is no LMDB", path)
        self._file = LmdbFile(path, file)
        logger.info("Opened lmdb %s", path)
        self._check_size()
        self._file.check_tree(self._file.meta.records)
        self.entries = self._file.meta.records.entries
        if not self.entries:
            raise DataError(f"LMDB '{path}' is empty, expected at least one record")

    def cursor(self) -> LmdbCursor:
        """A new cursor at the first record."""
        return LmdbCursor(self._file, self._file.meta.records)

    def _check_size(self) -> None:
        """That no page is missing, but those at the end that LMDB took and never wrote."""
        file, expected = self._file, self._file.meta.last_page + 1
        if file.pages < expected and self._unused_at_the_end() != expected - file.pages:
            raise DataError(
                f"LMDB '{self.path}' is cut short: {file.name} has {file.size} bytes, expected "
                f"at least {expected * file.meta.page_size}; copy it again"
            )

    def _unused_at_the_end(self) -> int:
        """How many pages after the end of the file are known to be unused."""
        file, tree = self._file, self._file.meta.unused
        found = [np.empty(0, np.uint64)]
        try:
            file.check_tree(tree)
            for _, value in LmdbCursor(file, tree).run(tree.entries):
                numbers = np.frombuffer(value, np.uint64, len(value) // 8)  # how many, then they
                numbers = numbers[1:][: int(numbers[0])] if numbers.size else numbers
                found.append(numbers[(numbers >= file.pages) & (numbers <= file.meta.last_page)])
        except DataError:  # it is cut short so much that this cannot be read
            return 0
        return np.unique(np.concatenate(found)).size


class LmdbCursor:
    """A place in a tree, at first the first record.

    All methods raise a ``DataError`` where the tree is damaged.
    """

    def __init__(self, file: LmdbFile, tree: Tree) -> None:
        self._file = file
        self._tree = tree
        self._pages = Pages(file)
        self.first()

    def first(self) -> None:
        """Go to the first record."""
        self._leaves = self._pages.leaves(self._tree)
        self._places: Sequence[int] = ()
        self._index = 0
        self._first = b""  # key of this leaf
        self._seen = 0  # records in the leaves up to this one
        self._large = 0  # bytes of the large values up to here

    def more(self) -> bool:
        """Whether there is a record here."""
        return self._index < len(self._places) or self._seen < self._tree.entries

    def run(self, count: int) -> Iterator[Record]:
        """The next ``count`` records, or as many as there are; see :class:`Cursor`."""
        large_value = self._pages.value
        while count > 0 and self._in_leaf():
            page = self._page
            page_size = len(page)
            for place in self._places[self._index : self._index + count]:
                size, flags, key_size = _leaf_node(page, place)
                key = place + NODE
                value = key + key_size
                end = value + size
                if not flags and end <= page_size:
                    yield page[key:value], page[value:end]
                elif flags == _LARGE and value + 8 <= page_size:
                    (number,) = _page_number(page, value)
                    yield page[key:value], large_value(number, size)
                    self._count_large(size)
                else:
                    self._refuse(flags)
                self._index += 1
                count -= 1

    def skip(self, count: int) -> int:
        """Pass over ``count`` records, or as many as there are; returns how many."""
        left = count
        while left > 0 and self._in_leaf():
            step = min(left, len(self._places) - self._index)
            self._index += step
            left -= step
        return count - left

    def _in_leaf(self) -> bool:
        """Go to the next leaf if this one is over; False when there is none."""
        if self._index < len(self._places):
            return True
        if self._seen == self._tree.entries:
            return False
        leaf = next(self._leaves, None)
        if leaf is not None:
            self._number, self._page, self._places = leaf
            self._index = 0
            self._seen += len(self._places)
            self._check_order()
            if self._seen < self._tree.entries:
                return True
            if self._seen == self._tree.entries and next(self._leaves, None) is None:
                return True
        found = f"more than {self._tree.entries}" if leaf else self._seen
        self._seen, self._places = 0, ()  # it stays an error
        raise DataError(
            f"LMDB '{self._file.path}' is damaged: {self._file.name} has {found} records, "
            f"expected {self._tree.entries}; {REMEDY}"
        )

    def _check_order(self) -> None:
        """No leaf comes twice, or before its time."""
        place = self._places[0]
        _, _, key_size = _leaf_node(self._page, place)
        first = self._page[place + NODE : place + NODE + key_size]
        if first <= self._first and not self._tree.flags & _OTHER_ORDERS:
            self._places = ()
            self._file.damaged(self._number, "does not follow in the order of the keys")
        self._first = first

    def _count_large(self, size: int) -> None:
        """Values share no pages; else a small file could be read for days."""
        self._large += size
        if self._large > self._file.pages * len(self._page):
            self._file.damaged(self._number, "has values that other records have too")

    def _refuse(self, flags: int) -> NoReturn:
        """Say what is wrong with a record."""
        if flags == _NAMED:
            raise DataError(
                f"LMDB '{self._file.path}' holds named databases, unlike those of Caffe; expected "
                "one Datum for each key"
            )
        self._file.damaged(self._number, "has a record that does not end in it")


_FIRST_MAP_SIZE = 2**20


def is_lmdb(path: str) -> bool:
    """Whether a folder looks like an LMDB."""
    return os.path.isfile(os.path.join(path, "data.mdb"))


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
