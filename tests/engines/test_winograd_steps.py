"""Convolutions by Winograd's algorithms within oneDNN's plans."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.net.net import TEST, TRAIN, Net
from tests.engines.nets import Text, residual
from tests.engines.twins import Twins

KERNEL = "/jit:winograd"


def lines_of(net: Net) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in net.plan.describe())


def test_training_runs_all_passes_by_kernels() -> None:
    twins = Twins(residual())
    for _ in range(3):
        twins.fill(**twins.label(7))
        twins.step()
        twins.same(flips=True)
    ran = lines_of(twins.tested)
    for way in ("forward", "backward_weights", "backward_data"):
        assert f"convolution_{way}{KERNEL}" in ran["a1"], way
    assert KERNEL not in ran["stem"]  # three channels
    assert KERNEL not in ran["b1"]  # a stride of 2
    assert KERNEL not in ran["side"]  # windows of one position


def test_inference_takes_in_what_follows() -> None:
    """Normalisation within the weights, the sum with another branch, and the ReLU after it."""
    twins = Twins(residual(), TEST)
    for _ in range(2):
        twins.fill(**twins.label(7))
        twins.each("forward")
        twins.same(diffs=False)
    (line,) = (line for name, line in lines_of(twins.tested).items() if name.startswith("a2 +"))
    assert line.startswith(f"convolution_forward{KERNEL}")
    for net in twins.nets:  # what has been made of parameters is made again
        for blob in net.params["a2"]:
            blob.data[...] *= 1.5
    twins.each("forward")
    twins.same(diffs=False)


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("taps", [3, 5])
def test_biases_leaky_relus_and_shared_memory(keep: str, taps: int) -> None:
    text = Text("force_backward: true")
    text.input("data", 2, 3, 13, 11)
    text.relu(text.conv("data", "first", 20))
    text.relu(text.conv("first", "a", 24, taps))
    text.add("ReLU", text.conv("a", "b", 17, taps), rest="relu_param { negative_slope: 0.3 }")
    text.conv("b", "c", 9, taps, pad=0)
    twins = Twins(str(text))
    twins.tested = Net(twins.param, TRAIN, seed=3, engine="onednn", keep=keep)
    for _ in range(3):
        twins.fill()
        twins.each("forward_loss")
        shape = twins.numpy.blobs["c"].shape
        for net in twins.nets:
            net.clear_param_diffs()
            net.blobs["c"].diff[...] = np.cos(np.arange(np.prod(shape))).reshape(shape)
        twins.each("backward")
        pairs = zip(twins.numpy.learnable_params, twins.tested.learnable_params, strict=True)
        for want, got in pairs:
            assert twins.agree(got.blob.diff, want.blob.diff)
        assert twins.agree(*(net.blobs["data"].diff for net in twins.nets))
    assert sum(KERNEL in line for line in lines_of(twins.tested).values()) == 3


def test_frozen_weights_have_no_gradient() -> None:
    text = Text()
    text.input("data", 2, 8, 9, 9)
    text.input("label", 2)
    text.conv("data", "a", 16, param="param { lr_mult: 0 } param { lr_mult: 1 }")
    text.conv("a", "b", 16, param="param { lr_mult: 1 } param { lr_mult: 0 }")
    text.inner("b", "scores", 5)
    text.loss("scores")
    twins = Twins(str(text))
    for _ in range(2):
        twins.fill(**twins.label(5))
        twins.step()
        twins.same(flips=True)


def test_direct_convolutions_and_few_tiles() -> None:
    text = Text()
    text.input("data", 1, 16, 9, 9)
    text.conv("data", "wide", 16)
    text.conv("wide", "small", 16, pad=0, stride=2)
    text.conv("small", "few", 16)
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward")
    twins.same(diffs=False)
    ran = lines_of(twins.tested)
    assert KERNEL in ran["wide"]
    assert KERNEL not in ran["few"]  # whose weights take longer to read
    net = Net(twins.param, TEST, engine="onednn", conv_math="direct")
    assert KERNEL not in "".join(net.plan.describe())


def test_shapes_may_change() -> None:
    text = Text()
    text.input("data", 2, 16, 9, 9)
    text.conv("data", "a", 32)
    text.conv("a", "b", 8, 5)
    twins = Twins(str(text), TEST)
    for shape in ((2, 16, 9, 9), (1, 16, 30, 17), (3, 16, 5, 40)):
        for net in twins.nets:
            net.blobs["data"].reshape(*shape)
        twins.fill()
        twins.each("forward")
        twins.same(diffs=False)
