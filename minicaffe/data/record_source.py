"""A database's records as they are stored, in the order of the keys, again and again."""

from __future__ import annotations

from minicaffe.data.db import Cursor, Database, database_errors, record_name
from minicaffe.data.source import State, number_in
from minicaffe.errors import DataError


class RecordSource:
    """The values of a database, with names for messages.

    Args:
        database: where they are.
        skip: how many records to pass over at the start.
    """

    def __init__(self, database: Database, *, skip: int = 0) -> None:
        self.path = database.path
        self._opened: tuple[Database, Cursor] | None = (database, database.cursor())
        self._position = 0
        self._seek(skip)

    def peek(self) -> tuple[str, bytes]:
        """The name and the value of the next record, without going on."""
        database, cursor = self._parts()
        with database_errors(database):
            key, value = next(cursor.run(1))
        return record_name(database, key), value

    def read(self, count: int) -> list[tuple[str, bytes]]:
        """The names and values of the next ``count`` records.

        Raises:
            DataError: the database is damaged, or closed.
        """
        database, cursor = self._parts()
        found: list[tuple[str, bytes]] = []
        with database_errors(database):
            while len(found) < count:
                some = list(cursor.run(count - len(found)))
                found += [(record_name(database, key), value) for key, value in some]
                self._went_on(len(some))
        return found

    def state(self) -> State:
        """``{"position": …}``: which record is next, counted from 0."""
        return {"position": self._position}

    def restore(self, state: State) -> None:
        """Go to where ``state()`` was taken."""
        self._seek(number_in(state, "position"))

    def close(self) -> None:
        """Drop the database, which is closed when no other source reads it."""
        self._opened = None

    def _parts(self) -> tuple[Database, Cursor]:
        if self._opened is None:
            raise DataError(f"'{self.path}' is closed; make a new net to read on")
        return self._opened

    def _seek(self, position: int) -> None:
        database, cursor = self._parts()
        with database_errors(database):
            cursor.first()
            self._position = 0
            while position > 0:
                passed = cursor.skip(position)
                position -= passed
                self._went_on(passed)

    def _went_on(self, count: int) -> None:
        """The cursor has passed ``count`` records; after the last one comes the first."""
        self._position += count
        cursor = self._parts()[1]
        if not cursor.more():
            cursor.first()
            self._position = 0
