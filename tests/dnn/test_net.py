"""minicaffe.dnn's nets: what OpenCV's programs ask of them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, dnn
from minicaffe import Net as CaffeNet
from minicaffe.errors import (
    ArgumentError,
    GraphError,
    MinicaffeError,
    PrototxtError,
    ShapeError,
    SnapshotError,
)
from tests.detection.nets import picture, write_squares

TEXT = """
name: "two ends"
input: "data" input_shape { dim: 1 dim: 2 dim: 4 dim: 6 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 3 kernel_size: 1 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "train" type: "Dropout" bottom: "conv1" top: "conv1" include { phase: TRAIN } }
layer { name: "sums" type: "Pooling" bottom: "conv1" top: "sums" pooling_param { pool: AVE
  global_pooling: true } }
layer { name: "prob" type: "Softmax" bottom: "conv1" top: "prob" }
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "net.prototxt").write_text(TEXT)
    net = CaffeNet(str(tmp_path / "net.prototxt"), TEST, seed=3)
    net.params["conv1"][1].data[...] = [0.5, -0.5, 0.1]
    net.save(str(tmp_path / "w.caffemodel"))
    return str(tmp_path / "net.prototxt"), str(tmp_path / "w.caffemodel")


def expected(net: dnn.Net, data: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer's output, by numpy; relu1 works in place."""
    weights, bias = net.getLayer("conv1").blobs
    conv = np.einsum("nchw,kc->nkhw", data, weights[:, :, 0, 0]) + bias.reshape(1, -1, 1, 1)
    relu = np.maximum(conv, 0)
    exps = np.exp(relu - relu.max(axis=1, keepdims=True))
    return {
        "conv1": conv,
        "relu1": relu,
        "sums": relu.mean(axis=(2, 3), keepdims=True),
        "prob": exps / exps.sum(axis=1, keepdims=True),
    }


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


def same(found: np.ndarray, want: np.ndarray) -> None:
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)


def test_forward_gives_the_last_layer_or_those_that_are_named(files: tuple[str, str]) -> None:
    net = dnn.readNetFromCaffe(*files)
    data = batch(1, 2, 4, 6)
    net.setInput(data)
    want = expected(net, data)
    same(net.forward(), want["prob"])
    for name, values in want.items():  # conv1 as it was before relu1 changed it
        same(net.forward(name), values)
    found = net.forward(["prob", "conv1", "relu1"])
    assert isinstance(found, tuple)
    for name, values in zip(("prob", "conv1", "relu1"), found, strict=True):
        same(values, want[name])
    names = net.getUnconnectedOutLayersNames()
    assert names == ("sums", "prob")
    same(net.forward(outBlobNames=names)[0], want["sums"])
    ((sums,), (prob,)) = net.forwardAndRetrieve(names)
    same(sums, want["sums"])
    kept = prob.copy()
    net.setInput(data + 1)
    net.forward()
    np.testing.assert_array_equal(prob, kept)  # arrays of one's own


def test_another_size_and_another_number_of_images(files: tuple[str, str]) -> None:
    net = dnn.readNetFromCaffe(*files)
    for shape in ((3, 2, 4, 6), (1, 2, 7, 5), (1, 2, 4, 6)):
        data = batch(*shape)
        net.setInput(data)
        same(net.forward(), expected(net, data)["prob"])


def test_the_mean_and_scale_of_set_input(files: tuple[str, str]) -> None:
    net = dnn.readNetFromCaffe(*files)
    data = np.random.default_rng(0).integers(0, 256, (1, 2, 4, 6)).astype(np.uint8)
    net.setInput(data, "data", 0.01, (100, 50))
    less = (data - np.array([100.0, 50.0]).reshape(1, 2, 1, 1)) * 0.01
    same(net.forward(), expected(net, less)["prob"])
    net.setInput(data, scalefactor=0.01, mean=100)  # the first channel's alone, as in OpenCV
    less = (data - np.array([100.0, 0.0]).reshape(1, 2, 1, 1)) * 0.01
    same(net.forward("conv1"), expected(net, less)["conv1"])


def test_layers_are_counted_as_opencv_counts_them(files: tuple[str, str]) -> None:
    net = dnn.readNetFromCaffe(*files)
    assert net.getLayerNames() == ("conv1", "relu1", "sums", "prob")
    np.testing.assert_array_equal(net.getUnconnectedOutLayers(), [3, 4])
    assert [net.getLayerId(name) for name in ("_input", "conv1", "prob", "data")] == [0, 1, 4, -1]
    conv = net.getLayer(1)
    assert (conv.name, conv.type) == ("conv1", "Convolution")
    assert [blob.shape for blob in conv.blobs] == [(3, 2, 1, 1), (3, 1)]
    text = 'layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" ' + (
        "inner_product_param { num_output: 5 } }"
    )
    ip = dnn.readNetFromCaffe((TEXT + text).encode()).getLayer("fc")
    assert [blob.shape for blob in ip.blobs] == [(5, 48), (1, 5)]  # as OpenCV's
    assert (net.getLayer(0).name, net.getLayer("_input").type) == ("_input", "")
    assert net.getLayer(net.getLayerId("relu1")).type == "ReLU"
    types = ("Convolution", "Pooling", "ReLU", "Softmax", "__NetInputLayer__")
    assert net.getLayerTypes() == types
    assert [net.getLayersCount(name) for name in (*types, "LRN")] == [1, 1, 1, 1, 1, 0]
    assert not net.empty()
    assert dnn.Net().empty()


