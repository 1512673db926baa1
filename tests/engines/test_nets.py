"""Whole nets give on oneDNN what they give on numpy, whatever is done to them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.library import Library, Unimplemented, library
from minicaffe.engines.onednn.steps import Step
from minicaffe.engines.onednn.steps.convolution import Convolution, InnerProduct
from minicaffe.engines.onednn.steps.normalization import BatchNorm
from minicaffe.errors import DataError
from minicaffe.layer import Blobs, Layer
from minicaffe.net import TEST, TRAIN, Net
from minicaffe.registry import register
from minicaffe.threads import set_threads
from tests.engines.nets import Text, dense, inception, plain, residual
from tests.engines.twins import Twins, error_of

NETS = {"residual": (residual, 7), "inception": (inception, 6), "plain": (plain, 4)}


@pytest.fixture(params=NETS)
def twins(request: pytest.FixtureRequest) -> Twins:
    make, classes = NETS[request.param]
    twins = Twins(make())
    twins.fill(**twins.label(classes))
    return twins


def residual_twins(phase: int = TRAIN, head: str = "") -> Twins:
    twins = Twins(head + residual(), phase)
    twins.fill(**twins.label(7))
    for net in twins.nets:
        for name, blobs in net.params.items():
            if name.endswith("_bn"):
                blobs[0].data[...] = np.linspace(-1, 1, blobs[0].count)
                blobs[1].data[...] = np.linspace(0.5, 2, blobs[0].count)
                blobs[2].data[...] = 1.25
    return twins


def write(twins: Twins, name: str, kind: str = "data", seed: int = 5) -> None:
    """The same random values into a blob of both nets."""
    values = np.random.default_rng(seed).normal(size=twins.numpy.blobs[name].shape)
    for net in twins.nets:
        getattr(net.blobs[name], kind)[...] = values


def test_one_iteration(twins: Twins) -> None:
    losses = twins.each("forward_loss")
    assert twins.agree(losses[1], losses[0])
    twins.each("backward")
    twins.same()


def test_loss_of_many_scores() -> None:
    twins = Twins(dense())
    for _ in range(3):
        twins.fill(**twins.label(5))
        twins.step()
        twins.same()
    assert "softmax_forward/jit" in twins.plan
    twins.fill(label=np.full((2, 1, 30, 28), 5))
    with pytest.raises(DataError, match=r"'loss'.*label 5 at index"):
        twins.onednn.forward_loss()


def test_gradients_add_up_over_backward_passes(twins: Twins) -> None:
    for _ in range(2):
        twins.each("forward_loss")
        twins.each("backward")
    twins.same()


@pytest.mark.parametrize("name", NETS)
def test_trajectory_of_100_iterations(name: str) -> None:
    make, classes = NETS[name]
    twins = Twins(make())
    for _ in range(100):
        twins.fill(**twins.label(classes))
        twins.step(0.005)
    losses = twins.each("forward_loss")
    # by a rounding a unit can stop to fire in one of them; what follows drifts apart slowly
    assert losses[1] == pytest.approx(losses[0], rel=2e-3)
    error = error_of(twins.onednn.arena.data, twins.numpy.arena.data)
    assert error < 2e-3


def test_reading_everything_between_the_passes_changes_nothing(twins: Twins) -> None:
    twins.each("forward_loss")
    twins.same(diffs=False)
    twins.each("backward")
    twins.same()
    twins.each("backward")
    twins.same()


def test_reshape_between_iterations() -> None:
    for make, classes in ((residual, 7), (plain, 4)):
        twins = Twins(make())
        for batch in (4, 1, 6, 4):
            for net in twins.nets:
                for name in ("data", "label"):
                    net.blobs[name].reshape(batch, *net.blobs[name].shape[1:])
                net.reshape()
            twins.fill(**twins.label(classes))
            twins.step()
            twins.same()


def test_reshape_there_and_back_without_running() -> None:
    twins = residual_twins()
    twins.each("forward_loss")
    for batch in (9, 4):
        for net in twins.nets:
            for name in ("data", "label"):
                net.blobs[name].reshape(batch, *net.blobs[name].shape[1:])
            net.reshape()
    twins.fill(**twins.label(7))
    twins.each("forward_loss")
    twins.each("backward")
    twins.same()


def test_gradients_agree_with_float64_where_no_unit_changes_sign() -> None:
    """By rounding a ReLU's input can change its sign, and then gradients below differ a lot;
    where none does, all are as exact as float32 allows."""
    compared = 0
    for seed in range(4):
        twins = Twins(residual(), seed=seed)
        exact = Net(twins.param, TRAIN, seed=seed, engine="numpy", dtype=np.float64)
        twins.fill(**twins.label(7))
        for name, blobs in exact.params.items():
            for blob, single in zip(blobs, twins.onednn.params[name], strict=True):
                blob.data[...] = single.data
        for name in exact.inputs:
            exact.blobs[name].data[...] = twins.onednn.blobs[name].data
        for net in (exact, twins.onednn):
            net.forward_loss()
            net.backward()
        rectified = [node.top_names[0] for node in exact.nodes if node.layer.type == "ReLU"]
        signs = [[net.blobs[name].data > 0 for name in rectified] for net in (exact, twins.onednn)]
        if all(np.array_equal(a, b) for a, b in zip(*signs, strict=True)):
            compared += 1
            for name, blobs in exact.params.items():
                for blob, single in zip(blobs, twins.onednn.params[name], strict=True):
                    assert error_of(single.diff, blob.diff) < 1e-5, name
    assert compared


# ------------------------------------------------------------------ parts of a net


@pytest.mark.parametrize("kind", ["from", "to", "between"])
def test_partial_forward(kind: str) -> None:
    twins = residual_twins()
    count = len(twins.numpy.layers)
    twins.each("forward_loss")
    for index in range(count):
        start, end = {
            "from": (index, count - 1),
            "to": (0, index),
            "between": (index, index),
        }[kind]
        if kind != "to" and index > 2:
            write(twins, twins.numpy.nodes[index].bottom_names[0], seed=index)
        losses = twins.each("_forward", start, end)
        assert twins.agree(losses[1], losses[0])
    twins.same(diffs=False)


@pytest.mark.parametrize("kind", ["from", "to"])
def test_partial_backward(kind: str) -> None:
    twins = residual_twins()
    last = len(twins.numpy.layers) - 1
    for index in range(2, last):
        twins.each("forward_loss")
        if kind == "from":
            write(twins, twins.numpy.nodes[index].top_names[0], "diff", seed=index)
        twins.each("_backward", *((index, 0) if kind == "from" else (last, index)))
        twins.same()


def test_backward_after_writing_into_a_blob() -> None:
    twins = Twins(plain())
    twins.fill(**twins.label(4))
    twins.each("forward_loss")
    write(twins, "hidden")
    write(twins, "p1")
    twins.each("backward")
    twins.same()


def test_hooks_see_what_numpy_shows() -> None:
    twins = residual_twins()
    twins.step()
    seen: list[list[np.ndarray]] = [[], []]
    for net, values in zip(twins.nets, seen, strict=True):

        def look(index: int, net=net, values=values) -> None:
            values += [net.blobs[name].data.copy() for name in net.nodes[index].top_names]

        def look_back(index: int, net=net, values=values) -> None:
            values += [net.blobs[name].diff.copy() for name in net.nodes[index].bottom_names[:1]]

        net.after_forward(look)
        net.after_backward(look_back)
    twins.step()
    twins.same()
    assert len(seen[0]) == len(seen[1]) > 40
    for got, want in zip(seen[1], seen[0], strict=True):
        assert twins.agree(got, want)


# ------------------------------------------------------------------ arrays that are held


def test_held_arrays_are_kept_in_step(twins: Twins) -> None:
    held = [
        {(name, kind): getattr(blob, kind) for name, blob in net.blobs.items() for kind in KINDS}
        for net in twins.nets
    ]
    for _ in range(3):
        twins.step()
        for key, want in held[0].items():
            assert twins.agree(held[1][key], want), key
        for arrays in held:
            arrays["data", "data"][...] *= 0.9


KINDS = ("data", "diff")


def test_writing_into_held_arrays_takes_effect() -> None:
    twins = residual_twins(TEST)
    inputs = [net.blobs["data"].data for net in twins.nets]
    weights = [net.params["a1"][0].data for net in twins.nets]
    scale = [net.params["a1_scale"][0].data for net in twins.nets]
    statistics = [net.params["a1_bn"][0].data for net in twins.nets]
    counts = [net.params["a1_bn"][2].data for net in twins.nets]
    for arrays in (inputs, weights, scale, statistics, counts):
        twins.each("forward")
        before = twins.numpy.blobs["scores"].data.copy()
        for array in arrays:
            array[...] = array * 1.5 + 0.25
        twins.each("forward")
        twins.same(diffs=False)
        assert error_of(twins.numpy.blobs["scores"].data, before) > 1e-3


# ------------------------------------------------------------------ TEST nets


def test_backward_in_a_test_net() -> None:
    twins = residual_twins(TEST)
    for _ in range(2):
        twins.each("forward_loss")
        twins.each("backward")
        twins.same()


def test_force_backward_in_a_test_net() -> None:
    twins = residual_twins(TEST, "force_backward: true\n")
    twins.each("forward_loss")
    twins.each("backward")
    assert np.abs(twins.onednn.blobs["data"].diff).max() > 0
    twins.same()


# ------------------------------------------------------------------ parameters


def shared_weights() -> str:
    text = Text()
    text.input("data", 3, 16, 9, 8)
    text.input("label", 3)
    names = 'param { name: "w" } param { name: "b" }'
    text.relu(text.conv("data", "c1", 16, param=names))
    text.relu(text.conv("c1", "c2", 16, param=names))
    text.conv("c2", "c3", 16, param=names)
    text.inner("c3", "scores", 5)
    text.loss("scores")
    return str(text)


def test_shared_weights() -> None:
    twins = Twins(shared_weights())
    for _ in range(3):
        twins.fill(**twins.label(5))
        twins.step()
        twins.same()


def test_partial_forward_uses_the_newest_shared_weights() -> None:
    twins = Twins(shared_weights())
    twins.fill(**twins.label(5))
    twins.each("forward_loss")
    for net in twins.nets:
        net.params["c1"][0].data[...] *= 0.5
    index = twins.numpy.layer_index("c2")
    twins.each("_forward", index, len(twins.numpy.layers) - 1)
    twins.same(diffs=False)


def test_frozen_parameters_keep_their_gradients() -> None:
    text = Text()
    text.input("data", 2, 3, 7, 6)
    text.input("label", 2)
    text.conv("data", "c1", 8, param="param { lr_mult: 0 } param { lr_mult: 0 }")
    text.conv("c1", "c2", 8, param="param { lr_mult: 0 } param { lr_mult: 1 }")
    text.inner("c2", "scores", 3)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(3))
    twins.each("forward_loss")
    twins.each("backward")
    twins.same()
    assert not twins.onednn.params["c1"][0].diff.any()


def test_parameters_of_another_net() -> None:
    twins, others = residual_twins(), residual_twins(TEST)
    twins.each("forward_loss")
    others.each("forward_loss")
    for net, other in zip(twins.nets, others.nets, strict=True):
        other.share_with(net)
    twins.step()
    others.each("forward_loss")
    others.same(diffs=False)


# ------------------------------------------------------------------ layers that change things


def chain(*layers: Callable[[Text, str], str]) -> Twins:
    """Convolution, these layers, inner product and loss."""
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    blob = text.conv("data", "c1", 16, bias_term="false")
    for layer in layers:
        blob = layer(text, blob)
    text.inner(blob, "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(5))
    return twins


CHAINS = {
    "in place after plain": [
        lambda t, b: t.add("Reshape", b, "r", "reshape_param { shape { dim: 0 dim: -1 } }"),
        lambda t, b: t.add("PReLU", b),
        lambda t, b: t.add("Swish", b),
        lambda t, b: t.add("TanH", b, "tanh"),
    ],
    "numpy in place between": [
        lambda t, b: t.norm(b, relu=False),
        lambda t, b: t.add("Power", b, rest="power_param { power: 1 scale: 0.5 shift: 0.1 }"),
        lambda t, b: t.add("Scale", b, rest="scale_param { axis: 0 num_axes: 0 }"),
        lambda t, b: t.add("ELU", b),
    ],
    "several scales": [
        lambda t, b: t.add("Scale", b, rest="scale_param { bias_term: true }"),
        lambda t, b: t.add("ReLU", b),
        lambda t, b: t.add("Bias", b, "biased"),
        lambda t, b: t.add("Scale", b, "scaled"),
        lambda t, b: t.add("ReLU", b, "rectified"),
    ],
    "norm out of place": [
        lambda t, b: t.add("BatchNorm", b, "bn"),
        lambda t, b: t.add("Scale", b, "sc", "scale_param { bias_term: true }"),
        lambda t, b: t.add("ReLU", b, "re"),
    ],
    "norm with relu only": [
        lambda t, b: t.add("BatchNorm", b),
        lambda t, b: t.add("ReLU", b),
    ],
    "slice and sum": [
        lambda t, b: t.add("Slice", b, "s1 s2", "slice_param { slice_point: 5 }") and "s1 s2",
        lambda t, b: t.add("Concat", "s2 s1", "turned"),
        lambda t, b: t.add("Slice", b, "h1 h2", "slice_param { axis: 1 }") and "h1 h2",
        lambda t, b: t.add("Eltwise", b, "difference", "eltwise_param { coeff: 1 coeff: -2 }"),
        lambda t, b: t.relu(b),
    ],
    "used thrice": [
        lambda t, b: t.relu(b),
        lambda t, b: t.add("TanH", b, "t1") and b,
        lambda t, b: t.add("AbsVal", b, "t2") and b,
        lambda t, b: t.add("Eltwise", f"{b} t1 t2", "product", "eltwise_param { operation: PROD }"),
    ],
    "flat and not": [
        lambda t, b: t.add("Flatten", b, "flat"),
        lambda t, b: t.add("Dropout", b),
        lambda t, b: t.add("Reshape", b, "r", "reshape_param { shape { dim: 0 dim: 16 dim: -1 } }"),
        lambda t, b: t.add("Softmax", b, "soft"),
        lambda t, b: t.add("Exp", b, "e", "exp_param { scale: 2 }"),
    ],
    "silence": [
        lambda t, b: t.add("Pooling", b, "pooled mask", "pooling_param { kernel_size: 3 stride: 2 }"),  # noqa: E501
        lambda t, b: t.add("Silence", "mask") and b,
        lambda t, b: t.add("Silence", "pooled") and b,
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_chain(name: str) -> None:
    twins = chain(*CHAINS[name])
    for _ in range(2):
        twins.step()
        twins.same()
    twins.each("forward_loss")
    twins.same(diffs=False)  # reading in between must not spoil what the gradients need
    twins.each("backward")
    twins.same()


def test_two_losses_and_a_loss_in_the_middle() -> None:
    text = Text()
    text.input("data", 4, 3, 8, 8)
    text.input("label", 4)
    text.relu(text.conv("data", "c1", 16))
    text.inner("c1", "early", 5)
    text.loss("early", weight=0.25, name="loss1")
    text.norm(text.conv("c1", "c2", 16, bias_term="false"))
    text.inner("c2", "scores", 5)
    text.add("SoftmaxWithLoss", "scores label", "loss2 probabilities", name="loss2")
    text.add("Power", "probabilities", "squares", "power_param { power: 2 }")
    text.add(
        "Reduction",
        "squares",
        "penalty",
        "loss_weight: 0.1 reduction_param { axis: 0 }",
    )
    twins = Twins(str(text))
    twins.fill(**twins.label(5))
    losses = twins.each("forward_loss")
    assert twins.agree(losses[1], losses[0])
    for net in twins.nets:
        end = net.layer_index("loss2")
        net._backward(end, 0)
    twins.same()


@register("TestGrowing")
class Growing(Layer):
    """Gives another batch size at every forward, as ImageData with images of many sizes does."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.batch = 2
        top[0].reshape(2, 3, 8, 7)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.batch = self.batch % 4 + 1
        top[0].reshape(self.batch, 3, 8, 7)
        top[0].data[...] = self.rng.normal(size=top[0].shape)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass


