"""Making databases record by record, of either kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from minicaffe.data.backends import BACKENDS, new_database, open_database
from minicaffe.data.db import BATCH, records_of
from minicaffe.errors import DataError, MissingExtraError

PACKAGES = {"lmdb": "lmdb", "leveldb": "plyvel"}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(PACKAGES[request.param], reason="tests need the database's package")
    return request.param


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1])
def test_records_come_in_the_order_of_the_keys(count: int, backend: str, tmp_path: Path) -> None:
    records = [(b"%06d" % (index * 7919 % 100003), b"v%d" % index) for index in range(count)]
    with new_database(tmp_path / "db", backend) as writer:
        for key, value in records:
            writer.put(key, value)
    assert writer.count == count
    assert list(records_of(open_database(str(tmp_path / "db"), backend))) == sorted(records)


def test_large_values(backend: str, tmp_path: Path) -> None:
    with new_database(tmp_path / "db", backend) as writer:
        for index in range(3):
            writer.put(b"%d" % index, bytes([index]) * 2**20)
    sizes = [len(value) for _, value in records_of(open_database(str(tmp_path / "db"), backend))]
    assert sizes == [2**20] * 3


def test_nothing_is_left_of_a_failure(backend: str, tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_database(tmp_path / "db", backend) as writer:
            for index in range(BATCH + 5):
                writer.put(b"%06d" % index, b"value")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_leaves_nothing(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lmdb", "plyvel", "plyvel_next"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError), new_database(tmp_path / "db", backend):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_an_lmdb_does_not_take(tmp_path: Path) -> None:
    pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

    def write() -> None:
        with new_database(tmp_path / "db") as writer:
            writer.put(b"k" * 600, b"value")

    with pytest.raises(DataError, match="cannot write LMDB"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken(backend: str, tmp_path: Path) -> None:
    (tmp_path / "db").write_text("mine")
    with pytest.raises(DataError, match="exists already"), new_database(tmp_path / "db", backend):
        pass
    assert (tmp_path / "db").read_text() == "mine"


def test_the_other_kind(tmp_path: Path, backend: str) -> None:
    with new_database(tmp_path / "db", backend) as writer:
        writer.put(b"key", b"value")
    (other,) = set(BACKENDS) - {backend}
    with pytest.raises(DataError, match=f"holds a database of {backend}; say --backend={backend}"):
        open_database(str(tmp_path / "db"), other)
