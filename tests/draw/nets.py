"""Nets that the tests of pictures share."""

from __future__ import annotations

from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

#: Layers in place, branches, a label that is read far below, both phases.
BRANCHES = """
name: "branches"
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } shape { dim: 2 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 3 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool"
  pooling_param { kernel_size: 3 stride: 1 pad: 1 } }
layer { name: "one" type: "Convolution" bottom: "pool" top: "one"
  convolution_param { num_output: 3 kernel_size: 1 weight_filler { type: "xavier" } } }
layer { name: "sum" type: "Eltwise" bottom: "one" bottom: "conv" top: "sum" }
layer { name: "two" type: "TanH" bottom: "sum" top: "two" }
layer { name: "three" type: "TanH" bottom: "two" top: "three" }
layer { name: "ip" type: "InnerProduct" bottom: "three" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss"
  include { phase: TRAIN } }
layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" include { phase: TEST } }
layer { name: "unread" type: "Silence" bottom: "label" include { phase: TEST } }
"""

#: Names that would be markup, script or control characters if they were not escaped.
HOSTILE = """
name: "</script><script>document.title='bad'</script><img src=x onerror=document.title='bad'>"
layer { name: "data" type: "Input" top: "d]]>&amp;\\"'" # </script><b>
  input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "<script>document.title='bad'</script>" type: "Convolution" bottom: "d]]>&amp;\\"'"
  top: "c\\x1b[31m\\x07" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "__proto__" type: "ReLU" bottom: "c\\x1b[31m\\x07" top: "c\\x1b[31m\\x07" }
layer { name: "\u202eevil" type: "<b>Nope</b>" bottom: "c\\x1b[31m\\x07" top: "constructor" }
layer { name: "{{script}}" type: "Silence" bottom: "constructor"
  include { not_stage: "</template><script>" } }
layer { name: "lost" type: "Silence" bottom: "nothing <makes> it"
  include { stage: "</template><script>" } }
"""


def read(text: str) -> caffe_pb2.NetParameter:
    """The net of a text."""
    net = caffe_pb2.NetParameter()
    parse(text, net, None)
    return net
