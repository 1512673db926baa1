"""SPP: what it refuses; its values and gradients are checked by cases/spp.py."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError, ShapeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2


@pytest.mark.parametrize(
    ("shape", "height", "message"),
    [
        ((2, 3, 13, 11), 4, "level 3 has 8×8 windows, which do not fit an image of 13×11"),
        ((2, 3, 4), 1, "bottom has shape 2×3×4, expected 4 axes"),
    ],
)
def test_spp_refuses(shape, height, message):
    dims = " ".join(f"dim: {n}" for n in shape)
    text = f"""
      layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}
      layer {{ name: "s" type: "SPP" bottom: "x" top: "y"
        spp_param {{ pyramid_height: {height} }} }}
    """
    with pytest.raises(ShapeError, match=message):
        Net(text_format.Parse(text, caffe_pb2.NetParameter()))


def test_spp_needs_a_height():
    text = """
      layer { name: "x" type: "Input" top: "x"
        input_param { shape { dim: 2 dim: 3 dim: 4 dim: 5 } } }
      layer { name: "s" type: "SPP" bottom: "x" top: "y" }
    """
    with pytest.raises(GraphError, match="pyramid_height is missing or 0"):
        Net(text_format.Parse(text, caffe_pb2.NetParameter()))
