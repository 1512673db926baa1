"""The ends of a LevelDB's tables, the only part of them without a checksum."""

from __future__ import annotations

import os
import re
from pathlib import Path

from minicaffe.errors import DataError
from minicaffe.files import open_to_read

MOST_TABLES = 1000
_FOOTER = 48  # bytes: where two blocks begin and how long they are, as varints; zeros; the mark
_MARK = bytes.fromhex("57fb808b247547db")
_CURRENT = re.compile(rb"MANIFEST-[0-9]{1,20}\n")
_LONGEST_NAME = 100
_TRAILER = 5  # bytes after a block: how it is compressed, its checksum


def check_tables(path: str) -> None:
    """That a LevelDB has regular files, and tables that name no blocks larger than they are.

    It would wait for ever for what comes through a pipe; and a message of its own would show
    what CURRENT holds, where that is another file.

    LevelDB would ask for as much memory, and end the process when there is none. Only the first
    thousand tables (2 GB) are looked at, since that takes time; further ones are trusted.

    Raises:
        DataError: one does.
    """
    with os.scandir(path) as entries:
        files = [entry for entry in entries if not entry.is_dir()]
    for entry in files:
        if not entry.is_file():
            raise DataError(
                f"LevelDB '{path}' cannot be opened: '{entry.name}' in it is no regular file"
            )
    if not _CURRENT.fullmatch(_start_of(Path(path, "CURRENT"))):
        raise DataError(
            f"'{path}' cannot be opened as a LevelDB: the file CURRENT in it does not name a "
            "manifest; it is damaged or something else"
        )
    names = [entry.name for entry in files if entry.name.endswith((".ldb", ".sst"))]
    for name in sorted(names)[:MOST_TABLES]:
        try:
            _check_table(path, name)
        except OSError:
            continue  # LevelDB will say it, if it needs this table


def _start_of(file: Path) -> bytes:
    try:
        with open_to_read(file) as stream:
            return stream.read(_LONGEST_NAME)
    except OSError as reason:
        raise DataError(f"LevelDB '{file.parent}' cannot be opened: {reason.strerror}") from reason


def _check_table(path: str, name: str) -> None:
    with open_to_read(Path(path, name)) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _FOOTER))
        footer = stream.read(_FOOTER)
    if not footer.endswith(_MARK):
        return  # not complete, or damaged: LevelDB sees that
    numbers = _varints(footer, 4)
    for start, length in zip(numbers[::2], numbers[1::2], strict=False):
        if start + length + _TRAILER > size - _FOOTER:
            raise DataError(
                f"LevelDB '{path}' is damaged: {name} has {size} bytes, but names a block of "
                f"{length} bytes from byte {start} on; copy it again, or make it anew"
            )


def _varints(data: bytes, count: int) -> list[int]:
    """The first numbers, or as many as there are."""
    numbers = []
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number = shift = 0
        if len(numbers) == count:
            break
    return numbers
