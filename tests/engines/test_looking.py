"""Looking at a blob changes nothing, and shows what the last forward or backward computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from tests.engines.nets import Text
from tests.engines.twins import Twins, error_of

ENGINES = ("numpy", "onednn")
COUNTS = 'python_param { module: "tests.engines.shaping_layers" layer: "Negate" }'
BATCH = "batch_norm_param { use_global_stats: false }"


def _net(in_place: bool, statistics: str = BATCH) -> Any:
    """Layers with state or randomness, each after one that it can be fused with."""
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.add("DummyData", "", "noise", "dummy_data_param { shape { dim: 3 dim: 16 dim: 9 dim: 8 } "
             'data_filler { type: "gaussian" } }', "noise")  # fmt: skip
    blob = text.conv("data", "c1", 16)
    for number, (kind, rest) in enumerate(
        (
            ("BatchNorm", statistics),
            ("Scale", "scale_param { filler { value: 1.5 } bias_term: true }"),
            ("ReLU", ""),
            ("Dropout", ""),
            ("Python", COUNTS),
            ("BatchNorm", statistics),
            ("Scale", ""),
            ("Sigmoid", ""),
        )
    ):
        # in place: the first of each pair works on its bottom, the second has a top of its own
        own = not in_place or number in (1, 4, 6)
        blob = text.add(kind, blob, f"b{number}" if own else None, rest, f"layer{number}")
    blob = text.add("Eltwise", f"{blob} noise", "sum")
    text.relu(text.conv(blob, "c2", 8, 1))
    text.add("ELU", "c2", "e2")
    text.inner("e2", "scores", 5)
    text.add("Softmax", "scores", "prob")
    return text_format.Parse(str(text), caffe_pb2.NetParameter())


def _run(net: Net, look: bool, turns: int = 4) -> list[np.ndarray]:
    """What some forwards compute, and what is stored afterwards."""
    found = []
    for turn in range(turns):
        rng = np.random.default_rng(turn)
        net.blobs["data"].data[...] = rng.normal(size=(3, 4, 9, 8))
        found.append(net.forward()["prob"].copy())
        for name in net.blobs if look else ():
            first = net.blobs[name].data.copy()
            np.testing.assert_array_equal(net.blobs[name].data, first)
    layers = [layer for layer in net.layers if layer.type == "Python"]
    found.append(np.array([layer.forwards for layer in layers]))  # type: ignore[attr-defined]
    return found + [blob.data.copy() for blobs in net.params.values() for blob in blobs]


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("in_place", [True, False])
def test_looking_at_every_blob_changes_nothing(in_place: bool, engine: str, phase: int) -> None:
    param = _net(in_place)
    nets = [Net(param, phase, seed=5, engine=engine) for _ in range(2)]
    looked, left = (_run(net, look) for net, look in zip(nets, (True, False), strict=True))
    for got, want in zip(looked, left, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("statistics", [BATCH, ""])
@pytest.mark.parametrize("in_place", [True, False])
def test_blobs_show_what_the_last_forward_made_of_its_input(
    in_place: bool, statistics: str
) -> None:
    """However late a program looks: the next input may be there already."""
    twins = Twins(str(_net(in_place, statistics)), TEST)
    for net in twins.nets:
        for name, blobs in net.params.items():
            if net.layer_dict[name].type == "BatchNorm":
                blobs[0].data[...], blobs[1].data[...], blobs[2].data[...] = 0.1, 2, 1
    for _ in range(2):
        twins.fill()
        twins.each("forward")
        twins.fill()
        for name in twins.numpy.blobs:
            if name != "data":
                want, got = (net.blobs[name].data for net in twins.nets)
                assert error_of(got, want) < 1e-4, name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_backward_after_a_test_forward_counts_nothing_twice(keep: str, engine: str) -> None:
    """It may have to run layers again: statistics, masks and programs' layers count once."""
    param = _net(in_place=False)
    nets = [Net(param, TEST, seed=5, engine=engine, keep=keep) for _ in range(2)]
    for turn in range(3):
        for number, net in enumerate(nets):
            net.blobs["data"].data[...] = np.random.default_rng(turn).normal(size=(3, 4, 9, 8))
            net.forward()
            if number == 0:
                net.blobs["prob"].diff[...] = 1
                net.backward()
    a, b = (_run(net, False, turns=1) for net in nets)
    for got, want in zip(a, b, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-5)


