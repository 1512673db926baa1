"""What a net is made of: shapes, parameters, multiply-adds, memory."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf import text_format

from minicaffe.errors import GraphError, MemoryLimitError
from minicaffe.net.summary import NetSummary, summarize_net
from minicaffe.options import Limits
from minicaffe.proto import caffe_pb2


def summary(text: str, phase: int = caffe_pb2.TRAIN, **options: Any) -> NetSummary:
    param = text_format.Parse(text, caffe_pb2.NetParameter())
    param.state.phase = phase
    return summarize_net(param, **options)


def input_layer(*shape: int, name: str = "x") -> str:
    dims = " ".join(f"dim: {length}" for length in shape)
    return (
        f'layer {{ name: "{name}" type: "Input" top: "{name}" '
        f"input_param {{ shape {{ {dims} }} }} }}"
    )


@pytest.mark.parametrize(
    ("kind", "shape", "param", "top", "parameters", "products"),
    [
        # every output is a sum over kernel and the channels of its group
        ("Convolution", (2, 6, 5, 7), "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 "
         "group: 2 }", (2, 4, 3, 6), 4 * 3 * 6 + 4, 2 * 4 * 3 * 6 * (3 * 3 * 2)),
        # every input is spread over kernel and the outputs of its group
        ("Deconvolution", (2, 6, 3, 5), "convolution_param { num_output: 4 kernel_size: 3 "
         "stride: 2 group: 2 bias_term: false }", (2, 4, 7, 11), 6 * 2 * 9,
         2 * 6 * 3 * 5 * (2 * 9)),
        ("InnerProduct", (2, 3, 4, 5), "inner_product_param { num_output: 7 }", (2, 7),
         7 * 60 + 7, 2 * 7 * 60),
        ("InnerProduct", (2, 3, 4, 5), "inner_product_param { num_output: 7 axis: 2 "
         "transpose: true }", (2, 3, 7), 7 * 20 + 7, 2 * 3 * 7 * 20),
        ("ReLU", (2, 3, 4, 5), "", (2, 3, 4, 5), 0, 0),
        ("PReLU", (2, 3, 4, 5), "", (2, 3, 4, 5), 3, 0),
    ],
)  # fmt: skip
def test_a_layer(
    kind: str, shape: tuple[int, ...], param: str, top: tuple[int, ...], parameters: int,
    products: int,
) -> None:  # fmt: skip
    found = summary(
        input_layer(*shape) + f'layer {{ name: "one" type: "{kind}" bottom: "x" top: "y" {param} }}'
    )
    assert found.layers[1].shapes == (top,)
    assert found.layers[1].parameters == found.parameters == parameters
    assert found.layers[1].multiply_adds == found.multiply_adds == products
    assert found.values == math.prod(shape) + math.prod(top)
    assert (found.batch, found.notes, found.complete) == (2, [], True)


@pytest.mark.parametrize(
    ("kind", "static", "want"),
    [
        # 3 steps of 2 items; 4 inputs, 5 hidden values, 4 gates: W_xc and W_hc
        ("LSTM", False, 3 * 2 * (4 * 5 * 4 + 4 * 5 * 5)),
        ("LSTM", True, 3 * 2 * (4 * 5 * 4 + 4 * 5 * 5) + 2 * (4 * 5 * 6)),
        # W_xh, W_hh, W_ho
        ("RNN", False, 3 * 2 * (5 * 4 + 5 * 5 + 5 * 5)),
        ("RNN", True, 3 * 2 * (5 * 4 + 5 * 5 + 5 * 5) + 2 * (5 * 6)),
    ],
)
def test_recurrent_layers(kind: str, static: bool, want: int) -> None:
    text = input_layer(3, 2, 4) + input_layer(3, 2, name="cont") + input_layer(2, 6, name="s")
    bottoms = 'bottom: "x" bottom: "cont"' + (' bottom: "s"' if static else "")
    text += (
        f'layer {{ name: "r" type: "{kind}" {bottoms} top: "y" recurrent_param {{ num_output: 5 '
        'weight_filler { type: "uniform" } } }'
    )
    assert summary(text).multiply_adds == want


PAIR = (
    input_layer(2, 3, 4)
    + """
layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { lr_mult: 0 }
  inner_product_param { num_output: 12 } }
layer { name: "relu" type: "ReLU" bottom: "a" top: "a" }
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b" param { name: "w" }
  inner_product_param { num_output: 12 bias_term: false } }
