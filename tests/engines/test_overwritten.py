"""Layers that overwrite in place what gradients need: these are the same as with tops apart."""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text
from tests.engines.twins import error_of

ENGINES = ("numpy", "onednn")
CASES = Path(__file__).parent / "real_caffe"

#: Types, each with settings; all work on positive and negative values.
FIRST = {
    "ReLU": "",
    "ReLU leaky": "relu_param { negative_slope: 0.3 }",
    "ReLU turning": "relu_param { negative_slope: -0.5 }",
    "PReLU": "",
    "ELU": "elu_param { alpha: 0.7 }",
    "Sigmoid": "",
    "TanH": "",
    "Swish": "",
    "BNLL": "",
    "Clip": "clip_param { min: -0.5 max: 0.8 }",
    "Exp": "exp_param { base: 1.5 scale: 0.5 shift: 1 }",
    "Log": "log_param { scale: 0.1 shift: 5 base: 2 }",
    "Power": "power_param { scale: -0.7 shift: 0.2 }",
    "Power squared": "power_param { power: 2 scale: 0.7 shift: 0.2 }",
    "Power cubed": "power_param { power: 3 scale: 0.2 shift: 0.9 }",
    "Softmax": "",
    "LRN": "lrn_param { local_size: 3 alpha: 1 }",
    "LRN within": "lrn_param { local_size: 3 alpha: 1 norm_region: WITHIN_CHANNEL }",
    "MVN": "",
    "BatchNorm": "",
    "BatchNorm stored": "batch_norm_param { use_global_stats: true }",
    "Scale": "scale_param { bias_term: true filler { value: 1.5 } }",
    "Bias": "bias_param { filler { value: 0.5 } }",
    "Dropout": "dropout_param { dropout_ratio: 0.3 }",
    "InstanceNorm": "",
}  # fmt: skip

#: What comes after, in place.
AFTER = ("Sigmoid", "Clip", "Power", "BatchNorm", "Scale", "Dropout", "PReLU", "Log")


def _net(first: str, after: list[str], place: str, channels: int) -> str:
    """A convolution, the first layer (perhaps in place), those after, and a loss."""
    text = Text("force_backward: true")
    text.input("x", 3, 2, 6, 5)
    text.conv("x", "c", channels, bias_term="false")
    blob = "c" if place == "in place" else "y"
    text.add(first.split()[0], "c", blob, FIRST[first], "first")
    if place == "flattened":
        blob = text.add("Flatten", blob, "flat", "flatten_param { axis: 2 }")
    for number, kind in enumerate(after):
        text.add(kind.split()[0], blob, None, FIRST[kind], f"after{number}")
    text.inner(blob, "scores", 4)
    text.add("Reduction", "scores", "loss", "reduction_param { operation: SUMSQ } loss_weight: 0.3")
    return str(text)


def _apart(param: Any) -> Any:
    """The same net with every layer's top a blob of its own."""
    apart = type(param)()
    apart.CopyFrom(param)
    now: dict[str, str] = {}
    for number, layer in enumerate(apart.layer):
        for index, name in enumerate(layer.bottom):
            layer.bottom[index] = now.get(name, name)
        for index, name in enumerate(layer.top):
            now[name] = f"{name}_{number}" if layer.type != "Input" else name
            layer.top[index] = now[name]
    return apart


def _parsed(text: str) -> Any:
    return text_format.Parse(text, caffe_pb2.NetParameter())


def _results(net: Net, passes: int = 2) -> dict[str, np.ndarray]:
    """The input's and all parameters' gradients of some passes."""
    for name, blobs in net.params.items():
        if net.layer_dict[name].type == "BatchNorm":
            blobs[0].data[...], blobs[1].data[...], blobs[2].data[...] = 0.3, 2, 1
    found = {}
    for turn in range(passes):
        rng = np.random.default_rng(turn)
        for name in net.inputs:
            net.blobs[name].data[...] = rng.normal(size=net.blobs[name].shape)
        net.clear_param_diffs()
        found[f"{turn} loss"] = np.array(net.forward_loss())
        net.backward()
        found[f"{turn} input"] = net.blobs[net.inputs[0]].diff.copy()
        for name, blobs in net.params.items():
            for index, blob in enumerate(blobs):
                found[f"{turn} {name}[{index}]"] = blob.diff.copy()
    return found


