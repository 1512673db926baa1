"""What is read from databases before a net is made for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.errors import DataError
from minicaffe.starter import read_facts
from minicaffe.weights.blob_proto import write_blob
from tests.starter.conftest import squares, write


def test_facts(data: Path) -> None:
    facts = read_facts("db")
    assert (facts.train, facts.val) == ("db/train_lmdb", "db/val_lmdb")
    assert facts.backends == ("lmdb", "lmdb")
    assert (facts.shape, facts.classes) == ((3, 20, 20), 3)
    assert (facts.train_count, facts.val_count) == (36, 12)
    mean = np.mean([image for image, _ in squares(36, 3, (3, 20, 20), 0)], axis=(0, 2, 3))
    np.testing.assert_allclose(facts.mean, mean, atol=1e-3)
    assert facts.labels == "db/labels.txt"


def test_a_mean_file_counts(data: Path) -> None:
    mean = np.arange(3.0)[:, None, None] * np.ones((3, 20, 20), np.float32)
    write_blob("db/mean.binaryproto", mean[None].astype(np.float32), legacy=True)
    assert read_facts("db").mean == [0, 1, 2]


def test_two_databases_by_name(data: Path) -> None:
    Path("db/val_lmdb").rename("other")
    facts = read_facts("db/train_lmdb", "other")
    assert (facts.train, facts.val, facts.labels) == ("db/train_lmdb", "other", "db/labels.txt")


def test_test_lmdb_will_do(data: Path) -> None:
    Path("db/val_lmdb").rename("db/test_lmdb")
    assert read_facts("db").val == "db/test_lmdb"


def test_leveldb(data: Path) -> None:
    try:
        datums = [make_datum(*each) for each in squares(6, 3, (3, 20, 20), 2)]
        write_datums("db/val_leveldb", datums, "leveldb")
    except ImportError:
        pytest.skip("LevelDB needs plyvel")
    shutil.rmtree("db/val_lmdb")
    facts = read_facts("db")
    assert (facts.backends, facts.val_count) == (("lmdb", "leveldb"), 6)


def replace(name: str, examples: list[tuple[np.ndarray, int]]) -> None:
    shutil.rmtree(f"db/{name}")
    write(Path(f"db/{name}"), examples)


def test_one_class(data: Path) -> None:
    replace("train_lmdb", [(image, 0) for image, _ in squares(4, 3, (3, 20, 20), 0)])
    with pytest.raises(DataError, match="all 4 images have the label 0"):
        read_facts("db")


def test_an_unknown_class_to_validate_on(data: Path) -> None:
    replace("val_lmdb", squares(8, 4, (3, 20, 20), 0))
    with pytest.raises(DataError, match="images with the label 3, of which there are none to"):
        read_facts("db")


def test_a_label_below_zero(data: Path) -> None:
    replace("train_lmdb", [(image, label - 1) for image, label in squares(4, 3, (3, 20, 20), 0)])
    with pytest.raises(DataError, match="has the label -1; classes count from 0"):
        read_facts("db")


def test_sizes_that_differ(data: Path) -> None:
    replace("train_lmdb", squares(3, 3, (3, 20, 20), 0) + squares(3, 3, (3, 20, 21), 0))
    with pytest.raises(DataError, match="3×20×21, the first one 3×20×20"):
        read_facts("db")
    replace("train_lmdb", squares(3, 3, (3, 20, 21), 0))
    with pytest.raises(DataError, match="those to train on 3×20×21"):
        read_facts("db")


def test_an_image_that_cannot_be_read(data: Path) -> None:
    pytest.importorskip("PIL.Image", reason="encoded images need Pillow")
    shutil.rmtree("db/train_lmdb")
    datum = make_datum(np.zeros((3, 4, 4), np.uint8), 0, encode=True)
    datum.data = datum.data[:20]
    write_datums("db/train_lmdb", [datum])
    with pytest.raises(DataError, match=r"record '00000000' of .* cannot be decoded"):
        read_facts("db")


@pytest.mark.parametrize(
    ("data_flag", "val", "message"),
    [
        ("nowhere", None, "there is no such database"),
        ("empty", None, "there is no train_lmdb in this folder"),
        ("db/train_lmdb", None, "this is one database, and there is none to validate on"),
        ("db/train_lmdb", "empty", "this is no database"),
    ],
)
def test_not_where_it_is_said_to_be(
    data_flag: str, val: str | None, message: str, data: Path
) -> None:
    Path("empty").mkdir()
    with pytest.raises(DataError, match=message):
        read_facts(data_flag, val)


def test_nothing_to_validate_on(data: Path) -> None:
    shutil.rmtree("db/val_lmdb")
    with pytest.raises(DataError, match="there is no val_lmdb in this folder"):
        read_facts("db")
