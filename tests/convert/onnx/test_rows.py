"""Every row of the layers' test cases whose type has a form in ONNX, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.convert.compare.net_side import fill
from minicaffe.convert.onnx.export import export, newest_opset
from minicaffe.convert.onnx.writers import writer_of
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import layer_class
from minicaffe.net.net import TEST, Net
from minicaffe.proto import caffe_pb2
from tests.convert.onnx.nets import assert_equal, give_weights
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

#: Rows that are refused, and how.
REFUSED = {
    "DetectionOutput-code_type:CENTER_SIZEnms_param{nms_threshold:0.75eta:0.5top_k:6}": "no eta",
    "DetectionOutput-objectness_score:0.5confidence_threshold:0.1": "no objectness",
    "DetectionOutput-firstoffsets": "no objectness or first offsets",
    "DetectionOutput-output_logits:trueconfidence_threshold:0.3": "RefineDet",
    "DetectionOutput-allbottoms": "RefineDet",
    "Dropout-dropout_param{sample_weights_test:true}": "draws numbers",
}


def _in_onnx(case: Case) -> bool:
    """A layer alone that reads something, gives something and has a writer."""
    silent = case.type == "Silence"  # alone it is no model
    layer = caffe_pb2.LayerParameter(type=case.type)
    text_format.Merge(case.param, layer)
    type_of_net = layer_class(case.type).in_caffes_words(layer).type
    return writer_of(type_of_net) is not None and bool(case.bottoms) and not silent


ROWS = [case for case in CASES if _in_onnx(case)]


def net_of_row(case: Case) -> Net:
    """The layer of a row between Input layers, in phase TEST."""
    param = caffe_pb2.NetParameter(name="row")
    layer = caffe_pb2.LayerParameter(name="layer", type=case.type)
    text_format.Merge(case.param, layer)
    for index, shape in enumerate(case.bottoms):
        name = f"bottom{index}"
        param.layer.add(name=name, type="Input", top=[name]).input_param.shape.add(dim=shape)
    layer.bottom[:] = [f"bottom{index}" for index in range(len(case.bottoms))]
    layer.top[:] = [f"top{index}" for index in range(case.tops)]
    param.layer.append(layer)
    net = Net(param, TEST, seed=3, engine="numpy")
    give_weights(net)
    return net


def arrays_of(case: Case) -> dict[str, np.ndarray]:
    """The row's own values, as the layers' tests have them."""
    rng = np.random.default_rng(7)
    count = len(case.bottoms)
    makers = case.values if isinstance(case.values, Sequence) else [case.values] * count
    pairs = zip(makers, case.bottoms, strict=False)
    return {
        f"bottom{index}": make(rng, tuple(shape)).astype(np.float32)
        for index, (make, shape) in enumerate(pairs)
    }


GOOD = [case for case in ROWS if str(case) not in REFUSED]


@pytest.mark.parametrize("opset", [11, 13, 21])
@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_row_computes_the_same_in_onnx(case: Case, opset: int) -> None:
    if opset > newest_opset():
        pytest.skip(f"the package onnx knows no opset {opset}")
    net = net_of_row(case)
    assert_equal(net, export(net, opset=opset), arrays_of(case))


@pytest.mark.parametrize("case", [case for case in ROWS if str(case) in REFUSED], ids=str)
def test_a_row_is_refused(case: Case) -> None:
    with pytest.raises(GraphError, match=REFUSED[str(case)]):
        export(net_of_row(case))


def test_rows_that_are_refused_are_there() -> None:
    assert set(map(str, ROWS)).issuperset(REFUSED)


def _twice(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name: np.concatenate([array, array]) if array.ndim else array
        for name, array in arrays.items()
    }


def _takes(net: Net, arrays: dict[str, np.ndarray]) -> bool:
    """Whether the net has another batch at all; a Slice along it has, but not with open parts."""
    before = {name: np.zeros(net.blobs[name].shape, np.float32) for name in arrays}
    try:
        fill(net, arrays)
    except MinicaffeError:
        return False
    finally:
        fill(net, before)
    return getattr(net.layers[-1], "axis", 1) != 0 or net.layers[-1].type != "Slice"


@pytest.mark.parametrize("case", GOOD, ids=str)
def test_a_row_with_an_open_batch(case: Case) -> None:
    """Or what cannot have another batch says so."""
    net, arrays = net_of_row(case), arrays_of(case)
    if not _takes(net, _twice(arrays)):
        with pytest.raises(GraphError, match="batch"):
            export(net, batch="dynamic")
        return
    exported = export(net, batch="dynamic")
    assert_equal(net, exported, arrays)
    assert_equal(net, exported, _twice(arrays))
