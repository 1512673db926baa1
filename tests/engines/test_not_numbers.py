"""What is not finite goes through every layer as in Caffe, on both engines.

A default engine that makes 0 of "not a number" hides that a net has diverged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import MinicaffeError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text, dense
from tests.engines.test_agree import net_text, twins_of
from tests.engines.twins import Twins
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

ODD = [np.nan, np.inf, -np.inf, 1e-40, 1e38]


#: Layers whose gradient for an element hangs on a comparison with it, or on the difference of two
#: infinities: for one that is not finite oneDNN may decide otherwise; the others must not notice.
BY_COMPARISON = {"ReLU", "MKLReLU", "PReLU", "ELU", "AbsVal", "Swish", "Eltwise"}

#: Layers that multiply what is beyond the border by 0, each engine at other places.
WITH_BORDERS = {"Convolution", "Deconvolution", "Deconvolution3D", "HoleConvolution"}


def alike(got: np.ndarray, want: np.ndarray) -> bool:
    """The same elements are no numbers or infinite, and the others are near."""
    finite = np.isfinite(want)
    if not (np.isfinite(got) == finite).all():
        return False
    odd = (got[~finite] == want[~finite]) | (np.isnan(got[~finite]) & np.isnan(want[~finite]))
    got, want = got[finite].astype(np.float64), want[finite].astype(np.float64)
    scale = float(np.abs(want).max(initial=1e-6))
    return bool(odd.all()) and bool((np.abs(got - want) <= 1e-4 * scale).all())


def alike_gradients(case: Case, got: np.ndarray, want: np.ndarray, *, learned: bool) -> bool:
    """The same of gradients, but for what the sets above say."""
    if learned and case.type in WITH_BORDERS and not np.isfinite(want).all():
        return not np.isfinite(got).all()
    if not learned and case.type in BY_COMPARISON and got.size:
        got, want = (np.delete(value, want.size // 3) for value in (got, want))
    return alike(got, want)


def outcome(net: object, method: str) -> str:
    """What a forward or backward ends with."""
    try:
        with np.errstate(all="ignore"):
            getattr(net, method)()
    except MinicaffeError as error:
        return type(error).__name__
    return ""


def compare(case: Case, twins: Twins, what: str, kind: str) -> list[str]:
    a, b = twins.nets
    pairs = [(name, a.blobs[name], b.blobs[name], False) for name in a.blobs]
    pairs += [
        (f"{name}[{index}]", left, right, True)
        for name in a.params
        for index, (left, right) in enumerate(zip(a.params[name], b.params[name], strict=True))
    ]
    mistakes = []
    for name, left, right, learned in pairs:
        got, want = getattr(right, kind), getattr(left, kind)
        good = alike(got, want)
        if kind == "diff":
            good = alike_gradients(case, got, want, learned=learned)
        if not good:
            mistakes.append(f"{what}: {name}.{kind}: {got.ravel()}, expected {want.ravel()}")
    return mistakes


def check(case: Case, in_place: bool) -> None:
    mistakes = []
    names = [f"in{index}" for index in range(len(case.bottoms))]
    for name in names:
        for value in ODD:
            twins = twins_of(case, in_place)
            for net in twins.nets:
                data = net.blobs[name].data.reshape(-1)
                if data.size:
                    data[data.size // 3] = value
            what = f"{value} in {name}"
            ends = [outcome(net, "forward") for net in twins.nets]
            if ends[0] != ends[1]:
                mistakes.append(f"{what}: {ends}")
            if any(ends):
                continue
            mistakes += compare(case, twins, what, "data")
            if not case.has_gradient:
                continue
            rng = np.random.default_rng(8)
            for top in twins.numpy.top_names["layer"] if not case.loss else ():
                values = rng.normal(size=twins.numpy.blobs[top].shape)
                for net in twins.nets:
                    net.blobs[top].diff[...] = values
            ends = [outcome(net, "backward") for net in twins.nets]
            mistakes += [f"{what}: {ends}"] if ends[0] != ends[1] else []
            mistakes += compare(case, twins, what, "diff") if not any(ends) else []
    assert not mistakes, "\n".join([net_text(case, in_place), *mistakes])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row(case: Case) -> None:
    check(case, in_place=False)


@pytest.mark.parametrize("case", [case for case in CASES if case.in_place], ids=str)
def test_row_in_place(case: Case) -> None:
    check(case, in_place=True)


RULES = {  # of Caffe's sources, in which what is no number loses every comparison
    ("ReLU", ""): [np.nan, np.inf, np.nan],
    ("ReLU", "relu_param { negative_slope: 0.5 }"): [np.nan, np.inf, -np.inf],
    ("Clip", "clip_param { min: -2 max: 3 }"): [-2, 3, -2],
    ("ReLU6", ""): [np.nan, 6, 0],
    ("ELU", ""): [np.nan, np.inf, -1],
    ("Exp", ""): [np.nan, np.inf, 0],
    ("Sigmoid", ""): [np.nan, 1, 0],
    ("TanH", ""): [np.nan, 1, -1],
    ("AbsVal", ""): [np.nan, np.inf, np.inf],
    ("Power", "power_param { power: 2 }"): [np.nan, np.inf, np.inf],
    ("Threshold", ""): [0, 1, 0],
    ("Pooling", "pooling_param { kernel_size: 1 }"): [-3.4028235e38, np.inf, -3.4028235e38],
    ("Softmax", "softmax_param { axis: 3 }"): [np.nan] * 3,
}


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize(("kind", "rest"), RULES, ids=str)
def test_caffes_rule(kind: str, rest: str, engine: str) -> None:
    text = Text()
    text.add(kind, text.input("data", 1, 1, 1, 3), "out", rest)
    net = Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TEST, engine=engine)
    net.blobs["data"].data[...] = [np.nan, np.inf, -np.inf]
    net.forward()
    np.testing.assert_array_equal(net.blobs["out"].data.ravel(), np.float32(RULES[kind, rest]))


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("count", [2, 3])
def test_caffes_rule_for_the_maximum(engine: str, count: int) -> None:
    """Bottom 0 and the later ones lose by what is no number, bottom 1 keeps it."""
    text = Text()
    names = [text.input(f"in{index}", 1, 3) for index in range(count)]
    text.add("Eltwise", " ".join(names), "out", "eltwise_param { operation: MAX }")
    net = Net(text_format.Parse(str(text), caffe_pb2.NetParameter()), TEST, engine=engine)
    for index in range(count):
        net.blobs[f"in{index}"].data[0] = np.where(np.arange(3) == index, np.nan, index)
    net.forward()
    want = [1, np.nan, 1] if count == 2 else [2, np.nan, 1]
    np.testing.assert_array_equal(net.blobs["out"].data[0], np.float32(want))


HINGES = {  # the loss of scores (x, 0) with label 0, and its gradient
    np.inf: (1, [0, 1]),
    -np.inf: (np.inf, [-1, 1]),
    np.nan: (1, [0, 1]),  # what is no number loses the comparison with 0
}


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("score", HINGES, ids=str)
def test_caffes_rule_for_the_hinge(score: float, engine: str) -> None:
    text = Text()
    bottoms = f"{text.input('x', 1, 2)} {text.input('label', 1)}"
    text.add("HingeLoss", bottoms, "loss", "propagate_down: true propagate_down: false")
    param = text_format.Parse(f"force_backward: true {text}", caffe_pb2.NetParameter())
    net = Net(param, TRAIN, engine=engine)
    net.blobs["x"].data[0, 0] = score
    net.forward()
    net.backward()
    loss, gradient = HINGES[score]
    assert net.blobs["loss"].data == loss
    np.testing.assert_array_equal(net.blobs["x"].diff[0], gradient)


def chains() -> dict[str, Twins]:
    """Nets whose ReLU is part of another layer's primitive."""

    def branches(text: Text) -> None:
        text.conv("data", "a", 16)
        text.conv("data", "b", 16)
        text.relu(text.add("Eltwise", "a b", "sum"))

    bodies: dict[str, Callable[[Text], object]] = {
        "convolution": lambda text: text.relu(text.conv("data", "c1", 16)),
        "norm": lambda text: text.norm(text.conv("data", "c1", 16)),
        "odd channels": lambda text: text.norm(text.conv("data", "c1", 5)),
        "inner product": lambda text: text.relu(text.inner("data", "ip", 7)),
        "sum": branches,
    }
    found = {}
    for name, body in bodies.items():
        for phase in (TRAIN, TEST):
            text = Text()
            text.input("data", 2, 4, 6, 7)
            body(text)
            found[f"{name} {phase}"] = Twins(str(text), phase)
    return found


@pytest.mark.parametrize("name", chains())
@pytest.mark.parametrize("value", ODD, ids=str)
def test_a_relu_within_another_primitive(name: str, value: float) -> None:
    twins = chains()[name]
    twins.fill()
    for net in twins.nets:
        for blobs in net.params.values():
            if len(blobs) == 3:  # statistics
                for blob, stored in zip(blobs, (0.2, 1.5, 1), strict=True):
                    blob.data[...] = stored
        net.blobs["data"].data[1, 2, 3, 4] = value
        with np.errstate(all="ignore"):
            net.forward()
    top = next(iter(twins.numpy.outputs))
    got, want = (net.blobs[top].data for net in reversed(twins.nets))
    assert alike(got, want), f"{got}, expected {want}\n{twins.plan}"
    if np.isnan(value):
        assert np.isnan(got).any()


def test_a_loss_of_what_is_no_number() -> None:
    """Of enough scores for oneDNN's softmax."""
    twins = Twins(dense())
    twins.fill(**twins.label(5))
    for net in twins.nets:
        net.params["scores"][1].data[3] = np.nan
    losses = twins.each("forward_loss")
    assert np.isnan(losses).all()
    assert np.isnan(twins.tested.blobs["probabilities"].data).all()
