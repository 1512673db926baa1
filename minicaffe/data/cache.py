"""Decoded images kept in memory, where the whole database is small."""

from __future__ import annotations

import numpy as np

from minicaffe.data.records import Records


class RecordCache:
    """Remembers decoded records by their position in a database.

    It serves nothing before all records are there, and gives up for good when they are
    together larger than the limit or differ in size.

    Args:
        entries: how many records the database has.
        limit: the most bytes that the images may take.
    """

    def __init__(self, entries: int, limit: int) -> None:
        self._entries = entries
        self._limit = limit
        self._images: np.ndarray | None = None
        self._labels = np.zeros(0, np.int64)
        self._known = np.zeros(0, bool)
        self.complete = False
        self.open = entries > 0

    def put(self, start: int, records: Records) -> None:
        """Remember records that stand at ``start`` and after (the first follows the last)."""
        if not self.open or self.complete:
            return
        images = records.images
        if self._images is None:
            if self._entries * images[0].nbytes > self._limit:
                self.open = False
                return
            self._images = np.empty((self._entries, *images.shape[1:]), images.dtype)
            self._labels = np.zeros(self._entries, np.int64)
            self._known = np.zeros(self._entries, bool)
        if self._images.shape[1:] != images.shape[1:] or self._images.dtype != images.dtype:
            self.open, self._images = False, None
            return
        where = np.arange(start, start + len(images)) % self._entries
        self._images[where] = images
        self._labels[where] = records.labels
        self._known[where] = True
        self.complete = bool(self._known.all())

    def get(self, start: int, count: int) -> Records:
        """Records from ``start`` on; a view, unless they pass the end."""
        assert self._images is not None
        if start + count <= self._entries:
            where: slice | np.ndarray = slice(start, start + count)
        else:
            where = np.arange(start, start + count) % self._entries
        return Records(self._images[where], self._labels[where])
