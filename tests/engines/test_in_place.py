"""Layers that work in place on what no step computes: a plan built again runs them once more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minicaffe.net.net import TEST, TRAIN, Net
from tests.engines.nets import Text
from tests.engines.twins import Twins

SCALE = "scale_param { bias_term: true filler { value: 2 } bias_filler { value: 0.3 } }"


def _twins(phase: int, after: str, head: str = "") -> Twins:
    """Scale works in place on an Input, or after a layer that numpy runs; then fused layers."""
    text = Text(head)
    text.input("data", 3, 4, 9, 8)
    text.input("label", 3)
    blob = text.add("BNLL", "data", "soft") if after == "numpy" else "data"
    text.add("Scale", blob, rest=SCALE, name="scaled")
    text.add("Power", blob, rest="power_param { scale: 0.5 shift: 0.1 }", name="moved")
    text.norm(text.conv(blob, "c1", 16, bias_term="false"))
    text.relu(text.conv("c1", "c2", 16))
    text.inner("c2", "scores", 5)
    text.loss("scores")
    return Twins(str(text), phase)


def _whole(net: Net) -> None:
    net.backward()


def _in_parts(net: Net) -> None:
    middle = net.layer_index("c1_relu")
    net._backward(len(net.layers) - 1, middle)
    net._backward(middle - 1, 0)


def _watched(net: Net) -> None:
    net.before_backward(lambda index: None)
    net.backward()


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("after", ["input", "numpy"])
@pytest.mark.parametrize("way", [_whole, _in_parts, _watched])
def test_gradients_after_the_plan_was_rebuilt(
    phase: int, after: str, way: Callable[[Net], None]
) -> None:
    twins = _twins(phase, after)
    for _ in range(2):
        twins.fill(**twins.label(5))
        for net in twins.nets:
            net.clear_param_diffs()
            net.forward_loss()
            way(net)
        twins.same()


def test_a_partial_forward_after_the_plan_was_rebuilt() -> None:
    twins = _twins(TEST, "input")
    twins.fill(**twins.label(5))
    twins.each("forward_loss")
    twins.each("forward", start="c1_relu")
    twins.same(diffs=False)


@pytest.mark.parametrize(("head", "folds"), [("", True), ("force_backward: true\n", False)])
def test_a_test_net_is_folded_unless_its_input_has_a_gradient(head: str, folds: bool) -> None:
    twins = _twins(TEST, "input", head)
    for _ in range(2):
        twins.fill(**twins.label(5))
        twins.each("forward_loss")
        twins.same(diffs=False)
    assert ("c1 + c1_bn + c1_scale + c1_relu: " in twins.plan) == folds