# ------------------------------------------------------------------ gradients that come late


@pytest.mark.parametrize("kind", ["Concat", "Slice", "Flatten", "Reshape", "Split", "TanH"])
@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_gradient_that_a_program_writes_is_seen_in_every_shape(
    kind: str, beside: bool, keep: str
) -> None:
    text = Text("force_backward: true")
    text.input("x", 2, 3, 4)
    if beside:
        text.add("Clip", "x", "u", "clip_param { min: -0.5 max: 2 }")
    rest = "reshape_param { shape { dim: 0 dim: -1 } }" if kind == "Reshape" else ""
    text.add(kind, "x", "y", rest)
    twins = Twins(str(text))
    shapes: tuple[tuple[int, ...], ...] = ((2, 3, 4), (5, 3, 4), (5, 3, 4), (2, 3, 6))
    nets = [Net(twins.param, TRAIN, engine=engine, keep=keep) for engine in ENGINES]
    for turn, shape in enumerate(shapes):
        for net in nets:
            rng = np.random.default_rng(turn)
            net.blobs["x"].reshape(*shape)
            net.reshape()
            net.blobs["x"].data[...] = rng.normal(size=shape)
            net.forward()
            for name in net.outputs:
                net.blobs[name].diff[...] = rng.normal(size=net.blobs[name].shape)
            net.backward()
        want, got = (net.blobs["x"].diff for net in nets)
        assert np.any(want)
        assert error_of(got, want) < 1e-5


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_gradient_written_between_forward_and_backward_counts(keep: str) -> None:
    """Into a blob whose reader has none, after the plan was built: everything else stays."""
    text = Text()
    text.input("data", 4, 3, 8, 7)
    text.input("label", 4)
    text.relu(text.conv("data", "c1", 16))
    text.add("Dropout", "c1", "d1")
    text.inner("d1", "scores", 5)
    text.loss("scores")
    text.add("Accuracy", "scores label", "accuracy")
    text.add("Silence", "d1")
    twins = Twins(str(text))
    nets = [Net(twins.param, TRAIN, seed=2, engine=engine, keep=keep) for engine in ENGINES]
    blob = next(name for name in nets[0].blobs if name.startswith("scores_") and "1" in name[-1])
    for turn in range(4):
        rng = np.random.default_rng(turn)
        data, label = rng.normal(size=(4, 3, 8, 7)), rng.integers(0, 5, 4)
        written = rng.normal(size=(4, 5))
        for net in nets:
            net.clear_param_diffs()
            net.blobs["data"].data[...], net.blobs["label"].data[...] = data, label
            net.forward_loss()
            if turn > 1:
                net.blobs[blob].diff[...] = written
            net.backward()
        for name in nets[0].params:
            for want, got in zip(nets[0].params[name], nets[1].params[name], strict=True):
                assert error_of(got.diff, want.diff) < 1e-4, (turn, name)


# ------------------------------------------------------------------ parts leave the rest alone


def test_a_part_of_a_backward_leaves_the_other_gradients_alone() -> None:
    """Also those that have the same values, and one home with what is computed again."""
    text = Text("force_backward: true")
    text.input("data", 3, 4)
    text.input("aim", 3, 4)
    text.add("Eltwise", "data data", "sum")
    text.add("Softmax", "sum", "soft")
    text.add("EuclideanLoss", "soft sum", "loss")
    text.add("Silence", "aim")
    twins = Twins(str(text))
    twins.fill()
    twins.each("forward_loss")
    twins.each("backward")
    twins.fill()
    twins.each("forward_loss")
    first = next(i for i, node in enumerate(twins.numpy.nodes) if "sum" in node.bottom_names)
    twins.each("_backward", len(twins.numpy.nodes) - 1, first)
    twins.same()


def test_a_backward_in_test_is_of_the_forward_not_of_the_next_input() -> None:
    """A program has written into the input and other blobs in between."""
    text = Text()
    text.input("data", 2, 16, 4, 4)
    text.input("label", 2)
    text.add("TanH", "data", "t")
    text.relu(text.conv("t", "c", 16))
    text.add("Sigmoid", "c", "s")
    text.inner("s", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text), TEST)
    twins.fill(**twins.label(5))
    twins.each("forward_loss")
    for net in twins.nets:
        net.blobs["data"].data[...] = 7
        net.backward()
    twins.same()
