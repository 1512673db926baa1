"""Layers that a program registers, and parameters that it assigns, as with OpenCV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from minicaffe import dnn
from minicaffe.errors import ArgumentError, GraphError, PythonLayerError, ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import blob_proto

TEXT = """
layer { name: "data" type: "Input" top: "data" top: "like" input_param {
  shape { dim: 1 dim: 2 dim: 6 dim: 7 } shape { dim: 1 dim: 1 dim: 3 dim: 5 } } }
layer { name: "ip" type: "Convolution" bottom: "data" top: "ip"
  convolution_param { num_output: 3 kernel_size: 1 } }
layer { name: "crop" type: "Crop" bottom: "ip" bottom: "like" top: "crop"
  crop_param { axis: 2 offset: 0 offset: 1 } }
layer { name: "sums" type: "Sums" bottom: "crop" top: "twice" top: "sum"
  pooling_param { pool: AVE kernel_size: 3 global_pooling: true } }
"""
RNG = np.random.default_rng(3)
DATA = RNG.normal(size=(1, 2, 6, 7)).astype(np.float32)
WEIGHTS = RNG.normal(size=(3, 2, 1, 1)).astype(np.float32)
FACTORS = np.float32([[1.5, -2]])


class CropMiddle:
    """As published with HED: it cuts the middle out, whatever the offsets."""

    def __init__(self, params: dict, blobs: Sequence[np.ndarray]) -> None:
        assert params == {"axis": 2, "offset": (0, 1)}
        assert len(blobs) == 0

    def getMemoryShapes(self, inputs: list) -> list:
        (n, c, height, width), like = inputs
        self.y, self.x = (height - like[2]) // 2, (width - like[3]) // 2
        self.bottom, self.right = self.y + like[2], self.x + like[3]
        return [[n, c, like[2], like[3]]]

    def forward(self, inputs: Sequence[np.ndarray]) -> list:
        return [inputs[0][:, :, self.y : self.bottom, self.x : self.right]]


class Sums:
    """Two outputs, of a type that minicaffe does not have, with a parameter."""

    def __init__(self, params: dict, blobs: Sequence[np.ndarray]) -> None:
        assert params == {"pool": "AVE", "kernel_size": 3, "global_pooling": 1}
        self.blobs = blobs

    def getMemoryShapes(self, inputs: list) -> list:
        return [inputs[0], [1, 2]]

    def forward(self, inputs: Sequence[np.ndarray]) -> list:
        return [2 * inputs[0], self.blobs[0] * inputs[0].sum()]


@pytest.fixture
def _registered() -> Iterator[None]:
    dnn.registerLayer("Crop", CropMiddle)
    dnn.dnn_registerLayer("Sums", Sums)
    yield
    dnn.unregisterLayer("Crop")
    dnn.dnn_unregisterLayer("Sums")


@pytest.fixture
def weights() -> bytes:
    net = caffe_pb2.NetParameter()
    net.layer.add(name="ip", type="Convolution").blobs.extend(
        [blob_proto(WEIGHTS), blob_proto(np.zeros(3, np.float32))]
    )
    net.layer.add(name="sums", type="Sums").blobs.append(blob_proto(FACTORS))
    return net.SerializeToString()


def expected(weights: np.ndarray = WEIGHTS, bias: float = 0.0) -> np.ndarray:
    """What CropMiddle gives: row 1 to 3 of 6, columns 1 to 5 of 7."""
    whole = np.einsum("nchw,kc->nkhw", DATA, weights[:, :, 0, 0]) + bias
    return np.asarray(whole[:, :, 1:4, 1:6])


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("from_file", [False, True])
def test_registered_layers_run(weights: bytes, tmp_path: Path, from_file: bool) -> None:
    source: bytes | str = weights
    if from_file:
        (tmp_path / "w.caffemodel").write_bytes(weights)
        source = str(tmp_path / "w.caffemodel")
    net = dnn.readNetFromCaffe(TEXT.encode(), source)
    net.setInput(DATA, "data")
    net.setInput(np.zeros((1, 1, 3, 5), np.float32), "like")
    ((crop,), (twice, sums)) = net.forwardAndRetrieve(["crop", "sums"])
    np.testing.assert_allclose(crop, expected(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(twice, 2 * crop, rtol=1e-6)
    np.testing.assert_allclose(sums, FACTORS * crop.sum(), rtol=1e-4)
    assert [net.getLayer(name).type for name in ("crop", "sums")] == ["Crop", "Sums"]
    assert {"Crop", "Sums"} <= set(net.getLayerTypes())
    assert net.getLayerNames() == ("ip", "crop", "sums")
    larger = RNG.normal(size=(2, 2, 8, 9)).astype(np.float32)
    net.setInput(larger, "data")
    assert net.forward("crop").shape == (2, 3, 3, 5)


def test_a_type_that_is_taken_back_is_minicaffes_again(weights: bytes) -> None:
    dnn.registerLayer("Crop", CropMiddle)
    dnn.unregisterLayer("Crop")
    dnn.unregisterLayer("Crop")  # OpenCV says nothing, either
    text = TEXT[: TEXT.index('layer { name: "sums"')]
    net = dnn.readNetFromCaffe(text.encode(), weights)
    net.setInput(DATA, "data")
    net.setInput(np.zeros((1, 1, 3, 5), np.float32), "like")
    whole = np.einsum("nchw,kc->nkhw", DATA, WEIGHTS[:, :, 0, 0])
    np.testing.assert_allclose(net.forward(), whole[:, :, :3, 1:6], rtol=1e-5, atol=1e-6)


def test_assigned_parameters(weights: bytes) -> None:
    """As the program that colours pictures does; a bias that is left out is 0."""
    text = TEXT[: TEXT.index('layer { name: "crop"')].replace(' top: "like"', "")
    text = text.replace("shape { dim: 1 dim: 1 dim: 3 dim: 5 }", "")
    net = dnn.readNetFromCaffe(text.encode(), weights)
    layer = net.getLayer(net.getLayerId("ip"))
    layer.blobs = [WEIGHTS, np.full(3, 0.5)]
    net.setInput(DATA)
    np.testing.assert_allclose(net.forward()[:, :, 1:4, 1:6], expected(bias=0.5), rtol=1e-5)
    ones = np.ones((3, 2), np.float64)
    layer.blobs = [ones]
    want = expected(np.ones((3, 2, 1, 1)))
    np.testing.assert_allclose(net.forward()[:, :, 1:4, 1:6], want, rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match=r"'ip' \(Convolution\) has parameters of the shapes "
                       "3×2×1×1, 3×1, but the list has 5"):  # fmt: skip
        layer.blobs = [np.ones(5)]
    with pytest.raises(ShapeError, match="but the list has none"):
        layer.blobs = []
    with pytest.raises(ArgumentError, match="a blob is 'x', expected an array of numbers"):
        layer.blobs = ["x"]  # type: ignore[list-item]


class Wrong(Sums):
    """Not what it says."""

    shapes: Sequence[Sequence[int]] = ([2], [3])

    def getMemoryShapes(self, inputs: list) -> list:
        return list(self.shapes)

    def forward(self, inputs: Sequence[np.ndarray]) -> list:
        return [np.zeros(2), np.zeros(4)]


class One(Wrong):
    shapes = ([2],)


class Raises(Wrong):
    def forward(self, inputs: Sequence[np.ndarray]) -> list:
        raise KeyError("lost")


def run(text: str) -> None:
    net = dnn.readNetFromCaffe(text.encode())
    net.setInput(DATA, "data")
    net.setInput(np.zeros((1, 1, 3, 5), np.float32), "like")
    net.forward()


@pytest.mark.parametrize(
    ("cls", "error", "complaint"),
    [
        (Wrong, ShapeError, r"'Sums' returned 2, 4; getMemoryShapes\(\) said 2, 3"),
        (One, GraphError, r"returned 1 shape\(s\), expected one for each of 2 top"),
        (Raises, PythonLayerError, r"forward\(\) of the class for 'Sums'.*KeyError"),
    ],
)
def test_classes_that_fail(cls: type, error: type[Exception], complaint: str) -> None:
    text = TEXT.replace('"crop" top: "twice"', '"ip" top: "twice"')
    dnn.registerLayer("Sums", cls)
    try:
        with pytest.raises(error, match=complaint):
            run(text)
    finally:
        dnn.unregisterLayer("Sums")


def test_no_class_for_a_layer() -> None:
    with pytest.raises(ArgumentError, match="it has no getMemoryShapes"):
        dnn.registerLayer("Crop", dict)  # type: ignore[arg-type]
    with pytest.raises(dnn.error, match="expected a layer type"):
        dnn.registerLayer(7, CropMiddle)  # type: ignore[arg-type]
