"""Plans that are compiled between a forward and a backward: what is computed again is what ran."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.net.net import TEST, TRAIN
from tests.engines.nets import Text
from tests.engines.twins import Twins, write


def test_values_between_fused_layers_that_ran_of_other_inputs() -> None:
    """The whole forward read one input, the layers after its Split another."""
    text = Text()
    text.input("data", 3, 5, 4, 3)
    text.add("Concat", "data data", "joined")
    text.add("BatchNorm", "joined")
    text.add("Scale", "joined", "out")
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward_loss")
    write(twins, "data")
    last = len(twins.numpy.nodes) - 1
    twins.each("forward_from_to", last - 2, last)
    write(twins, "out", "diff", seed=6)
    twins.each("backward_from_to", last, last - 2)
    twins.same(diffs=False)


@pytest.mark.parametrize("changed", ["values", "parameters"])
@pytest.mark.parametrize("after", ["Pooling", "Softmax", "BatchNorm", "LRN"])
def test_gradients_of_layers_that_ran_of_written_values(after: str, changed: str) -> None:
    """What a layer keeps for its gradient (such as statistics) is of what it has read."""
    text = Text()
    text.input("data", 2, 4, 8, 6)
    text.conv("data", "c", 8)
    rest = {
        "Pooling": "pooling_param { kernel_size: 3 stride: 2 }",
        "BatchNorm": "batch_norm_param { use_global_stats: false }",
    }.get(after, "")
    text.add(after, "c", "middle", rest)
    text.add("Power", "middle", "out", "power_param { scale: 2 } loss_weight: 1")
    twins = Twins(str(text), TEST)
    twins.fill()
    twins.each("forward_loss")
    last = len(twins.numpy.nodes) - 1
    if changed == "values":
        write(twins, "c")
        twins.each("forward_from_to", last - 1, last)
    else:
        for net in twins.nets:
            net.params["c"][0].data[...] *= -1
    write(twins, "out", "diff", seed=6)
    twins.each("backward_from_to", last, last - 1)
    twins.same()


@pytest.mark.parametrize("kind", ["InnerProduct", "Convolution", "Eltwise", "BatchNorm"])
@pytest.mark.parametrize("last", ["", "top"])
def test_a_relu_that_hands_no_gradient_on(kind: str, last: str) -> None:
    text = Text("force_backward: true")
    text.input("data", 2, 4, 7, 6)
    first = {
        "InnerProduct": lambda: text.inner("data", "a", 5),
        "Convolution": lambda: text.conv("data", "a", 5),
        "Eltwise": lambda: text.add("Eltwise", "data data", "a"),
        "BatchNorm": lambda: text.add("BatchNorm", "data", "a"),
    }[kind]()
    text.add("ReLU", first, last or first, "propagate_down: false")
    text.add("Power", last or first, "out", "power_param { scale: 2 } loss_weight: 1")
    twins = Twins(str(text), TRAIN)
    twins.fill()
    twins.each("forward_loss")
    write(twins, "out", "diff", seed=6)
    twins.each("backward")
    twins.same()


def test_an_input_on_which_a_layer_works_in_place_is_kept() -> None:
    """Without other values in it, the next forward begins with what the last one has left."""
    text = Text()
    text.input("data", 4, 6)
    text.add("BatchNorm", "data")
    text.add("Scale", "data", "out")
    twins = Twins(str(text), TEST)
    outputs = type(twins.tested)(twins.param, TEST, seed=3, engine="onednn", keep="outputs")
    twins.fill()
    outputs.blobs["data"].data[...] = twins.numpy.blobs["data"].data
    for _ in range(3):
        for net in (*twins.nets, outputs):
            net.forward()
        twins.same(diffs=False)
        for name in ("data", "out"):
            np.testing.assert_allclose(
                outputs.blobs[name].data, twins.numpy.blobs[name].data, rtol=1e-5, atol=1e-6
            )


@pytest.mark.parametrize("kind", ["GroupNorm", "BatchNorm", "Exp"])
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_layer_in_place_on_what_another_segment_has_made(kind: str, phase: int) -> None:
    """It is run again of what it has read, not of what it has left there."""
    text = Text()
    text.input("zeros", 2, 4, 3, 5)
    python = 'module: "tests.engines.shaping_layers" layer: "Targets"'
    text.add("Python", "zeros", "data", f"python_param {{ {python} }}")
    rest = {
        "BatchNorm": "batch_norm_param { use_global_stats: false }",
        "GroupNorm": "group_norm_param { num_groups: 2 }",
    }.get(kind, "")
    text.add(kind, "data", rest=rest)
    text.add("Scale", "data", "scaled")
    text.add("ReLU", "scaled", "positive")
    text.add("Eltwise", "positive data", "out", "loss_weight: 1")
    twins = Twins(str(text), phase)
    for net in twins.nets:
        for param in net.learnable_params:
            param.blob.data[...] = np.linspace(-1, 2, param.blob.count)
    twins.each("forward_loss")
    last = len(twins.numpy.nodes) - 1
    write(twins, "out", "diff")
    twins.each("backward_from_to", last, last - 1)
    twins.each("backward_from_to", last, 0)
    twins.same()
