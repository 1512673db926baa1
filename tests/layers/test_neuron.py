"""Elementwise layers beyond the generic test: edges, extremes, in place, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import layer_class
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.net.net import TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text
from tests.layers.harness import set_up


def make(
    kind: str, text: str = "", shape: tuple[int, ...] = (2, 3, 4, 5), in_place: bool = False
) -> tuple[Any, Blob, Blob]:
    param = caffe_pb2.LayerParameter(name="layer", type=kind)
    text_format.Merge(text, param)
    layer = layer_class(kind)(param, caffe_pb2.TRAIN)
    bottom = Blob(shape)
    top = bottom if in_place else Blob()
    layer.check_places([bottom], [top])
    set_up(layer, [bottom], [top])
    layer.reshape([bottom], [top])
    return layer, bottom, top


def run(kind: str, text: str, values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Tops, and bottom diffs for top diffs of 1, of values in one channel."""
    layer, bottom, top = make(kind, text, (len(values), 1))
    bottom.data[:, 0] = values
    layer.forward([bottom], [top])
    top.diff[...] = 1
    layer.backward([top], [True], [bottom])
    return top.data[:, 0].copy(), bottom.diff[:, 0].copy()


@pytest.mark.parametrize(
    ("kind", "text", "x", "y", "dx"),
    [
        ("ReLU", "", [-1, 0, 1], [0, 0, 1], [0, 0, 1]),
        ("ReLU", "relu_param { negative_slope: 0.5 }", [-1, 0], [-0.5, 0], [0.5, 0.5]),
        ("PReLU", "", [-1, 0, 1], [-0.25, 0, 1], [0.25, 0.25, 1]),
        ("ELU", "elu_param { alpha: 2 }", [0, 5], [0, 5], [2, 1]),
        ("AbsVal", "", [-2, 0, 3], [2, 0, 3], [-1, 0, 1]),
        ("Clip", "clip_param { min: -1 max: 2 }", [-2, -1, 0, 2, 3], [-1, -1, 0, 2, 2],
         [0, 1, 1, 1, 0]),
        ("Sigmoid", "", [-1000, 0, 1000], [0, 0.5, 1], [0, 0.25, 0]),
        ("TanH", "", [-1000, 0, 1000], [-1, 0, 1], [0, 1, 0]),
        ("BNLL", "", [-1000, 1000], [0, 1000], [0, 1]),
        ("Swish", "", [-1000, 0, 1000], [0, 0, 1000], [0, 0.5, 1]),
        ("Exp", "", [1000, -1000], [np.inf, 0], [np.inf, 0]),
        ("Log", "", [0, np.inf], [-np.inf, np.inf], [np.inf, 0]),
        ("Power", "power_param { power: 3 }", [0, 2], [0, 8], [np.nan, 12]),  # 3 · 0 / 0
        ("Power", "power_param { power: 0.5 }", [-1], [np.nan], [np.nan]),
        ("Power", "power_param { power: -1 }", [0], [np.inf], [np.inf]),
        ("Power", "power_param { scale: 0 shift: 2 power: 3 }", [5], [8], [0]),
        ("Power", "power_param { scale: 0 power: 0 }", [5], [1], [0]),
    ],
)  # fmt: skip
def test_edges(kind: str, text: str, x: list[float], y: list[float], dx: list[float]) -> None:
    got_y, got_dx = run(kind, text, x)
    np.testing.assert_allclose(got_y, y, atol=1e-7)
    if kind == "Power" and text.startswith("power_param { power: -1"):
        assert np.isinf(got_dx).all()
    else:
        np.testing.assert_allclose(got_dx, dx, atol=1e-7)


