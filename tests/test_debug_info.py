"""``debug_info`` writes the lines of BVLC Caffe's ``Net::ForwardDebugInfo`` and its siblings."""

from __future__ import annotations

import logging

import pytest

import minicaffe as caffe
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

NET = """debug_info: true
layer { name: "in" type: "DummyData" top: "data" top: "label" dummy_data_param {
  shape { dim: 2 dim: 3 } shape { dim: 2 dim: 4 }
  data_filler { value: 2 } data_filler { value: 0 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" param { name: "w" }
  param { lr_mult: 0 } propagate_down: false
  inner_product_param { num_output: 4 weight_filler { type: "constant" value: 0.5 } } }
layer { name: "relu" type: "ReLU" bottom: "ip" top: "ip" }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "sum" type: "Reduction" bottom: "ip" top: "sum" }
"""
#: By hand: 3·2·0.5 = 3 at each output, 2·4·3² / (2·2) = 18; gradients 3/2, and 2·2·1.5 = 6.
LINES = """\
    [Forward] Layer in, top blob data data: 2
    [Forward] Layer in, top blob label data: 0
    [Forward] Layer ip, top blob ip data: 3
    [Forward] Layer ip, param blob w data: 0.5
    [Forward] Layer ip, param blob 1 data: 0
    [Forward] Layer relu, top blob ip data: 3
    [Forward] Layer ip_relu_0_split, top blob ip_relu_0_split_0 data: 3
    [Forward] Layer ip_relu_0_split, top blob ip_relu_0_split_1 data: 3
    [Forward] Layer loss, top blob loss data: 18
    [Forward] Layer sum, top blob sum data: 24
    [Backward] Layer loss, bottom blob ip_relu_0_split_0 diff: 1.5
    [Backward] Layer ip_relu_0_split, bottom blob ip diff: 1.5
    [Backward] Layer relu, bottom blob ip diff: 1.5
    [Backward] Layer ip, param blob 0 diff: 6
    [Backward] All net params (data, diff): L1 norm = (6, 72); L2 norm = (1.73205, 20.7846)
"""


def test_lines(caplog: pytest.LogCaptureFixture) -> None:
    param = caffe_pb2.NetParameter()
    parse(NET, param)
    param.state.phase = caffe.TRAIN
    net = caffe.Net(param, caffe.TRAIN, engine="numpy")
    with caplog.at_level(logging.INFO, "minicaffe"):
        net.forward()
        net.backward()
    told = [record.getMessage() for record in caplog.records]
    assert [line for line in told if line.startswith("    [")] == LINES.splitlines()
