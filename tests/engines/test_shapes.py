"""As in Caffe, a layer is reshaped just before it runs and never after, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.errors import ShapeError
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver import get_solver
from tests.engines.nets import Text, residual
from tests.engines.twins import Twins, error_of

ENGINES = ("numpy", "onednn")
KEEPS = ("all", "outputs")


def _python(layer: str, setting: str = "") -> str:
    return (
        'python_param { module: "tests.engines.shaping_layers" '
        f'layer: "{layer}" param_str: "{setting}" }}'
    )


def _parsed(text: Text) -> caffe_pb2.NetParameter:
    return text_format.Parse(str(text), caffe_pb2.NetParameter())


# ------------------------------------------------------------------ layers beyond the end


def _classifier() -> Text:
    """Convolutions of any size below an InnerProduct of one size."""
    text = Text("force_backward: true")
    text.input("data", 1, 3, 16, 16)
    text.relu(text.conv("data", "c1", 4))
    text.pool("c1", "p1")
    text.relu(text.conv("p1", "c2", 8))
    text.inner("c2", "scores", 10)
    text.add("Softmax", "scores", "prob")
    return text


@pytest.mark.parametrize("head", ["", "force_backward: true"])
def test_features_at_another_size_than_the_classifier_takes(head: str) -> None:
    text = _classifier()
    text.lines[0] = head
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward")
    for shape in ((1, 3, 25, 35), (2, 3, 11, 40), (1, 3, 16, 16)):
        for net in twins.nets:
            net.blobs["data"].reshape(*shape)
        twins.fill()
        want, got = twins.each("forward", end="c2")
        assert got["c2"].shape == (shape[0], 8, shape[2] // 2 + shape[2] % 2,
                                   shape[3] // 2 + shape[3] % 2)  # fmt: skip
        assert error_of(got["c2"], want["c2"]) < 1e-5
        want, got = twins.each("forward", end="c2_relu")
        assert error_of(got["c2"], want["c2"]) < 1e-5
    twins.each("forward")
    twins.same(diffs=False)
    for net in twins.nets:  # what the classifier cannot take is still an error of its own
        net.blobs["data"].reshape(1, 3, 25, 35)
        with pytest.raises(ShapeError, match="'scores'"):
            net.forward()


def test_deep_dream_climbs_at_every_size() -> None:
    """forward(end), a gradient of its own, backward(start); the blobs after it do not fit."""
    twins = Twins(str(_classifier()), TEST)
    twins.fill()
    twins.each("forward")
    image = twins.numpy.blobs["data"].data.copy()
    for height, width in ((12, 9), (17, 21), (17, 21), (40, 33)):
        image = np.resize(image, (1, 3, height, width))
        for net in twins.nets:
            net.blobs["data"].reshape(1, 3, height, width)
        for _ in range(3):
            for net in twins.nets:
                net.blobs["data"].data[...] = image
                net.forward(end="c2")
                net.blobs["c2"].diff[...] = net.blobs["c2"].data
                net.backward(start="c2")
            want, got = (net.blobs["data"].diff for net in twins.nets)
            assert np.any(want)
            assert error_of(got, want) < 1e-4
            image = image + 0.1 * want / np.abs(want).mean()
    assert [net.blobs["scores"].shape for net in twins.nets] == [(1, 10), (1, 10)]


def test_layers_before_the_start_are_left_alone() -> None:
    twins = Twins(str(_classifier()), TEST)
    twins.fill()
    twins.each("forward")
    for net in twins.nets:
        net.blobs["data"].reshape(1, 3, 25, 35)
        net.blobs["p1"].reshape(3, 4, 8, 8)
        net.blobs["p1"].data[...] = np.cos(np.arange(3 * 4 * 64)).reshape(3, 4, 8, 8)
    want, got = twins.each("forward", start="c2")
    assert got["prob"].shape == (3, 10)
    assert error_of(got["prob"], want["prob"]) < 1e-5


def test_a_net_of_one_size_stays_one_list_of_calls() -> None:
    twins = Twins(residual())
    twins.fill(**twins.label(7))
    for _ in range(2):
        twins.step()
        parts = twins.tested.plan.parts  # type: ignore[attr-defined]
        assert len(parts) == 1
        steps = parts[0].steps
        twins.each("forward", end="b1")
        twins.each("backward")
        assert twins.tested.plan.parts == parts  # type: ignore[attr-defined]
        twins.step()
        assert parts[0].steps[0] is twins.tested.plan.steps[0]  # type: ignore[attr-defined]
        assert len(steps) > 20


# ------------------------------------------------------------------ shapes taken while running


def _segmentation(text: Text) -> None:
    text.relu(text.conv("data", "c1", 6))
    text.norm(text.conv("c1", "c2", 16, bias_term="false"))
    text.conv("c2", "scores", 4, 1)
    text.add("SoftmaxWithLoss", "scores label", "loss", "loss_param { normalize: true }", "loss")
    text.add("Accuracy", "scores label", "accuracy")


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("keep", KEEPS)
def test_two_data_layers_of_varying_sizes(keep: str, fuse: bool) -> None:
    text = Text()
    text.add("Python", "", "data", _python("Images", "3"), "data")
    text.add("Python", "", "label", _python("Images", "1"), "label")
    _segmentation(text)
    nets = [Net(_parsed(text), TRAIN, seed=1, engine=engine, keep=keep, fuse=fuse)
            for engine in ENGINES]  # fmt: skip
    for _ in range(7):
        losses = []
        for net in nets:
            net.clear_param_diffs()
            losses.append(net.forward_loss())
            net.backward()
            net.arena.data[...] -= 0.05 * net.arena.diff
        assert losses[1] == pytest.approx(losses[0], rel=1e-4)
        assert error_of(nets[1].arena.diff, nets[0].arena.diff) < 1e-3
        assert nets[0].blobs["label"].shape[2:] == nets[0].blobs["data"].shape[2:]


def _write_databases(folder: Path) -> None:
    lmdb = pytest.importorskip("lmdb")
    from minicaffe.io import array_to_datum

    rng = np.random.default_rng(0)
    sizes = rng.integers(9, 20, (5, 2))
    for name, channels, most in (("images", 3, 255), ("labels", 1, 4)):
        with lmdb.open(str(folder / name), map_size=1 << 24) as base, base.begin(write=True) as put:
            for index, size in enumerate(sizes):
                pixels = rng.integers(0, most, (channels, *size)).astype(np.uint8)
                put.put(b"%010d" % index, array_to_datum(pixels).SerializeToString())


def test_segmentation_is_trained_by_plain_prototxt(tmp_path: Path) -> None:
    """Images in one LMDB, their label maps in another, batch_size 1, as for FCN's nets."""
    _write_databases(tmp_path)
    text = Text()
    for name, source in (("data", "images"), ("label", "labels")):
        rest = f'data_param {{ source: "{tmp_path / source}" backend: LMDB batch_size: 1 }}'
        scale = "transform_param { scale: 0.004 }" if name == "data" else ""
        text.add("Data", "", name, rest + scale, name)
    _segmentation(text)
    found = []
    for engine in ENGINES:
        param = caffe_pb2.SolverParameter(
            base_lr=0.01, lr_policy="fixed", momentum=0.9, random_seed=1, display=0,
            net_param=_parsed(text), test_iter=[5], test_interval=100, test_initialization=False,
        )  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MINICAFFE_ENGINE", engine)
            solver = get_solver(param)
            solver.step(8)
            found.append((solver.net.arena.data.copy(), solver.test()["loss"]))
    assert error_of(found[1][0], found[0][0]) < 1e-3
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-3)