@pytest.mark.parametrize("place", ["apart", "in place", "flattened"])
@pytest.mark.parametrize("first", FIRST)
def test_gradients_after_an_overwritten_value(first: str, place: str) -> None:
    for number, kind in enumerate(AFTER):
        after = [kind, AFTER[number - 3]] if number % 2 else [kind]
        if place == "flattened" and {"PReLU", "LRN"} & {item.split()[0] for item in after}:
            continue
        param = _parsed(_net(first, after, place, channels=3 + 13 * (number % 2)))
        want = _results(Net(_apart(param), TRAIN, seed=4, engine="numpy", dtype=np.float64))
        size = max(np.linalg.norm(value) for value in want.values())
        for engine in ENGINES:
            keep = ("all", "outputs")[number // 2 % 2]
            got = _results(Net(param, TRAIN, seed=4, engine=engine, keep=keep))
            for key, value in want.items():
                # a gradient that is 0 but for rounding is compared with the largest one
                tolerance = 1e-2 * np.linalg.norm(value) + 1e-5 * size
                error = np.linalg.norm(got[key] - value)
                assert error < tolerance, f"{engine}, {keep}, {after}, {key}: off by {error:.2g}"


# ------------------------------------------------------------------ beside the real Caffe


def _rng(*key: object) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32("/".join(map(str, key)).encode()) & 0x7FFFFFFF)


def _fill_parameters(net: Net) -> None:
    for name, blobs in net.params.items():
        for index, blob in enumerate(blobs):
            q = _rng(name, index).standard_normal(blob.shape)
            statistics = (q * 0.3, np.abs(q) + 0.5, np.ones(blob.shape))
            norm = net.layer_dict[name].type == "BatchNorm"
            blob.data[...] = statistics[index] if norm else q * 0.7


def _like_the_real_one(net: Net, options: dict[str, str]) -> Iterator[tuple[str, np.ndarray]]:
    """Every value that was computed beside the real Caffe, by its name in the file."""
    _fill_parameters(net)
    names = [name for name in net.blobs if "split" not in name]
    for turn in range(int(options.get("passes", 1))):
        for name in net.inputs:
            shape = net.blobs[name].shape
            whole = name.startswith(("label", "cont"))
            rng = _rng(name, turn)
            values = rng.randint(0, 2, shape) if whole else rng.standard_normal(shape)
            net.blobs[name].data[...] = values
        net.forward()
        if "read" in options:
            _ = net.blobs[options["read"]].data
        if options.get("blobs") != "0":
            yield from ((f"{turn} data {name}", net.blobs[name].data) for name in names)
        for name, blobs in net.params.items():
            if net.layer_dict[name].type == "BatchNorm":
                yield f"{turn} stats {name}", np.concatenate([b.data.ravel() for b in blobs])
        if options.get("backward") == "0":
            continue
        if not (turn and "accumulate" in options):
            net.clear_param_diffs()
        net.backward()
        yield from ((f"{turn} diff {name}", net.blobs[name].diff) for name in names)
        for name, blobs in net.params.items():
            yield from ((f"{turn} pdiff {name}/{i}", b.diff) for i, b in enumerate(blobs))