def test_shapes_that_change_while_the_net_runs() -> None:
    text = Text()
    text.input("weight", 16, 3)
    text.add("TanH", "weight", "early")
    text.add("Silence", "early")
    text.add("TestGrowing", "", "data")
    text.norm(text.conv("data", "c1", 16, bias_term="false"))
    text.pool("c1", "p1")
    text.inner("p1", "scores", 3)
    text.add("EuclideanLoss", "scores scores", "loss")
    text.add("Reduction", "scores", "sum", "loss_weight: 1")
    twins = Twins(str(text))
    twins.fill()
    for _ in range(5):
        twins.step()
        twins.same()


# ------------------------------------------------------------------ what the plan says


def test_the_plan_says_what_runs_each_layer_and_why() -> None:
    twins = Twins(inception())
    twins.fill(**twins.label(6))
    twins.step()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    assert any("c1 + c1_relu" in name for name in lines)
    assert "convolution_forward" in lines["c1 + c1_relu"]
    numpy_lines = [line for line in lines.values() if line.startswith("numpy, ")]
    assert "numpy, oneDNN has no BNLL" in numpy_lines
    assert "numpy, oneDNN has no Accuracy" in numpy_lines


def test_a_configuration_that_onednn_lacks_is_named() -> None:
    twins = chain(
        lambda t, b: t.add("LRN", b, "n", "lrn_param { norm_region: WITHIN_CHANNEL }"),
        lambda t, b: t.add("Power", b, "p", "power_param { power: 3 }"),
    )
    twins.step()
    twins.same()
    assert "numpy, norm_region WITHIN_CHANNEL" in twins.plan
    assert "numpy, a power other than 1 and 2" in twins.plan


