"""LSTM, RNN and LSTMUnit: the state between batches, what gets no gradient, what is refused."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError, ShapeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2

TYPES = ["LSTM", "RNN"]
FILLER = 'weight_filler { type: "uniform" min: -1 max: 1 }'


def make_net(type_, *shapes, param="", tops=("y",)):
    names = ["x", "cont", "a", "b", "c"][: len(shapes)]
    text = ["force_backward: true"]
    for name, shape in zip(names, shapes, strict=True):
        dims = " ".join(f"dim: {n}" for n in shape)
        text.append(
            f'layer {{ name: "{name}" type: "Input" top: "{name}" '
            f"input_param {{ shape {{ {dims} }} }} }}"
        )
    ends = " ".join([f'bottom: "{n}"' for n in names] + [f'top: "{n}"' for n in tops])
    text.append(
        f'layer {{ name: "r" type: "{type_}" {ends} '
        f"recurrent_param {{ {param if 'num_output' in param else f'num_output: 3 {param}'} "
        f"{FILLER} }} }}"
    )
    return Net(text_format.Parse("\n".join(text), caffe_pb2.NetParameter()), seed=4)


def fill(net, seed=0):
    rng = np.random.default_rng(seed)
    for name in net.inputs:
        net.blobs[name].data[...] = rng.normal(size=net.blobs[name].shape)


@pytest.mark.parametrize("type_", TYPES)
def test_two_batches_that_go_on_equal_one(type_):
    whole, halves = make_net(type_, (6, 2, 4), (6, 2)), make_net(type_, (3, 2, 4), (3, 2))
    fill(whole)
    cont = whole.blobs["cont"].data
    cont[...] = 1
    cont[4, 1] = 0
    want = whole.forward()["y"]
    for part in (slice(0, 3), slice(3, 6)):
        halves.blobs["x"].data[...] = whole.blobs["x"].data[part]
        halves.blobs["cont"].data[...] = cont[part]
        np.testing.assert_allclose(halves.forward()["y"], want[part], rtol=1e-5)


@pytest.mark.parametrize("type_", TYPES)
def test_the_state_can_be_forgotten(type_):
    net = make_net(type_, (3, 2, 4), (3, 2))
    fill(net)
    net.blobs["cont"].data[...] = 1
    first = net.forward()["y"].copy()
    assert not np.allclose(net.forward()["y"], first)
    net.layers[-1].reset()
    np.testing.assert_array_equal(net.forward()["y"], first)


@pytest.mark.parametrize(("type_", "states"), [("LSTM", 2), ("RNN", 1)])
def test_exposed_states_go_on_by_hand(type_, states):
    exposed = make_net(
        type_, (3, 2, 4), (3, 2), *[(1, 2, 3)] * states, param="expose_hidden: true",
        tops=("y", "y1", "y2")[: 1 + states],
    )  # fmt: skip
    carried = make_net(type_, (3, 2, 4), (3, 2))
    exposed.share_with(carried)
    for turn in range(3):
        fill(carried, turn)
        carried.blobs["cont"].data[...] = 1
        for name in ("x", "cont"):
            exposed.blobs[name].data[...] = carried.blobs[name].data
        exposed.forward()
        np.testing.assert_allclose(
            exposed.blobs["y"].data, carried.forward()["y"], rtol=1e-5, atol=1e-7
        )
        for index in range(states):
            exposed.blobs["ab"[index]].data[...] = exposed.blobs[f"y{index + 1}"].data


@pytest.mark.parametrize(("type_", "states"), [("LSTM", 2), ("RNN", 1)])
def test_exposed_states_get_no_gradient_and_it_is_told(type_, states, caplog):
    net = make_net(
        type_, (3, 2, 4), (3, 2), *[(1, 2, 3)] * states, param="expose_hidden: true",
        tops=("y", "y1", "y2")[: 1 + states],
    )  # fmt: skip
    fill(net)
    net.blobs["cont"].data[...] = 1
    net.forward()
    for name in "ab"[:states]:
        net.blobs[name].diff[...] = 9
    net.blobs["y1"].diff[...] = 100  # does not count either
    net.blobs["y"].diff[...] = 0
    with caplog.at_level(logging.WARNING, "minicaffe"):
        net.backward()
        net.backward()
    assert not any(net.blobs[name].diff.any() for name in ("a", "b", "x")[:states])
    assert not net.blobs["x"].diff.any()
    warnings = [r.getMessage() for r in caplog.records if "expose_hidden" in r.getMessage()]
    assert len(warnings) == 1
    assert "below 'a' learns nothing" in warnings[0]


@pytest.mark.parametrize("type_", TYPES)
def test_an_in_place_layer_after_it_does_not_disturb_it(type_):
    net = make_net(type_, (3, 2, 4), (3, 2))
    fill(net)
    gradients = []
    for spoil in (False, True):
        net.layers[-1].reset()
        net.forward()
        if spoil:
            net.blobs["y"].data[...] = 7
        net.blobs["y"].diff[...] = 1
        net.backward()
        gradients.append(net.blobs["x"].diff.copy())
    np.testing.assert_array_equal(*gradients)


@pytest.mark.parametrize("type_", TYPES)
def test_another_number_of_streams(type_):
    net = make_net(type_, (3, 2, 4), (3, 2))
    fill(net)
    net.blobs["cont"].data[...] = 1
    net.forward()
    net.blobs["x"].reshape(3, 5, 4)
    net.blobs["cont"].reshape(3, 5)
    net.reshape()
    assert net.forward()["y"].shape == (3, 5, 3)
    net.blobs["x"].reshape(4, 5, 4)
    net.blobs["cont"].reshape(4, 5)
    with pytest.raises(ShapeError, match="x has 4 time steps, but had 3 at set-up"):
        net.reshape()


def test_names_and_shapes_of_parameters():
    def listed(net):
        return dict(
            zip(net.layers[-1].param_names, [b.shape for b in net.params["r"]], strict=True)
        )

    net = make_net("LSTM", (3, 2, 4), (3, 2), (2, 5))
    want = {"W_xc": (12, 4), "b_c": (12,), "W_xc_static": (12, 5), "W_hc": (12, 3)}
    assert listed(net) == want
    del want["W_xc_static"]
    assert listed(make_net("LSTM", (3, 2, 4), (3, 2))) == want
    net = make_net("RNN", (3, 2, 4), (3, 2), (2, 5))
    assert listed(net) == {
        "W_xh": (3, 4), "b_h": (3,), "W_xh_static": (3, 5), "W_hh": (3, 3), "W_ho": (3, 3),
        "b_o": (3,),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shapes", "param", "message"),
    [
        (((3, 2), (3, 2)), "", "x has shape 3×2, expected at least 3 axes"),
        (((3, 2, 4), (2, 3)), "", "cont has shape 2×3, expected 3×2"),
        (((3, 2, 4), (3, 2), (3, 4)), "", "x_static has shape 3×4, expected 2 streams × values"),
        (((3, 2, 4), (3, 2), (2,)), "", "x_static has shape 2, expected 2 streams × values"),
        (((3, 2, 4), (3, 2)), "num_output: 0", "num_output is missing or 0"),
    ],
)
@pytest.mark.parametrize("type_", TYPES)
def test_shapes_that_do_not_fit(type_, shapes, param, message):
    with pytest.raises(ShapeError, match=message):
        make_net(type_, *shapes, param=param)


def test_exposed_states_of_other_shapes():
    with pytest.raises(ShapeError, match="the state c has shape 1×2×4, expected 1×2×3"):
        make_net("LSTM", (3, 2, 4), (3, 2), (1, 2, 3), (1, 2, 4), param="expose_hidden: true",
                 tops=("y", "y1", "y2"))  # fmt: skip


@pytest.mark.parametrize(
    ("count", "param", "tops", "message"),
    [
        (1, "", ("y",), r"1 bottom blob\(s\) given, expected 2 or, with a static input, 3"),
        (2, "expose_hidden: true", ("y", "h", "c"), r"expected 4 or.* 5 with expose_hidden \(h, c"),
        (4, "expose_hidden: true", ("y",), r"1 top blob\(s\) given, expected 3 with expose"),
    ],
)
def test_numbers_of_blobs(count, param, tops, message):
    shapes = [(3, 2, 4), (3, 2), (1, 2, 3), (1, 2, 3)][:count]
    with pytest.raises(GraphError, match=message):
        make_net("LSTM", *shapes, param=param, tops=tops)


def test_sequence_marks_have_no_gradient():
    text = """
      layer { name: "d" type: "Input" top: "x" top: "v"
        input_param { shape { dim: 3 dim: 2 dim: 4 } shape { dim: 3 dim: 2 } } }
      layer { name: "p" type: "Scale" bottom: "v" top: "cont" scale_param { axis: 1 } }
      layer { name: "r" type: "LSTM" bottom: "x" bottom: "cont" top: "y"
        recurrent_param { num_output: 3 } }
      layer { name: "l" type: "Reduction" bottom: "y" top: "l" loss_weight: 1 }
    """
    net = Net(text_format.Parse(text, caffe_pb2.NetParameter()), caffe_pb2.TRAIN)
    net.forward()
    with pytest.raises(GraphError, match=r"bottom 1 .*has no gradient"):
        net.backward()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3, 4), (1, 3, 16), (1, 3)), "c has shape 2×3×4, expected 1 × streams"),
        (((1, 3, 4), (1, 3, 12), (1, 3)), "the gate input has shape 1×3×12, expected 1×3×16"),
        (((1, 3, 4), (1, 3, 16), (3,)), "the cont has shape 3, expected 1×3"),
    ],
)
def test_unit_shapes(shapes, message):
    text = "".join(
        f'layer {{ name: "i{i}" type: "Input" top: "i{i}" input_param {{ shape {{ '
        f"{' '.join(f'dim: {n}' for n in shape)} }} }} }} "
        for i, shape in enumerate(shapes)
    )
    text += (
        'layer { name: "u" type: "LSTMUnit" bottom: "i0" bottom: "i1" bottom: "i2" '
        'top: "c" top: "h" }'
    )
    with pytest.raises(ShapeError, match=message):
        Net(text_format.Parse(text, caffe_pb2.NetParameter()))