#: What differs from the real Caffe, as its gradient is wrong, or computed for nothing.
DIFFERS = {
    "caffes_own_lrn_then_in_place": ("diff c", "diff n", "pdiff c"),
    "caffes_own_lstm_then_flatten": ("diff h", "pdiff"),
    "caffes_own_parameter_accumulates": ("1 pdiff",),
    "caffes_own_power_in_place": ("diff y", "pdiff ip"),
    "caffes_own_reshape_then_flatten": ("diff c", "pdiff c", "diff d"),
    "in_place_after_relu_in_place": ("diff c", "pdiff c"),
    "in_place_chain_diff_2": ("diff in1", "diff t4"),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", sorted(CASES.glob("*.prototxt")), ids=lambda path: path.stem)
def test_values_of_the_real_caffe(path: Path, engine: str) -> None:
    """What it computes, but for the gradients that are wrong there: these are those of the net
    with every top apart."""
    param = _parsed(path.read_text())
    options = dict(re.findall(r"(\w+)=(\S+)", path.read_text().splitlines()[0]))
    phase = TEST if options.get("phase") == "TEST" else TRAIN
    want = np.load(path.with_suffix(".npz"))
    other = DIFFERS.get(path.stem, ())
    nets = [Net(param, phase, engine=engine), Net(_apart(param), phase, engine="numpy")]
    right = dict(_like_the_real_one(nets[1], options)) if other else {}
    compared = 0
    for key, got in _like_the_real_one(nets[0], options):
        if not any(word in key for word in other):
            assert error_of(got, want[key]) < 1e-4, key
            compared += 1
        elif "pdiff" in key:
            assert error_of(got, want[key]) > 1e-2, f"{key} is Caffe's by now"
            assert error_of(got, right[key]) < 1e-4, key
    assert compared


def _warnings_of(param: Any, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.WARNING, "minicaffe"):
        Net(param, TRAIN, engine="numpy")
    return [message for message in caplog.messages if "real Caffe" in message]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("in_place_after_relu_in_place", "'r' (ReLU)"),
        ("caffes_own_power_in_place", "'p' (Power)"),
        ("caffes_own_lrn_then_in_place", "'n' (LRN), 'r' (ReLU)"),
        ("relu_then_in_place_scale", ""),
    ],
)
def test_one_warning_names_the_layers_that_differ(
    name: str, layers: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = _warnings_of(_parsed((CASES / f"{name}.prototxt").read_text()), caplog)
    assert len(said) == bool(layers)
    if layers:
        assert f"the gradients of {layers} need" in said[0]


def test_a_dropout_after_a_relu_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    text = Text()
    text.input("data", 4, 6)
    text.input("label", 4)
    text.relu(text.inner("data", "a", 5))
    text.add("Dropout", "a")
    text.loss(text.inner("a", "scores", 3))
    param = _parsed(str(text))
    assert _warnings_of(param, caplog) == []
    assert not any(node.kept_tops for node in Net(param, TRAIN, engine="numpy").nodes)


# ------------------------------------------------------------------ Eltwise in place


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "rest",
    ["", "coeff: 3 coeff: -0.5 coeff: 2", "operation: MAX", "operation: PROD",
     "operation: PROD stable_prod_grad: false"],
)  # fmt: skip
def test_eltwise_in_place_is_caffes(
    rest: str, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SUM and MAX clear the top, which is their first bottom, before they read it."""
    text = Text("force_backward: true")
    for name in ("a", "b", "c"):
        text.input(name, 2, 3, 4, 5)
    text.add("Power", "a", "y", "power_param { scale: 2 }")
    text.add("Eltwise", "y b c", "y", f"eltwise_param {{ {rest} }}", "join")
    text.add("Reduction", "y", "loss", "reduction_param { operation: SUMSQ } loss_weight: 0.5")
    caplog.clear()
    with caplog.at_level(logging.WARNING, "minicaffe"):
        net = Net(_parsed(str(text)), TRAIN, engine=engine)
    cleared = "PROD" not in rest
    assert (
        any("'join' (Eltwise)" in message and "'y'" in message for message in caplog.messages)
        == cleared
    )
    rng = np.random.default_rng(1)
    a, b, c = (rng.normal(size=(2, 3, 4, 5)).astype(np.float32) for _ in "abc")
    for _ in range(2):
        net.forward(a=a, b=b, c=c)
        net.backward()
        if "MAX" in rest:
            y = np.maximum(b, c)
            slopes = [np.zeros_like(a), b >= c, c > b]
        elif cleared:
            y, slopes = (-0.5 * b + 2 * c, [0 * a, 0 * b - 0.5, 0 * c + 2]) if rest else (
                b + c, [0 * a, 0 * b + 1, 0 * c + 1])  # fmt: skip
        else:
            y, slopes = 2 * a * b * c, [2 * b * c, 2 * a * c, 2 * a * b]
        assert error_of(net.blobs["y"].data, y) < 1e-5
        for name, slope in zip("abc", slopes, strict=True):
            assert error_of(net.blobs[name].diff, y * slope) < 1e-4, name
    with pytest.raises(GraphError, match="already produced"):
        Net(_parsed(str(text).replace('bottom: "y" bottom: "b"', 'bottom: "b" bottom: "y"')), TRAIN)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("type_", ["SoftmaxWithLoss", "SoftmaxWithLossOHEM", "InfogainLoss"])
def test_probabilities_that_a_loss_shows_may_be_overwritten(type_: str, engine: str) -> None:
    """A loss whose second top a later layer changes in place has the gradient that it has alone."""
    inputs = ["x", "label", *["matrix"] * (type_ == "InfogainLoss")]
    shapes = ("shape { dim: 4 dim: 5 }", "shape { dim: 4 }", "shape { dim: 5 dim: 5 }")
    text = f"""
    layer {{ name: "data" type: "Input" {"".join(f'top: "{name}" ' for name in inputs)}
            input_param {{ {"".join(shapes[: len(inputs)])} }} }}
    layer {{ name: "scores" type: "Scale" bottom: "x" top: "scores" }}
    layer {{ name: "loss" type: "{type_}" bottom: "scores"
            {"".join(f'bottom: "{name}" ' for name in inputs[1:])}
            top: "loss" top: "p" loss_weight: 1 loss_weight: 0
            propagate_down: true {"propagate_down: false " * (len(inputs) - 1)} }}
    """
    after = 'layer { name: "after" type: "Power" bottom: "p" top: "p" power_param { scale: -3 } }'
    gradients = []
    for prototxt in (text, text + after):
        param = text_format.Parse(prototxt, caffe_pb2.NetParameter())
        net = Net(param, TRAIN, engine=engine)
        net.blobs["x"].data[...] = np.sin(np.arange(20)).reshape(4, 5)
        net.blobs["label"].data[...] = [0, 4, 2, 1]
        if "matrix" in inputs:
            net.blobs["matrix"].data[...] = np.eye(5)
        net.forward()
        net.backward()
        gradients.append(net.params["scores"][0].diff.copy())
    assert np.abs(gradients[0]).max() > 0.01
    np.testing.assert_array_equal(gradients[1], gradients[0])


@pytest.mark.parametrize("items", [4, 2000])  # a few scores, and enough for oneDNN's softmax
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", ["SoftmaxWithLoss", "SoftmaxWithLossOHEM", "InfogainLoss"])
def test_probabilities_of_many_items(loss: str, engine: str, items: int) -> None:
    """A layer that works on them in place changes nothing of the loss's gradient."""
    gradients = []
    for top in ("prob", "after"):  # in place, and not
        text = Text()
        text.input("x", items, 3)
        text.input("label", items)
        third = ""
        if loss == "InfogainLoss":
            text.input("matrix", 5, 5)
            third = 'bottom: "matrix"'
        text.inner("x", "scores", 5)
        text.add(loss, "scores", "loss", f'bottom: "label" {third} top: "prob"', "loss")
        text.add("Power", "prob", top, "power_param { scale: 3 shift: 1 }", "after")
        net = Net(
            text_format.Parse(str(text), caffe_pb2.NetParameter()), TRAIN, engine=engine, seed=1
        )
        rng = np.random.default_rng(3)
        for name in net.inputs:
            shape = net.blobs[name].shape
            values = rng.integers(0, 5, shape) if name == "label" else rng.standard_normal(shape)
            net.blobs[name].data[...] = values
        net.forward()
        net.backward()
        gradients.append(net.params["scores"][0].diff.copy())
    largest = np.abs(gradients[1]).max()
    assert largest > 0
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-6 * largest)
