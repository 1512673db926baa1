"""What minicaffe reads of HDF5 files itself is what the library reads of them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicaffe.errors import SnapshotError
from minicaffe.weights.hdf5 import open_hdf5
from minicaffe.weights.hdf5_checks import DamagedError, check_superblock, unpacked

h5py = pytest.importorskip("h5py")

_SHAPES = {  # shape, chunks, shape at most
    "edges": ((5, 3, 4), (2, 3, 3), None),
    "one chunk that is larger": ((7,), (100,), (None,)),
    "no rows": ((0, 3), (2, 3), (None, 3)),
}
_FILTERS = [
    {"compression": packed, "shuffle": shuffled, "fletcher32": summed}
    for packed, shuffled, summed in itertools.product((None, "gzip"), (False, True), (False, True))
]


def _written(path: Path, dtype: str, shapes: Any, library: str, **filters: Any) -> np.ndarray:
    """A file of a dataset x, whose last rows are not stored; returns its values."""
    shape, chunks, most = shapes
    rows = np.random.default_rng(1).integers(0, 99, shape).astype(dtype)[:3]
    with h5py.File(path, "w", libver=library) as file:
        dataset = file.create_dataset(
            "x", shape, dtype, chunks=chunks, maxshape=most, fillvalue=3, **filters
        )
        dataset[:3] = rows
        return np.asarray(dataset[()])


@pytest.mark.parametrize("library", ["earliest", "latest"])
@pytest.mark.parametrize("kind", _SHAPES)
@pytest.mark.parametrize(
    "filters", _FILTERS[1:], ids=lambda item: "-".join(map(str, item.values()))
)
def test_chunks_are_unpacked_as_the_library_does(
    filters: dict[str, Any], kind: str, library: str, tmp_path: Path
) -> None:
    for dtype in ("f4", ">f4", "f8", "f2", "i2", "u1", "i8"):
        values = _written(tmp_path / "x.h5", dtype, _SHAPES[kind], library, **filters)
        with h5py.File(tmp_path / "x.h5") as file:
            found = unpacked(file["x"])
        assert found is not None
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, values)


def test_other_datasets_are_left_to_the_library(tmp_path: Path) -> None:
    values = np.arange(-5, 35, dtype=np.int32)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["plain"] = values
        file.create_dataset("chunks", data=values, chunks=(7,))
        file.create_dataset("lzf", data=values, compression="lzf")
        file.create_dataset("bits", data=values, scaleoffset=0, compression="gzip")
        narrow = h5py.h5t.STD_I32LE.copy()
        narrow.set_precision(24)
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((40,))
        plan.set_deflate(4)
        space = h5py.h5s.create_simple((40,))
        h5py.h5d.create(file.id, b"narrow", narrow, space, plan)
        file["narrow"][...] = values
    with open_hdf5(str(tmp_path / "x.h5")) as reader:
        for name in reader.names(reader.file):
            assert unpacked(reader.file[name]) is None, name
            np.testing.assert_array_equal(reader.numbers(reader.find(name), name), values)


@pytest.mark.parametrize("byte", [-1, -9, 3])
def test_a_checksum_tells_of_damage(byte: int, tmp_path: Path) -> None:
    _written(tmp_path / "x.h5", "f4", ((6,), (6,), None), "earliest", fletcher32=True)
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        mask, raw = file["x"].id.read_direct_chunk((0,))
        spoilt = bytearray(raw)
        spoilt[byte] ^= 1
        file["x"].id.write_direct_chunk((0,), bytes(spoilt), mask)
    with (
        open_hdf5(str(tmp_path / "x.h5")) as reader,
        pytest.raises(SnapshotError, match="is damaged: a chunk whose checksum is wrong"),
    ):
        reader.numbers(reader.find("x"), "x")


@pytest.mark.parametrize("length", [-2, -100, -(2**31)])
def test_a_fill_value_of_negative_length_is_refused(length: int, tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset("x", (5, 4), "f4", chunks=(2, 2), compression="gzip")
    raw = path.read_bytes()
    message = b"\2\3\2\1"  # its version, when it is written, and that there is one
    assert raw.count(message + bytes(4)) == 1
    stated = length.to_bytes(4, "little", signed=True)
    path.write_bytes(raw.replace(message + bytes(4), message + stated))
    with (
        open_hdf5(str(path)) as reader,
        pytest.raises(SnapshotError, match=r"is damaged: .*fill"),
    ):
        reader.numbers(reader.find("x"), "x")


@pytest.mark.parametrize("user_block", [0, 512, 2048])
def test_superblocks_are_found_where_the_library_finds_them(
    user_block: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file["x"] = [1, 2]
    check_superblock(str(path))
    data = path.read_bytes()
    address = user_block + 48  # of the address of the driver's block
    assert data[address : address + 8] == b"\xff" * 8
    block = b"\0" * 4 + b"\x08\0\0\0" + b"NCSAmult" + b"12345678"
    block_at = (len(data) - user_block).to_bytes(8, "little")
    named = data[:address] + block_at + data[address + 8 :] + block
    path.write_bytes(named)
    check_superblock(str(path))
    path.write_bytes(named[:-1])
    with pytest.raises(DamagedError, match="goes past the file's end"):
        check_superblock(str(path))
