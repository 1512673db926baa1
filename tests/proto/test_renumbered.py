"""Binary nets in which settings have a fork's numbers; built from wire bytes."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from minicaffe import TEST, Net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import parse_net_binary, read_net_binary
from minicaffe.proto.renumbered import Numbering, numbering_of
from minicaffe.proto.wire import write_varint
from tests.layers import cases
from tests.layers.harness import Case

CASES: list[Case] = [
    case
    for module in pkgutil.iter_modules(cases.__path__)
    for case in importlib.import_module(f"tests.layers.cases.{module.name}").CASES
]


def chunk(number: int, payload: bytes) -> bytes:
    return write_varint(number << 3 | 2) + write_varint(len(payload)) + payload


def layer(name: str, kind: str, **settings: bytes) -> bytes:
    """A layer with its settings under the numbers that the keywords end with."""
    message = chunk(1, name.encode()) + chunk(2, kind.encode()) + chunk(3, b"x") + chunk(4, b"y")
    for key, payload in settings.items():
        message += chunk(int(key.removeprefix("at_")), payload)
    return chunk(100, message)


CONVOLUTION = caffe_pb2.ConvolutionParameter(num_output=2, kernel_size=[1]).SerializeToString()
PERMUTE = caffe_pb2.PermuteParameter(order=[0, 2, 3, 1]).SerializeToString()
LOSS = caffe_pb2.LossParameter(ignore_label=7).SerializeToString()
PRIORS = caffe_pb2.PriorBoxParameter(min_size=[30]).SerializeToString()
BLOB = caffe_pb2.BlobProto(data=[1, 2, 3, 4, 5, 6])
BLOB.shape.dim.extend([2, 3, 1, 1])
STORED = BLOB.SerializeToString()

#: As luoyetx/mini-caffe's schema has them.
MINI = (
    chunk(1, b"net")
    + layer("c", "Convolution", at_206=CONVOLUTION, at_7=STORED)
    + layer("p", "Permute", at_239=PERMUTE)
    + layer("b", "PriorBox", at_240=PRIORS)
    + layer("l", "SoftmaxWithLoss", at_200=LOSS)
    + layer("r", "ReLU")
)


def test_mini_caffes_numbers_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "mini.caffemodel").write_bytes(MINI)
    net = read_net_binary(tmp_path / "mini.caffemodel")
    convolution, permute, priors, loss, relu = net.layer
    assert net.name == "net"
    assert (convolution.type, convolution.bottom, convolution.top) == ("Convolution", ["x"], ["y"])
    assert convolution.convolution_param == caffe_pb2.ConvolutionParameter.FromString(CONVOLUTION)
    assert list(convolution.blobs[0].data) == [1, 2, 3, 4, 5, 6]
    assert list(permute.permute_param.order) == [0, 2, 3, 1]
    assert list(priors.prior_box_param.min_size) == [30]
    assert loss.loss_param.ignore_label == 7
    for other in ("norm_param", "annotated_data_param", "argmax_param"):
        assert not any(found.HasField(other) for found in net.layer)
    assert {field.name for field, _ in relu.ListFields()} == {"name", "type", "bottom", "top"}
    [note] = caplog.records
    assert "mini.caffemodel has mini-caffe's numbers for settings" in note.message


@pytest.mark.parametrize(
    ("kind", "number"),
    [("SmoothL1Loss", 202), ("ROIPooling", 201), ("Swish", 206), ("BN", 137)],
)
def test_settings_that_would_be_another_types_are_not_taken(
    kind: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    """makefile/frcnn's and TSN's numbers."""
    caplog.set_level(logging.INFO)
    data = layer("a", kind, at_7=STORED, **{f"at_{number}": b""})
    assert numbering_of(data) is Numbering.UNKNOWN
    [found] = parse_net_binary(data, "w.caffemodel").layer
    assert {field.name for field, _ in found.ListFields()} == {
        "name", "type", "bottom", "top", "blobs",
    }  # fmt: skip
    assert "only its weights are read" in caplog.text


@pytest.mark.parametrize("data", [MINI, layer("c", "Convolution", at_206=b"", at_7=STORED)])
def test_weights_are_those_of_the_file_whatever_the_numbers(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.caffemodel").write_bytes(data)
    (tmp_path / "n.prototxt").write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 3, 4, 4] } } }'
        'layer { name: "c" type: "Convolution" bottom: "x" top: "y" '
        "convolution_param { num_output: 2 kernel_size: 1 bias_term: false } }"
    )
    net = Net(str(tmp_path / "n.prototxt"), TEST, weights=str(tmp_path / "w.caffemodel"))
    np.testing.assert_array_equal(net.params["c"][0].data.ravel(), [1, 2, 3, 4, 5, 6])


def test_a_damaged_file_is_told() -> None:
    with pytest.raises(DecodeError):
        parse_net_binary(MINI[:-3])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_this_library_writes_has_its_own_numbers(case: Case) -> None:
    param = caffe_pb2.NetParameter()
    text_format.Merge(case.param, param.layer.add(name="a", type=case.type))
    assert numbering_of(param.SerializeToString()) is Numbering.CAFFE
