"""MATLAB's files of level 5 (``.mat``), as far as blobs are in them: arrays of real numbers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read, write_beside

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15

#: The types of an element's numbers, and the classes of arrays, by their numbers in the file.
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}

#: How many bytes a compressed array may have at most.
_LARGEST = 2**29


def write_mat(path: str, name: str, array: np.ndarray) -> None:
    """Write a file with one array, whose axes MATLAB counts from the last one.

    A blob (N, C, H, W) is an array of W×H×C×N in MATLAB.

    Args:
        path: the file; an older one is replaced when the new one is complete.
        name: of the array.
        array: float32 or float64.

    Raises:
        DataError: it cannot be written.
    """
    double = array.dtype == np.float64
    values = np.ascontiguousarray(array, "<f8" if double else "<f4").tobytes()
    dims = np.array(array.shape[::-1], "<i4").tobytes()
    body = b"".join(
        (
            _element(6, struct.pack("<II", 6 if double else 7, 0)),
            _element(5, dims),
            _element(1, name.encode()),
            _element(9 if double else 7, values),
        )
    )
    head = b"MATLAB 5.0 MAT-file, written by minicaffe".ljust(124) + struct.pack(
        "<HH", 0x100, 0x4D49
    )
    with write_beside(path, error=DataError) as beside:
        Path(beside).write_bytes(head + struct.pack("<II", _MATRIX, len(body)) + body)


def read_mat(path: str, name: str) -> np.ndarray:
    """Read an array of real numbers, its axes in the order of a blob.

    Args:
        path: the file.
        name: of the array.

    Returns:
        The array with its axes counted from MATLAB's last one; float32 or float64 as in the file,
        whole numbers as they are.

    Raises:
        DataError: the file cannot be read, is none of level 5, or has no such array.
    """
    try:
        with open_to_read(path) as stream:
            data = stream.read()
    except (OSError, ValueError) as reason:  # ValueError: the name holds a NUL
        raise cannot_read(path, reason, what="the file") from reason
    if len(data) < _HEADER or data[126:128] not in (b"IM", b"MI"):
        raise DataError(f"'{path}' is no MATLAB file of level 5; save it with -v6 or -v7")
    order = "<" if data[126:128] == b"IM" else ">"
    try:
        for kind, body in _elements(data[_HEADER:], order):
            found = _array(body, order, name) if kind == _MATRIX else None
            if found is not None:
                return found
    except (struct.error, zlib.error, ValueError, KeyError, StopIteration) as reason:
        raise DataError(f"'{path}' is damaged, or holds what is no array of numbers") from reason
    raise DataError(f"'{path}' has no array '{name}' of real numbers")


def _element(kind: int, body: bytes) -> bytes:
    """A part of a file: its type, its length and its bytes, filled up to a multiple of 8."""
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The parts that bytes are made of: types and contents; compressed ones as what is in them."""
    place = 0
    while place + 8 <= len(data):
        kind, length = struct.unpack_from(order + "II", data, place)
        if kind >> 16:  # a short one: type and length in four bytes, the contents in four more
            yield kind & 0xFFFF, data[place + 4 : place + 4 + (kind >> 16)]
            place += 8
            continue
        body = data[place + 8 : place + 8 + length]
        if len(body) != length:
            raise ValueError("cut off")
        place += 8 + length + (0 if kind == _COMPRESSED else -length % 8)
        if kind == _COMPRESSED:
            unpacked = zlib.decompressobj()
            yield from _elements(unpacked.decompress(body, _LARGEST), order)
        else:
            yield kind, body


def _array(body: bytes, order: str, name: str) -> np.ndarray | None:
    """The array of a matrix element, if it is the one of this name."""
    parts = _elements(body, order)
    flags = struct.unpack_from(order + "I", next(parts)[1])[0]
    dims = np.frombuffer(next(parts)[1], order + "i4")
    if next(parts)[1].decode("latin-1") != name:
        return None
    if flags & 0x800 or flags & 0xFF not in _CLASSES:  # complex, or a cell, a structure, a text …
        return None
    kind, values = next(parts)
    numbers = np.frombuffer(values, order + _TYPES[kind])
    return numbers.astype(_CLASSES[flags & 0xFF]).reshape([int(n) for n in dims[::-1]])
