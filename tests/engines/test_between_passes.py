"""What a program does between a forward and a backward: the gradients are those of that forward.

Parameters are changed on the way, so that whatever was computed once more would be something else.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minicaffe.net.net import TRAIN, Net
from tests.engines.nets import Text
from tests.engines.twins import Twins, write


def twins_of(keep: str = "all") -> Twins:
    """Every kind of step that covers several layers, whose values another one overwrites."""
    text = Text("force_backward: true")
    text.input("data", 3, 4, 9, 8)
    text.norm(text.conv("data", "a", 8, bias_term="false"))
    text.norm(text.conv("a", "b", 8, bias_term="false"), relu=False)
    text.relu(text.add("Eltwise", "a b", "sum"))
    text.pool("sum", "p", "MAX", 3)
    text.add("Dropout", "p", rest="dropout_param { dropout_ratio: 0.3 }")
    text.relu(text.conv("p", "c", 16))
    text.relu(text.inner("c", "d", 6))
    text.add("Power", "d", "out", "power_param { scale: 2 }")
    twins = Twins(str(text), TRAIN)
    twins.tested = Net(twins.param, TRAIN, seed=3, engine=Twins.engine, keep=keep)
    twins.fill()
    twins.each("forward_loss")
    if Twins.engine == "onednn":  # which fuses layers
        assert all(item in twins.plan for item in ("a_bn + a_scale + a_relu", "c + c_relu"))
    for net in twins.nets:
        net.blobs["out"].diff[...] = np.linspace(-1, 2, net.blobs["out"].count).reshape(3, 6)
    for net in twins.nets:
        for blobs in net.params.values():
            blobs[0].data[...] *= -1.5
    return twins


def layers(twins: Twins) -> list[str]:
    return [node.name for node in twins.numpy.nodes]


@pytest.mark.parametrize(
    "name", ["a_bn", "a_scale", "a_relu", "b_bn", "b_scale", "eltwise9", "sum_relu", "c", "d"]
)
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_backward_in_two_parts(name: str, keep: str) -> None:
    """The first part ends before a layer, the second one begins with it."""
    twins = twins_of(keep)
    index = layers(twins).index(name)
    twins.each("backward_from_to", len(layers(twins)) - 1, index + 1)
    twins.each("backward_from_to", index, 0)
    parameters_agree(twins)


def parameters_agree(twins: Twins) -> None:
    pairs = [(twins.tested.blobs["data"].diff, twins.numpy.blobs["data"].diff)]
    for want, got in zip(twins.numpy.learnable_params, twins.tested.learnable_params, strict=True):
        pairs.append((got.blob.diff, want.blob.diff))
    for got, want in pairs:
        assert twins.agree(got, want)
    assert sum(np.any(want) for _, want in pairs) > 10


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_gradients_between_layers_that_run_as_one(keep: str) -> None:
    """A callback that comes after the forward sees the gradient of every layer's top."""
    twins = twins_of(keep)
    seen: list[list[np.ndarray]] = [[], []]
    for net, found in zip(twins.nets, seen, strict=True):

        def look(index: int, net: Net = net, found: list[np.ndarray] = found) -> None:
            found.extend(net.blobs[name].diff.copy() for name in net.nodes[index].top_names)

        net.before_backward(look)
    twins.each("backward")
    assert len(seen[0]) == len(seen[1]) > 15
    for want, got in zip(*seen, strict=True):
        assert twins.agree(got, want)
    parameters_agree(twins)


def hold(twins: Twins) -> object:
    """An array of a gradient whose memory others were to use."""
    return twins.tested.blobs["b"].diff


def ask(twins: Twins) -> object:
    """Gradients that were taken to be 0, and are from now on written by the program."""
    for net in twins.nets:
        for name, blob in net.blobs.items():
            if "split" in name:
                blob.diff[...] = 0
    return None


@pytest.mark.parametrize("what", [hold, ask])
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_look_between_the_passes(what: Callable[[Twins], object], keep: str) -> None:
    twins = twins_of(keep)
    held = what(twins)
    twins.each("backward")
    parameters_agree(twins)
    del held


@pytest.mark.parametrize("start", ["a_scale", "a_relu", "sum_relu", "c_relu"])
def test_a_forward_that_begins_within_a_step(start: str) -> None:
    """What ran before it has kept what its own gradient needs."""
    twins = twins_of()
    write(twins, twins.numpy.nodes[layers(twins).index(start)].bottom_names[0])
    index = len(layers(twins)) - 1
    twins.each("forward_from_to", layers(twins).index(start), index)
    twins.each("backward_from_to", index, layers(twins).index(start))
    twins.each("backward_from_to", layers(twins).index(start) - 1, 0)
    parameters_agree(twins)


#: What Caffe's backward computes of what its forward has kept: type, settings, bottoms.
KEEPING = [
    ("BatchNorm", "", 1),
    ("BatchNorm", "batch_norm_param { use_global_stats: true }", 1),
    ("Dropout", "", 1),
    ("Eltwise", "eltwise_param { operation: MAX }", 2),
    ("Eltwise", "eltwise_param { operation: MAX }", 3),
    ("GroupNorm", "group_norm_param { num_groups: 2 }", 1),
    ("InstanceNorm", "", 1),
    ("LayerNorm", "", 1),
    ("MVN", "", 1),
    ("Pooling", "pooling_param { kernel_size: 3 stride: 2 }", 1),
    ("Sigmoid", "", 1),
    ("Softmax", "", 1),
    ("Swish", "swish_param { beta: 1.5 }", 1),
    ("TanH", "", 1),
]


@pytest.mark.parametrize(("kind", "settings", "bottoms"), KEEPING)
@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_inputs_that_are_written_between_the_passes(
    kind: str, settings: str, bottoms: int, parts: bool, keep: str
) -> None:
    """As a program does that fills the next batch in: gradients are of what the forward saw."""
    text = Text("force_backward: true")
    for index in range(bottoms):
        text.input(f"in{index}", 3, 8, 5, 6)
    inputs = " ".join(f"in{index}" for index in range(bottoms))
    text.relu(text.add("Scale", text.add(kind, inputs, "top", settings), "scaled"))
    wanted: list[np.ndarray] = []
    for between in (False, True):
        twins = Twins(str(text), TRAIN)
        twins.tested = Net(twins.param, TRAIN, seed=3, engine=Twins.engine, keep=keep)
        twins.fill()
        twins.each("forward_loss")
        write(twins, "scaled", "diff", seed=6)
        for index in range(bottoms if between else 0):
            write(twins, f"in{index}", seed=7 + index)
        last = len(layers(twins)) - 1
        ranges = [(index, index) for index in range(last, -1, -1)] if parts else [(last, 0)]
        for start, end in ranges:
            twins.each("backward_from_to", start, end)
        found = [net.blobs[f"in{i}"].diff.copy() for net in twins.nets for i in range(bottoms)]
        wanted = wanted or found
        for got, want in zip(found, wanted, strict=True):
            assert np.any(want)
            assert twins.agree(got, want)
    assert twins.agree(wanted[0], wanted[bottoms])
