"""``minicaffe compute_image_mean``: the sums and the file of Caffe's program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.data.backends import write_datums
from minicaffe.data.datum import make_datum
from minicaffe.proto import caffe_pb2
from tests.told import one_line_each

pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]

IMAGES = np.random.default_rng(3).integers(0, 256, (7, 2, 4, 5), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def means(log: str) -> list[float]:
    """What the log says of each channel."""
    found = [line.partition("] ")[2] for line in log.splitlines() if "mean_value" in line]
    for channel, line in enumerate(found):
        assert line.startswith(f"mean_value channel [{channel}]: ")
    return [float(line.rpartition(" ")[2]) for line in found]


def test_mean_of_an_lmdb(capsys: Capture) -> None:
    write_datums("db", (make_datum(image, 1) for image in IMAGES))
    assert cli.main(["compute_image_mean", "db", "mean.binaryproto"]) == 0
    blob = caffe_pb2.BlobProto.FromString(Path("mean.binaryproto").read_bytes())
    assert (blob.num, blob.channels, blob.height, blob.width) == (1, 2, 4, 5)
    assert not blob.HasField("shape")  # older programs only know num, channels, ...
    want = IMAGES.sum(0, dtype=np.float32) / np.float32(7)
    np.testing.assert_array_equal(np.array(blob.data, np.float32), want.ravel())
    log = one_line_each(capsys.readouterr().err)
    for line in ("Starting iteration", "Processed 7 files.", "Write to mean.binaryproto",
                 "Number of channels: 2"):  # fmt: skip
        assert f"] {line}\n" in log
    np.testing.assert_allclose(means(log), IMAGES.mean((0, 2, 3)), rtol=1e-5)


def test_floats_are_added_one_by_one_in_single_precision() -> None:
    """In another order, or in double precision, the last bits would differ."""
    images = np.random.default_rng(4).normal(100, 40, (200, 1, 3, 2)).astype(np.float32)
    write_datums("db", (make_datum(image, 1) for image in images))
    assert cli.main(["compute_image_mean", "db", "mean.binaryproto"]) == 0
    blob = caffe_pb2.BlobProto.FromString(Path("mean.binaryproto").read_bytes())
    total = np.zeros((1, 3, 2), np.float32)
    for image in images:
        total = (total + image).astype(np.float32)
    want = (total / np.float32(200)).ravel()
    np.testing.assert_array_equal(np.array(blob.data, np.float32), want)
    assert (want != images.mean(0, dtype=np.float64).astype(np.float32).ravel()).any()


def test_encoded_images_of_a_leveldb(capsys: Capture) -> None:
    pytest.importorskip("plyvel", reason="LevelDB tests need the package plyvel")
    pytest.importorskip("PIL", reason="image files need Pillow")
    write_datums("db", (make_datum(image[:1], 1, encode=True) for image in IMAGES), "leveldb")
    assert cli.main(["compute_image_mean", "--backend=leveldb", "db"]) == 0
    log = one_line_each(capsys.readouterr().err)
    assert "] Decoding Datum\n" in log
    assert "Write to" not in log
    np.testing.assert_allclose(means(log), [IMAGES[:, 0].mean()], rtol=1e-5)
    assert sorted(path.name for path in Path().iterdir()) == ["db"]


def test_images_of_two_sizes(capsys: Capture) -> None:
    write_datums("db", [make_datum(IMAGES[0], 1), make_datum(IMAGES[1][:, :3], 1)])
    assert cli.main(["compute_image_mean", "db", "mean.binaryproto"]) == 1
    text = one_line_each(capsys.readouterr().err)
    assert "record '00000001' of LMDB 'db' has size 2×3×5" in text
    assert "'00000000' has 2×4×5" in text
    assert not Path("mean.binaryproto").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "there is no LMDB at 'nowhere'"),
        (["--backend=leveldb", "db"], "holds a database of lmdb; say --backend=lmdb"),
        (["db", "no/such/folder/mean.binaryproto"], "mean.binaryproto: cannot write the file"),
    ],
)
def test_mistakes(words: list[str], complaint: str, capsys: Capture) -> None:
    write_datums("db", [make_datum(IMAGES[0], 1)])
    assert cli.main(["compute_image_mean", *words]) == 1
    assert complaint in one_line_each(capsys.readouterr().err)
