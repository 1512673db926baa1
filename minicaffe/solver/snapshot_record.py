"""What minicaffe adds to Caffe's solver state, as bytes that Caffe passes over.

A record is text: the SHA-256 of all that follows, a line's end, then JSON. It says when the
state was written, which weights belong to it (length and SHA-256), what the rest of the state
must sum up to, and what a training depends on besides weights and histories (see
:mod:`minicaffe.solver.training_state`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from minicaffe.errors import SnapshotError
from minicaffe.files import open_to_read
from minicaffe.net.layer_states import from_json

if TYPE_CHECKING:
    from minicaffe.solver.training_state import TrainingState

FORMAT = 1

_CHUNK = 1 << 20  # bytes of a file that are read at a time


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
class SnapshotRecord:
    """What a state says beyond Caffe's fields.

    Attributes:
        written: when, in seconds since 1970.
        weights: the weight file that was written with it.
        contents: :func:`contents_sha256` of Caffe's fields.
        training: the state of all else, in terms of JSON when it is written (see
            :func:`minicaffe.net.layer_states.to_json`); as it was, when it is read.
    """

    written: float
    weights: FileMark
    contents: str
    training: TrainingState


def encode(record: SnapshotRecord) -> bytes:
    """A record as bytes.

    Raises:
        TypeError: ``training`` is not in terms of JSON.
    """
    weights = {"length": record.weights.length, "sha256": record.weights.sha256}
    fields = {
        "format": FORMAT,
        "written": record.written,
        "weights": weights,
        "contents": record.contents,
        "standing": record.training,
    }
    text = json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def decode(data: bytes, path: str) -> SnapshotRecord:
    """A record from bytes.

    Args:
        path: the file that holds it, for messages.

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
        training = from_json(fields["standing"])
        if not isinstance(training, dict):
            raise TypeError("no mapping")
        return SnapshotRecord(
            written=float(fields["written"]),
            weights=mark,
            contents=str(fields["contents"]),
            training=cast("TrainingState", training),  # its reader tells what is missing
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as reason:
        raise SnapshotError(f"minicaffe's record in it is malformed: {reason!r}", path=path) from (
            reason
        )


# ------------------------------------------------------------------------------ checksums


def file_mark(path: str | os.PathLike[str]) -> FileMark:
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


def contents_sha256(
    iteration: int, learned_net: str, current_step: int, history: Sequence[np.ndarray]
) -> str:
    """One SHA-256 of a state's Caffe fields, the same in both file formats.

    Args:
        iteration, learned_net, current_step: the fields.
        history: arrays of any shapes, which count, too.
    """
    check = hashlib.sha256(f"{iteration} {current_step} ".encode())
    check.update(learned_net.encode("utf-8", "surrogateescape"))
    for array in history:
        wire = array.astype(array.dtype.newbyteorder("<"), copy=False)
        check.update(f" {wire.dtype.str} {array.shape} ".encode())
        check.update(np.ascontiguousarray(wire).view(np.uint8).reshape(-1).data)
    return check.hexdigest()
