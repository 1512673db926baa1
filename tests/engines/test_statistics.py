"""Statistics and gradients over many values a channel: exact on every engine and any threads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.engines.onednn import dnnl
from minicaffe.engines.onednn.channels import (
    channel_moments,
    channel_products,
    channel_total,
    slope_gradient,
    spoil,
)
from minicaffe.engines.onednn.primitive import Memory, MemoryDesc, plain, reorder
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.threads import set_threads
from tests.engines.nets import Text

LIMIT = 1e-6

#: Row-major, in blocks (after a convolution of 16 channels, of 20), without an image at all.
SHAPES = {
    "images": (2, 3, 700, 811),
    "long": (1, 1, 2048, 2051),
    "blocks": (8, 16, 112, 112),
    "odd blocks": (3, 20, 100, 103),
    "vectors": (70_001, 6),
}


def values_of(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    if kind == "constant":
        return np.full(shape, 0.1, np.float32)
    mean = 1e6 if kind == "large mean" else 0.7
    return np.random.default_rng(1).normal(mean, 1.3, shape).astype(np.float32)


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    set_threads(request.param)
    yield request.param
    set_threads(None)


def net_of(shape: tuple[int, ...], engine: str, after: str, in_place: bool, relu: bool) -> Net:
    text = Text("force_backward: true")
    blob = text.input("data", *shape)
    if after == "Convolution":
        blob = text.conv("data", "conv", shape[1], 1)
    text.add("BatchNorm", blob, blob if in_place else "normal", name="bn")
    blob = blob if in_place else "normal"
    text.add("Scale", blob, blob if in_place else "out", "scale_param { bias_term: true }", "scale")
    if relu:
        text.relu(blob)
    param = text_format.Parse(str(text), caffe_pb2.NetParameter())
    return Net(param, TRAIN, engine=engine)


def error(got: np.ndarray, want: np.ndarray, size: np.ndarray | float = 0.0) -> float:
    """Relative to the largest value, or to what has been added up."""
    scale = max(1e-30, float(np.abs(want).max()), float(np.max(size)))
    return float(np.abs(got.astype(np.float64) - want).max()) / scale


def check(net: Net, shape: tuple[int, ...], kind: str, after: str, relu: bool) -> None:
    """Against the formulas in float64, from the values that the layers really get."""
    rng = np.random.default_rng(4)
    net.blobs["data"].data[...] = values_of(kind, shape)
    if after == "Convolution":
        net.params["conv"][0].data[...] = np.eye(shape[1]).reshape(net.params["conv"][0].shape)
        net.params["conv"][1].data[...] = 0
    gamma, beta = rng.uniform(0.5, 2, shape[1]), rng.normal(size=shape[1])
    for blob, values in zip(net.params["scale"], (gamma, beta), strict=True):
        blob.data[...] = values
    gamma, beta = (blob.data.astype(np.float64) for blob in net.params["scale"])
    net.forward()
    axes, each = (0, *range(2, len(shape))), (1, -1, *[1] * (len(shape) - 2))
    x = values_of(kind, shape).astype(np.float64)
    mean, variance = x.mean(axes).reshape(each), x.var(axes).reshape(each)
    inv_std = 1 / np.sqrt(variance + np.float32(1e-5))
    normal = (x - mean) * inv_std
    want = normal * gamma.reshape(each) + beta.reshape(each)
    top = next(iter(net.outputs))
    out = net.blobs[top].data.copy()
    assert error(out, np.maximum(want, 0) if relu else want) < LIMIT
    count = x.size // shape[1]
    stored = [blob.data for blob in net.params["bn"]]
    assert error(stored[0] / stored[2], mean.ravel()) < LIMIT
    assert error(stored[1] / stored[2], variance.ravel() * (count / (count - 1))) < LIMIT
    dy = rng.uniform(0.1, 1, shape).astype(np.float32)
    net.blobs[top].diff[...] = dy
    net.backward()
    passed = dy.astype(np.float64) * (out > 0 if relu else 1)
    slope = (passed * normal).sum(axes)
    size = np.abs(passed * normal).sum(axes)
    assert error(net.params["scale"][1].diff, passed.sum(axes)) < LIMIT
    assert error(net.params["scale"][0].diff, slope, size) < LIMIT
    about = passed - passed.mean(axes).reshape(each) - normal * slope.reshape(each) / count
    bottom = "conv" if after == "Convolution" else "data"
    below = about * inv_std * gamma.reshape(each)
    if bottom != top:
        assert error(net.blobs[bottom].diff, below) < LIMIT
    if after == "Convolution":
        size = np.abs(below).sum(axes)
        assert error(net.params["conv"][1].diff, below.sum(axes), size) < LIMIT


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("kind", ["ordinary", "large mean", "constant"])
def test_batch_norm_and_scale(name: str, engine: str, kind: str, threads: int) -> None:
    after = "Convolution" if "blocks" in name else ""
    net = net_of(SHAPES[name], engine, after, in_place=False, relu=False)
    check(net, SHAPES[name], kind, after, relu=False)


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("relu", [False, True])
def test_in_place_as_one_primitive(engine: str, relu: bool) -> None:
    shape = SHAPES["odd blocks"]
    net = net_of(shape, engine, "Convolution", in_place=True, relu=relu)
    check(net, shape, "ordinary", "Convolution", relu=relu)


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("layer", ["Scale", "Bias", "Convolution", "InnerProduct", "PReLU"])
def test_gradients_of_single_layers(engine: str, layer: str, threads: int) -> None:
    shape = (300_001, 5) if layer == "InnerProduct" else (4, 5, 300, 401)
    rest = {
        "Scale": "scale_param { bias_term: true }",
        "Convolution": "convolution_param { num_output: 5 kernel_size: 1 }",
        "InnerProduct": "inner_product_param { num_output: 5 }",
    }.get(layer, "")
    text = Text("force_backward: true")
    text.add(layer, text.input("data", *shape), "out", rest, "layer")
    net = Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TRAIN, engine=engine)
    net.blobs["data"].data[...] = values_of("ordinary", shape)
    net.forward()
    dy = np.full(shape, 0.3, np.float32)
    net.blobs["out"].diff[...] = dy
    net.backward()
    axes = (0, *range(2, len(shape)))
    x, total = values_of("ordinary", shape).astype(float), dy.astype(float).sum(axes)
    want = {"Scale": (dy * x).sum(axes), "PReLU": (dy * np.minimum(x, 0)).sum(axes)}
    if layer in want:
        assert error(net.params["layer"][0].diff, want[layer]) < LIMIT
    if layer != "PReLU":
        assert error(net.params["layer"][-1].diff, total) < LIMIT


LAYOUTS = [
    (shape, block)
    for shape in ((70, 21), (3, 21, 50), (2, 35, 11, 13), (2, 5, 3, 4, 6))
    for block in dnnl.FORMATS[len(shape)]
]


@pytest.mark.parametrize(("shape", "block"), LAYOUTS, ids=str)
def test_sums_find_the_channels_in_every_layout(shape: tuple[int, ...], block: int) -> None:
    desc, axes = MemoryDesc(shape, block=block), (0, *range(2, len(shape)))
    x, y = (np.random.default_rng(n).normal(1, 1, shape).astype(np.float32) for n in (1, 2))
    left, right = Memory(desc), Memory(desc)
    for array, memory in ((x, left), (y, right)):
        reorder(plain(array.reshape(-1), shape), memory)()
    about = np.linspace(-1, 1, shape[1])
    centred = y - about.reshape(1, -1, *[1] * (len(shape) - 2))
    np.testing.assert_allclose(channel_total(left), x.sum(axes, dtype=float), rtol=LIMIT)
    found = channel_moments(left)
    np.testing.assert_allclose(found, (x.mean(axes, dtype=float), x.astype(float).var(axes)), 1e-6)
    want = x.sum(axes, dtype=float), (x * centred.astype(float)).sum(axes)
    np.testing.assert_allclose(channel_products(left, right, about), want, rtol=1e-5)
    want_slopes = (x * np.minimum(y, 0).astype(float)).sum(axes)
    np.testing.assert_allclose(slope_gradient(left, right), want_slopes, rtol=1e-5, atol=1e-5)
    spoil(left, np.arange(shape[1]) == 3)
    out = Memory(MemoryDesc(shape))
    reorder(left, out)()
    spoilt = np.isnan(out.floats.reshape(shape))
    assert spoilt.sum(axes).tolist() == [x.size // shape[1] * (n == 3) for n in range(shape[1])]
