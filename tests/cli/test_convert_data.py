"""``minicaffe convert_mnist_data`` and ``convert_cifar_data``."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from minicaffe import cli
from minicaffe.data.backends import open_database
from minicaffe.data.db import records_of
from minicaffe.proto import caffe_pb2

pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]

IMAGES = np.random.default_rng(3).integers(0, 256, (7, 4, 5), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 9, 1, 2, 5], np.uint8)


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def idx(array: np.ndarray) -> bytes:
    """The idx file of an array of bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def stored(path: str, backend: str = "lmdb") -> list[tuple[bytes, caffe_pb2.Datum]]:
    records = records_of(open_database(path, backend))
    return [(key, caffe_pb2.Datum.FromString(value)) for key, value in records]


def require_backend(backend: str) -> None:
    if backend == "leveldb":
        pytest.importorskip("plyvel", reason="LevelDB tests need the package plyvel")


@pytest.mark.parametrize("backend", ["lmdb", "leveldb"])
def test_mnist(backend: str, capsys: Capture) -> None:
    require_backend(backend)
    Path("images").write_bytes(idx(IMAGES))
    Path("labels.gz").write_bytes(gzip.compress(idx(LABELS)))
    words = [f"--backend={backend}", "images", "labels.gz", "db"]
    assert cli.main(["convert_mnist_data", *words]) == 0
    records = stored("db", backend)
    assert [key for key, _ in records] == [b"%08d" % index for index in range(7)]
    for (_, datum), image, label in zip(records, IMAGES, LABELS, strict=True):
        assert (datum.channels, datum.height, datum.width) == (1, 4, 5)
        assert (datum.data, datum.label) == (image.tobytes(), label)
        assert not datum.HasField("encoded")
    log = capsys.readouterr().err
    for line in ("A total of 7 items.", "Rows: 4 Cols: 5", "Processed 7 files."):
        assert f"] {line}\n" in log


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (idx(IMAGES), idx(LABELS[:6]), "holds 7 images, but 'labels' 6 labels"),
        (idx(LABELS), idx(IMAGES), "expected images×rows×columns"),
        (idx(IMAGES)[:-1], idx(LABELS), "it is damaged"),
        (b"hello", idx(LABELS), "'images' is no idx file"),
    ],
)
def test_mnist_mistakes(images: bytes, labels: bytes, complaint: str, capsys: Capture) -> None:
    Path("images").write_bytes(images)
    Path("labels").write_bytes(labels)
    assert cli.main(["convert_mnist_data", "images", "labels", "db"]) == 1
    assert complaint in capsys.readouterr().err
    assert not Path("db").exists()


def write_cifar(seed: int = 2) -> dict[str, np.ndarray]:
    """Files of 3 images each (4 for the test); what they hold, by name."""
    rng = np.random.default_rng(seed)
    Path("in").mkdir()
    batches = {}
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        records = rng.integers(0, 256, (4 if "test" in name else 3, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        Path("in", f"{name}.bin").write_bytes(records.tobytes())
        batches[name] = records
    return batches


@pytest.mark.parametrize("backend", ["lmdb", "leveldb"])
def test_cifar(backend: str, capsys: Capture) -> None:
    require_backend(backend)
    batches = write_cifar()
    assert cli.main(["convert_cifar_data", "in", "out", backend]) == 0
    train = np.concatenate([records for name, records in batches.items() if "data" in name])
    for part, want in (("train", train), ("test", batches["test_batch"])):
        records = stored(f"out/cifar10_{part}_{backend}", backend)
        assert [key for key, _ in records] == [b"%05d" % index for index in range(len(want))]
        for (_, datum), record in zip(records, want, strict=True):
            assert (datum.channels, datum.height, datum.width) == (3, 32, 32)
            assert (datum.label, datum.data) == (record[0], record[1:].tobytes())
    assert "] Training Batch 5\n" in capsys.readouterr().err


def test_cifar_mistakes(capsys: Capture) -> None:
    assert cli.main(["convert_cifar_data", "in", "out", "lmdb"]) == 1
    assert "cannot read the file 'in/data_batch_1.bin'" in capsys.readouterr().err
    write_cifar()
    with open("in/test_batch.bin", "ab") as stream:
        stream.write(b"x")
    assert cli.main(["convert_cifar_data", "in", "out", "lmdb"]) == 1
    assert "has 12293 bytes, expected a multiple of 3073" in capsys.readouterr().err
    assert not Path("out").exists()
