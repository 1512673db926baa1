"""Crop layers that leave it to the net where one bottom lies on the other."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import GraphError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import read_net
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net

DATA = (
    'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: [1, 1, 9, 7] } } }\n'
)
FCN8S = Path(__file__).parents[2] / "models" / "fcn8s" / "deploy.prototxt"


def net(text: str, dialect: str | None = None) -> Net:
    param = caffe_pb2.NetParameter()
    parse(text.encode(), param)
    return Net(upgrade_net(param, None), TEST, dialect=dialect)


def crop(first: str, second: str = "data", settings: str = "", top: str = "cut") -> str:
    return f'layer {{ name: "{top}" type: "Crop" bottom: "{first}" bottom: "{second}" ' + (
        f'top: "{top}" {settings} }}\n'
    )


def convolution(settings: str, bottom: str = "data", top: str = "c") -> str:
    return (
        f'layer {{ name: "{top}" type: "Convolution" bottom: "{bottom}" top: "{top}" '
        f"convolution_param {{ num_output: 1 bias_term: false {settings} }} }}\n"
    )


def keep_the_middle(built: Net) -> None:
    """Let each convolution hand on the pixel in the middle of its window."""
    for blobs in built.params.values():
        weights = blobs[0].data
        weights[...] = 0
        weights[0, 0, weights.shape[2] // 2, weights.shape[3] // 2] = 1


def run(built: Net) -> tuple[np.ndarray, np.ndarray]:
    """What is cut, and the picture that it is cut from."""
    picture = np.random.default_rng(3).normal(size=(1, 1, 9, 7)).astype(np.float32)
    built.blobs["data"].data[...] = picture
    keep_the_middle(built)
    return built.forward()["cut"].copy(), picture


PADDED = [
    convolution("kernel_size: 3 pad: 5"),
    convolution("kernel_h: 3 kernel_w: 5 pad_h: 4 pad_w: 6"),
    convolution("kernel_size: 3 dilation: 2 pad: 6"),
    convolution("kernel_size: 3 pad: 5", top="b")
    + 'layer { name: "r" type: "Softmax" bottom: "b" top: "s" softmax_param { axis: 0 } }\n'
    + 'layer { name: "j" type: "Concat" bottom: "b" bottom: "s" top: "j" }\n'
    + 'layer { name: "p" type: "Slice" bottom: "j" top: "c" top: "rest" }\n'
    + 'layer { name: "n" type: "Silence" bottom: "rest" }\n',
]


@pytest.mark.parametrize("text", PADDED)
def test_the_picture_is_found_in_a_padded_one(text: str) -> None:
    cut, picture = run(net(DATA + text + crop("c")))
    np.testing.assert_array_equal(cut, picture)


def test_a_crop_above_a_crop_counts_with_its_own_offset() -> None:
    more = convolution("kernel_size: 1 pad: 2", "first", "d")
    text = DATA + convolution("kernel_size: 3 pad: 5") + crop("c", "data", "", "first") + more
    cut, picture = run(net(text + crop("d")))
    np.testing.assert_array_equal(cut, picture)


def test_fcn_8s_is_cut_where_its_authors_say() -> None:
    """The published text has the offsets that the first version computed."""
    param = read_net(str(FCN8S))
    published = {}
    for layer in param.layer:
        if layer.type == "Input":
            layer.input_param.shape[0].dim[2:] = [33, 42]
        if layer.type == "Crop":
            published[layer.name] = list(layer.crop_param.offset) * 2
            layer.ClearField("crop_param")
    assert sorted(published.values()) == [[5, 5], [9, 9], [31, 31]]
    built = Net(param, TEST)
    rng = np.random.default_rng(0)
    for name, (first, second) in published.items():
        layer = built.layer_dict[name]
        bottom, top = (
            [built.blobs[b] for b in names]
            for names in (built.bottom_names[name], built.top_names[name])
        )
        bottom[0].data[...] = rng.normal(size=bottom[0].shape)
        layer.forward(bottom, top)
        height, width = bottom[1].shape[2:]
        part = bottom[0].data[:, :, first : first + height, second : second + width]
        np.testing.assert_array_equal(top[0].data, part)


OLD = """input: "data" input_dim: 1 input_dim: 1 input_dim: 9 input_dim: 7
layers { name: "c" type: CONVOLUTION bottom: "data" top: "c"
  convolution_param { num_output: 1 bias_term: false kernel_size: 3 pad: %s } }
