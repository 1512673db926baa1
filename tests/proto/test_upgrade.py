"""Old nets and solvers become what BVLC Caffe's upgrade tools make of them."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError, SolverError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.upgrade_proto import upgrade_net, upgrade_solver

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = json.loads((GOLDEN / "texts.json").read_text())["cases"]


def net_of(text):
    return text_format.Parse(text, caffe_pb2.NetParameter())


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_text(case):
    kind = getattr(caffe_pb2, case["message"])
    upgrade = {"NetParameter": upgrade_net, "SolverParameter": upgrade_solver}[case["message"]]
    want = text_format.Parse(case["upgraded"], kind())
    got = upgrade(text_format.Parse(case["text"], kind()))
    assert got == want
    assert upgrade(got) == want  # today's form stays as it is


def test_the_golden_texts_are_all_there():
    assert len(CASES) == 17


def test_every_v1_type_has_the_name_of_today():
    """All but the data layers are in a golden text; no name is spelled by accident."""
    types = caffe_pb2.V1LayerParameter.LayerType
    net = caffe_pb2.NetParameter()
    for number in types.values():
        net.layers.add(type=number)
    names = [layer.type for layer in upgrade_net(net).layer]
    assert "" in names
    assert {"ImageData", "WindowData", "HDF5Data", "Im2col", "SoftmaxWithLoss"} <= set(names)
    assert names.count("ROIPooling") == 2  # Fast R-CNN's ROI_POOLING, happynear's ROIPOOLING
    assert len(set(names)) == len(types.keys()) - 1


def test_lines_are_carried_over():
    net = net_of("""
        layers { source_line: 3 layer { name: "c" type: "conv" } bottom: "x" }
        layers { source_line: 7 layer { name: "r" type: "relu" } bottom: "x" }
        input: "x" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4""")
    lines = [(layer.name, layer.source_line) for layer in upgrade_net(net).layer]
    assert lines == [("input", 0), ("c", 3), ("r", 7)]


def test_v1_weights_keep_their_blobs():
    net = caffe_pb2.NetParameter()
    layer = net.layers.add(name="ip", type="INNER_PRODUCT", blobs_lr=[1, 2])
    layer.blobs.add(num=1, channels=1, height=2, width=3, data=range(6))
    layer.blobs.add(num=1, channels=1, height=1, width=2, data=[7, 8])
    got = upgrade_net(caffe_pb2.NetParameter.FromString(net.SerializeToString()))
    assert len(got.layers) == 0
    assert [list(blob.data) for blob in got.layer[0].blobs] == [[0, 1, 2, 3, 4, 5], [7, 8]]
    assert got.layer[0].blobs[0].width == 3


def test_v0_weights_keep_their_blobs():
    net = caffe_pb2.NetParameter()
    old = net.layers.add().layer
    old.name, old.type = "ip", "innerproduct"
    old.blobs.add(data=[1, 2])
    (layer,) = upgrade_net(net).layer
    assert (layer.name, layer.type, list(layer.blobs[0].data)) == ("ip", "InnerProduct", [1, 2])


def test_weights_of_a_fork_with_an_unknown_v1_type():
    """A type number that BVLC does not have (200 here) is not in the way of the blobs."""
    net = caffe_pb2.NetParameter()
    net.layers.add(name="mystery").blobs.add(data=[1, 2])
    layer = net.layers[0].SerializeToString() + b"\x28\xc8\x01"
    data = b"\x12" + bytes([len(layer)]) + layer
    (got,) = upgrade_net(caffe_pb2.NetParameter.FromString(data)).layer
    assert (got.name, got.type, list(got.blobs[0].data)) == ("mystery", "", [1, 2])


@pytest.mark.parametrize(
    ("v0", "field"),
    [
        ('type: "conv" bias_filler { value: 2 }', "convolution_param { bias_filler { value: 2 } }"),
        ('type: "pool" pool: AVE pad: 1', "pooling_param { pool: AVE pad: 1 }"),
        ('type: "pool" pool: STOCHASTIC', "pooling_param { pool: STOCHASTIC }"),
        ('type: "lrn" k: 3', "lrn_param { k: 3 }"),
        ('type: "infogain_loss" source: "h"', 'infogain_loss_param { source: "h" }'),
        (
            'type: "hdf5_data" source: "l" batchsize: 5',
            'hdf5_data_param { source: "l" batch_size: 5 }',
        ),
        (
            'type: "hdf5_output" hdf5_output_param { file_name: "o" }',
            'hdf5_output_param { file_name: "o" }',
        ),
        (
            'type: "window_data" det_fg_threshold: 0.1 det_bg_threshold: 0.2 det_fg_fraction: 0.3'
            ' det_context_pad: 4 det_crop_mode: "square"',
            "window_data_param { fg_threshold: 0.1 bg_threshold: 0.2 fg_fraction: 0.3"
            ' context_pad: 4 crop_mode: "square" }',
        ),
        ('type: "images" rand_skip: 6', "image_data_param { rand_skip: 6 }"),
    ],
)
def test_v0_fields(v0, field):
    (layer,) = upgrade_net(net_of(f"layers {{ layer {{ {v0} }} }}")).layer
    layer.ClearField("type")
    assert layer == text_format.Parse(field, caffe_pb2.LayerParameter())


def test_v0_field_of_another_type_is_ignored_with_a_warning(caplog):
    net = net_of("""
        input: "x"
        layers { source_line: 9 bottom: "x"
                 layer { name: "r" type: "relu" num_output: 3 new_num: 4 } }
        layers { layer { name: "s" type: "relu" hdf5_output_param {} } bottom: "x" }""")
    first, second = upgrade_net(net, "old.prototxt").layer
    assert not first.HasField("inner_product_param")
    assert not second.HasField("hdf5_output_param")
    ignored = [w for w in warnings_of(caplog) if "ignored" in w]
    assert ignored[0] == (
        "old.prototxt:9: layer 'r' (relu): num_output does not belong to this type and is ignored"
    )
    assert ignored[1].startswith("old.prototxt: layer 's' (relu): hdf5_output_param")
    assert len(ignored) == 2


PAD = 'layers { source_line: 2 layer { name: "p" type: "padding" pad: 3 } bottom: "x" top: "px" }'


@pytest.mark.parametrize(
    ("kind", "field"), [("conv", "convolution_param"), ("pool", "pooling_param")]
)
def test_v0_padding_is_folded(kind, field):
    layer = f'layers {{ layer {{ name: "c" type: "{kind}" }} bottom: "px" top: "y" }}'
    (got,) = upgrade_net(net_of(f'input: "x" {PAD} {layer}')).layer
    assert list(got.bottom) == ["x"]
    pad = getattr(got, field).pad
    assert pad in (3, [3])


def test_v0_net_keeps_what_caffe_keeps():
    net = net_of("""
        name: "n" force_backward: true debug_info: true state { level: 3 } input: "x"
        layers { layer { name: "r" type: "relu" } bottom: "x" top: "y" }""")
    got = upgrade_net(net)
    assert (got.name, got.force_backward) == ("n", True)
    assert not got.HasField("debug_info")
    assert not got.HasField("state")
    assert len(got.input) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'layers { source_line: 4 layer { name: "c" type: "convv" } }',
            "old.prototxt:4: layer 'c': unknown V0 layer type 'convv'; did you mean `conv`",
        ),
        (
            'input: "data" layers { source_line: 5 layer { name: "c" type: "conv" } '
            'bottom: "dat" }',
            "old.prototxt:5: layer 'c' (conv): no layer before it produces bottom blob 'dat'; "
            "did you mean `data`?",
        ),
        (
            f'input: "x" {PAD} layers {{ source_line: 6 layer {{ name: "r" type: "relu" }} '
            'bottom: "px" }',
            "old.prototxt:6: layer 'r' (relu): reads padding layer 'p', only conv and pool may",
        ),
        (
            f'input: "x" {PAD} layers {{ layer {{ name: "c" type: "conv" }} '
            'bottom: "px" bottom: "x" }',
            "old.prototxt: layer 'c' (conv): has 2 bottoms after a padding layer, expected 1",
        ),
        (
            'input: "x" layers { source_line: 2 layer { name: "p" type: "padding" } bottom: "x" '
            'top: "q" top: "r" } layers { layer { name: "c" type: "conv" } bottom: "q" }',
            "old.prototxt:2: layer 'p' (padding): a padding layer has one bottom and one top, "
            "not 1 and 2",
        ),
        (
            'layer { source_line: 1 name: "a" } layers { source_line: 8 name: "b" }',
            "old.prototxt:8: the net has both `layer` and `layers`",
        ),
        (
            'layer { name: "a" } layers { name: "b" }',
            "old.prototxt: the net has both `layer` and `layers`",
        ),
        (
            'input: "a" input: "b" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4',
            "old.prototxt: 4 input_dim found for 2 inputs (a, b), expected four for each; use "
            "input_shape",
        ),
        (
            'input: "a" input: "b" input_shape { dim: 1 }',
            "old.prototxt: 1 input_shape found for 2 inputs (a, b), expected one for each",
        ),
    ],
)
def test_refused(text, message):
    net = net_of(text)
    with pytest.raises(GraphError) as caught:
        upgrade_net(net, "old.prototxt")
    assert str(caught.value).startswith(message)


def test_inputs_without_shapes_are_dropped():
    """As weight files of 2014 have them."""
    net = net_of('input: "data" layer { name: "a" type: "ReLU" }')
    got = upgrade_net(net)
    assert [layer.name for layer in got.layer] == ["a"]
    assert len(got.input) == 0


def test_data_layers_without_old_fields_get_empty_messages():
    """Caffe touches all data layers once one of them has an old field."""
    net = net_of("layers { type: DATA } layers { type: DATA data_param { mirror: true } }")
    first, second = upgrade_net(net).layer
    assert first.HasField("transform_param")
    assert first.HasField("data_param")
    assert second.transform_param.mirror
    assert not second.data_param.HasField("mirror")


def test_data_layers_are_left_alone_otherwise():
    (layer,) = upgrade_net(net_of("layers { type: DATA data_param { batch_size: 4 } }")).layer
    assert not layer.HasField("transform_param")


def test_old_fields_of_todays_data_layers_are_warned_of(caplog):
    net = net_of("""
        layer { name: "d" type: "Data" source_line: 4 data_param { scale: 2 crop_size: 3 } }
        layer { name: "e" type: "Data" data_param { batch_size: 3 } }
        layer { name: "f" type: "ImageData" }""")
    upgrade_net(net, "a.prototxt")
    assert warnings_of(caplog) == [
        "a.prototxt:4: layer 'd' (Data): scale, crop_size in data_param has no effect; "
        "move it to transform_param"
    ]


def test_batch_norm_rates_are_set_to_zero_with_a_warning(caplog):
    net = net_of("""
        layer { name: "bn" type: "BatchNorm" source_line: 5
                param { lr_mult: 2 } param { lr_mult: 0 decay_mult: 1 } param {} }
        layer { name: "two" type: "BatchNorm" param { lr_mult: 1 } param { lr_mult: 1 } }""")
    first, second = upgrade_net(net, "bn.prototxt").layer
    assert [(p.lr_mult, p.decay_mult) for p in first.param] == [(0, 0)] * 3
    assert [p.lr_mult for p in second.param] == [1, 1]
    (warning,) = warnings_of(caplog)
    assert warning.startswith("bn.prototxt:5: layer 'bn' (BatchNorm): lr_mult: 2 is taken as 0")


def test_batch_norm_warning_without_a_file(caplog):
    upgrade_net(
        net_of('layer { name: "bn" type: "BatchNorm" param { lr_mult: 1 } param {} param {} }')
    )
    assert warnings_of(caplog)[0].startswith("the net: layer 'bn' (BatchNorm): lr_mult: 1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('layers { layer { name: "r" type: "relu" } }', ["V0LayerParameter"]),
        ("layers { type: RELU }", ["V1LayerParameter"]),
        (
            "layers { type: DATA data_param { scale: 2 } }",
            ["V1LayerParameter", "data transformation fields"],
        ),
        ('input: "x" input_shape { dim: 1 }', ["input fields"]),
        ('layer { name: "x" type: "ReLU" }', []),
    ],
)
def test_each_legacy_format_is_warned_of_once(text, words, caplog):
    upgrade_net(net_of(text), "old.prototxt")
    messages = warnings_of(caplog)
    assert len(messages) == len(words)
    for message, word in zip(messages, words, strict=True):
        assert message.startswith("old.prototxt uses deprecated")
        assert word in message


def test_solver_type_twice_is_refused():
    solver = caffe_pb2.SolverParameter(type="SGD", solver_type="ADAM")
    with pytest.raises(SolverError) as caught:
        upgrade_solver(solver, "s.prototxt")
    assert str(caught.value).startswith(
        's.prototxt: solver_type: ADAM and type: "SGD" are both set'
    )


def test_solver_warning_names_the_new_form(caplog):
    upgrade_solver(caffe_pb2.SolverParameter(solver_type="RMSPROP"), "s.prototxt")
    assert warnings_of(caplog) == ['s.prototxt: solver_type is deprecated; use type: "RMSProp"']
