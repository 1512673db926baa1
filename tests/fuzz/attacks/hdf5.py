"""HDF5 files."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

from tests.fuzz.attacks.making import ATTACKS, Attack

#: Where each reader of HDF5 looks for numbers of its own accord.
_PLACES = {"hdf5_weights": "data/in/0", "hdf5_state": "history/0", "hdf5_data": "data"}
_SHAPES = {"hdf5_weights": (5, 5), "hdf5_state": (5, 12), "hdf5_data": (5, 12)}


def _hdf5_attack(spoil: Callable[[Any, str, str], None]) -> None:
    """Enters a function that puts something wrong at a place in an HDF5 file."""
    for reader, place in _PLACES.items():

        def make(size: int, reader: str = reader, place: str = place) -> bytes:
            return _hdf5_file(reader, lambda file: spoil(file, place, reader))

        ATTACKS[f"{reader}/{spoil.__name__}"] = Attack(reader, make)


def _hdf5_file(reader: str, spoil: Callable[[Any], None]) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        if reader == "hdf5_state":
            file["iter"], file["current_step"] = [5], [0]
        if reader == "hdf5_data":
            file["label"] = [1, 2, 3, 4, 5]
        spoil(file)
    return buffer.getvalue()


def _complete(file: Any, reader: str) -> tuple[int, ...]:
    """Puts what else the reader looks for beside its place; returns the shape to put there."""
    if reader == "hdf5_weights":
        file["data/in/1"] = [0.0] * 5
        file["data/out/0"], file["data/out/1"] = [[0.0] * 5] * 5, [0.0] * 5
    return _SHAPES[reader]


@_hdf5_attack
def external_link(file: Any, place: str, reader: str) -> None:
    """A link into a file that someone else owns."""
    import h5py

    _complete(file, reader)
    file[place] = h5py.ExternalLink("/etc/passwd", "/x")


@_hdf5_attack
def external_group(file: Any, place: str, reader: str) -> None:
    """The same, further up."""
    import h5py

    file[place.split("/")[0]] = h5py.ExternalLink("/dev/zero", "/x")


@_hdf5_attack
def external_storage(file: Any, place: str, reader: str) -> None:
    """A dataset whose values are the bytes of another file."""
    shape = _complete(file, reader)
    file.create_dataset(place, shape, "f4", external=[("/etc/passwd", 0, 4 * shape[0] * shape[1])])


@_hdf5_attack
def virtual_dataset(file: Any, place: str, reader: str) -> None:
    """A dataset put together of other files' datasets."""
    import h5py

    shape = _complete(file, reader)
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape)
    file.create_virtual_dataset(place, layout)


@_hdf5_attack
def soft_circle(file: Any, place: str, reader: str) -> None:
    """Links that lead to each other."""
    import h5py

    file[place] = h5py.SoftLink("/other")
    file["other"] = h5py.SoftLink("/" + place)


@_hdf5_attack
def hard_circle(file: Any, place: str, reader: str) -> None:
    """A group that is in itself."""
    group = file.require_group(place)
    group["0"] = file["/"]


@_hdf5_attack
def declared_bomb(file: Any, place: str, reader: str) -> None:
    """2^60 values that take no space in the file."""
    shape = (2**20, 2**20, 2**20)
    file.create_dataset(place, shape, "f4", chunks=(1, 1, 64), compression="gzip")


@_hdf5_attack
def short_chunk(file: Any, place: str, reader: str) -> None:
    """A packed chunk of three bytes, where the library reads on for as many as it should have."""
    shape = _complete(file, reader)
    options = {"chunks": (2**12, 2**12), "maxshape": (None, None), "compression": "gzip"}
    dataset = file.create_dataset(place, shape, "f4", **options)
    dataset.id.write_direct_chunk((0, 0), zlib.compress(b"abc"))


@_hdf5_attack
def huge_chunk(file: Any, place: str, reader: str) -> None:
    """Few values in a chunk of 4 GiB, the most that a chunk may have."""
    shape = _complete(file, reader)
    options = {"chunks": (2**15, 2**14), "maxshape": (None, None), "compression": "gzip"}
    dataset = file.create_dataset(place, shape, "f8", **options)
    dataset.id.write_direct_chunk((0, 0), zlib.compress(b"abc"))


@_hdf5_attack
def packed_bomb(file: Any, place: str, reader: str) -> None:
    """A chunk that is unpacked to a million times what it should have."""
    shape = _complete(file, reader)
    dataset = file.create_dataset(place, shape, "f4", chunks=shape, compression="gzip")
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(2**28)))


def _with_driver_block(data: bytes, length: int) -> bytes:
    """A file whose superblock names a block for its driver, of some length."""
    block = b"\0" * 4 + length.to_bytes(4, "little") + b"NCSAmult"
    address = len(data).to_bytes(8, "little")
    return data[:48] + address + data[56:] + block


for _reader, _place in _PLACES.items():

    def _driver_block(size: int, reader: str = _reader, place: str = _place) -> bytes:
        def write(file: Any) -> None:
            file[place] = [[1.0] * _complete(file, reader)[1]] * 5

        return _with_driver_block(_hdf5_file(reader, write), 2**30)

    ATTACKS[f"{_reader}/driver_block"] = Attack(_reader, _driver_block)


@_hdf5_attack
def group_for_dataset(file: Any, place: str, reader: str) -> None:
    """A group where numbers should be."""
    file.create_group(place)


@_hdf5_attack
def text_for_numbers(file: Any, place: str, reader: str) -> None:
    """Strings where numbers should be."""
    file.create_dataset(place, data=["a"] * 5)


@_hdf5_attack
def no_values(file: Any, place: str, reader: str) -> None:
    """A dataset without a shape."""
    import h5py

    file[place] = h5py.Empty("f4")


@_hdf5_attack
def compound(file: Any, place: str, reader: str) -> None:
    """Records where numbers should be."""
    import numpy as np

    file[place] = np.zeros(_complete(file, reader), [("a", "f4"), ("b", "i2")])


@_hdf5_attack
def references(file: Any, place: str, reader: str) -> None:
    """References where numbers should be."""
    import h5py

    file.create_dataset(place, _complete(file, reader), h5py.ref_dtype)


@_hdf5_attack
def committed_type(file: Any, place: str, reader: str) -> None:
    """A type where numbers should be."""
    import numpy as np

    file[place] = np.dtype("f4")


@_hdf5_attack
def deep_groups(file: Any, place: str, reader: str) -> None:
    """Groups in groups."""
    file.create_group(place + "/a" * 500)


@_hdf5_attack
def dataset_for_group(file: Any, place: str, reader: str) -> None:
    """Numbers where a group should be."""
    if reader != "hdf5_data":
        file[place.split("/")[0]] = [1, 2, 3]


for _name, _values in {"none": [], "text": "five", "huge": [2**63], "nan": [float("nan")]}.items():

    def _iter(size: int, values: Any = _values) -> bytes:
        def write(file: Any) -> None:
            del file["iter"]
            file["iter"] = values
            file.create_group("history")

        return _hdf5_file("hdf5_state", write)

    ATTACKS[f"hdf5_state/iter_{_name}"] = Attack("hdf5_state", _iter)
