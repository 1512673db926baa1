"""What minicaffe adds to Caffe's solver state, as bytes that Caffe passes over.

A record is text: the SHA-256 of all that follows, a line's end, then JSON. It says when the
state was written, which weights belong to it (length and SHA-256), what the rest of the state
must sum up to, and where everything stood that a training depends on besides weights and
histories (see :mod:`minicaffe.solver.standing`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from minicaffe.errors import SnapshotError
from minicaffe.files import open_to_read

FORMAT = 1
_CHUNK = 1 << 20
_ARRAY_TYPE = re.compile(r"[<>|=][biuf][0-9]{1,2}")


@dataclass(frozen=True)
class FileMark:
    """How a file is told from any other.

    Attributes:
        length: in bytes.
        sha256: of its contents, in hexadecimal.
    """

    length: int
    sha256: str


@dataclass(frozen=True)
class Record:
    """What a state says beyond Caffe's fields.

    Attributes:
        written: when, in seconds since 1970.
        weights: the weight file that was written with it.
        contents: :func:`sum_of_contents` of Caffe's fields.
        standing: where the training stood, in terms of :func:`plain` when it is written;
            as it was, when it is read.
    """

    written: float
    weights: FileMark
    contents: str
    standing: dict[str, Any]


def encode(record: Record) -> bytes:
    """A record as bytes.

    Raises:
        TypeError: ``standing`` is not plain.
    """
    fields = {**asdict(record), "format": FORMAT}
    text = json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def decode(data: bytes, path: str) -> Record:
    """A record from bytes.

    Args:
        path: the file that it stands in, for messages.

    Raises:
        SnapshotError: it is damaged, or of a later version of minicaffe.
    """
    check, _, text = bytes(data).partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != check:
        raise SnapshotError(
            "the checksum of minicaffe's record in it is wrong, so the file is damaged; use "
            "another snapshot",
            path=path,
        )
    try:
        fields = json.loads(text)
        if fields["format"] != FORMAT:
            raise SnapshotError(
                f"it was written by another version of minicaffe: its record has format "
                f"{fields['format']}, this one reads {FORMAT}",
                path=path,
            )
        mark = FileMark(int(fields["weights"]["length"]), str(fields["weights"]["sha256"]))
        standing = revive(fields["standing"])
        if not isinstance(standing, dict):
            raise TypeError("no mapping")
        return Record(float(fields["written"]), mark, str(fields["contents"]), standing)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as reason:
        raise SnapshotError(f"minicaffe's record in it is malformed: {reason!r}", path=path) from (
            reason
        )


# ------------------------------------------------------------------------------ checksums


def mark_of(path: Any) -> FileMark:
    """Length and checksum of a file.

    Raises:
        OSError: it cannot be read.
    """
    check, length = hashlib.sha256(), 0
    with open_to_read(path) as stream:
        while chunk := stream.read(_CHUNK):
            check.update(chunk)
            length += len(chunk)
    return FileMark(length, check.hexdigest())


def sum_of_contents(
    iteration: int, learned_net: str, current_step: int, history: Sequence[np.ndarray]
) -> str:
    """One SHA-256 of a state's Caffe fields, the same in both file formats."""
    check = hashlib.sha256(f"{iteration} {current_step} ".encode())
    check.update(learned_net.encode("utf-8", "surrogateescape"))
    for array in history:
        wire = array.astype(array.dtype.newbyteorder("<"), copy=False)
        check.update(f" {wire.dtype.str} {array.shape} ".encode())
        check.update(np.ascontiguousarray(wire).view(np.uint8).reshape(-1).data)
    return check.hexdigest()


# ------------------------------------------------------------------------- plain values


def plain(value: Any) -> Any:
    """The same value in terms of JSON; exact, as JSON's numbers are written in full.

    Raises:
        TypeError: it holds an object that is no number, text, array, list or dictionary.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, dict):
        if any(not isinstance(key, str) or key == "array" for key in value):
            raise TypeError("its keys must be texts other than 'array'")
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        data = base64.b64encode(value.tobytes()).decode()
        return {"array": [value.dtype.str, list(value.shape), data]}
    raise TypeError(f"{type(value).__name__} cannot be kept in a solver state")


def revive(value: Any) -> Any:
    """What :func:`plain` was given, with lists in the place of tuples.

    Raises:
        ValueError, TypeError: it is malformed.
    """
    if isinstance(value, list):
        return [revive(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "array" not in value:
        return {key: revive(inner) for key, inner in value.items()}
    kind, shape, data = value["array"]
    if not _ARRAY_TYPE.fullmatch(kind):  # numpy would take small programs
        raise ValueError(f"an array of {kind}")
    dtype = np.dtype(kind)
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
