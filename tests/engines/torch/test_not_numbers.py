"""What is not finite goes through torch's functions as through numpy's layers."""

from __future__ import annotations

import logging

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is absent")

from minicaffe import TRAIN, Net
from minicaffe.engines.torch.functions import covers
from minicaffe.layer import layer_class
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from tests.engines import test_not_numbers
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

#: A row of each type that has a function of torch's own; others run as their numpy selves.
ROWS = {case.type: case for case in reversed(CASES) if covers(layer_class(case.type))}


@pytest.mark.parametrize("case", ROWS.values(), ids=str)
def test_row(case: Case) -> None:
    test_not_numbers.test_row(case)


@pytest.mark.parametrize("score", test_not_numbers.HINGES, ids=str)
def test_caffes_rule_for_the_hinge(score: float) -> None:
    test_not_numbers.test_caffes_rule_for_the_hinge(score, "torch")


@pytest.mark.parametrize(("kind", "rest"), test_not_numbers.RULES, ids=str)
def test_caffes_rule(kind: str, rest: str) -> None:
    test_not_numbers.test_caffes_rule(kind, rest, "torch")


@pytest.mark.parametrize("count", [2, 3])
def test_caffes_rule_for_the_maximum(count: int) -> None:
    test_not_numbers.test_caffes_rule_for_the_maximum("torch", count)


NORM = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "bn" type: "BatchNorm" bottom: "x" top: "y"
  batch_norm_param { use_global_stats: true } }
"""


def test_statistics_that_are_missing_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "minicaffe")
    param = caffe_pb2.NetParameter()
    parse(NORM, param)
    net = Net(param, TRAIN, engine="torch")
    for _ in range(2):
        net.forward(x=np.ones((2, 3)))
    told = [line for line in caplog.messages if "no statistics are stored" in line]
    assert len(told) == 1
