"""Convolutions for which another layout or implementation is chosen than oneDNN's first one."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.engines.onednn import heuristics
from minicaffe.engines.onednn.dnnl import library
from minicaffe.options import CONV_MATH_VARIABLE
from tests.engines.nets import Text
from tests.engines.twins import Twins

#: The bottom's shape, the convolution, and whether the channels come last.
ROWS = {
    "few channels, 5x5": ((3, 20, 12, 11), "num_output: 50 kernel_size: 5", True),
    "small map": ((2, 56, 7, 6), "num_output: 24 kernel_size: 3 pad: 1", True),
    "small map, strides": ((2, 57, 14, 13), "num_output: 20 kernel_size: 3 stride: 2", True),
    "small map, groups": ((3, 112, 7, 9), "num_output: 36 kernel_size: 3 group: 2", True),
    "small map, one row": ((3, 120, 1, 9), "num_output: 8 kernel_h: 1 kernel_w: 5", True),
    "dilated": ((2, 60, 11, 12), "num_output: 16 kernel_size: 3 dilation: 2", True),
    "middle map, 5x5": ((2, 24, 14, 13), "num_output: 20 kernel_size: 5 pad: 2", True),
    "middle map, many": ((1, 176, 14, 12), "num_output: 20 kernel_size: 3 pad: 1", True),
    "middle map, few": ((2, 80, 14, 12), "num_output: 20 kernel_size: 3 pad: 1", False),
    "large map": ((1, 64, 18, 17), "num_output: 20 kernel_size: 5 pad: 2", False),
    "depthwise": ((2, 32, 7, 6), "num_output: 32 kernel_size: 3 group: 32", False),
    "unit windows, strides": ((2, 16, 13, 11), "num_output: 24 kernel_size: 1 stride: 2", False),
    "unit windows, large": ((2, 12, 56, 57), "num_output: 20 kernel_size: 1", False),
    "unit windows, larger": ((1, 16, 112, 113), "num_output: 6 kernel_size: 1", False),
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("biased", ["true", "false"])
def test_values_and_gradients(row: str, biased: str) -> None:
    shape, geometry, last = ROWS[row]
    text = Text("force_backward: true")
    text.input("data", *shape)
    fill = 'weight_filler { type: "msra" } bias_filler { type: "uniform" min: -1 max: 1 }'
    rest = f"convolution_param {{ {geometry} bias_term: {biased} {fill} }}"
    text.add("Convolution", "data", "conv", rest, "conv")
    twins = Twins(str(text))
    twins.fill()
    twins.each("forward")
    gradients = np.random.default_rng(8).normal(size=twins.numpy.blobs["conv"].shape)
    for _ in range(2):  # the weights' gradients add up
        for net in twins.nets:
            net.blobs["conv"].diff[...] = gradients
        twins.each("backward")
        twins.same()
    assert "/ref" not in twins.plan
    weights = twins.numpy.params["conv"][0].shape
    assert heuristics.channels_last(weights, gradients.shape) == last


def test_the_gradient_of_unit_windows_with_strides_is_not_the_slow_one() -> None:
    text = Text("force_backward: true")
    text.input("data", 2, 16, 13, 11)
    text.conv("data", "conv", 24, kernel=1, stride=2)
    twins = Twins(str(text))
    twins.fill()
    twins.each("forward")
    twins.each("backward")
    assert "backward_data" in twins.plan
    assert "strided" not in twins.plan


@pytest.mark.skipif(
    not library().has_avx512, reason="layouts of heuristics.py: the rules are for AVX-512"
)
def test_channels_last_are_found_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONV_MATH_VARIABLE, "direct")
    text = Text()
    text.input("data", 2, 3, 12, 13)
    text.conv("data", "first", 24)
    text.conv("first", "conv", 24, kernel=5)
    twins = Twins(str(text))
    twins.fill()
    twins.each("forward")
    (step,) = (item for item in twins.tested.plan.steps if item.step.nodes[0].name == "conv")
    assert step.step.passes[0].result.desc.block == 0
