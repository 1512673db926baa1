"""``.safetensors``: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from minicaffe.errors import SnapshotError
from minicaffe.weights.safetensors import read_safetensors, write_safetensors

#: A file by hand: two tensors, the second first in the header, with texts besides.
HEADER = (
    b'{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},'
    b'"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]}}'
)
VALUES = b"\x80\x3f\x00\xc0" + np.array([1.5, -2], "<f4").tobytes()


def of(header: bytes, values: bytes = VALUES) -> bytes:
    return len(header).to_bytes(8, "little") + header + values


def test_a_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(of(HEADER))
    found = read_safetensors(path)
    assert list(found) == ["b", "a"]
    np.testing.assert_array_equal(found["b"], [1.5, -2])
    assert found["a"].dtype == np.float32
    np.testing.assert_array_equal(found["a"], [[1], [-2]])


def test_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    arrays = {
        "w": np.arange(24, dtype=np.float32).reshape(2, 3, 4)[:, ::2],
        "ä": np.array([1.25]),
        "n": np.array(3, np.int64),
        "none": np.zeros((0, 2), np.float16),
    }
    write_safetensors(path, arrays)
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    header = json.loads(raw[8 : 8 + length])
    assert header["w"] == {"dtype": "F32", "shape": [2, 2, 4], "data_offsets": [0, 64]}
    found = read_safetensors(path)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def entry(
    name: str = "a", dtype: object = "F32", shape: object = None, place: object = None
) -> bytes:
    fields = {"dtype": dtype, "shape": shape or [3], "data_offsets": place or [0, 12]}
    return json.dumps({name: fields}).encode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x05", "past its end"),
        ((2**60).to_bytes(8, "little") + b"{}", "past its end"),
        (of(b"{" * 50_000), "no JSON"),
        (of(b"[" * 500_000), "no JSON"),
        (of(b"[]"), "no JSON object"),
        (of(b'{"a":1}'), "'a' is no tensor"),
        (of(entry(dtype="F31")), "'a' has the type F31"),
        (of(entry(dtype=["F32"])), "has the type"),
        (of(entry(shape=[3.0])), "no shape"),
        (of(entry(shape=[-3])), "no shape"),
        (of(entry(shape=[1] * 99)), "no shape"),
        (of(entry(shape=[2**62, 4])), "'a' has 12 bytes, and its shape"),
        (of(entry(place=[0, 16])), "no place"),
        (of(entry(place=[8, 4])), "no place"),
        (of(entry(place=[0, True])), "no place"),
        (of(entry(), VALUES + b"x"), "1 bytes at its end"),
        (of(entry(shape=[2], place=[4, 12])), "overlap or leave gaps"),
        (of(b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},' * 2), "no JSON"),
        (of(entry()[:-1] + b"," + entry()[1:]), "a name is there twice"),
        (of(entry()[:-1] + b"," + entry("b")[1:]), "overlap"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"x\.safetensors: .*damaged: .*" + told):
        read_safetensors(path)


def test_a_long_header_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(of(HEADER + b" " * 2**24))
    with pytest.raises(SnapshotError, match="at most 16,777,216 are read"):
        read_safetensors(path)