def test_parameters_are_read_and_set(files: tuple[str, str]) -> None:
    net = dnn.readNetFromCaffe(*files)
    np.testing.assert_allclose(net.getParam("conv1", 1)[:, 0], [0.5, -0.5, 0.1])
    net.setParam(1, 1, np.array([4.0, 5, 6]))
    net.getLayer(1).blobs[0][...] = 0
    net.setInput(batch(1, 2, 4, 6))
    same(net.forward("conv1")[0, :, 0, 0], np.array([4, 5, 6]))
    with pytest.raises(GraphError, match=r"'conv1' has 2 parameter\(s\), not 2"):
        net.getParam("conv1", 2)
    with pytest.raises(ShapeError, match="shape 2, but the parameter 3×1"):
        net.setParam("conv1", 1, np.zeros(2))


def test_facts(files: tuple[str, str]) -> None:
    """Of one image of 2×4×6: 6 products at each of 24 places; all outputs, in place or not."""
    net = dnn.readNetFromCaffe(*files)
    assert net.getFLOPS((1, 2, 4, 6)) == 2 * 6 * 24
    assert net.getFLOPS([(2, 2, 4, 6)]) == 2 * 2 * 6 * 24
    data, conv = 48, 72
    assert net.getMemoryConsumption((1, 2, 4, 6)) == (4 * 9, 4 * (data + 3 * conv + 3))
    net.setInput(batch(1, 2, 4, 6))
    net.forward()
    ticks, timings = net.getPerfProfile()
    assert ticks > 0
    assert timings.shape == (4,)
    assert timings.sum() == ticks


def test_nets_from_memory(files: tuple[str, str]) -> None:
    text, weights = (Path(file).read_bytes() for file in files)
    data = batch(1, 2, 4, 6)
    found = []
    for net in (
        dnn.readNetFromCaffe(*files),
        dnn.readNetFromCaffe(text, weights),
        dnn.readNetFromCaffe(bytearray(text), np.frombuffer(weights, np.uint8)),
        dnn.readNetFromCaffe(bufferProto=text, bufferModel=memoryview(weights)),
        dnn.readNet(files[1], files[0]),
        dnn.readNet(files[0], files[1], "Caffe"),
        dnn.readNet("caffe", weights, text),
    ):
        net.setInput(data)
        found.append(net.forward())
    for values in found[1:]:
        np.testing.assert_array_equal(values, found[0])


def test_boxes_and_rows_of_zeros(tmp_path: Path) -> None:
    """What a face detector's program does; OpenCV fills up to keep_top_k for each image."""
    net = dnn.readNetFromCaffe(*write_squares(tmp_path))
    image = picture((0, 20, 40, 40, 60), (2, 100, 0, 120, 20), size=(60, 120))
    net.setInput(dnn.blobFromImage(image, 1 / 255, (60, 30)))
    found = net.forward()
    assert found.shape == (1, 1, 50, 7)
    assert (found[0, 0, 2:] == 0).all()
    boxes = found[0, 0, found[0, 0, :, 2] > 0.5]
    np.testing.assert_array_equal(boxes[:, 1], [1, 3])
    corners = boxes[:, 3:7] * np.array([120, 60, 120, 60])
    np.testing.assert_allclose(corners, [[20, 40, 40, 60], [100, 0, 120, 20]], atol=1e-3)
    image[40:60, 20:40, 0] = 140  # the blue one is less sure, so that it comes after the red one
    pair = np.stack([image, image[:, ::-1]])
    net.setInput(dnn.blobFromImages(pair, 1 / 255, (60, 30)))
    found = net.forward()[0, 0]
    np.testing.assert_array_equal(found[:4, :2], [[0, 3], [0, 1], [1, 3], [1, 1]])
    assert found[0, 2] > found[1, 2] > 0.5
    net.setInput(np.zeros((2, 3, 30, 60), np.float32))
    nothing = net.forward("detection_out")
    assert nothing.shape == (1, 1, 100, 7)
    assert not nothing.any()