def test_targets_are_shaped_when_their_layer_runs() -> None:
    """As in detection nets: a Python layer in the middle shapes what a loss compares with."""
    text = Text()
    text.add("Python", "", "data", _python("Images", "3"), "data")
    text.relu(text.conv("data", "c1", 5))
    text.conv("c1", "boxes", 4, 1)
    text.add("Python", "boxes", "targets", _python("Targets") + " propagate_down: false", "targets")
    text.add("EuclideanLoss", "boxes targets", "loss", "propagate_down: true propagate_down: false")
    nets = [Net(_parsed(text), TRAIN, seed=1, engine=engine) for engine in ENGINES]
    for _ in range(6):
        losses = []
        for net in nets:
            net.clear_param_diffs()
            losses.append(net.forward_loss())
            net.backward()
        assert losses[1] == pytest.approx(losses[0], rel=1e-4)
        assert error_of(nets[1].arena.diff, nets[0].arena.diff) < 1e-4


@pytest.fixture(params=KEEPS)
def picking(request: pytest.FixtureRequest) -> list[Net]:
    text = Text("force_backward: true")
    text.input("data", 6, 3)
    text.add("Power", "data", "double", "power_param { scale: 2 }")
    text.add("Python", "double", "kept", _python("Positive"), "pick")
    text.add("Power", "kept", "out", "power_param { shift: 1 }")
    param = _parsed(text)
    return [Net(param, TEST, engine=engine, keep=request.param) for engine in ENGINES]


