"""Decoded records of a database that are kept in memory, by their position in it."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.data.source import Records


class RecordCache:
    """Remembers decoded records by their position in a database.

    It serves nothing before all records are there that will be asked for, and gives up when they
    are together larger than the limit or differ in size.

    Args:
        entries: how many records the database has.
        limit: the most bytes that the images may take.
        step: how far apart the records are that are asked for, around and around.
        start: the position of one of them.
    """

    def __init__(self, entries: int, limit: int, step: int = 1, start: int = 0) -> None:
        self._entries, self._step = entries, step
        self._apart = math.gcd(entries, step) if entries else 1  # the others are never reached
        self._first = start % self._apart
        self._reached = entries // self._apart
        self._limit = limit
        self._images = np.empty(0, np.uint8)
        self._labels = np.zeros(0, np.int64)
        self._known = np.zeros(0, bool)
        self.complete = False
        self.open = entries > 0

    def reaches(self, position: int) -> bool:
        """Whether it can remember this record, and so those that follow it."""
        return position % self._apart == self._first

    def put(self, start: int, records: Records) -> None:
        """Remember the records from position ``start`` on (the first one follows the last)."""
        if not self.open or self.complete:
            return
        images = records.images
        if not len(self._known):
            if self._reached * images[0].nbytes > self._limit:
                self.open = False
                return
            self._images = np.empty((self._reached, *images.shape[1:]), images.dtype)
            self._labels = np.zeros(self._reached, np.int64)
            self._known = np.zeros(self._reached, bool)
        if self._images.shape[1:] != images.shape[1:] or self._images.dtype != images.dtype:
            self.open, self._images = False, np.empty(0, np.uint8)
            return
        where = self._places(start, len(images))
        self._images[where] = images
        self._labels[where] = records.labels
        self._known[where] = True
        self.complete = bool(self._known.all())

    def get(self, start: int, count: int) -> Records:
        """Records from ``start`` on; a view, unless they are apart or pass the end."""
        if self._step == 1 and start + count <= self._entries:
            where: slice | np.ndarray = slice(start, start + count)
        else:
            where = self._places(start, count)
        return Records(self._images[where], self._labels[where])

    def _places(self, start: int, count: int) -> np.ndarray:
        return (start + self._step * np.arange(count)) % self._entries // self._apart
