"""Blobs without elements, as they come and go: a net runs on them, or says what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import engines
from minicaffe.errors import MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case
from tests.layers.test_layers import CASES

Shapes = Sequence[Sequence[int]]


def net_of(case: Case, shapes: Shapes) -> caffe_pb2.NetParameter:
    """The case's layer after inputs of these shapes, and a convolution after it."""
    net = caffe_pb2.NetParameter(force_backward=True)
    names = [f"x{index}" for index in range(len(shapes))]
    for name, shape in zip(names, shapes, strict=True):
        layer = net.layer.add(name=name, type="Input", top=[name])
        layer.input_param.shape.add(dim=shape)
    tops = [f"y{index}" for index in range(case.tops)]
    text_format.Merge(case.param, net.layer.add(name="it", type=case.type, bottom=names, top=tops))
    net.layer.add(name="it after", type="ReLU", bottom=["y0"], top=["z"])
    return net


def run(case: Case, engine: str, sequence: Sequence[Shapes]) -> None:
    """Build the net for the first shapes, and run it with all of them in turn."""
    phase = caffe_pb2.Phase.Value(case.phase)
    with Net(net_of(case, sequence[0]), phase, engine=engine, seed=1) as net:
        for shapes in sequence:
            for index, shape in enumerate(shapes):
                net.blobs[f"x{index}"].reshape(*shape)
            with np.errstate(all="ignore"):
                net.forward()
                net.backward()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_sizes_of_zero_run_or_are_refused(case: Case, engine: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    full = case.bottoms
    for axis in range(max([len(shape) for shape in full], default=0)):
        empty = [[0 if k == axis else n for k, n in enumerate(shape)] for shape in full]
        for sequence in ([full, empty, full], [empty, full, empty]):
            try:
                run(case, engine, sequence)
            except MinicaffeError as error:
                refusal = str(error)
            else:
                continue
            assert "layer 'it" in refusal, "the layer is named"


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
def test_a_refused_shape_leaves_nothing(engine: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    net = caffe_pb2.NetParameter()
    net.layer.add(name="x", type="Input", top=["x"]).input_param.shape.add(dim=[2, 4])
    layer = net.layer.add(name="best", type="ArgMax", bottom=["x"], top=["y"])
    layer.argmax_param.top_k = 3
    with Net(net, caffe_pb2.TEST, engine=engine) as built:
        built.blobs["x"].data[...] = [[0, 1, 2, 3], [7, 6, 5, 4]]
        first = built.forward()["y"].copy()
        built.blobs["x"].reshape(2, 2)
        with pytest.raises(MinicaffeError, match="only 2 values"):
            built.forward()
        built.blobs["x"].reshape(2, 4)
        np.testing.assert_array_equal(built.forward()["y"], first)