def test_backends_and_targets_change_nothing(
    files: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    net = dnn.readNetFromCaffe(*files)
    net.setInput(batch(1, 2, 4, 6))
    before = net.forward()
    with caplog.at_level(logging.INFO, "minicaffe"):
        net.setPreferableBackend(dnn.DNN_BACKEND_OPENCV)
        net.setPreferableTarget(dnn.DNN_TARGET_CPU)
        assert "is not used" not in caplog.text
        net.setPreferableBackend(dnn.DNN_BACKEND_CUDA)
        net.setPreferableTarget(dnn.DNN_TARGET_CUDA_FP16)
    assert "backend 5 is not used: the net runs on the CPU" in caplog.text
    assert "target 7 is not used" in caplog.text
    net.enableFusion(False)
    net.enableWinograd(False)
    np.testing.assert_array_equal(net.forward(), before)
    assert dnn.getAvailableTargets(dnn.DNN_BACKEND_OPENCV) == (dnn.DNN_TARGET_CPU,)
    assert dnn.getAvailableTargets(dnn.DNN_BACKEND_CUDA) == ()
    with pytest.raises(ArgumentError, match="backend is 99"):
        net.setPreferableBackend(99)
    with pytest.raises(ArgumentError, match="target is 'cuda', expected a whole number"):
        net.setPreferableTarget("cuda")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "error", "complaint"),
    [
        (lambda net: net.forward("relu"), GraphError, "no layer 'relu'; did you mean `relu1`"),
        (lambda net: net.forward(["prob", "data"]), GraphError, "there is no layer 'data'"),
        (lambda net: net.setInput(batch(1, 2, 4, 6), "dat"), GraphError, "did you mean `data`"),
        (lambda net: net.setInput(batch(2, 4)), ShapeError, "input 'data' has 4 axes"),
        (lambda net: net.setInput("cat.jpg"), ArgumentError, "expected an array of numbers"),
        (lambda net: net.setInput(batch(1, 3, 4, 6)) or net.forward(), MinicaffeError, "conv1"),
        (lambda net: net.getLayer(5), GraphError, "there is no layer 5; there are 0 to 4"),
        (lambda net: net.getLayer("x"), GraphError, "there is no layer 'x'"),
        (lambda net: net.forwardAsync(), GraphError, "forwardAsync needs OpenVINO"),
        (lambda net: dnn.Net().forward(), GraphError, "the net is empty"),
        (lambda net: net.setPreferableTarget(-1), ArgumentError, "target is -1"),
    ],
)
def test_mistakes(
    wrong: object, error: type[Exception], complaint: str, files: tuple[str, str]
) -> None:
    net = dnn.readNetFromCaffe(*files)
    net.setInput(batch(1, 2, 4, 6))
    with pytest.raises(error, match=complaint):
        wrong(net)  # type: ignore[operator]
    net.setInput(batch(1, 2, 4, 6))
    assert net.forward().shape == (1, 3, 4, 6)  # and it still runs


def test_a_blob_is_no_layer(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(TEXT.replace('top: "prob"', 'top: "classes"'))
    net = dnn.readNetFromCaffe(tmp_path / "net.prototxt")
    net.setInput(batch(1, 2, 4, 6))
    with pytest.raises(GraphError, match="it is a blob, which layer 'prob' makes"):
        net.forward("classes")


def test_no_input_was_set(files: tuple[str, str]) -> None:
    with pytest.raises(GraphError, match="input 'data' is not set"):
        dnn.readNetFromCaffe(*files).forward()


@pytest.mark.parametrize(
    ("read", "error", "complaint"),
    [
        (lambda text, weights: dnn.readNetFromCaffe("no.prototxt"), PrototxtError, "no.prototxt"),
        (lambda text, weights: dnn.readNetFromCaffe(b"layer {"), PrototxtError, "<prototxt>"),
        (lambda text, weights: dnn.readNetFromCaffe(b""), PrototxtError, "it is empty"),
        (lambda text, weights: dnn.readNetFromCaffe(text, b"no"), SnapshotError, "<caffemodel>"),
        (lambda text, weights: dnn.readNetFromCaffe(text, "no.c"), SnapshotError, "no.c"),
        (lambda text, weights: dnn.readNetFromCaffe(np.zeros(3)), ArgumentError, "expected uint8"),
        (lambda text, weights: dnn.readNetFromCaffe(7), ArgumentError, "prototxt is 7"),
        (lambda text, weights: dnn.readNetFromCaffe(), ArgumentError, "the prototxt is missing"),
        (lambda text, weights: dnn.readNet("a.onnx"), ArgumentError, "nets of Caffe only"),
        (lambda text, weights: dnn.readNet("a.pb", "a.pbtxt"), ArgumentError, "nets of Caffe only"),
        (lambda text, weights: dnn.readNet(text, "", "torch"), ArgumentError, "'caffe' only"),
    ],
)
def test_what_cannot_be_read(
    read: object, error: type[Exception], complaint: str, files: tuple[str, str]
) -> None:
    with pytest.raises(error, match=complaint):
        read(*files)  # type: ignore[operator]


def test_names_that_opencv_has_and_minicaffe_has_not() -> None:
    with pytest.raises(AttributeError, match="it reads Caffe's nets"):
        dnn.readNetFromONNX  # noqa: B018
    with pytest.raises(AttributeError, match=r"docs/dnn\.md lists"):
        dnn.DetectionModel  # noqa: B018


def test_a_net_runs_no_code_unless_it_may(tmp_path: Path) -> None:
    text = """input: "data" input_shape { dim: 1 }
layer { name: "code" type: "Python" bottom: "data" top: "x"
  python_param { module: "os" layer: "system" } }"""
    with pytest.raises(MinicaffeError, match="allow_python_layers"):
        dnn.readNetFromCaffe(text.encode())
