"""Arrays in ``.safetensors`` files: a header in JSON, then the values side by side.

8 bytes hold the header's length N (little-endian), N bytes the header, an object that has for each
tensor ``{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}``; the offsets count from the
header's end, and the tensors fill the rest of the file without gaps or overlaps.
Source: the format's description in the repository huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping

import numpy as np

from minicaffe.blob import MAX_AXES
from minicaffe.errors import SnapshotError
from minicaffe.files import write_beside
from minicaffe.proto.io import map_binary

_LENGTH = 8  # bytes of the header's length
_LONGEST = 2**24  # bytes of a header; that of 100,000 tensors has fewer
_METADATA = "__metadata__"  # names of texts with texts, the only entry that is no tensor

_BF16 = "BF16"  # the first half of a float32, which numpy does not have

_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", _BF16: "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "|b1",
}  # fmt: skip


class _Wrong(ValueError):
    """What is wrong with a file."""


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays by name, in the file's order; bfloat16 becomes float32.

    Raises:
        SnapshotError: the file cannot be read, is damaged or something else.
    """
    path = os.fspath(path)
    file = map_binary(path)
    try:
        return _arrays(file.view)
    except _Wrong as wrong:
        raise SnapshotError(f"this is no .safetensors file, or it is damaged: {wrong}", path=path) \
            from None  # fmt: skip


def _arrays(view: memoryview) -> dict[str, np.ndarray]:
    length = int.from_bytes(view[:_LENGTH], "little")
    if len(view) < _LENGTH or length > len(view) - _LENGTH:
        raise _Wrong("its header goes past its end")
    if length > _LONGEST:
        raise _Wrong(f"a header of {length:,} bytes, at most {_LONGEST:,} are read")
    header = _header(bytes(view[_LENGTH : _LENGTH + length]))
    values = view[_LENGTH + length :]
    arrays, stretches = {}, []
    for name, entry in header.items():
        if name == _METADATA:
            continue
        dtype, shape, (start, end) = _checked(name, entry, len(values))
        array = np.frombuffer(values[start:end], _TYPES[dtype]).reshape(shape)
        arrays[name] = _widened(array) if dtype == _BF16 else array
        stretches.append((start, end))
    _check_filled(stretches, len(values))
    return arrays


def _header(raw: bytes) -> dict[str, object]:
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as reason:
        raise _Wrong(f"its header is no JSON ({reason})") from None
    if not isinstance(header, dict):
        raise _Wrong("its header is no JSON object")
    return header


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _checked(name: str, entry: object, size: int) -> tuple[str, tuple[int, ...], tuple[int, int]]:
    """A tensor's type, shape and place, which fit together and into so many bytes."""
    if not isinstance(entry, dict):
        raise _Wrong(f"'{name}' is no tensor")
    dtype, shape = entry.get("dtype"), _numbers(entry.get("shape"))
    place = _numbers(entry.get("data_offsets"))
    if not isinstance(dtype, str) or dtype not in _TYPES:
        raise _Wrong(f"'{name}' has the type {str(dtype)[:40]}, expected {', '.join(_TYPES)}")
    if shape is None or len(shape) > MAX_AXES:
        raise _Wrong(f"'{name}' has no shape")
    if place is None or len(place) != 2 or not place[0] <= place[1] <= size:
        raise _Wrong(f"'{name}' has no place in the file")
    expected = math.prod(shape) * np.dtype(_TYPES[dtype]).itemsize
    if expected != place[1] - place[0]:
        raise _Wrong(f"'{name}' has {place[1] - place[0]} bytes, and its shape {expected}")
    return dtype, shape, (place[0], place[1])


def _numbers(found: object) -> tuple[int, ...] | None:
    """A list of whole numbers from 0 on; None for anything else."""
    if not isinstance(found, list):
        return None
    right = all(type(number) is int and 0 <= number < 2**63 for number in found)
    return tuple(found) if right else None


def _check_filled(stretches: list[tuple[int, int]], size: int) -> None:
    """Refuse values that no tensor has, or two."""
    at = 0
    for start, end in sorted(stretches):
        if start != at:
            raise _Wrong("its tensors overlap or leave gaps")
        at = end
    if at != size:
        raise _Wrong(f"{size - at} bytes at its end belong to no tensor")


def _widened(halves: np.ndarray) -> np.ndarray:
    """float32 of bfloat16."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def write_safetensors(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name.

    Args:
        path: the file.
        arrays: of a type that numpy and the format have.

    Raises:
        SnapshotError: the file cannot be written.
    """
    names = {np.dtype(code): name for name, code in _TYPES.items() if name != _BF16}
    header: dict[str, object] = {}
    at = 0
    for name, array in arrays.items():
        dtype = names[array.dtype.newbyteorder("<")]
        place = [at, at + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": place}
        at += array.nbytes
    raw = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % _LENGTH)  # so that the values are aligned
    with write_beside(path) as beside, open(beside, "wb") as stream:
        stream.write(len(raw).to_bytes(_LENGTH, "little") + raw)
        for array in arrays.values():
            stream.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
