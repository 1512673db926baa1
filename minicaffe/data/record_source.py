"""A database's records as they are stored, in the order of the keys, again and again."""

from __future__ import annotations

from minicaffe.data.db import Database, DatabaseReader, database_errors, record_name
from minicaffe.options import ALONE, Ranks


class RecordSource(DatabaseReader):
    """The values of a database, with names for messages.

    Args:
        database: where they are.
        skip: how many records to pass over at the start.
        ranks: the processes that share them.
    """

    def __init__(self, database: Database, *, skip: int = 0, ranks: Ranks = ALONE) -> None:
        super().__init__(database, ranks)
        self.seek(skip + ranks.rank)

    def peek(self) -> tuple[str, bytes]:
        """The name and the value of the next record, without going on."""
        database = self.database
        with database_errors(database):
            key, value = next(self.cursor.run(1))
        return record_name(database, key), value

    def read(self, count: int) -> list[tuple[str, bytes]]:
        """The names and values of the next ``count`` records.

        Raises:
            DataError: the database is damaged, or closed.
        """
        database, found = self.database, list[tuple[str, bytes]]()
        with database_errors(database):
            while len(found) < count:
                some = list(self.cursor.run(self.in_a_row(count - len(found))))
                found += [(record_name(database, key), value) for key, value in some]
                self.went_on(len(some))
                self.pass_over(self.ranks.size - 1)
        return found