layers { name: "cut" type: CROP bottom: "c" bottom: "data" top: "cut" }
"""


def test_the_old_layer_has_no_settings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cut, picture = run(net(OLD % 5))
    np.testing.assert_array_equal(cut, picture)
    [note] = [record for record in caplog.records if "Crop" in record.message]
    assert note.levelno == logging.INFO
    assert "because the offset is left to the net" in note.message


def test_an_assumption_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    text = DATA + convolution("kernel_size: 3 pad: 5") + crop("c", top="first") + crop("c")
    net(text)
    [note] = caplog.records
    assert note.levelno == logging.WARNING
    assert "2 layers of type Crop read as in FCN's first branch of Caffe" in note.message
    assert "because crop_param is not given and the bottoms lie apart" in note.message


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (convolution("kernel_size: 3 pad: 5") + crop("c"), "caffe"),
        (convolution("kernel_size: 3 pad: 5") + crop("c", "data", "crop_param { }"), None),
        (convolution("kernel_size: 3 pad: 5") + crop("c", "data", "crop_param { }"), "fcn"),
        (convolution("kernel_size: 2 pad: 5") + crop("c"), None),  # half a pixel apart
    ],
)
def test_caffes_meaning_is_offset_0(
    text: str, dialect: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    built = net(DATA + text, dialect)
    cut, _ = run(built)
    np.testing.assert_array_equal(cut, built.blobs["c"].data[:, :, :9, :7])
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


REFUSED = [
    (convolution("kernel_size: 2 pad: 5") + crop("c"), "noninteger offset"),
    (convolution("kernel_size: 1 stride: 2 pad: 9") + crop("c"), "scale mismatch"),
    (convolution("kernel_size: 11 pad: 9") + crop("data", "c"), "negative offset"),
    (
        'layer { name: "f" type: "Tile" bottom: "data" top: "c" } ' + crop("c"),
        r"layer 'f' \(Tile\) has no map of coordinates",
    ),
    (
        DATA.replace("data", "c", 2).replace("9, 7", "12, 12") + crop("c"),
        "'c' and 'data' are not made of one blob",
    ),
    (
        convolution("kernel_size: 3 pad: 5")
        + crop("c", "data", "crop_param { align: true offset: 1 }"),
        "both align and offset are given",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_aligned_is_told(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        net(DATA + text, "fcn")


def test_many_crops_above_each_other_take_no_stack() -> None:
    names = ["data", *(f"cut{index}" for index in range(1200))]
    text = "".join(crop(a, a, "", b) for a, b in pairwise(names))
    assert net(DATA + text).blobs["cut1199"].shape == (1, 1, 9, 7)


def test_a_bottom_that_only_a_layer_in_place_makes_is_told() -> None:
    """Such a layer is its own maker: the way upwards ends there, and the mistake is told."""
    text = """
    layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 2, 4, 4] } } }
    layer { name: "s" type: "Scale" bottom: "lost" top: "lost" }
    layer { name: "y" type: "Input" top: "y" input_param { shape { dim: [1, 2, 2, 2] } } }
    layer { name: "c" type: "Crop" bottom: "lost" bottom: "y" top: "c" }
    """
    param = caffe_pb2.NetParameter()
    parse(text, param)
    with pytest.raises(GraphError, match="bottom blob 'lost' is the layer's own top"):
        Net(param, TEST)
