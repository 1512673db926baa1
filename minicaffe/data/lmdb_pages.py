"""The pages of an LMDB's trees, each checked before anything in it is believed.

    branch       header, where its nodes begin (2 bytes each); at its end the nodes: low half of a
                 page's number (4), its next quarter (2), length of the key (2), key
    leaf         the same with other nodes: length of the value (4), flags (2), length of the key
                 (2), key, and the value or the number of the page at which it begins (8)
    large value  header, the value, over as many pages as it takes

The header's last two numbers are where the list of nodes ends and where the first node begins; of a
large value they are how many pages it has.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from minicaffe.data.lmdb_file import BRANCH, KINDS, LEAF, PAGE_HEADER, VALUE, LmdbFile, Tree

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
