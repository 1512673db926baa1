"""Arrays as ``BlobProto`` messages and back: weights, histories and image means.

The values go through the wire format (a packed field is the numbers' bytes side by side)
because a message's own containers would make a Python object of every number.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError

from minicaffe.blob import MAX_AXES, MAX_COUNT, shape_text
from minicaffe.errors import DataError, SnapshotError
from minicaffe.files import open_to_read, write_beside
from minicaffe.proto import caffe_pb2
from minicaffe.proto.file_kinds import ENOUGH
from minicaffe.proto.io import read_binary, unreadable
from minicaffe.proto.wire import (
    BYTES,
    VARINT,
    WireError,
    WireField,
    wire_fields,
    write_varint,
)

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_SINGLE = np.dtype("<f4")


_DOUBLE = np.dtype("<f8")


_FIELDS = caffe_pb2.BlobProto.DESCRIPTOR.fields_by_name


# The packed values: number, type and name of each field that may hold them.
_PACKED = {
    kind: [
        (_FIELDS[name].number, dtype, name)
        for name, dtype in ((f"double_{kind}", _DOUBLE), (kind, _SINGLE))
    ]
    for kind in ("data", "diff")
}


_PAYLOADS = {
    _FIELDS[prefix + kind].number for prefix in ("", "double_", "raw_") for kind in ("data", "diff")
}


_RAW_TYPES = tuple(map(np.dtype, ("<f8", "<f4", "<f2", "<i4", "<u4")))


_MAX_CHUNKS = 1000  # pieces of packed values that are kept side by side


_LEGACY = ("num", "channels", "height", "width")


#: What the numbers of C3D's BlobProto are in Caffe's, where they differ: C3D has `length` as the
#: third of five dimensions, by which the others moved. Its `width` is a whole number where Caffe
#: has the values, which tells its files.
_C3D = {3: _FIELDS["length"].number, 4: 3, 5: 4, 6: 5, 7: 6}


#: naibaf7's numbers for values as bytes and for their type. In NVCaffe the first is a whole number,
#: and the one between them, naibaf7's gradients, holds values.
_BYTES_OF_NAIBAF7, _TYPE_OF_NAIBAF7 = 11, 13


_TYPES_OF_NAIBAF7: dict[int, np.dtype] = {0: _SINGLE, 1: np.dtype("<f2"), 2: _DOUBLE}


def array_of(proto: caffe_pb2.BlobProto, kind: str = "data") -> np.ndarray:
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
    shape = shape_for(proto, values.size)
    if shape is None:
        raise SnapshotError(
            f"a blob of shape {stated_shape_text(proto)} with {values.size} values of {kind}; "
            "the file is damaged"
        )
    return converted(values, np.float64 if values.dtype == _DOUBLE else np.float32).reshape(shape)


def converted(values: np.ndarray, dtype: DTypeLike) -> np.ndarray:
    """A copy of another type, without a word on what is out of its range or no number."""
    with np.errstate(all="ignore"):
        return np.array(values, dtype)


def values_of(proto: caffe_pb2.BlobProto, kind: str = "data") -> np.ndarray:
    """The values of a ``BlobProto``, flat, read-only and of the type that they are stored in."""
    return StoredBlob(memoryview(proto.SerializeToString())).values(kind)


class StoredBlob:
    """A ``BlobProto`` as a file holds it; its values are not copied.

    Args:
        buffer: the message's bytes.

    Attributes:
        header: the message without its values: shape, types.

    Raises:
        SnapshotError: the bytes are no such message.
    """

    def __init__(self, buffer: memoryview) -> None:
        small = bytearray()
        self._chunks: dict[int, list[memoryview]] = {}
        self._numbers: dict[int, int] = {}
        self._of_naibaf7 = False
        try:
            numbers = _C3D if _is_of_c3d(buffer) else {}
            for field in wire_fields(buffer):
                if field.number == _BYTES_OF_NAIBAF7 and field.wire == BYTES:
                    self._of_naibaf7 = True
                    self._chunks[field.number] = [field.value]
                    continue
                if numbers:
                    field = _renumbered(field, numbers.get(field.number, field.number))
                if field.number in _PAYLOADS and field.wire == BYTES:
                    chunks = self._chunks.setdefault(field.number, [])
                    chunks.append(field.value)
                    if len(chunks) > _MAX_CHUNKS:  # which no program writes
                        chunks[:] = [memoryview(b"".join(chunks))]
                else:
                    small += field.raw
                    if field.wire == VARINT:
                        self._numbers[field.number] = field.value
            self.header = caffe_pb2.BlobProto.FromString(bytes(small))
        except (WireError, DecodeError) as error:
            raise SnapshotError(f"a blob that cannot be read ({error})") from error

    def values(self, kind: str = "data") -> np.ndarray:
        """The values, flat, read-only and of the type that they are stored in.

        Raises:
            SnapshotError: they are of an unknown type, or cut short.
        """
        for number, dtype, name in _PACKED[kind]:
            one_by_one = getattr(self.header, name)  # as no Caffe writes them, but may
            if one_by_one:
                return np.array(one_by_one, dtype)
            if number in self._chunks:
                return _joined(self._chunks[number], dtype, name)
        if self._of_naibaf7:
            return self._packed_values(kind)
        raw = f"raw_{kind}"
        chunks = self._chunks.get(_FIELDS[raw].number)
        if not chunks:
            return np.empty(0, _SINGLE)
        stored = self._numbers.get(_FIELDS[f"{raw}_type"].number, 1)  # protobuf hides unknown ones
        if stored >= len(_RAW_TYPES):
            raise SnapshotError(f"{raw} of type {stored} cannot be read")
        return _joined(chunks[-1:], _RAW_TYPES[stored], f"{raw} of type {stored}")

    def _packed_values(self, kind: str) -> np.ndarray:
        """naibaf7's values as bytes; its gradients are left out."""
        if kind == "diff":
            return np.empty(0, _SINGLE)
        dtype = _TYPES_OF_NAIBAF7.get(self._numbers.get(_TYPE_OF_NAIBAF7, 0))
        if dtype is None:
            raise SnapshotError(
                "packed_data of naibaf7's Caffe is quantised and cannot be read; save it there as "
                "floating point"
            )
        return _joined(self._chunks[_BYTES_OF_NAIBAF7], dtype, "packed_data of naibaf7's Caffe")


