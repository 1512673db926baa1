"""The file data.mdb of an LMDB: its bytes, and the two pages that say where everything else is.

This is what LMDB 0.9 writes in programs of 64 bits (``mdb.c`` of OpenLDAP). The file is a row of
pages of one size; all numbers have the byte order of the machine that wrote them. Pages 0 and 1
are written alternately; the one of the greater transaction counts. Each says where two trees
begin: that of the pages that are no longer used, and that of the records.

The file is mapped into memory, since to read it would take three times as long as to copy it from
there. A program that touches a mapped page that the file does not have is killed by the system, so
:meth:`LmdbFile.has` is asked before each access: the file may have been cut in the meantime.
"""

from __future__ import annotations

import mmap
import os
import struct
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from minicaffe.errors import DataError
from minicaffe.files import open_to_read

FORMAT = 1
REMEDY = "copy it again, or make it again"

#: At the start of every page: its number (8 bytes), unused (2), its kind in flags (2), and two
#: more numbers (2 each).
PAGE_HEADER = struct.Struct("=QHHHH")

#: The flags that are of interest here: branch, leaf, start of a large value, first two
#: pages; the others belong to keys of several values.
BRANCH, LEAF, VALUE, META = 0x01, 0x02, 0x04, 0x08
KINDS = 0x6F

# magic, format, address, map size; page size, then the tree of unused pages; unused, then the tree
# of records; last page, transaction
_META = struct.Struct("=IIQQ IHH5Q IHH5Q QQ")
_seek = os.lseek  # to the end: gives the size faster than fstat
_FIRST_BYTES = PAGE_HEADER.size + _META.size
_MAGIC = 0xBEEFC0DE
_PAGE_SIZES = tuple(256 << n for n in range(8))
_SEVERAL_VALUES = 0x04  # of a tree's flags
_DEEPEST = 32
_SMALLEST_RECORD = 10  # bytes that it takes of a page


@dataclass(frozen=True)
class Tree:
    """Where the records of a tree are.

    Attributes:
        flags: how its keys are kept.
        depth: pages from the root to a leaf, both counted; 0 of an empty tree.
        entries: how many records it has.
        root: the page at which it begins.
    """

    flags: int
    depth: int
    entries: int
    root: int


@dataclass(frozen=True)
class Meta:
    """What one of the first two pages says.

    Attributes:
        page_size: bytes.
        unused: the pages that are no longer used.
        records: the database.
        last_page: the greatest number of a page.
        transaction: which one wrote this.
    """

    page_size: int
    unused: Tree
    records: Tree
    last_page: int
    transaction: int


class LmdbFile:
    """A data.mdb, open for reading; it closes when the last reference to it goes.

    Args:
        path: what the user calls the database.
        file: its file.

    Attributes:
        bytes: all that the file had when it was opened.
        pages: how many whole pages that are.
        meta: what its first pages say.

    Raises:
        DataError: it cannot be opened, or does not begin as an LMDB does.
    """

    def __init__(self, path: str, file: Path) -> None:
        self.path = path
        self.name = file.name
        try:
            stream = open_to_read(file)
            weakref.finalize(self, stream.close)
            self._descriptor = stream.fileno()
            if self.size < _FIRST_BYTES:
                self._no_lmdb(f"{self.name} has {self.size} bytes")
            self.bytes = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError, OverflowError) as reason:  # the last two: 32 bits, 2 GB
            text = getattr(reason, "strerror", None) or reason
            raise DataError(f"LMDB '{path}' cannot be opened: {text}") from reason
        self._mapped = len(self.bytes)
        self.meta = self._newest_meta()
        self.pages = self._mapped // self.meta.page_size

    @property
    def size(self) -> int:
        """How many bytes the file has at this moment."""
        return _seek(self._descriptor, 0, os.SEEK_END)

    def has(self, end: int) -> bool:
        """Whether the bytes up to ``end`` are mapped, and in the file at this moment."""
        return end <= self._mapped and end <= _seek(self._descriptor, 0, os.SEEK_END)

    def check_tree(self, tree: Tree) -> None:
        """That a tree can be what the first pages say of it.

        Raises:
            DataError: it cannot; or its keys may have several values.
        """
        if tree.flags & _SEVERAL_VALUES:
            raise DataError(
                f"LMDB '{self.path}' may have several values for a key (dupsort), unlike those of "
                "Caffe; expected one Datum for each key"
            )
        most = self.pages * self.meta.page_size // _SMALLEST_RECORD
        if tree.entries and (not 0 < tree.depth <= _DEEPEST or tree.entries > most):
            raise DataError(
                f"LMDB '{self.path}' is damaged: {self.name} has {self.pages} pages, in which "
                f"{tree.entries} records at the depth {tree.depth} are expected; {REMEDY}"
            )

    def damaged(self, number: int, what: str) -> NoReturn:
        """Raise the error of a damaged page."""
        raise DataError(
            f"LMDB '{self.path}' is damaged: page {number} of {self.name} {what}; {REMEDY}"
        )

    def missing(self, first: int, last: int) -> NoReturn:
        """Raise the error of pages that are not all there."""
        if first < 2 or last > self.meta.last_page:
            text = f"to {last} are to be read, expected numbers from 2 to {self.meta.last_page}"
            self.damaged(first, text)
        raise DataError(
            f"LMDB '{self.path}' is cut short: {self.name} has {self.size} bytes, of page {last} "
            f"not all {self.meta.page_size}; {REMEDY}"
        )

    # ---------------------------------------------------------------------- first pages

    def _newest_meta(self) -> Meta:
        """The page that counts; both are read again if a program writes at this moment."""
        for _ in range(100):
            metas = self._metas()
            if metas == self._metas():
                return max(metas, key=lambda meta: meta.transaction)
        raise DataError(
            f"LMDB '{self.path}' changes too often to be read; wait until the program that writes "
            "it has finished"
        )

    def _metas(self) -> tuple[Meta, Meta]:
        first = self._meta(0, 0)
        return first, self._meta(1, first.page_size)

    def _meta(self, number: int, offset: int) -> Meta:
        if not self.has(offset + _FIRST_BYTES):
            self._no_lmdb(f"{self.name} has {self.size} bytes")
        data = self.bytes[offset : offset + _FIRST_BYTES]
        magic, version, _, _, *rest = _META.unpack_from(data, PAGE_HEADER.size)
        page, _, flags, _, _ = PAGE_HEADER.unpack_from(data)
        if magic != _MAGIC or page != number or flags & KINDS != META:
            self._no_lmdb(
                _foreign(data) or f"page {number} of {self.name} is not a page of an LMDB"
            )
        if version != FORMAT:
            self._no_lmdb(f"its format has the number {version}, expected {FORMAT}")
        if rest[0] not in _PAGE_SIZES:
            self._no_lmdb(f"its pages are to have {rest[0]} bytes")
        return Meta(rest[0], _tree(rest[1:8]), _tree(rest[9:16]), *rest[16:])

    def _no_lmdb(self, why: str) -> NoReturn:
        raise DataError(
            f"'{self.path}' cannot be opened as an LMDB ({why}); it is damaged or something else: "
            "an LMDB is a folder with data.mdb, which convert_imageset makes"
        )


