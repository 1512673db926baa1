"""Folding whole nets: what becomes part of what, what stays and why, and equal results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.convert.compare import Difference, compare_nets, random_inputs
from minicaffe.convert.fold_bn import Folded, fold_net
from minicaffe.errors import GraphError, ShapeError
from minicaffe.proto import caffe_pb2

SHAPE = (2, 4, 7, 6)
CONV = "num_output: 6 weight_filler { type: 'gaussian' std: 0.5 } bias_filler { type: 'gaussian' }"
BN = 'layer { name: "bn" type: "BatchNorm" bottom: "x" top: "x" }'
SCALE = 'layer { name: "scale" type: "Scale" bottom: "x" top: "x" scale_param { bias_term: true } }'
BIAS = 'layer { name: "bias" type: "Bias" bottom: "x" top: "x" }'
RELU = 'layer { name: "relu" type: "ReLU" bottom: "x" top: "x" }'


def layer(name: str, kind: str, bottom: str, top: str, text: str = "") -> str:
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" {text} }}'


def conv(text: str = "kernel_size: 3", bottom: str = "data", top: str = "x", **given: str) -> str:
    kind, name = given.get("kind", "Convolution"), given.get("name", "conv")
    text = f"convolution_param {{ {CONV} {text} }} {given.get('extra', '')}"
    return layer(name, kind, bottom, top, text)


def product(text: str = "", bottom: str = "data", top: str = "x", name: str = "fc") -> str:
    filler = "weight_filler { type: 'gaussian' } bias_filler { type: 'gaussian' }"
    text = f"inner_product_param {{ num_output: 5 {filler} {text} }}"
    return layer(name, "InnerProduct", bottom, top, text)


def make(*layers: str, shape: tuple[int, ...] = SHAPE) -> tuple[Any, Net]:
    """A net with statistics and parameters of all kinds."""
    dims = "".join(f"dim: {length} " for length in shape)
    data = (
        f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ {dims} }} }} }}'
    )
    param = text_format.Parse(data + " ".join(layers), caffe_pb2.NetParameter())
    net = Net(param, TEST, seed=1)
    rng = np.random.default_rng(2)
    for node in net.nodes:
        if node.layer.type in ("BatchNorm", "Scale", "Bias"):
            for blob in node.layer.blobs:
                blob.data[...] = rng.uniform(0.5, 2, blob.shape)
    return param, net


def fold(*layers: str, shape: tuple[int, ...] = SHAPE) -> Folded:
    """Fold, and make sure that the results are the same."""
    param, net = make(*layers, shape=shape)
    before = text_format.MessageToString(param)
    folded = fold_net(param, net)
    assert text_format.MessageToString(param) == before
    smaller = folded.build()
    assert (smaller.inputs, smaller.outputs) == (net.inputs, net.outputs)
    difference = compare_nets(net, smaller, random_inputs(net, seed=4))
    assert difference.scale > 0.1
    assert difference.relative < 1e-5
    return folded


def left(folded: Folded) -> list[str]:
    return [part.name for part in folded.param.layer if part.type != "Input"]


# ------------------------------------------------------------------------- into the layer before


@pytest.mark.parametrize(
    "linear",
    [
        conv(),
        conv("kernel_size: 3 pad: 1 stride: 2 bias_term: false"),
        conv("kernel_size: 2 group: 2 dilation: 2"),
        conv("kernel_size: 3 stride: 2 pad: 1", kind="Deconvolution"),
        conv("kernel_size: 2 group: 2 bias_term: false", kind="Deconvolution"),
        product(),
        product("bias_term: false"),
        product("transpose: true"),
    ],
)
def test_into_the_layer_before(linear: str) -> None:
    folded = fold(linear, BN, SCALE, RELU)
    name = "fc" if "InnerProduct" in linear else "conv"
    assert left(folded) == [name, "relu"]
    assert folded.folded == [("bn", name), ("scale", name)]
    assert not folded.kept


def test_batch_norm_alone_and_other_affine_layers() -> None:
    assert left(fold(conv(), BN)) == ["conv"]
    assert left(fold(conv(), SCALE, BIAS, RELU)) == ["conv", "relu"]
    assert left(fold(conv(), BN, SCALE, BIAS, RELU)) == ["conv", "relu"]


def test_with_tops_of_their_own() -> None:
    folded = fold(
        conv(top="c"),
        layer("bn", "BatchNorm", "c", "b"),
        layer("scale", "Scale", "b", "s", "scale_param { bias_term: true }"),
        layer("relu", "ReLU", "s", "r"),
    )
    assert left(folded) == ["conv", "relu"]
    assert list(folded.param.layer[1].top) == ["s"]  # holds what s held


def test_one_and_three_spatial_axes() -> None:
    assert left(fold(conv(), BN, SCALE, shape=(2, 4, 9))) == ["conv"]
    assert left(fold(conv("kernel_size: 2"), BN, SCALE, shape=(2, 4, 3, 4, 5))) == ["conv"]


def test_a_stored_weight_of_zero_counts_as_in_caffe() -> None:
    param, net = make(conv(), BN)
    net.params["bn"][2].data[...] = 0
    smaller = fold_net(param, net).build()
    difference = compare_nets(net, smaller, random_inputs(net))
    assert difference.scale > 300  # times 1 / √eps
    assert difference.relative < 1e-5


def test_a_residual_block() -> None:
    folded = fold(
        conv("kernel_size: 3 pad: 1", name="stem"),
        conv("kernel_size: 3 pad: 1", bottom="x", top="y"),
        layer("bn", "BatchNorm", "y", "y"),
        layer("scale", "Scale", "y", "y", "scale_param { bias_term: true }"),
        'layer { name: "sum" type: "Eltwise" bottom: "x" bottom: "y" top: "sum" }',
    )
    assert left(folded) == ["stem", "conv", "sum"]


# ------------------------------------------------------------------------- into the layer after


def test_into_the_next_layer() -> None:
    """As in nets that normalise their input, or before the activation of the layer before."""
    folded = fold(
        layer("bn", "BatchNorm", "data", "n"),
        layer("scale", "Scale", "n", "n", "scale_param { bias_term: true }"),
        conv("kernel_size: 3 group: 2 bias_term: false", bottom="n"),
        RELU,
        layer("bn2", "BatchNorm", "x", "m"),
        product(bottom="m", top="out"),
    )
    assert left(folded) == ["conv", "relu", "fc"]
    assert folded.folded == [("bn2", "fc"), ("scale", "conv"), ("bn", "conv")]
    assert list(folded.param.layer[1].bottom) == ["data"]
    assert list(folded.param.layer[3].bottom) == ["x"]


def test_after_a_transposed_product() -> None:
    assert left(fold(BN.replace('"x"', '"data"'), product("transpose: true"))) == ["fc"]


def test_padding_shows_an_offset_but_no_factor() -> None:
    after = conv("kernel_size: 3 pad: 1", bottom="s")
    folded = fold(layer("bn", "BatchNorm", "data", "s"), after)
    assert left(folded) == ["bn", "conv"]
    assert folded.kept == [
        ("bn", "before it: data is an Input; after it: conv pads its input with zeros")
    ]
    assert left(fold(layer("scale", "Scale", "data", "s"), after)) == ["conv"]


def test_not_into_a_following_deconvolution() -> None:
    folded = fold(layer("bn", "BatchNorm", "data", "n"), conv(kind="Deconvolution", bottom="n"))
    assert folded.kept[0][1].endswith("after it: conv is a Deconvolution")


def test_values_in_the_text_itself_are_folded_too() -> None:
    text = "blobs { shape { dim: 5 dim: 168 } " + "data: 0.5 " * 840 + "}"
    linear = product("bias_term: false").replace(
        "inner_product_param", f"{text} inner_product_param"
    )
    assert left(fold(linear, BN, SCALE)) == ["fc"]


# -------------------------------------------------------------------------------- what stays


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        (
            [conv(top="c"), layer("bn", "BatchNorm", "c", "b"), layer("tanh", "TanH", "c", "t")],
            "the result of conv is also read by tanh; after it: its result is an output",
        ),
        (
            [conv(), RELU, BN, layer("tanh", "TanH", "x", "t")],
            "before it: relu is a ReLU; after it: tanh is a TanH",
        ),
        (
            [conv(), layer("bn", "BatchNorm", "x", "x",
                           "batch_norm_param { use_global_stats: false }")],
            "uses the batch's statistics (use_global_stats: false)",
        ),
        (
            [
                conv(extra='param { name: "w" } param { name: "b" }'),
                BN,
                conv(bottom="data", top="z", name="twin",
                     extra='param { name: "w" } param { name: "b" }'),
            ],
            "conv shares its weights with another layer",
        ),
        (
            [conv(), layer("scale", "Scale", "x", "x", "scale_param { axis: 2 }")],
            "other values than one for each channel",
        ),
        (
            [product("axis: 2"), layer("bn", "BatchNorm", "x", "x")],
            "fc has its channels on another axis than 1",
        ),
    ],
)  # fmt: skip
def test_what_stays_and_why(layers: list[str], says: str) -> None:
    folded = fold(*layers)
    assert folded.folded == []
    assert len(folded.kept) == 1
    assert says in folded.kept[0][1]


def test_two_bottoms_of_one_convolution() -> None:
    both = """layer { name: "conv" type: "Convolution" bottom: "data" bottom: "data" top: "x"
              top: "z" convolution_param { num_output: 6 kernel_size: 3
              weight_filler { type: "gaussian" } } }"""
    folded = fold(both, BN)
    assert "conv works on several blobs" in folded.kept[0][1]


def test_a_scale_by_another_blob_is_no_matter_of_folding() -> None:
    other = 'layer { name: "scale" type: "Scale" bottom: "x" bottom: "x" top: "y" '
    other += "scale_param { axis: 0 } }"
    assert fold(conv(), BN, other).folded == [("bn", "conv")]


def test_without_variance_and_eps() -> None:
    bn = layer("bn", "BatchNorm", "x", "x", "batch_norm_param { eps: 0 }")
    param, net = make(conv(), bn)
    net.params["bn"][1].data[2] = 0
    folded = fold_net(param, net)
    assert "not finite: variance + eps is 0" in folded.kept[0][1]


def test_layers_of_one_name_are_refused() -> None:
    param, net = make(conv(), layer("conv", "ReLU", "x", "x"))
    with pytest.raises(GraphError, match="2 layers are named 'conv'"):
        fold_net(param, net)


# ------------------------------------------------------------------------- layers that do nothing


def test_dropout_and_split_go() -> None:
    folded = fold(
        conv(top="c"),
        layer("drop", "Dropout", "c", "d"),
        'layer { name: "split" type: "Split" bottom: "d" top: "e" top: "f" }',
        layer("one", "ReLU", "e", "g"),
        layer("two", "TanH", "f", "h"),
    )
    assert left(folded) == ["conv", "one", "two"]
    assert folded.removed == ["drop", "split"]


def test_a_dropout_in_between_is_no_obstacle() -> None:
    drop = layer("drop", "Dropout", "x", "x")
    assert left(fold(conv(), drop, BN, SCALE, drop.replace('"drop"', '"drop2"'))) == ["conv"]


# -------------------------------------------------------------------------------- comparison


def test_a_difference_is_seen_where_a_softmax_hides_it() -> None:
    layers = product(), layer("prob", "Softmax", "x", "prob")
    nets = [make(*layers)[1] for _ in range(2)]
    for net in nets:
        net.params["fc"][1].data[...] = [100, 0, 0, 0, 0]
    nets[1].params["fc"][1].data[1] = 0.25
    difference = compare_nets(*nets, random_inputs(nets[0], like={"data": np.zeros((1, 1))}))
    assert np.abs(nets[0].blobs["prob"].data - nets[1].blobs["prob"].data).max() < 1e-9
    assert difference.largest == pytest.approx(0.25, abs=1e-4)


def test_values_that_are_not_finite_never_agree() -> None:
    assert Difference(float("nan"), 1.0, 1).relative == float("inf")


def test_random_inputs_are_like_given_ones() -> None:
    _, net = make(conv(), shape=(50, 4, 7, 6))
    like = {"data": np.array([[98.0, 102.0]])}
    made = random_inputs(net, like=like)["data"]
    assert made.shape == (50, 4, 7, 6)
    assert abs(made.mean() - 100) < 0.5
    assert abs(made.std() - 2) < 0.1


def test_inputs_that_do_not_fit() -> None:
    _, net = make(conv())
    with pytest.raises(GraphError, match="given for dota; the net's inputs are data"):
        compare_nets(net, net, {"dota": np.zeros(SHAPE)})
    with pytest.raises(ShapeError, match="shape 2×4×7, but the net takes N×4×7×6"):
        compare_nets(net, net, {"data": np.zeros((2, 4, 7))})
