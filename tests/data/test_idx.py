from __future__ import annotations

import gzip
import hashlib

import numpy as np
import pytest

from minicaffe.data.idx import balanced_subset, read_idx
from minicaffe.errors import DataError

CONTENT = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + bytes(range(24))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_with_its_checksum(tmp_path, pack):
    (tmp_path / "images").write_bytes(pack(CONTENT))
    got = read_idx(tmp_path / "images", hashlib.sha256(CONTENT).hexdigest())
    np.testing.assert_array_equal(got, np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[:-1], "has 39 bytes, expected 40; it is damaged"),
        (CONTENT[:9], "has 9 bytes"),
        (b"hello", "no idx file of bytes"),
        (b"", "no idx file of bytes"),
        (b"\0\0\x0d\1\0\0\0\0", "no idx file of bytes"),
        (gzip.compress(CONTENT)[:30], "cannot be unpacked"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "images")


def test_a_file_that_holds_something_else(tmp_path):
    (tmp_path / "images").write_bytes(CONTENT)
    with pytest.raises(DataError, match="SHA-256 differs"):
        read_idx(tmp_path / "images", "0" * 64)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="cannot read the idx file"):
        read_idx(tmp_path / "none")


def test_a_balanced_subset_is_always_the_same():
    labels = np.array([0, 1, 2] * 10)
    chosen = balanced_subset(labels, 3, seed=5)
    assert np.bincount(labels[chosen]).tolist() == [3, 3, 3]
    assert chosen.tolist() == [2, 6, 7, 11, 15, 16, 19, 23, 27]
    assert not np.array_equal(chosen, balanced_subset(labels, 3, seed=6))


def test_too_few_items():
    with pytest.raises(DataError, match=r"class 1 has 1 item\(s\), expected 2"):
        balanced_subset(np.array([0, 0, 1]), 2, seed=0)
