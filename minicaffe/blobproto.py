"""Arrays as ``BlobProto`` messages and back: weights, histories and image means.

The values go through the wire format (a packed field is the numbers' bytes side by side)
because a message's own containers would make a Python object of every number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, SnapshotError
from minicaffe.files import write_beside
from minicaffe.proto import caffe_pb2
from minicaffe.proto.read import read_binary

_SINGLE = np.dtype("<f4")
_DOUBLE = np.dtype("<f8")
# Field numbers of BlobProto: the packed values, and NVCaffe's raw bytes with their type.
_PACKED = {"data": ((8, _DOUBLE), (5, _SINGLE)), "diff": ((9, _DOUBLE), (6, _SINGLE))}
_RAW = {"data": (12, 10), "diff": (13, 11)}
_RAW_TYPES = tuple(map(np.dtype, ("<f8", "<f4", "<f2", "<i4", "<u4")))
_LEGACY = ("num", "channels", "height", "width")
_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)


def array_of(proto: Any, kind: str = "data") -> np.ndarray:
    """The values of a ``BlobProto`` in the shape that it states.

    Args:
        proto: with ``shape``, or with the old num, channels, height, width (then 4-D).
        kind: ``data`` or ``diff``.

    Returns:
        A new array, float32 (float64 where the message holds doubles). NVCaffe's half
        precision ``raw_data`` is widened.

    Raises:
        SnapshotError: the number of values does not fit the shape.
    """
    values = values_of(proto, kind)
    shape = shape_of(proto)
    if values.size != np.prod(shape, dtype=np.int64):
        raise SnapshotError(
            f"a blob of shape {shape_text(shape)} with {values.size} values of {kind}; "
            "the file is damaged"
        )
    return np.array(values, np.float64 if values.dtype == _DOUBLE else np.float32).reshape(shape)


def values_of(proto: Any, kind: str = "data") -> np.ndarray:
    """The values of a ``BlobProto``, flat, read-only and of the type that they are stored in."""
    raw_field, type_field = _RAW[kind]
    chunks: dict[int, list[Any]] = {}
    for number, value in _fields(memoryview(proto.SerializeToString())):
        chunks.setdefault(number, []).append(value)
    for number, dtype in _PACKED[kind]:
        if number in chunks:
            parts = [np.frombuffer(chunk, dtype) for chunk in chunks[number]]
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
    if raw_field in chunks:
        stored = chunks.get(type_field, [1])[-1]
        if stored >= len(_RAW_TYPES) or len(chunks[raw_field][-1]) % _RAW_TYPES[stored].itemsize:
            raise SnapshotError(f"raw_{kind} of type {stored} cannot be read")
        return np.frombuffer(chunks[raw_field][-1], _RAW_TYPES[stored])
    return np.empty(0, _SINGLE)


def shape_of(proto: Any) -> tuple[int, ...]:
    """The shape that a ``BlobProto`` states; the old fields make it 4-D."""
    if _is_legacy(proto):
        return tuple(getattr(proto, name) for name in _LEGACY)
    return tuple(proto.shape.dim)


def same_shape(shape: tuple[int, ...], proto: Any) -> bool:
    """Whether a blob of this shape takes the message's values (Caffe's ``ShapeEquals``).

    The old 4-D fields also fit shapes of fewer axes, aligned at the last one: (5,) takes
    (1, 1, 1, 5).
    """
    if not _is_legacy(proto):
        return shape == shape_of(proto)
    return len(shape) <= 4 and (1,) * (4 - len(shape)) + shape == shape_of(proto)


def blob_proto(array: np.ndarray, diff: np.ndarray | None = None, *, legacy: bool = False) -> Any:
    """A ``BlobProto`` of an array.

    Args:
        array: any shape; float64 is stored as doubles, all else as float32.
        diff: its gradients, or None to leave them out.
        legacy: state the shape in the old num, channels, height, width (at most 4 axes).
    """
    proto = caffe_pb2.BlobProto()
    if legacy:
        if array.ndim > 4:
            raise DataError(f"an array of {array.ndim} axes has no num, channels, height, width")
        padded = (1,) * (4 - array.ndim) + array.shape
        for name, length in zip(_LEGACY, padded, strict=True):
            setattr(proto, name, length)
    else:
        proto.shape.dim.extend(array.shape)
    proto.MergeFromString(_pack("data", array))
    if diff is not None:
        proto.MergeFromString(_pack("diff", diff))
    return proto


def read_blob(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in a ``.binaryproto`` file, such as an image mean.

    Raises:
        DataError: the file cannot be read, or is something else.
    """
    try:
        return array_of(read_binary(os.fspath(path), caffe_pb2.BlobProto))
    except SnapshotError as error:
        raise DataError(error.message, path=os.fspath(path)) from error.__cause__


def write_blob(path: str | os.PathLike[str], array: np.ndarray, *, legacy: bool = False) -> None:
    """Write an array as a ``.binaryproto`` file; ``legacy`` as in :func:`blob_proto`."""
    with write_beside(path, error=DataError) as beside:
        beside.write_bytes(blob_proto(array, legacy=legacy).SerializeToString())


def _is_legacy(proto: Any) -> bool:
    return any(proto.HasField(name) for name in _LEGACY)


def _pack(kind: str, array: np.ndarray) -> bytes:
    """The array as one packed field of a ``BlobProto``."""
    double, single = _PACKED[kind]
    number, dtype = double if array.dtype == np.float64 else single
    payload = np.ascontiguousarray(array, dtype).tobytes()
    if not payload:
        return b""
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(buffer: memoryview) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a message on the wire; groups are skipped."""
    position, end, depth = 0, len(buffer), 0
    while position < end:
        tag, position = _read_varint(buffer, position)
        number, wire = tag >> 3, tag & 7
        value: Any = None
        if wire == _VARINT:
            value, position = _read_varint(buffer, position)
        elif wire == _BYTES:
            size, position = _read_varint(buffer, position)
            value = buffer[position : position + size]
            position += size
        elif wire in (_FIXED32, _FIXED64):
            position += 4 if wire == _FIXED32 else 8
        else:
            depth += 1 if wire == _GROUP else -1
        if value is not None and not depth:
            yield number, value


def _read_varint(buffer: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
