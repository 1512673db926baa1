"""The idx files in which MNIST and its successors are published."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import zlib

import numpy as np

from minicaffe.blob import MAX_AXES
from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.options import Limits

_UNSIGNED_BYTE = 8
_PIECE = 2**20


def read_idx(path: str | os.PathLike[str], sha256: str = "") -> np.ndarray:
    """The array in an idx file of bytes, compressed by gzip or not.

    Args:
        path: the file.
        sha256: the checksum that its content must have once unpacked, or nothing.

    Returns:
        uint8, of the shape that the file states.

    Raises:
        DataError: the file cannot be read, is no idx file of bytes, is cut short, or holds
            something else than the checksum says.
    """
    name = os.fspath(path)
    try:
        with open_to_read(path, pipes=True) as stream:
            content = stream.read()
    except OSError as reason:
        raise cannot_read(name, reason, what="the idx file") from reason
    return parse_idx(content, name, sha256)


def parse_idx(content: bytes, name: str, sha256: str = "") -> np.ndarray:
    """The array in the bytes of an idx file; see :func:`read_idx`.

    Args:
        content: of the file, packed by gzip or not.
        name: the file, for messages.
        sha256: what the content must sum up to; "" takes any.

    Raises:
        DataError: it is no idx file of unsigned bytes, or is damaged.
    """
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content, name)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise DataError(f"'{name}' is no idx file of bytes; choose another file")
    header = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:header].ljust(header - 4, b"\0"), ">u4").tolist())
    if len(shape) > MAX_AXES or math.prod(max(1, length) for length in shape) > 2**62:
        raise DataError(f"the idx file '{name}' states no shape of an array; it is damaged")
    if len(content) - header != math.prod(shape):
        raise DataError(
            f"the idx file '{name}' has {len(content)} bytes, expected "
            f"{header + math.prod(shape)}; it is damaged"
        )
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(f"'{name}' does not hold what was published: its SHA-256 differs")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _unpacked(packed: bytes, name: str) -> bytes:
    """What gzip has packed; not much more than the header says is unpacked."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            content = stream.read(4)
            content += stream.read(4 * content[3] if len(content) == 4 else 0)
            sizes = np.frombuffer(content[4 : len(content) // 4 * 4], ">u4").tolist()
            expected = len(content) + math.prod(sizes)
            Limits().check(expected, f"the array in '{name}'")
            parts = [content]
            # one byte more, to notice that there is more
            while piece := stream.read(min(_PIECE, expected + 1 - sum(map(len, parts)))):
                parts.append(piece)
            return b"".join(parts)
    except (OSError, EOFError, ValueError, zlib.error) as reason:
        raise DataError(f"the idx file '{name}' cannot be unpacked: {reason}") from reason


def balanced_subset(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Indices of equally many random items of each class, in ascending order.

    The choice depends on nothing but the arguments (numpy keeps ``RandomState`` as it is).

    Args:
        labels: (items,), whole numbers.
        per_class: how many items of each class.
        seed: of the choice.

    Raises:
        DataError: a class has fewer items.
    """
    rng = np.random.RandomState(seed)
    chosen = []
    for label in np.unique(labels):
        (where,) = np.nonzero(labels == label)
        if len(where) < per_class:
            raise DataError(f"class {label} has {len(where)} item(s), expected {per_class}")
        chosen.append(rng.permutation(where)[:per_class])
    return np.sort(np.concatenate(chosen))
