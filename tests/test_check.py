"""All mistakes of a net at once, with their places, before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

import minicaffe
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2

NET = """\
layer { name: "data" type: "Data" top: "data" top: "label"
  data_param { source: "no_such_database" batch_size: 4 } }
layer { name: "img" type: "Input" top: "img" input_param { shape { dim: [2, 3, 8, 8] } } }
layer {
  name: "conv1"
  type: "Convolutoin"
  bottom: "data"
  top: "conv1"
}
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" }
layer {
  name: "conv2"
  type: "Convolution"
  bottom: "pool1"
  top: "conv1"
  convolution_param {
    num_output: 3 kernel_size: 3
    weight_filler { type: "xavierr" }
    bias_filler: { type: "constnat" }
  }
}
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2" }
layer { name: "ip" type: "InnerProduct" bottom: "pol1" top: "ip" }
layer { name: "large" type: "Convolution" bottom: "img" top: "large"
  convolution_param { num_output: 4 kernel_size: 9 } }
layer { name: "still" type: "Convolution" bottom: "img" top: "still"
  convolution_param { num_output: 4 kernel_size: 3 stride: 0 } }
layer { name: "after" type: "ReLU" bottom: "still" top: "after" }
layer { name: "x" type: "Nms" bottom: ["img", "ig"] top: "xx" }
"""


def problems(path: Path, text: str) -> tuple[MinicaffeError, list[str]]:
    path.write_text(text)
    with pytest.raises(MinicaffeError) as caught:
        minicaffe.Net(path)
    return caught.value, str(caught.value).replace(f"{path}:", "").split("\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.prototxt"


def test_all_at_once_and_the_database_is_not_asked_for(path: Path) -> None:
    error, lines = problems(path, NET)
    assert isinstance(error, GraphError)
    found = list(zip(lines[::3], lines[1::3], lines[2::3], strict=True))
    assert [line.split(";")[0] for line, _, _ in found] == [
        "6:9: layer 'conv1' (Convolutoin): unknown layer type 'Convolutoin'",
        "15:8: layer 'conv2' (Convolution): top blob 'conv1' is already produced by layer "
        "'conv1' (line 4)",
        "18:27: layer 'conv2' (Convolution): weight_filler: unknown filler type 'xavierr'",
        "19:26: layer 'conv2' (Convolution): bias_filler: unknown filler type 'constnat'",
        "23:49: layer 'ip' (InnerProduct): unknown bottom blob 'pol1': no earlier layer produces "
        "it",
        "24:1: layer 'large' (Convolution): a kernel spanning 9×9 does not fit into an image of "
        "8×8 padded by 0×0",
        "26:1: layer 'still' (Convolution): stride is 0×0, expected at least 1 everywhere",
        "29:47: layer 'x' (Nms): unknown bottom blob 'ig': no earlier layer produces it",
        "29:25: layer 'x' (Nms): unknown layer type 'Nms'",
    ]
    for line, shown, caret in found:
        column = int(line.split(":")[1])
        assert shown == "    " + NET.split("\n")[int(line.split(":")[0]) - 1]
        assert caret.index("^") == 4 + column - 1
    assert [one.line for one in error.problems] == [6, 15, 18, 19, 23, 24, 26, 29, 29]


def test_a_bottom_with_the_name_of_a_layer_says_what_that_produces(path: Path) -> None:
    _, lines = problems(
        path,
        'layer { name: "a" type: "Input" top: "b" }\n'
        'layer { name: "r" type: "ReLU" bottom: "a" top: "r" }\n',
    )
    assert lines[0] == (
        "2:40: layer 'r' (ReLU): unknown bottom blob 'a': no earlier layer produces it; layer 'a' "
        "produces 'b'"
    )


def test_shapes_that_are_wrong_in_several_layers(path: Path) -> None:
    text = NET.split("\n")
    error, lines = problems(path, "\n".join([text[2], *text[23:28]]))
    assert isinstance(error, ShapeError)
    assert [line.split(":")[0] for line in lines[::3]] == ["2", "4"]


def test_a_field_that_a_message_names_is_shown(path: Path) -> None:
    text = NET.split("\n")[2] + '\nlayer { name: "c" type: "Convolution" bottom: "img" top: "c"\n'
    _, lines = problems(path, text + "  convolution_param { num_output: 0 kernel_size: 1 } }")
    assert lines[0].startswith("3:23: layer 'c' (Convolution): num_output is missing or 0")


def test_unused_fillers_are_left_alone(path: Path) -> None:
    text = NET.split("\n")[2] + '\nlayer { name: "c" type: "Convolution" bottom: "img" top: "c"\n'
    path.write_text(text + "  convolution_param { num_output: 1 kernel_size: 1 bias_term: false "
                    'bias_filler { type: "none" } } }')  # fmt: skip
    minicaffe.Net(path)


def test_no_file_no_column() -> None:
    net = caffe_pb2.NetParameter()
    net.layer.add(name="a", type="Relu", bottom=["x"], top=["y"])
    with pytest.raises(GraphError) as caught:
        minicaffe.Net(net)
    assert str(caught.value).split("\n") == [
        "layer 'a' (Relu): unknown bottom blob 'x': no earlier layer produces it",
        "layer 'a' (Relu): unknown layer type 'Relu'; did you mean `ReLU`?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'layers { name: "d" type: DUMMY_DATA top: "d" dummy_data_param { shape { dim: 4 } } }\n'
        'layers { name: "r" type: RELU bottom: "e" top: "r" }\n',
        'layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 4 } } } '
        'layer { name: "q" type: "ReLU" bottom: "d" top: "q" }\n'
        'layer: < name: "r" type: "ReLU" bottom: [ "e" ] top: "r" >\n',
    ],
)
def test_other_forms_of_layers(path: Path, text: str) -> None:
    _, lines = problems(path, text)
    assert lines[0].startswith("2:"), lines
    assert lines[1][lines[2].index("^") :].startswith('"e"')
