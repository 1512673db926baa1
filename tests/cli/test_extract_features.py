"""``minicaffe extract_features``: what a net computes, in databases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net, cli
from minicaffe.data.backends import open_database, write_datums
from minicaffe.data.datum import make_datum
from minicaffe.data.db import records_of
from minicaffe.proto import caffe_pb2
from tests.told import one_line_each

pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")

Capture = pytest.CaptureFixture[str]

NET = """
layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "images" backend: LMDB batch_size: 3 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 2 weight_filler { type: "xavier" } } }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
  inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
layer { name: "silent" type: "Silence" bottom: "label" }
"""


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(3).integers(0, 256, (7, 2, 4, 5), dtype=np.uint8)
    write_datums("images", (make_datum(image, 1) for image in images))
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TEST, seed=3, engine="numpy") as net:
        net.save("w.caffemodel")


def extract(*words: str) -> int:
    return cli.main(["extract_features", "w.caffemodel", "net.prototxt", *words])


@pytest.mark.parametrize("backend", ["lmdb", "leveldb"])
def test_several_blobs(backend: str, capsys: Capture) -> None:
    if backend == "leveldb":
        pytest.importorskip("plyvel", reason="LevelDB tests need the package plyvel")
    assert extract("conv,ip", "conv_db,out/ip_db", "2", backend, "GPU", "1") == 0
    with Net("net.prototxt", TEST, weights="w.caffemodel") as net:
        want: dict[str, list[np.ndarray]] = {"conv": [], "ip": []}
        for _ in range(2):
            net.forward_loss()
            for name, items in want.items():
                items.extend(net.blobs[name].data.copy())
    for name, path, shape in (("conv", "conv_db", (4, 3, 4)), ("ip", "out/ip_db", (6, 1, 1))):
        records = list(records_of(open_database(path, backend)))
        assert [key for key, _ in records] == [b"%010d" % index for index in range(6)]
        for (_, value), item in zip(records, want[name], strict=True):
            datum = caffe_pb2.Datum.FromString(value)
            assert (datum.channels, datum.height, datum.width) == shape
            assert not datum.HasField("label")
            np.testing.assert_allclose(datum.float_data, item.ravel(), rtol=1e-6)
    log = one_line_each(capsys.readouterr().err)
    for line in ("Opening dataset conv_db", "Extracting Features",
                 "Extracted features of 6 query images for feature blob ip",
                 "Successfully extracted the features!"):  # fmt: skip
        assert f"] {line}\n" in log


def test_what_it_writes_trains_another_net() -> None:
    assert extract("ip", "ip_db", "1", "lmdb") == 0
    text = NET.replace('"images"', '"ip_db"').split('layer { name: "conv"')[0]
    Path("second.prototxt").write_text(text)
    with Net("second.prototxt", TEST) as net:
        assert net.forward()["data"].shape == (3, 6, 1, 1)


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["conv,ip", "a", "1", "lmdb"], 2, "2 blob name(s) and 1 dataset name(s)"),
        (["conv,ip", "a,./a", "1", "lmdb"], 2, "one folder twice"),
        (["conv", "a", "0", "lmdb"], 2, "num_mini_batches"),
        (["conv", "a", "1", "oracle"], 2, "oracle"),
        (["cnov", "a", "1", "lmdb"], 1, "no blob 'cnov'; did you mean `conv`?"),
        (["conv,ip", "a,images", "1", "lmdb"], 1, "'images' exists already"),
    ],
)
def test_mistakes(words: list[str], code: int, complaint: str, capsys: Capture) -> None:
    before = sorted(path.name for path in Path().iterdir())
    assert extract(*words) == code
    assert complaint in one_line_each(capsys.readouterr().err)
    assert sorted(path.name for path in Path().iterdir()) == before


def test_a_net_without_data(capsys: Capture) -> None:
    Path("net.prototxt").write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'
    )
    assert extract("x", "a", "1", "lmdb") == 1
    assert "begins with a data layer" in one_line_each(capsys.readouterr().err)


def test_a_blob_of_too_many_axes(capsys: Capture) -> None:
    Path("net.prototxt").write_text(
        'layer { name: "x" type: "DummyData" top: "x" dummy_data_param {'
        " shape { dim: 2 dim: 3 dim: 1 dim: 2 dim: 2 } } }"
    )
    assert extract("x", "a", "1", "lmdb") == 1
    assert "blob 'x' cannot be stored in Datums" in one_line_each(capsys.readouterr().err)
    assert not Path("a").exists()
