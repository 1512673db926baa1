"""Fields of forks that Caffe has under another name."""

from __future__ import annotations

import logging

import pytest

import minicaffe
from minicaffe import layers as L
from minicaffe.errors import GraphError, PrototxtError
from minicaffe.proto import caffe_pb2, forks, synonyms
from minicaffe.proto.printing import to_text
from minicaffe.proto.text_format import parse

NETWORK = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 10 dim: 9 } } }
layer { name: "pool" type: "Pooling" bottom: "x" top: "y"
  pooling_param { kernel_size: 3 stride: 2 %s } }
layer { name: "again" type: "Pooling" bottom: "x" top: "z"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 %s } }
"""


def read(text: str) -> caffe_pb2.NetParameter:
    net = caffe_pb2.NetParameter()
    parse(text, net, "net.prototxt")
    return net


@pytest.mark.parametrize(
    ("word", "want"),
    [("false", "FLOOR"), ("0", "FLOOR"), ("true", "CEIL"), ("True", "CEIL"), ("1", "CEIL")],
)
def test_ceil_mode_is_round_mode(word, want, caplog):
    field = f"ceil_mode: {word}"
    net = read(NETWORK % (field, field))
    assert net == read(NETWORK % (f"round_mode: {want}", f"round_mode: {want}"))
    assert f"round_mode: {want}" in to_text(net)
    assert "ceil_mode" not in to_text(net)
    (note,) = [r for r in caplog.records if r.levelno == logging.WARNING]  # one a file
    assert note.getMessage() == (
        f"net.prototxt:4: `ceil_mode: {word}` is read as `round_mode: {want}`, Caffe's name for it"
    )


def test_shapes_are_those_of_the_fork(tmp_path):
    shapes = {}
    for word in ("true", "false"):
        path = tmp_path / f"{word}.prototxt"
        path.write_text(NETWORK % (f"ceil_mode: {word}", f"ceil_mode: {word}"))
        net = minicaffe.Net(path, minicaffe.TEST)
        shapes[word] = net.blobs["y"].shape, net.blobs["z"].shape
    assert shapes == {
        "true": ((1, 3, 5, 4), (1, 3, 6, 5)),
        "false": ((1, 3, 4, 4), (1, 3, 5, 5)),
    }


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("ceil_mode: maybe", r":4:55: ceil_mode: `maybe` found, true or false expected"),
        ("ceil_mode: 2", r"ceil_mode: `2` found, true or false expected"),
        ("ceil_mode: 'true'", r"ceil_mode: the string 'true' found, true or false expected"),
        ("ceil_mode { }", r"`:` expected after `ceil_mode`"),
        ("ceil_mode: true ceil_mode: true", r"`ceil_mode` is given twice \(as `round_mode`\)"),
        ("round_mode: CEIL ceil_mode: true", r"`ceil_mode` is given twice .*first on line 4"),
        ("ceil_mode: true round_mode: CEIL", r"`round_mode` is given twice, first on line 4"),
    ],
)
def test_mistakes(field, message, caplog):
    with pytest.raises(PrototxtError, match=message):
        read(NETWORK % (field, ""))
    assert not caplog.records


def test_only_where_the_fork_has_it():
    with pytest.raises(PrototxtError, match="unknown field `ceil_mode` in convolution_param"):
        read("layer { convolution_param { ceil_mode: true } }")


def test_a_later_name_takes_the_same_values(caplog):
    net = read('layer { name: "d" type: "Detection" detection_param { cls_num: 3 lambda: 2 } }')
    loss = net.layer[0].detection_loss_param
    assert loss.cls_num == 3
    assert getattr(loss, "lambda") == 2
    (note,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert note == (
        "net.prototxt:1: `detection_param` is read as `detection_loss_param`, its later name"
    )
    old = read(
        "layers { layer { name: 'w' type: 'window_data' context_pad: 16 crop_mode: 'warp' } }"
    )
    assert old.layers[0].layer.det_context_pad == 16
    assert old.layers[0].layer.det_crop_mode == "warp"
    with pytest.raises(PrototxtError, match=r"given twice \(as `detection_loss_param`\)"):
        read("layer { detection_loss_param { } detection_param { } }")


def test_net_spec_says_caffes_name():
    with pytest.raises(GraphError, match=r"'ceil_mode' .*; Caffe's name for it is `round_mode`"):
        L.Pooling(L.Input(), kernel_size=3, ceil_mode=False).to_proto()


def test_the_tables_are_of_fields_that_exist():
    for known, other in synonyms.SYNONYMS.items():
        message = caffe_pb2.DESCRIPTOR.message_types_by_name[known.partition(".")[0]]
        field = message.fields_by_name[other.name]
        if other.words:
            assert set(other.words.values()) <= set(field.enum_type.values_by_name)
    for known in synonyms.SYNONYMS:
        assert forks.fork_of_field(*known.split("."))


@pytest.mark.parametrize("text", ["device_id: [2, 1]", "device_id: 2 device_id: 1"])
def test_the_first_of_several_devices_is_taken(text, caplog):
    solver = caffe_pb2.SolverParameter()
    parse(f"base_lr: 0.1\n{text} max_iter: 3", solver, "solver.prototxt")
    assert solver == caffe_pb2.SolverParameter(base_lr=0.1, device_id=2, max_iter=3)
    (note,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert note.getMessage() == (
        "solver.prototxt:2: `device_id` has several values, as in some forks; the first one is "
        "taken"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("device_id: [0, 1 max_iter: 3", "expected in the list of `device_id`"),
        ("device_id: []", "a value expected"),
        ("max_iter: [3, 4]", "a list found, a single value expected"),
        ("max_iter: 3 max_iter: 4", "given twice"),
    ],
)
def test_lists_of_single_values_are_told(text, message):
    with pytest.raises(PrototxtError, match=message):
        parse(text, caffe_pb2.SolverParameter())
