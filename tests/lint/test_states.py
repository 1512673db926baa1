"""Errors are found in every state that a net's rules name, not in the two phases alone."""

from __future__ import annotations

import re

from google.protobuf import text_format

from minicaffe.lint import lint_net
from minicaffe.proto import caffe_pb2

NET = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "large" type: "Pooling" bottom: "conv" top: "large" pooling_param { kernel_size: 9 }
  include { stage: "wide" } }
layer { name: "deep" type: "Pooling" bottom: "conv" top: "deep"
  pooling_param { kernel_size: 2 pad: 3 } include { min_level: 2 } }
layer { name: "fine" type: "Pooling" bottom: "conv" top: "fine"
  pooling_param { kernel_size: 2 } include { stage: "both" stage: "wide" } }
"""


def found(text: str) -> list[str]:
    diagnostics = lint_net(text_format.Parse(text, caffe_pb2.NetParameter()))
    errors = "; ".join(d.message for d in diagnostics if d.severity.value == "error")
    return sorted(set(re.findall(r"layer '(\w+)'", errors)))


def test_layers_of_stages_and_levels_are_checked() -> None:
    assert found(NET) == ["deep", "large"]
    assert found(NET.replace("kernel_size: 9", "kernel_size: 3")) == ["deep"]


def test_a_state_without_an_input_of_its_layers_is_passed_over() -> None:
    """As rules may go together in ways that nobody builds."""
    lost = 'layer { name: "relu" type: "ReLU" bottom: "%s" top: "y" include { stage: "wide" } }'
    assert found(NET.replace("kernel_size: 9", "kernel_size: 3") + lost % "fine") == ["deep"]