def _tree(numbers: list[int]) -> Tree:
    flags, depth, _, _, _, entries, root = numbers
    return Tree(flags, depth, entries, root)


def _foreign(data: bytes) -> str:
    """Which other kind of machine has written the start of a file, or ""."""
    magic = struct.pack("=I", _MAGIC)
    if data[16:20] == magic[::-1]:
        return "a machine of the other byte order has written it"
    if data[12:16] in (magic, magic[::-1]):
        return "a program of 32 bits has written it; mdb_dump there and mdb_load here convert it"
    return ""


NODE = 8  # bytes before the key
_HEADER = PAGE_HEADER.size
_header = PAGE_HEADER.unpack_from
_value_header = struct.Struct("=QHHI").unpack_from
_branch_node = struct.Struct("=IH").unpack_from
_NAMES = {BRANCH: "branch", LEAF: "leaf"}
Leaf = tuple[int, bytes, Sequence[int]]


class Pages:
    """The pages of the trees of a file.

    All methods raise a ``DataError`` where the file is damaged or ends.
    """

    def __init__(self, file: LmdbFile) -> None:
        self._file = file
        self._has = file.has
        self._bytes = file.bytes
        self._size = file.meta.page_size

    def leaves(self, tree: Tree) -> Iterator[Leaf]:
        """The leaves of a tree in the order of their keys.

        Yields:
            The page's number, its bytes, and where in them its nodes begin; there is one at least.
        """
        if tree.entries:
            yield from self._below((tree.root,), tree.depth)

    def value(self, number: int, size: int) -> bytes:
        """The large value of ``size`` bytes that begins at page ``number``."""
        page = number * self._size
        start = page + _HEADER
        end = start + size
        if number < 2 or not self._has(end):
            self._file.missing(number, (end - 1) // self._size)
        found, _, flags, pages = _value_header(self._bytes, page)
        if found != number or flags & KINDS != VALUE or page + pages * self._size < end:
            text = f"is not the start of a value of {size} bytes that should be there"
            self._file.damaged(number, text)
        return self._bytes[start:end]

    def _below(self, numbers: Iterable[int], height: int) -> Iterator[Leaf]:
        """The leaves below pages that are ``height`` pages high."""
        for number in numbers:
            if height > 1:
                yield from self._below(self._children(number), height - 1)
            else:
                yield (number, *self._nodes(number, LEAF))

    def _children(self, number: int) -> Iterator[int]:
        page, places = self._nodes(number, BRANCH)
        for place in places:
            low, high = _branch_node(page, place)
            yield low | high << 32

    def _nodes(self, number: int, kind: int) -> tuple[bytes, Sequence[int]]:
        """A page, and where in it its nodes begin, each with its eight first bytes inside."""
        start = number * self._size
        if number < 2 or not self._has(start + self._size):
            self._file.missing(number, number)
        page = self._bytes[start : start + self._size]
        found, _, flags, lower, upper = _header(page)
        if found != number or flags & KINDS != kind:
            self._file.damaged(number, f"is not the {_NAMES[kind]} that should be there")
        if not _HEADER < lower <= upper <= self._size or lower & 1:
            self._file.damaged(number, f"has {upper} as the start of nodes listed up to {lower}")
        places = struct.unpack_from(f"={(lower - _HEADER) // 2}H", page, _HEADER)
        if min(places) < upper or max(places) > self._size - NODE:
            self._file.damaged(number, "has a node that does not lie in it")
        return page, places
