"""The array of a Parameter layer moves when a program first asks for the arena of a TEST net."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2

NET = """
layer { name: "p" type: "Parameter" top: "p" parameter_param { shape { dim: 3 dim: 2 } } }
layer { name: "r" type: "ELU" bottom: "p" top: "out" }
"""


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_the_arena_of_a_test_net(engine: str) -> None:
    if engines.why_unavailable(engine):
        pytest.skip(f"{engine} is not here: {engines.why_unavailable(engine)}")
    net = Net(text_format.Parse(NET, caffe_pb2.NetParameter()), TEST, engine=engine)
    net.params["p"][0].data[...] = 1
    net.forward()
    net.arena.data[...] += 2
    np.testing.assert_array_equal(net.forward()["out"], 3)
