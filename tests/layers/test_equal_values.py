"""Values that are all equal are normalised to 0, whatever a float32 mean rounds to."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2


@pytest.mark.parametrize("kind", ["MVN", "LayerNorm", "GroupNorm", "InstanceNorm"])
@pytest.mark.parametrize("value", [0.7, 12345.678, 1e6 + 1])
def test_equal_values(kind: str, value: float) -> None:
    text = (
        'layer { name: "x" type: "Input" top: "x" '
        "input_param { shape { dim: 3 dim: 32 dim: 7 dim: 7 } } } "
        f'layer {{ name: "y" type: "{kind}" bottom: "x" top: "y" }}'
    )
    net = Net(text_format.Parse(text, caffe_pb2.NetParameter()), TEST, engine="numpy")
    net.blobs["x"].data[...] = value
    net.forward()
    np.testing.assert_allclose(net.blobs["y"].data, 0, atol=1e-4)
