"""What the HDF5 library takes on trust from a file, checked: sizes that a damaged one states.

The library reserves what the superblock states before it looks whether the file is so long. A
compressed chunk it unpacks to whatever length that has: a shorter one than stated is read past
its end, which crashes the process, and a longer one takes all memory. So the filters that h5py's
files have (gzip, shuffle, fletcher32) are undone here.
Source: the HDF5 File Format Specification, version 3.0, II.A, III.A and IV.A.2.l.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.files import open_to_read
from minicaffe.proto.file_kinds import HDF5_SIGNATURE

if TYPE_CHECKING:
    import h5py

_FIXED = 96  # bytes of a superblock of version 0 or 1, at most
_SIZES = (2, 4, 8)  # that the addresses of a file may have
_DRIVER_HEADER = 16  # bytes of a driver information block before its information

# The filters by their numbers: how the bytes of a chunk are made from those before it
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_CHECKSUM = 4  # bytes
_ENTRY = 8  # bytes that a chunk's address takes in the file, at least


class DamagedError(ValueError):
    """What a file states cannot be."""


def check_superblock(path: str) -> None:
    """Refuse a file whose superblock names a block that goes past the file's end.

    Raises:
        DamagedError: it does.
        OSError: it cannot be read.
    """
    with open_to_read(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        start = 0
        while start < size:  # where the library looks for it
            stream.seek(start)
            block = stream.read(_FIXED)
            if block.startswith(HDF5_SIGNATURE):
                break
            start = max(512, 2 * start)
        else:
            return  # no HDF5 file, as the library says better
        driver = _driver_block(block)
        if driver is None:
            return
        stream.seek(min(start + driver, size))
        header = stream.read(_DRIVER_HEADER)
        stated = int.from_bytes(header[4:8], "little") + _DRIVER_HEADER
        if len(header) < _DRIVER_HEADER or start + driver + stated > size:
            raise DamagedError("a block that its superblock names goes past the file's end")


def _driver_block(superblock: bytes) -> int | None:
    """The address of the driver information block, or None; only old superblocks name one."""
    version, width = superblock[8:9], superblock[13:14]
    if version not in (b"\0", b"\1") or not width or width[0] not in _SIZES:
        return None
    address = (24 if version == b"\0" else 28) + 3 * width[0]  # the last of four
    raw = superblock[address : address + width[0]]
    return None if raw.count(0xFF) == len(raw) else int.from_bytes(raw, "little")


def check_fill_value(dataset: h5py.Dataset) -> None:
    """Refuse a dataset whose fill value has a length below zero.

    The library opens it, and copies the value from nowhere once it is asked for, which crashes the
    process.

    Raises:
        Exception: what h5py raises, saying that the fill value cannot be.
    """
    dataset.id.get_create_plist().fill_value_defined()


def unpacked(dataset: h5py.Dataset) -> np.ndarray | None:
    """The values of a dataset whose chunks are packed, or None where the library has to read it.

    Args:
        dataset: of numbers.

    Raises:
        DamagedError: a chunk is not where it can be, or has not the length that it should have.
        Exception: what h5py raises.
    """
    if dataset.chunks is None or not _is_plain(dataset):
        return None
    filters = _filters(dataset)
    if not filters or any(number not in _UNDO for number, _ in filters):
        return None
    values = np.full(dataset.shape, dataset.fillvalue, dataset.dtype)
    most = os.path.getsize(dataset.file.filename)
    for info in _stored_chunks(dataset, most // _ENTRY):
        if info.size > most:
            raise DamagedError(f"a chunk of {info.size} bytes in a file of {most}")
        place = _place(dataset, info.chunk_offset)
        mask, raw = dataset.id.read_direct_chunk(info.chunk_offset)
        chunk = _undone(raw, mask, filters, dataset)
        target = values[place]
        target[...] = chunk[tuple(slice(length) for length in target.shape)]
    return values


def _is_plain(dataset: h5py.Dataset) -> bool:
    """Whether the values are stored in a type that numpy has, and not as fewer bits."""
    import h5py

    return bool(h5py.h5t.py_create(dataset.dtype) == dataset.id.get_type())


def _filters(dataset: h5py.Dataset) -> list[tuple[int, tuple[int, ...]]]:
    """The number and the settings of each filter, in the order in which they were applied."""
    creation = dataset.id.get_create_plist()
    found = (creation.get_filter(index) for index in range(creation.get_nfilters()))
    return [(number, settings) for number, _, settings, _ in found]


def _stored_chunks(dataset: h5py.Dataset, most: int) -> Iterator[h5py.h5d.StoreInfo]:
    """Where each chunk that a dataset has is.

    Args:
        dataset: has no more chunks than places for them.
        most: how many a file of its size can name.
    """
    most = min(most, math.prod(map(_how_often, dataset.shape, dataset.chunks)))
    found: list[h5py.h5d.StoreInfo] = []
    if hasattr(dataset.id, "chunk_iter"):  # not in h5py with a library before 1.12.3
        dataset.id.chunk_iter(lambda info: found.append(info) if len(found) <= most else True)
        count = len(found)
    else:
        count = dataset.id.get_num_chunks()
    if count > most:
        raise DamagedError(f"more than {most} chunks")
    return iter(found) if found else map(dataset.id.get_chunk_info, range(count))


def _how_often(length: int, step: int) -> int:
    return -(-length // step)


def _place(dataset: h5py.Dataset, offset: tuple[int, ...]) -> tuple[slice, ...]:
    """The part of the values that a chunk holds."""
    triples = list(zip(offset, dataset.chunks, dataset.shape, strict=True))
    if any(start % step or start >= length for start, step, length in triples):
        raise DamagedError(f"a chunk at {offset}, where none can be")
    return tuple(slice(start, start + step) for start, step, _ in triples)


def _undone(
    raw: bytes, mask: int, filters: list[tuple[int, tuple[int, ...]]], dataset: h5py.Dataset
) -> np.ndarray:
    """The values of a chunk.

    Args:
        raw: its bytes in the file.
        mask: has a bit for each filter that was left out.
        filters: what was applied to it.
        dataset: it belongs to.
    """
    applied = [one for bit, one in enumerate(filters) if not mask >> bit & 1]
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    length = size + _CHECKSUM * sum(number == _FLETCHER32 for number, _ in applied)
    for number, settings in reversed(applied):
        raw = _UNDO[number](raw, length, settings)
    if len(raw) != size:
        raise DamagedError(f"a chunk of {len(raw)} bytes, {size} expected")
    return np.frombuffer(raw, dataset.dtype).reshape(dataset.chunks)


def _inflated(raw: bytes, length: int, _: tuple[int, ...]) -> bytes:
    """What zlib has packed, if that is not longer than a chunk may be."""
    inflater = zlib.decompressobj()
    found = inflater.decompress(raw, length + 1)
    if len(found) > length or not inflater.eof:
        raise DamagedError(f"a packed chunk that is incomplete, or longer than {length} bytes")
    return found


def _unshuffled(raw: bytes, _: int, settings: tuple[int, ...]) -> bytes:
    """Values whose first bytes come first, then all their second ones, and so on."""
    width = settings[0] if settings else 0
    if width < 1:
        raise DamagedError("shuffled values without a length")
    whole = len(raw) // width * width
    bytes_of = np.frombuffer(raw, np.uint8, whole).reshape(width, -1)
    return bytes_of.T.tobytes() + raw[whole:]


def _summed(raw: bytes, _: int, __: tuple[int, ...]) -> bytes:
    """What its Fletcher checksum, at its end, is right for."""
    data, stored = raw[:-_CHECKSUM], raw[-_CHECKSUM:]
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.uint64)
    first = int(words.sum()) % 65535
    second = int((words * np.arange(len(words), 0, -1, dtype=np.uint64)).sum()) % 65535
    sums = np.frombuffer(stored, "<u2")
    # old releases of the library on some machines wrote the bytes of each half exchanged
    for found in (sums, sums.byteswap()):
        if [int(half) % 65535 for half in found] == [first, second]:
            return data
    raise DamagedError("a chunk whose checksum is wrong")


_UNDO: dict[int, Callable[[bytes, int, tuple[int, ...]], bytes]] = {
    _DEFLATE: _inflated,
    _SHUFFLE: _unshuffled,
    _FLETCHER32: _summed,
}