def test_a_top_that_shrinks_in_forward_keeps_its_result(picking: list[Net]) -> None:
    for seed in range(6):
        rows = np.random.default_rng(seed).normal(size=(6, 3)).astype(np.float32)
        if seed == 4:
            rows[:, 0] = -1  # nothing is left
        want = 2 * rows[rows[:, 0] > 0] + 1
        for net in picking:
            out = net.forward(data=rows)["out"]
            assert out.shape == want.shape
            np.testing.assert_allclose(out, want, rtol=1e-6)
            net.blobs["out"].diff[...] = want
            net.backward()
            diff = np.where(rows[:, :1] > 0, 2 * (2 * rows + 1), 0)
            np.testing.assert_allclose(net.blobs["data"].diff, diff, rtol=1e-6)


def test_a_python_layer_is_reshaped_once_before_each_forward(picking: list[Net]) -> None:
    for net in picking:
        layer = net.layer_dict["pick"]
        layer.reshapes.clear()  # type: ignore[attr-defined]
        for _ in range(3):
            net.forward()
            net.blobs["out"].diff[...] = 1
            net.backward()
        assert layer.reshapes == [6, 6, 6]  # type: ignore[attr-defined]


def test_a_top_that_is_empty_now_and_then() -> None:
    text = Text()
    text.input("data", 2, 3)
    text.add("Python", "data", "value", _python("NowAndThen"), "value")
    for engine in ENGINES:
        for keep in KEEPS:
            net = Net(_parsed(text), TEST, engine=engine, keep=keep)
            assert [net.forward()["value"].tolist() for _ in range(4)] == [[], [2], [], [4]]


# ------------------------------------------------------------------ between the parts


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_parts_that_run_apart_hand_values_and_gradients_on(phase: int, keep: str) -> None:
    """Layers in place, Dropout and joins on both sides of layers that run alone."""
    text = Text("force_backward: true")
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.conv("data", "c1", 16, bias_term="false")
    text.add("Python", "c1", "c1", 'python_param { module: "tests.engines.shaping_layers" '
             'layer: "Negate" }', "negate")  # fmt: skip
    text.norm("c1")
    text.add("Python", "c1", "d1", 'python_param { module: "tests.engines.shaping_layers" '
             'layer: "Negate" }', "negate2")  # fmt: skip
    text.add("AbsVal", "d1", "s1", name="s1")
    text.add("Scale", "s1", rest="scale_param { bias_term: true filler { value: 1.5 } }")
    text.add("Eltwise", "s1 d1", "sum")
    text.relu("sum")
    text.inner("sum", "scores", 5)
    text.loss("scores")
    param = _parsed(text)
    nets = [Net(param, phase, seed=1, engine=engine, keep=keep) for engine in ENGINES]
    rng = np.random.default_rng(2)
    ways: list[Callable[[Net], object]] = [
        lambda net: net.backward(),
        lambda net: (net.backward(end="s1"), net._backward(net.layer_index("s1") - 1, 0)),
    ]
    for turn in range(4):
        data, label = rng.normal(size=(3, 4, 9, 8)), rng.integers(0, 5, 3)
        for net in nets:
            net.clear_param_diffs()
            net.blobs["data"].data[...], net.blobs["label"].data[...] = data, label
            net.forward_loss()
            if turn == 3:
                net.forward(start="s1")
            ways[turn % 2](net)
        for name in nets[0].params:
            for got, want in zip(nets[1].params[name], nets[0].params[name], strict=True):
                assert error_of(got.diff, want.diff) < 1e-4, name
        assert error_of(nets[1].blobs["data"].diff, nets[0].blobs["data"].diff) < 1e-4
        assert np.any(nets[0].blobs["data"].diff)
