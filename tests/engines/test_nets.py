"""Whole nets give on oneDNN what they give on numpy, whatever is done to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from minicaffe.errors import DataError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.net.net import TEST, TRAIN, Net
from tests.engines.nets import NETS, Text, dense, plain, residual
from tests.engines.twins import Twins, chain, error_of, residual_twins


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
        twins.tested.forward_loss()


@pytest.mark.parametrize("relu", [True, False])
def test_normalisation_with_a_top_of_its_own(relu: bool) -> None:
    text = Text()
    text.input("data", 3, 4, 6, 5)
    text.input("label", 3)
    blob = text.add("BatchNorm", text.conv("data", "c", 16, bias_term="false"), "normal")
    text.add("Scale", blob, rest='scale_param { filler { type: "uniform" min: -2 max: 2 } }')
    text.loss(text.inner(text.relu(blob) if relu else blob, "scores", 5))
    twins = Twins(str(text))
    held = twins.tested.blobs["normal"].diff if relu else None
    for _ in range(2):
        twins.fill(**twins.label(5))
        twins.each("clear_param_diffs")
        twins.each("forward_loss")
        twins.each("backward")
        if held is not None:
            assert error_of(held, twins.numpy.blobs["normal"].diff) < 1e-5
        twins.same()


@pytest.mark.parametrize("rest", ["Scale", "Bias", "BatchNorm"])
@pytest.mark.parametrize("channels", [3, 20])
def test_channels_that_fill_no_block_between_convolutions(rest: str, channels: int) -> None:
    """oneDNN fills its blocks up with channels of zeros, which have to stay zeros."""
    text = Text("force_backward: true")
    text.input("data", 2, 3, 6, 5)
    text.conv("data", "c1", channels, bias_term="false")
    eps = "batch_norm_param { eps: 0 }" if rest == "BatchNorm" else ""
    text.add(rest, "c1", "between", eps)
    text.conv("between", "c2", 5)
    text.add("Reduction", "c2", "loss", "reduction_param { operation: SUMSQ } loss_weight: 1")
    twins = Twins(str(text))
    twins.fill()
    losses = twins.each("forward_loss")
    assert np.isfinite(losses).all()
    twins.each("backward")
    twins.same(tolerance=1e-3)


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
    error = error_of(twins.tested.arena.data, twins.numpy.arena.data)
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
            for blob, single in zip(blobs, twins.tested.params[name], strict=True):
                blob.data[...] = single.data
        for name in exact.inputs:
            exact.blobs[name].data[...] = twins.tested.blobs[name].data
        for net in (exact, twins.tested):
            net.forward_loss()
            net.backward()
        rectified = [node.top_names[0] for node in exact.nodes if node.layer.type == "ReLU"]
        signs = [[net.blobs[name].data > 0 for name in rectified] for net in (exact, twins.tested)]
        if all(np.array_equal(a, b) for a, b in zip(*signs, strict=True)):
            compared += 1
            for name, blobs in exact.params.items():
                for blob, single in zip(blobs, twins.tested.params[name], strict=True):
                    assert error_of(single.diff, blob.diff) < 1e-5, name
    assert compared


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
    assert np.abs(twins.tested.blobs["data"].diff).max() > 0
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
    assert not twins.tested.params["c1"][0].diff.any()


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
        # else one step makes the softmax 1, and what is left of its gradient is rounding
        lambda t, b: t.add("Power", b, "small", "power_param { scale: 0.05 }"),
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
