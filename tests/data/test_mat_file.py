"""MATLAB's files, and the layers MatRead and MatWrite."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.data.mat_file import read_mat, write_mat
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2

VALUES = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4) / 8


def test_the_bytes_of_a_file(tmp_path: Path) -> None:
    """As MathWorks' "MAT-File Format" describes level 5."""
    path = tmp_path / "a.mat"
    write_mat(str(path), "data", VALUES)
    data = path.read_bytes()
    assert data[:10] == b"MATLAB 5.0"
    assert data[124:128] == b"\x00\x01IM"  # version 0x0100, little endian
    assert struct.unpack("<II", data[128:136]) == (14, len(data) - 136)  # miMATRIX
    flags = struct.pack("<IIII", 6, 8, 7, 0)  # miUINT32: mxSINGLE_CLASS
    dims = struct.pack("<IIiiii", 5, 16, 4, 3, 2, 1)  # miINT32: W, H, C, N
    name = struct.pack("<II", 1, 4) + b"data\0\0\0\0"  # miINT8
    values = struct.pack("<II", 7, 96) + VALUES.tobytes()  # miSINGLE, first axis fastest
    assert data[136:] == flags + dims + name + values


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_written_is_read(dtype: type, tmp_path: Path) -> None:
    path = str(tmp_path / "a.mat")
    write_mat(path, "data", VALUES.astype(dtype))
    found = read_mat(path, "data")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, VALUES)


def matrix(name: bytes, dims: tuple[int, ...], numbers: np.ndarray, cls: int, order: str) -> bytes:
    """A matrix as MATLAB writes it: a short name, numbers of a type that is enough for them."""
    kind = {"u1": 2, "i2": 3, "f8": 9}[numbers.dtype.str[1:]]
    raw = numbers.tobytes()
    body = struct.pack(order + "IIII", 6, 8, cls, 0)
    body += struct.pack(order + f"II{len(dims)}i", 5, 4 * len(dims), *dims)
    body += bytes(-len(body) % 8)
    body += struct.pack(order + "I4s", len(name) << 16 | 1, name)
    body += struct.pack(order + "II", kind, len(raw)) + raw + bytes(-len(raw) % 8)
    return struct.pack(order + "II", 14, len(body)) + body


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_of_matlab(order: str, compressed: bool, tmp_path: Path) -> None:
    numbers = np.arange(6, dtype=order.replace("<", "<") + "i2")
    parts = [
        matrix(b"x", (1, 1), np.zeros(1, "u1"), 6, order),
        matrix(b"data", (3, 2), numbers, 6, order),  # doubles, stored as short whole numbers
    ]
    if compressed:
        packed = [zlib.compress(part) for part in parts]
        parts = [struct.pack(order + "II", 15, len(part)) + part for part in packed]
    mark = b"IM" if order == "<" else b"MI"
    path = tmp_path / "m.mat"
    path.write_bytes(b"MATLAB".ljust(126) + mark + b"".join(parts))
    found = read_mat(str(path), "data")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(DataError, match="has no array 'diff'"):
        read_mat(str(path), "diff")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    write_mat(str(path), "data", VALUES)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"a\.mat'"):
            read_mat(str(path), "data")
    for place in range(128, len(whole) - 96, 3):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        try:
            read_mat(str(path), "data")
        except DataError:
            continue
    with pytest.raises(DataError, match="there is no such file"):
        read_mat(str(tmp_path / "none"), "data")


NET = """
layer {{ name: "x" type: "Input" top: "x" top: "z"
         input_param {{ shape {{ dim: [2, 3, 4, 5] }} shape {{ dim: [2, 3] }} }} }}
layer {{ name: "w" type: "MatWrite" bottom: "x" bottom: "z" mat_write_param {{ {0} }} }}
"""
READ = 'layer {{ name: "r" type: "MatRead" top: "x" top: "z" mat_read_param {{ {0} }} }}'


def net_of(text: str, settings: str, **options: bool) -> Net:
    param = text_format.Parse(text.format(settings), caffe_pb2.NetParameter())
    return Net(param, caffe_pb2.TEST, **options)


def test_a_net_writes_and_another_one_reads(tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("a.jpg 1\nb.jpg 2\nc.jpg\n")
    settings = f"prefix: '{tmp_path}/f_' source: '{names}' strip: 4"
    rng = np.random.default_rng(0)
    given = []
    with net_of(NET, settings) as net:
        for _ in range(3):
            values = [rng.normal(size=s).astype(np.float32) for s in ((1, 3, 4, 5), (1, 3))]
            for blob, value in zip(("x", "z"), values, strict=True):
                net.blobs[blob].reshape(*value.shape)
                net.blobs[blob].data[...] = value
            net.forward()
            given.append(values)
        with pytest.raises(MinicaffeError, match=r"forward number 4, but .* names only 3 files"):
            net.forward()
    assert (tmp_path / "f_b_blob_1.mat").is_file()
    with net_of(READ, settings + " batch_size: 2") as net:
        for which in ([0, 1], [2, 0]):
            found = net.forward()
            np.testing.assert_array_equal(found["x"], [given[i][0][0] for i in which])
            np.testing.assert_array_equal(
                found["z"], [given[i][1][0].reshape(3, 1, 1) for i in which]
            )


def test_numbers_for_names_and_a_period(tmp_path: Path) -> None:
    with net_of(NET, f"prefix: '{tmp_path}/' period: 2") as net:
        for _ in range(5):
            net.forward()
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == [f"iter_{t}_blob_{i}.mat" for t in (0, 2, 4) for i in (0, 1)]
    with pytest.raises(MinicaffeError, match=r"iter_0_blob_0.mat' has shape 5×4×3×2 in MATLAB"):
        net_of(READ.replace(' top: "z"', ""), f"prefix: '{tmp_path}/'")


def test_states_go_on_where_they_were_taken(tmp_path: Path) -> None:
    with net_of(NET, f"prefix: '{tmp_path}/'") as net:
        layer = net.layers[1]
        net.forward()
        state = layer.state()  # type: ignore[attr-defined]
        net.forward()
        layer.restore(state)  # type: ignore[attr-defined]
        (tmp_path / "iter_1_blob_0.mat").unlink()
        net.forward()
    assert (tmp_path / "iter_1_blob_0.mat").exists()


def test_untrusted_nets_write_nothing(tmp_path: Path) -> None:
    with net_of(NET, f"prefix: '{tmp_path}/'", allow_python_layers=False) as net:  # noqa: SIM117
        with pytest.raises(MinicaffeError, match=r"writes files .* not allowed here"):
            net.forward()
    assert list(tmp_path.iterdir()) == []
