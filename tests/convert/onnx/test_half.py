"""Models in half precision."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from minicaffe.convert.onnx.export import export
from minicaffe.convert.onnx.half import halved
from minicaffe.convert.onnx.model_file import complete
from minicaffe.convert.onnx.verify import HALF_TOLERANCES, verify
from minicaffe.errors import GraphError
from tests.convert.onnx.nets import net_of

NET = """
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" }
layer { name: "up" type: "Interp" bottom: "norm" top: "up" interp_param { zoom_factor: 2 } }
layer { name: "pool" type: "Pooling" bottom: "up" top: "pool"
        pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "positive" type: "Threshold" bottom: "pool" top: "positive" }
layer { name: "prob" type: "Softmax" bottom: "pool" top: "prob" }
"""


def test_a_net_in_half_precision() -> None:
    net = net_of(NET, data=(2, 3, 8, 9))
    exported = halved(export(net, batch="dynamic"))
    assert exported.tensors["conv/0"].dtype == np.float16
    ends = (*exported.model.graph.input, *exported.model.graph.output)
    assert {info.type.tensor_type.elem_type for info in ends} == {onnx.TensorProto.FLOAT}
    onnx.checker.check_model(complete(exported), full_check=True)
    found = verify(exported, net, tolerances=HALF_TOLERANCES)
    assert found.good
    values = ["conv/conv", "conv", "norm", "up", "pool", "positive", "prob"]
    assert list(found.layers) == values
    assert found.layers["conv"].relative > 1e-5  # it is half precision


def test_an_lstm_in_half_precision() -> None:
    """The graph of a step is half, too."""
    net = net_of(
        """layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "cont" top: "lstm"
                   recurrent_param { num_output: 3 weight_filler { type: "xavier" } } }""",
        x=(4, 2, 5), cont=(4, 2),
    )  # fmt: skip
    assert verify(halved(export(net)), net, tolerances=HALF_TOLERANCES).good


def test_weights_that_are_too_large_are_all_named() -> None:
    net = net_of(NET, data=(2, 3, 8, 9))
    for blob in net.params["conv"]:
        blob.data[...] = 1e5
    with pytest.raises(GraphError, match=r"'conv/0' holds 100000, .* 'conv/1' holds"):
        halved(export(net))
