"""``minicaffe bn-stats``: the file it writes, the scores it prints, and bad input."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net, cli

NET = """
layer { name: "data" type: "DummyData" top: "data" top: "label" dummy_data_param {
        shape { dim: 6 dim: 3 } shape { dim: 6 }
        data_filler { type: "gaussian" std: 20 mean: 7 } data_filler { value: 1 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
        inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
layer { name: "bn" type: "BatchNorm" bottom: "ip" top: "ip" }
layer { name: "fc" type: "InnerProduct" bottom: "ip" top: "fc"
        inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy"
        include { phase: TEST } }
"""
FLAGS = ["--model=net.prototxt", "--weights=w.caffemodel", "-o", "out.caffemodel"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.prototxt").write_text(NET)
    with Net("net.prototxt", TRAIN, seed=2) as net:
        net.save("w.caffemodel")
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--sequential"]], ids=["at once", "sequential"])
def test_writes_statistics_and_scores(trained: Path, capsys: Capture, more: list[str]) -> None:
    words = ["--iterations=20", "--test-iterations=3", *more]
    assert cli.main(["bn-stats", *FLAGS, *words]) == 0
    said = capsys.readouterr().err
    assert "Batch 20 of 20" in said
    assert "New statistics: bn" in said
    assert re.search(r"accuracy: \S+ before, \S+ after", said)
    assert re.search(r"loss: \S+ before, \S+ after", said)
    with Net("net.prototxt", TRAIN, weights="out.caffemodel") as net:
        old = Net("net.prototxt", TEST, weights="w.caffemodel")
        for name in ("ip", "fc"):
            for blob, other in zip(net.params[name], old.params[name], strict=True):
                np.testing.assert_array_equal(blob.data, other.data)
        mean, variance = net.layer_dict["bn"].stored_statistics()  # type: ignore[attr-defined]
        weights = net.params["ip"][0].data
        np.testing.assert_allclose(mean, 7 * weights.sum(axis=1), atol=12)
        np.testing.assert_allclose(variance, 400 * (weights**2).sum(axis=1), rtol=0.6)
        assert [layer.phase for layer in net.layers] == [TRAIN] * len(net.layers)


def test_without_scores(trained: Path, capsys: Capture) -> None:
    assert cli.main(["bn_stats", *FLAGS, "--iterations=1", "--test-iterations=0"]) == 0
    assert "before" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--model=none.prototxt"], "there is no such file"),
        (["--weights=none.caffemodel"], "there is no such file"),
        (["-o", "no/folder/x.caffemodel"], "cannot write the file"),
    ],
)
def test_bad_input(trained: Path, capsys: Capture, words: list[str], says: str) -> None:
    assert cli.main(["bn-stats", *FLAGS, "--iterations=1", *words]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said


def test_a_net_without_batch_norm(trained: Path, capsys: Capture) -> None:
    text = Path("net.prototxt").read_text().replace('"BatchNorm"', '"TanH"')
    Path("other.prototxt").write_text(text)
    Net("other.prototxt", TRAIN).save("other.caffemodel")
    words = ["--model=other.prototxt", "--weights=other.caffemodel", "--iterations=1"]
    assert cli.main(["bn-stats", *FLAGS, *words]) == 1
    assert "no BatchNorm layer that takes statistics" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "x"])
def test_bad_usage(trained: Path, capsys: Capture, count: str) -> None:
    assert cli.main(["bn-stats", *FLAGS, f"--iterations={count}"]) == 2
    assert cli.main(["bn-stats", *FLAGS[:2]]) == 2