layer { name: "sum" type: "Eltwise" bottom: "a" bottom: "b" top: "sum" }
"""
)


def test_shared_weights_and_work_in_place_count_once() -> None:
    found = summary(PAIR)
    assert [layer.param.name for layer in found.layers] == ["x", "a", "relu", "b", "sum"]
    assert [layer.parameters for layer in found.layers] == [0, 144 + 12, 0, 0, 0]
    assert (found.parameters, found.learned) == (156, 144)
    assert [layer.values for layer in found.layers] == [24, 24, 0, 24, 24]
    assert found.multiply_adds == 2 * 2 * 144


def data_layer(kind: str, rest: str) -> str:
    field = {"Data": "data_param", "ImageData": "image_data_param", "HDF5Data": "hdf5_data_param"}
    return (
        f'layer {{ name: "d" type: "{kind}" top: "data" top: "label" '
        f'{field[kind]} {{ source: "/nowhere" batch_size: 6 {rest} }} }} '
        'layer { name: "p" type: "Pooling" bottom: "data" top: "p" '
        "pooling_param { kernel_size: 2 } }"
    )


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (data_layer("Data", "} transform_param { crop_size: 9"), (6, 3, 9, 9)),
        (data_layer("Data", "} transform_param { crop_size: 9 force_gray: true"), (6, 1, 9, 9)),
        (data_layer("ImageData", "new_height: 8 new_width: 7 is_color: false"), (6, 1, 8, 7)),
    ],
)
def test_a_missing_database_is_assumed(layer: str, want: tuple[int, ...]) -> None:
    found = summary(layer)
    assert found.layers[0].shapes == (want, (6,))
    assert found.layers[0].param.type != "Input"  # what is shown is what was given
    (note,) = found.notes
    assert "'/nowhere', which is not there: 6×" in note
    assert "was assumed for 'data'" in note


@pytest.mark.parametrize("kind", ["Data", "HDF5Data"])
def test_a_missing_database_of_unknown_size(kind: str) -> None:
    found = summary(data_layer(kind, ""))
    assert not found.complete
    assert [layer.shapes for layer in found.layers] == [None, None]
    assert found.notes == ["layer 'd' reads '/nowhere', which is not there"]
    given = summary(data_layer(kind, ""), shapes={"data": (2, 3, 4, 6)})
    assert given.layers[0].shapes == ((2, 3, 4, 6), (2,))
    assert given.layers[1].shapes == ((2, 3, 3, 5),)
    assert given.notes == []


def test_an_input_of_another_shape() -> None:
    found = summary(PAIR, shapes={"x": (5, 3, 4)})
    assert (found.batch, found.multiply_adds) == (5, 2 * 5 * 144)


def test_a_shape_of_what_is_no_input() -> None:
    with pytest.raises(GraphError, match="makes a blob 'xx'; did you mean `x`"):
        summary(PAIR, shapes={"xx": (5, 3, 4)})


PYTHON = (
    input_layer(2, 3)
    + 'layer { name: "p" type: "Python" bottom: "x" top: "y" '
    + 'python_param { module: "tests.test_summary" layer: "Twice" } }'
)


def test_python_layers_run_only_when_allowed() -> None:
    found = summary(PYTHON)
    assert not found.complete
    assert found.notes == ["layer 'p' is a Python layer, whose code was not run"]
    with pytest.raises(GraphError, match="Twice"):  # this module has none
        summary(PYTHON, limits=Limits())


def test_no_layer_writes_files(tmp_path: Any) -> None:
    text = input_layer(2, 3) + input_layer(2, name="label")
    text += (
        'layer { name: "o" type: "HDF5Output" bottom: "x" bottom: "label" '
        f"hdf5_output_param {{ file_name: '{tmp_path / 'out.h5'}' }} }}"
    )
    assert summary(text).complete
    assert list(tmp_path.iterdir()) == []


def test_a_net_beyond_the_limit() -> None:
    with pytest.raises(MemoryLimitError):
        summary(PAIR, limits=Limits(max_memory=100))


def test_a_broken_net() -> None:
    with pytest.raises(GraphError, match=r"x.prototxt: layer 'r' .*: unknown bottom blob 'z'"):
        summary('layer { name: "r" type: "ReLU" bottom: "z" top: "y" }', path="x.prototxt")


def test_mistakes_are_reported_where_no_shape_is_known() -> None:
    """A data file that is not there hides no unknown type, bottom or filler."""
    text = """
layer { name: "data" type: "Data" top: "data" data_param { source: "nowhere" batch_size: 3 } }
layer { name: "c" type: "Convolutoin" bottom: "data" top: "c" }
layer { name: "d" type: "ReLU" bottom: "dta" top: "d" }
layer { name: "e" type: "InnerProduct" bottom: "data" top: "e"
  inner_product_param { num_output: 3 weight_filler { type: "xaver" } } }
"""
    with pytest.raises(GraphError) as caught:
        summary(text)
    for words in ("'Convolutoin'; did you mean", "'dta': no earlier layer", "filler type 'xaver'"):
        assert words in str(caught.value)