def _is_of_c3d(buffer: memoryview) -> bool:
    """Whether the bytes are C3D's BlobProto, by its width in the place of Caffe's values."""
    values = _FIELDS["data"].number
    return any(field.number == values and field.wire == VARINT for field in wire_fields(buffer))


def _renumbered(field: WireField, number: int) -> WireField:
    """A field with another number."""
    if number == field.number or field.wire not in (VARINT, BYTES):
        return field
    if field.wire == BYTES:  # values, which are not read out of the raw bytes
        return field._replace(number=number)
    raw = write_varint(number << 3 | VARINT) + write_varint(field.value)
    return field._replace(number=number, raw=memoryview(raw))


def _joined(chunks: list[memoryview], dtype: np.dtype, what: str) -> np.ndarray:
    """Chunks of numbers as one array; a view where there is one chunk."""
    if any(len(chunk) % dtype.itemsize for chunk in chunks):
        raise SnapshotError(f"{what} cannot be read: its length is no multiple of {dtype.itemsize}")
    parts = [np.frombuffer(chunk, dtype) for chunk in chunks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def shape_of(proto: caffe_pb2.BlobProto) -> tuple[int, ...]:
    """The shape that a ``BlobProto`` states; the old fields make it 4-D, C3D's 5-D."""
    if _is_legacy(proto):
        return tuple(getattr(proto, name) for name in _legacy_names(proto))
    return tuple(proto.shape.dim)


def shape_for(proto: caffe_pb2.BlobProto, count: int) -> tuple[int, ...] | None:
    """The shape that a ``BlobProto`` states; None if it does not hold ``count`` values."""
    shape = shape_of(proto)
    if len(shape) > MAX_AXES or any(length < 0 for length in shape):
        return None
    if math.prod(max(1, length) for length in shape) > MAX_COUNT:  # even where another one is 0
        return None
    return shape if math.prod(shape) == count else None


def stated_shape_text(proto: caffe_pb2.BlobProto) -> str:
    """The shape as an error message shows it."""
    shape = shape_of(proto)
    return shape_text(shape) if len(shape) <= MAX_AXES else f"{len(shape)} axes"


#: What can be done about parameters that do not fit; ends a message.
RENAME = "; to learn this layer's parameters from scratch instead of copying them, rename the layer"


def shape_hint(stored: Sequence[int], own: Sequence[int]) -> str:
    """A clause about weights whose inputs differ in number, as those of images of other channels.

    Args:
        stored: the shape of a parameter in a file.
        own: that of the layer.
    """
    if len(stored) != len(own) or len(own) < 2 or list(stored[2:]) != list(own[2:]):
        return ""
    inputs = stored[1], own[1]
    if 0 in inputs or inputs[0] == inputs[1]:
        return ""
    if max(inputs) == 3 * min(inputs):
        kinds = ("grey images", "coloured ones")
        was, now = kinds if inputs[0] < inputs[1] else kinds[::-1]
        return f" (three times as many inputs: were they trained on {was}, and are these {now}?)"
    return (
        f" (the layer reads {inputs[1]} inputs here, and read {inputs[0]}: is the input's size, or "
        "the number of channels, another?)"
    )


def same_shape(shape: tuple[int, ...], proto: caffe_pb2.BlobProto) -> bool:
    """Whether a blob of this shape takes the message's values (Caffe's ``ShapeEquals``).

    The old 4-D fields also fit shapes of fewer axes, aligned at the last one: (5,) takes
    (1, 1, 1, 5).
    """
    if not _is_legacy(proto):
        return shape == shape_of(proto)
    axes = len(_legacy_names(proto))
    return len(shape) <= axes and (1,) * (axes - len(shape)) + shape == shape_of(proto)


def blob_proto(
    array: np.ndarray,
    diff: np.ndarray | None = None,
    *,
    legacy: bool = False,
) -> caffe_pb2.BlobProto:
    """A ``BlobProto`` of an array.

    Args:
        array: any shape; float64 is stored as doubles, all else as float32.
        diff: its gradients, or None to leave them out.
        legacy: state the shape in the old num, channels, height, width (at most 4 axes).

    Raises:
        DataError: ``legacy``, and the array has more than four axes.
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


def read_blob(path: str | os.PathLike[str], *, inner: bool = False) -> np.ndarray:
    """The array in a ``.binaryproto`` file, such as an image mean (1, C, H, W).

    Args:
        path: the file.
        inner: another file names it, so it must be a regular one.

    Raises:
        DataError: the file cannot be read, or is something else.
    """
    try:
        proto = read_binary(os.fspath(path), caffe_pb2.BlobProto, inner=inner)
        if not proto.ListFields():
            start = b""
            with suppress(OSError), open_to_read(path) as stream:  # a pipe is read only once
                start = stream.read(ENOUGH)
            raise unreadable(start, caffe_pb2.BlobProto)
        return array_of(proto)
    except SnapshotError as error:
        if isinstance(error, DataError):
            raise error.locate(path=os.fspath(path)) from error.__cause__
        raise DataError(error.message, path=os.fspath(path)) from error.__cause__


def write_blob(path: str | os.PathLike[str], array: np.ndarray, *, legacy: bool = False) -> None:
    """Write an array of any shape as a ``.binaryproto`` file.

    Args:
        path: the file.
        array, legacy: as in :func:`blob_proto`.

    Raises:
        DataError: the file cannot be written, or see :func:`blob_proto`.
    """
    with write_beside(path, error=DataError) as beside:
        beside.write_bytes(blob_proto(array, legacy=legacy).SerializeToString())


def _legacy_names(proto: caffe_pb2.BlobProto) -> tuple[str, ...]:
    """The fields of the old kind of shape, in order."""
    return (*_LEGACY[:2], "length", *_LEGACY[2:]) if proto.HasField("length") else _LEGACY


def _is_legacy(proto: caffe_pb2.BlobProto) -> bool:
    return any(proto.HasField(name) for name in _LEGACY)


def _pack(kind: str, array: np.ndarray) -> bytes:
    """The array as one packed field of a ``BlobProto``."""
    double, single = _PACKED[kind]
    number, dtype, _ = double if array.dtype == np.float64 else single
    payload = np.ascontiguousarray(array, dtype).tobytes()
    if not payload:
        return b""
    return write_varint(number << 3 | BYTES) + write_varint(len(payload)) + payload