@pytest.mark.parametrize(
    ("kind", "text", "wrong"),
    [
        ("Clip", "clip_param { min: 0 max: 1 }", True),
        ("BNLL", "", True),
        ("Log", "", True),
        ("Power", "power_param { power: 3 }", True),
        ("Power", "power_param { scale: 3 shift: 1 }", False),
        ("Power", "power_param { power: 0 }", False),
        ("ReLU", "", False),
        ("ReLU", "relu_param { negative_slope: -1 }", True),
        ("ELU", "elu_param { alpha: -1 }", True),
        ("ELU", "", False),
        ("Exp", "", False),
        ("PReLU", "", False),
    ],
)
def test_a_gradient_that_needs_the_overwritten_bottom_is_announced(
    kind: str, text: str, wrong: bool
) -> None:
    """The net keeps it then."""
    layer, _, _ = make(kind, text, in_place=True)
    assert layer.right_in_place() != wrong


def test_absval_refuses_to_run_in_place() -> None:
    with pytest.raises(GraphError, match="cannot run in place"):
        make("AbsVal", in_place=True)


def test_clip_in_place_passes_the_gradients_of_what_lay_inside() -> None:
    """As with a top apart; in Caffe the clipped values all lie inside."""
    text = Text("force_backward: true")
    text.input("x", 3)
    text.add("Clip", "x", rest="clip_param { min: 0 max: 1 }")
    net = Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TRAIN, engine="numpy")
    net.forward(x=np.array([-5, 0.5, 5]))
    net.backward(x=np.array([1, 2, 3]))
    np.testing.assert_array_equal(net.blobs["x"].diff, [0, 2, 0])
    np.testing.assert_array_equal(net.blobs["x"].data, [0, 0.5, 1])


def test_threshold_has_no_gradient() -> None:
    layer, bottom, top = make("Threshold")
    with pytest.raises(GraphError, match="no gradient"):
        layer.backward([top], [True], [bottom])


def test_prelu_default_and_shapes() -> None:
    layer, _, _ = make("PReLU")
    np.testing.assert_array_equal(layer.blobs[0].data, [0.25] * 3)
    layer, bottom, top = make("PReLU", "prelu_param { channel_shared: true }")
    assert layer.blobs[0].shape == ()
    bottom.reshape(2, 7)
    layer.reshape([bottom], [top])  # one slope suits any number of channels
    assert top.shape == (2, 7)


def test_unwanted_gradients_are_not_written() -> None:
    for kind in ("ReLU", "PReLU"):
        layer, bottom, top = make(kind)
        top.diff[...] = 1
        bottom.diff[...] = 3
        layer.backward([top], [False], [bottom])
        np.testing.assert_array_equal(bottom.diff, 3)


@pytest.mark.parametrize(
    ("kind", "text", "shape", "says"),
    [
        ("PReLU", "", (4,), "shape 4; two to four axes"),
        ("PReLU", "", (2, 3, 1, 2, 2), "two to four axes"),
        ("Clip", "", (2, 3), "needs both min and max"),
        ("Clip", "clip_param { max: 3 }", (2, 3), "needs both min and max"),
        ("Exp", "exp_param { base: 0 }", (2, 3), "base is 0, expected a positive number, or -1"),
        ("Exp", "exp_param { base: -2 }", (2, 3), "base is -2"),
        ("Exp", "exp_param { base: inf }", (2, 3), "base is inf"),
        ("Log", "log_param { base: nan }", (2, 3), "base is nan"),
        ("Log", "log_param { base: 1 }", (2, 3), "no logarithms"),
    ],
)
def test_refusals(kind: str, text: str, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=says):
        make(kind, text, shape)


def test_prelu_refuses_another_number_of_channels() -> None:
    layer, bottom, top = make("PReLU")
    bottom.reshape(2, 5)
    with pytest.raises(ShapeError, match="5 channels, but there are 3 slopes"):
        layer.reshape([bottom], [top])


def test_a_subclass_must_say_what_it_computes() -> None:
    layer = Neuron(caffe_pb2.LayerParameter(), caffe_pb2.TRAIN)
    array = np.zeros(3)
    with pytest.raises(NotImplementedError, match=r"Neuron\.function"):
        layer.function(array, array)
    with pytest.raises(NotImplementedError, match=r"Neuron\.gradient"):
        layer.gradient(array, array, array, array)
