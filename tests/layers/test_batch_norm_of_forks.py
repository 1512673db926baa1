"""BatchNorm as forks of Caffe write it, and averages that count as nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import blob_proto

NET = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 3, 4, 5] } } }
layer { name: "bn" type: "BatchNorm" bottom: "x" top: "bn" %s }
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_weights_with_a_scale_inside_fit_the_text_that_says_so() -> None:
    Path("n.prototxt").write_text(NET % "batch_norm_param { scale_bias: true }")
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="bn", type="BatchNorm")
    values = [[1, 2, 3], [4, 5, 6], [1], [2, -1, 3], [0, 1, -1]]
    layer.blobs.extend(blob_proto(np.array(value, np.float32)) for value in values)
    Path("w.caffemodel").write_bytes(weights.SerializeToString())
    net = Net("n.prototxt", TEST, weights="w.caffemodel")
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    mean, variance, _, gamma, beta = (np.reshape(value, (-1, 1, 1)) for value in values)
    expected = (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta
    np.testing.assert_allclose(net.forward(x=x)["bn"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("old", [False, True])
def test_nvcaffes_oldest_weights_have_another_order(old: bool) -> None:
    """DIGITS' gamma, beta, mean, variance and a number that counts for nothing, as 1×C×1×1."""
    Path("n.prototxt").write_text(NET % "batch_norm_param { scale_bias: true }")
    mean, variance, gamma, beta = [1, 2, 3], [4, 5, 6], [2, -1, 3], [0, 1, -1]
    values = [gamma, beta, mean, variance, [0]] if old else [mean, variance, [7], gamma, beta]
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="bn", type="BatchNorm")
    shape = (1, -1, 1, 1) if old else (-1,)
    layer.blobs.extend(blob_proto(np.array(v, np.float32).reshape(shape)) for v in values)
    Path("w.caffemodel").write_bytes(weights.SerializeToString())
    net = Net("n.prototxt", TEST, weights="w.caffemodel")
    found = [blob.data.ravel().tolist() for blob in net.params["bn"]]
    assert found[:2] + found[3:] == [mean, variance, gamma, beta]
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)
    m, v, g, b = (np.reshape(value, (-1, 1, 1)) for value in (mean, variance, gamma, beta))
    expected = (x - m) / np.sqrt(v + 1e-5) * g + b
    np.testing.assert_allclose(net.forward(x=x)["bn"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [4, 5])
def test_weights_of_a_fork_name_it(count: int) -> None:
    Path("n.prototxt").write_text(NET % "")
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="bn", type="BatchNorm")
    layer.blobs.extend([blob_proto(np.ones(3, np.float32))] * count)
    Path("w.caffemodel").write_bytes(weights.SerializeToString())
    with pytest.raises(SnapshotError, match=rf"{count} parameter blob.*NVCaffe.*a Scale layer"):
        Net("n.prototxt", TEST, weights="w.caffemodel")


@pytest.mark.parametrize(("weight", "mean", "warned"), [(0, 1, 1), (0, 0, 0), (1, 1, 0)])
def test_averages_that_count_as_nothing(
    weight: float, mean: float, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    Path("n.prototxt").write_text(NET % "")
    net = Net("n.prototxt", TEST)
    for blob, value in zip(net.params["bn"], (mean, mean, weight), strict=True):
        blob.data[...] = value
    for _ in range(2):
        net.forward(x=np.ones((2, 3, 4, 5), np.float32))
    found = [line for line in caplog.messages if "third blob is 0" in line]
    assert len(found) == warned
    assert all("net.params['bn'][2].data[...] = 1" in line for line in found)
