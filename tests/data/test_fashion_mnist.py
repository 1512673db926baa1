"""The shipped images, and the program that makes them."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from minicaffe import zoo
from minicaffe.data import fashion_mnist
from minicaffe.errors import DataError
from tests.data.helpers import data_net

pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")
pytest.importorskip("PIL.Image", reason="decoding needs Pillow")

from minicaffe.data.backends import open_source, write_datums

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data" / "fashion_mnist"


@pytest.mark.parametrize(("split", "per_class"), [("train", 1000), ("test", 200)])
def test_the_shipped_images_are_balanced(split, per_class):
    source = open_source(str(SHIPPED / f"{split}_lmdb"))
    records = source.read(len(source))
    assert records.images.shape == (10 * per_class, 1, 28, 28)
    assert np.bincount(records.labels).tolist() == [per_class] * 10
    assert 60 < records.images.mean() < 85  # Fashion-MNIST: 73
    source.close()


def test_they_stay_small_and_name_their_licence():
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*")) < 8e6
    assert "Zalando" in (SHIPPED / "LICENSE").read_text(encoding="utf-8")


def test_a_data_layer_reads_them():
    with data_net(str(SHIPPED / "test_lmdb"), 100, "transform_param { scale: 0.00390625 }") as net:
        net.forward()
        values = net.blobs["data"].data
    assert values.shape == (100, 1, 28, 28)
    assert values.min() == 0
    assert 0.9 < values.max() < 1


# --------------------------------------------------------------------------- the program


@pytest.fixture
def tool(monkeypatch):
    """tools/prepare_fashion_mnist.py, for sets of 20 and 10 images of two classes."""
    path = ROOT / "tools" / "prepare_fashion_mnist.py"
    spec = importlib.util.spec_from_file_location("prepare_fashion_mnist", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in idx_files().items()}
    monkeypatch.setattr(fashion_mnist, "CHECKSUMS", sums)
    monkeypatch.setattr(module, "SUBSET", {"train": 3, "test": 2})
    monkeypatch.setattr(fashion_mnist, "DEBIAN", Path("/no/such/folder"))
    monkeypatch.setattr(module, "PAUSE", 0)
    return module


def idx_files() -> dict[str, bytes]:
    files = {}
    for prefix, count in (("train", 20), ("t10k", 10)):
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28])
        files[f"{prefix}-images-idx3-ubyte"] = header + images.tobytes()
        labels = bytes(i % 2 for i in range(count))
        files[f"{prefix}-labels-idx1-ubyte"] = bytes([0, 0, 8, 1, 0, 0, 0, count]) + labels
    return files


@pytest.fixture
def folder(tmp_path):
    """The idx files, some of them compressed."""
    (tmp_path / "idx").mkdir()
    for name, data in idx_files().items():
        if "t10k" in name:
            (tmp_path / "idx" / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (tmp_path / "idx" / name).write_bytes(data)
    return tmp_path / "idx"


def test_the_complete_set(tool, folder, tmp_path, capsys):
    assert tool.main(["--from", str(folder), "--output", str(tmp_path / "out")]) == 0
    assert "train_lmdb: 20 images" in capsys.readouterr().out
    source = open_source(str(tmp_path / "out" / "test_lmdb"))
    assert len(source) == 10
    raw = idx_files()["t10k-images-idx3-ubyte"][16:]
    assert source.read(10).images.tobytes() == raw


def test_the_debian_packages_files_are_found(tool, tmp_path, monkeypatch):
    for name, data in idx_files().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path)
    assert tool.main(["--output", str(tmp_path / "out")]) == 0


def test_a_networks_copy_has_the_debian_packages_images(tool, tmp_path, monkeypatch, caplog):
    """Besides those that come with minicaffe; the copy's files say where they are."""
    debian = tmp_path / "debian"
    debian.mkdir()
    for name, data in idx_files().items():
        (debian / f"{name}.gz").write_bytes(gzip.compress(data))
    monkeypatch.setattr(fashion_mnist, "DEBIAN", debian)
    monkeypatch.chdir(tmp_path)
    lenet_bn = zoo.network("lenet_bn")
    names = zoo.copy_network(lenet_bn, "net", with_data=True)
    assert {"fashion_mnist", "fashion_mnist_full"} <= set(names)
    text = (tmp_path / "net" / "train_val_full.prototxt").read_text()
    assert 'source: "net/fashion_mnist_full/train_lmdb"' in text
    source = open_source("net/fashion_mnist_full/train_lmdb")
    assert len(source) == 20
    source.close()
    (debian / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    with pytest.raises(DataError, match="no idx file"):
        zoo.copy_network(lenet_bn, "other", with_data=True)
    assert not (tmp_path / "other").exists()
    monkeypatch.setitem(sys.modules, "lmdb", None)
    assert "fashion_mnist_full" not in zoo.copy_network(lenet_bn, "small", with_data=True)
    assert "needs the package lmdb" in caplog.text
    full = 'source: "data/fashion_mnist_full/train_lmdb"'
    assert full in (tmp_path / "small" / "train_val_full.prototxt").read_text()


def test_the_subset_is_compared_with_what_is_there(tool, folder, tmp_path, capsys):
    arguments = ["--subset", "--from", str(folder), "--output", str(tmp_path / "out")]
    assert tool.main(arguments) == 0
    assert "train_lmdb: 6 images" in capsys.readouterr().out
    assert tool.main(arguments) == 0
    assert capsys.readouterr().out.count("the same, bit for bit") == 2


def test_differences_are_described(tool, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    labels = np.arange(4)
    write_datums(tmp_path / "db", tool.as_datums(images, labels, encode=False))
    assert "packed differently" in tool.compare(tmp_path / "db", images, labels)
    assert "1 of 4 records" in tool.compare(tmp_path / "db", images, np.array([0, 1, 2, 9]))
    assert "4 images, expected 3" in tool.compare(tmp_path / "db", images[:3], labels[:3])


def test_wrong_and_missing_files(tool, folder, tmp_path, capsys):
    arguments = ["--from", str(folder), "--output", str(tmp_path / "out")]
    (folder / "train-images-idx3-ubyte").write_bytes(b"hello")
    assert tool.main(arguments) == 1
    assert "no idx file" in capsys.readouterr().err
    (folder / "train-images-idx3-ubyte").unlink()
    assert tool.main(arguments) == 1
    error = capsys.readouterr().err
    assert "neither 'train-images-idx3-ubyte.gz' nor" in error
    assert "Traceback" not in error


class Response:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def read(self):
        return self.content


def test_downloads_are_checked_and_tried_again(tool, tmp_path, monkeypatch, capsys):
    asked = []

    def urlopen(address, timeout):
        asked.append(address)
        if len(asked) == 1:
            raise OSError("no route")
        if len(asked) == 2:
            return Response(b"<html>not here</html>")
        return Response(gzip.compress(idx_files()[address.rpartition("/")[2][:-3]]))

    monkeypatch.setattr(tool.urllib.request, "urlopen", urlopen)
    assert tool.main(["--output", str(tmp_path / "out")]) == 0
    assert len(asked) == 6  # two failures, then four files
    assert capsys.readouterr().out.count("downloaded") == 4
    assert tool.main(["--output", str(tmp_path / "again")]) == 0  # from what was downloaded
    assert len(asked) == 6


def test_without_a_network_it_says_what_else_to_do(tool, tmp_path, monkeypatch):
    def urlopen(address, timeout):
        raise OSError("no route")

    monkeypatch.setattr(tool.urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match=r"(?s)cannot download.*no route.*dataset-fashion-mnist"):
        tool.prepare(None, tmp_path / "out", subset=False)
    assert list(tmp_path.iterdir()) == []
