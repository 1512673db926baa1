"""Types of SkimCaffe that are names for several layers in a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from tests.layers import references

INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [2, 4, 7, 6] } } }\n'
CONVOLUTION = (
    "convolution_param { num_output: 6 group: 2 kernel_size: 3 pad: 1 conv_mode: DIRECT_SCONV "
    'weight_filler { type: "gaussian" std: 1 } bias_filler { type: "uniform" } } '
)
POOLING = "pooling_param { pool: MAX kernel_size: 3 stride: 2 } "
LRN = "lrn_param { local_size: 3 alpha: 2 beta: 0.5 } "
PRODUCT = (
    "inner_product_param { num_output: 5 gemm_mode: SPMDM spmdm_transpose_out: false "
    'weight_filler { type: "gaussian" std: 1 } bias_filler { type: "uniform" } } '
)


def net(kind: str, settings: str, phase: int = TEST, more: str = "") -> Net:
    param = caffe_pb2.NetParameter()
    text = f'layer {{ name: "y" type: "{kind}" bottom: "x" top: "y" {settings} }}\n'
    parse((INPUT + text + more).encode(), param)
    return Net(param, phase, seed=1)


def run(kind: str, settings: str) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The bottom, the top, and the parameters."""
    built = net(kind, settings)
    x = np.random.default_rng(5).normal(size=(2, 4, 7, 6)).astype(np.float32)
    built.blobs["x"].data[...] = x
    top = built.forward()["y"].copy()
    return x, top, [blob.data for blob in built.params.get("y", [])]


def convolved(x: np.ndarray, params: list[np.ndarray]) -> np.ndarray:
    """Both groups, after a rectifier."""
    parts = [
        references.convolution(
            x[:, 2 * g : 2 * g + 2], params[0][3 * g : 3 * g + 3], params[1][3 * g : 3 * g + 3],
            stride=(1, 1), pad=(1, 1), dilation=(1, 1),
        )
        for g in range(2)
    ]  # fmt: skip
    return np.maximum(np.concatenate(parts, axis=1), 0)


def pooled(x: np.ndarray) -> np.ndarray:
    return references.pooling(x, "MAX", kernel=(3, 3), stride=(2, 2))[0]


def normalized(x: np.ndarray) -> np.ndarray:
    return references.lrn(x, size=3, alpha=2, beta=0.5, k=1, within=False)


def test_a_convolution_and_a_rectifier() -> None:
    x, y, params = run("ConvolutionReLU", CONVOLUTION)
    np.testing.assert_allclose(y, convolved(x, params), rtol=1e-4, atol=1e-5)


def test_a_leaking_one() -> None:
    x, y, params = run("ReLUPooling", "relu_param { negative_slope: 0.5 } " + POOLING)
    assert not params
    np.testing.assert_allclose(y, pooled(np.where(x > 0, x, x / 2)), rtol=1e-6)


def test_with_a_pooling_and_a_normalization() -> None:
    x, y, params = run("ConvolutionReLUPool", CONVOLUTION + POOLING)
    np.testing.assert_allclose(y, pooled(convolved(x, params)), rtol=1e-4, atol=1e-5)
    x, y, params = run("ConvolutionReLUPoolLRN", CONVOLUTION + POOLING + LRN)
    want = normalized(pooled(convolved(x, params)))
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)


def test_a_product_that_is_dropped_when_training_only() -> None:
    settings = PRODUCT + "dropout_param { dropout_ratio: 0.5 }"
    x, y, params = run("InnerProductReLUDropout", settings)
    want = np.maximum(x.reshape(2, -1) @ params[0].T + params[1], 0)
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
    kinds = [layer.type for layer in net("InnerProductReLUDropout", settings, TRAIN).layers]
    assert kinds == ["Input", "InnerProduct", "ReLU", "Dropout"]


def test_the_parts_share_what_the_text_says() -> None:
    """Weights by the layer's own name, learning rates for them, the loss's weight for the top."""
    settings = CONVOLUTION + POOLING + "param { lr_mult: 3 } param { lr_mult: 0 } loss_weight: 2"
    built = net("ConvolutionReLUPool", settings, TRAIN)
    assert list(built.params) == ["y"]
    assert built.top_names["y"] != ["y"]
    param = built.layer_dict["y"].param
    assert [spec.lr_mult for spec in param.param] == [3, 0]
    built.blobs["x"].data[...] = 1
    assert built.forward()["y"].shape == (2, 6, 3, 3)
    assert built.backward() is not None
    assert np.abs(built.params["y"][0].diff).sum() > 0


def test_weights_come_by_the_name(tmp_path: Path) -> None:
    weights = caffe_pb2.NetParameter()
    layer = weights.layer.add(name="y", type="ConvolutionReLU")
    for shape in ((6, 2, 3, 3), (6,)):
        blob = layer.blobs.add(data=np.arange(np.prod(shape)))
        blob.shape.dim.extend(shape)
    (tmp_path / "w.caffemodel").write_bytes(weights.SerializeToString())
    built = net("ConvolutionReLUPool", CONVOLUTION + POOLING)
    built.copy_from(str(tmp_path / "w.caffemodel"))
    np.testing.assert_array_equal(built.params["y"][1].data, np.arange(6))


def test_a_mistake_is_told_with_its_part() -> None:
    with pytest.raises(ShapeError, match=r"layer 'y/Pooling' \(Pooling\).*remove kernel_size"):
        net("ReLUPooling", "pooling_param { kernel_size: 3 global_pooling: true }")
