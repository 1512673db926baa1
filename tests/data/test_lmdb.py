"""Writing LMDBs: whole, or not at all."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from minicaffe.errors import DataError, MissingExtraError
from tests.data.helpers import IMAGES, random_images, write_database

pytest.importorskip("lmdb", reason="the Data layer needs the package lmdb")

from minicaffe.data.backends import open_source, write_datums


def test_writing_leaves_one_file_and_no_old_one(tmp_path):
    big = random_images(300, 3, 40, 40)  # beyond the first map size
    path = write_database(tmp_path / "new" / "db", big)
    assert [file.name for file in (tmp_path / "new" / "db").iterdir()] == ["data.mdb"]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["db"]
    source = open_source(path)
    assert len(source) == 300
    np.testing.assert_array_equal(source.read(300).images, big)


def test_an_existing_database_is_not_overwritten(database):
    with pytest.raises(DataError, match="exists already"):
        write_datums(database, [])


def test_a_failure_leaves_nothing(tmp_path):
    def datums():
        yield make_datum(IMAGES[0], 1)
        raise DataError("the source broke")

    with pytest.raises(DataError, match="the source broke"):
        write_datums(tmp_path / "db", datums())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        write_datums(tmp_path / "file" / "db", [])


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(MissingExtraError, match=r"writing LMDB databases needs .*\[data\]"):
        write_datums(tmp_path / "db", [])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full(tmp_path):
    """Replaced by the largest size that this process may give to a file."""
    resource = pytest.importorskip("resource", reason="the system has no limit for files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = random_images(9, 3, 100, 100)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
        with pytest.raises(DataError, match=r"cannot write LMDB .*db': mdb_"):
            write_datums(tmp_path / "db", [make_datum(image, 1) for image in big])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
