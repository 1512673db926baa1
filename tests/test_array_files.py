"""numpy's files: read, or one clear error, however they are damaged."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest

from minicaffe.cli._arrays import load_mean
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.weights.array_files import read_array, read_arrays
from minicaffe.weights.blob_proto import read_blob
from tests.fuzz.mutate import mutate

MEAN = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def npy(array: np.ndarray = MEAN, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def npz(packed: bool = False) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(stream, a=MEAN, b=MEAN[0])
    return stream.getvalue()


def test_what_is_whole_is_read():
    for version in ((1, 0), (2, 0), (3, 0)):
        Path("x.npy").write_bytes(npy(version=version))
        np.testing.assert_array_equal(read_array("x.npy"), MEAN)
    np.testing.assert_array_equal(load_mean("x.npy"), MEAN)
    assert list(read_arrays("x.npy")) == [""]
    for packed in (False, True):
        Path("x.npz").write_bytes(npz(packed))
        np.testing.assert_array_equal(read_arrays("x.npz")["b"], MEAN[0])
    Path("x.npy").write_bytes(npy(MEAN.T))
    np.testing.assert_array_equal(read_array("x.npy"), MEAN.T)


def encrypted() -> bytes:
    """An archive that says that it is encrypted."""
    content = bytearray(npz())
    for start, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        found = content.find(start)
        while found >= 0:
            content[found + place] |= 1
            found = content.find(start, found + 1)
    return bytes(content)


def other_compression() -> bytes:
    content = bytearray(npz())
    for start, place in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        found = content.find(start)
        while found >= 0:
            content[found + place] = 99
            found = content.find(start, found + 1)
    return bytes(content)


def with_a_text() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "no array")
    return stream.getvalue()


def header(text: str) -> bytes:
    body = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + len(body).to_bytes(2, "little") + body


BROKEN = {
    "nothing": b"",
    "a text": b"mean",
    "an archive cut short": npz()[:100],
    "only a signature": b"PK\3\4",
    "no header": b"\x93NUMPY",
    "another version": b"\x93NUMPY\7\0" + npy()[8:],
    "a header that is no Python": header("{'descr': '<f4', 'shape': (2"),
    "a header of parentheses": header("(" * 100),
    "a header of another kind": header("[1, 2]"),
    "no such type": header("{'descr': 'spam', 'fortran_order': False, 'shape': (2,)}"),
    "a huge shape": header("{'descr': '<f4', 'fortran_order': False, 'shape': (10**9, 10**9)}"),
    "a huge array": header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000)}"
    ),
    "a negative shape": header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2)}"),
    "too short": npy()[:-1],
    "too long": npy() + b"x",
    "texts": npy(np.array(["a", "b"])),
    "records": npy(np.zeros(2, [("a", "f4"), ("b", "i4")])),
    "complex numbers": npy(np.zeros(2, complex)),
    "encrypted": encrypted(),
    "another compression": other_compression(),
    "no array": with_a_text(),
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_what_is_broken_is_one_error(kind):
    Path("x.npy").write_bytes(BROKEN[kind])
    for read in (read_array, read_arrays, load_mean):
        with pytest.raises(DataError) as caught:
            read("x.npy")
        assert str(caught.value).startswith("x.npy: ")
        assert "\n" not in str(caught.value)


def test_objects_are_not_unpickled():
    np.save("x.npy", np.array([{}]), allow_pickle=True)
    for read in (read_array, read_arrays):
        with pytest.raises(DataError, match="allow_pickle=False"):
            read("x.npy")


def test_an_archive_in_the_place_of_an_array():
    Path("x.npy").write_bytes(npz())
    with pytest.raises(DataError, match=r"a \.npz archive of several arrays, a \.npy file of one"):
        read_array("x.npy")


@pytest.mark.parametrize("seed", [npy(), npy(version=(3, 0)), npz(), npz(True)])
@pytest.mark.parametrize("text", [False, True])
def test_mutations_are_read_or_one_error(seed, text):
    """A few hundred of each; whatever is none of our errors ends the test."""
    random = Random(7)
    outcomes = {True: 0, False: 0}
    for _ in range(200):
        Path("x.npy").write_bytes(mutate(seed, [npz(), npy()], random, text=text))
        for reader in (read_array, read_arrays):
            message = failure_of(reader)
            assert "\n" not in message
            outcomes[not message] += 1
    assert outcomes[False] > 10


def failure_of(reader) -> str:
    try:
        reader("x.npy")
        return ""
    except MinicaffeError as error:
        return str(error)


def test_a_mean_file_that_is_npy_is_named_as_what_it_is():
    Path("mean.npy").write_bytes(npy())
    with pytest.raises(DataError, match=r"\.npy array of numpy.*write_blob|\.npy.*binaryproto"):
        read_blob("mean.npy")