# ------------------------------------------------------------------ threads


def test_another_number_of_threads_builds_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    monkeypatch.setattr(Library, "use_threads", lambda self, count: used.append(count))
    twins = residual_twins()
    try:
        for count in (1, 2):
            set_threads(count)
            steps = twins.onednn.plan.steps  # type: ignore[attr-defined]
            twins.step()
            twins.same()
            assert twins.onednn.plan.steps is not steps  # type: ignore[attr-defined]
            assert set(used) == {count}
            used.clear()
    finally:
        set_threads(None)


def test_openmp_is_told_the_number_of_threads() -> None:
    most = getattr(library()._dll, "omp_get_max_threads", None)
    if most is None:
        pytest.skip("this library was not built for OpenMP")
    before = most()
    try:
        for count in (2, 1):
            library().use_threads(count)
            assert most() == count
    finally:
        library().use_threads(before)


@pytest.mark.parametrize(
    "cls", [BatchNorm, Convolution, InnerProduct], ids=lambda cls: cls.__name__
)
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_step_that_fails_midway_leaves_nothing_behind(
    cls: type[Step], phase: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal, failed = cls.forward, []

    def fail_with_others(self: Step, builder: Builder) -> None:
        normal(self, builder)
        if len(self.nodes) > 1:
            failed.append(self)
            raise Unimplemented("not together")

    monkeypatch.setattr(cls, "forward", fail_with_others)
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.add("BatchNorm", "data", "normal")
    text.add("ReLU", text.add("Scale", "normal", rest="scale_param { bias_term: true }"))
    text.norm(text.conv("normal", "c1", 16))
    text.relu(text.conv("c1", "c2", 16))
    text.relu(text.inner("c2", "hidden", 7))
    text.inner("hidden", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text), phase)
    for _ in range(2):
        twins.fill(**twins.label(5))
        twins.step(0.1) if phase == TRAIN else twins.each("forward_loss")
        twins.same(diffs=False)
    assert failed


# ------------------------------------------------------------------ engine: CAFFE


def test_layers_that_ask_for_caffes_own_code_run_on_numpy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = Text()
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    text.conv("data", "c1", 16, engine="CAFFE")
    text.relu("c1")
    text.conv("c1", "c2", 16, engine="CUDNN")
    text.add("ReLU", "c2", rest="relu_param { engine: CAFFE }", name="reference")
    text.pool("c2", "p1")
    text.inner("p1", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    twins.fill(**twins.label(5))
    with caplog.at_level(logging.WARNING, "minicaffe"):
        for _ in range(3):
            twins.step()
            twins.same()
    lines = dict(line.split(": ", 1) for line in twins.plan.splitlines())
    for name in ("c1", "reference"):
        assert lines[name].startswith("numpy, its prototxt says engine: CAFFE")
    for name in ("c1_relu", "c2"):
        assert not lines[name].startswith("numpy")
    said = [message for message in caplog.messages if "engine: CAFFE" in message]
    assert len(said) == 1
    assert "numpy run 2 layer(s): c1, reference;" in said[0]
