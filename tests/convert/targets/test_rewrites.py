"""Every rewrite computes what the layer did: on random inputs, odd sizes, in two engines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.convert.targets.pieces import Replacement, one_layer
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import Rewrite, all_rewrites
from minicaffe.net.net import Net as BuiltNet
from minicaffe.proto import caffe_pb2

IMAGE = (2, 6, 7, 5)

#: A layer's settings and its bottoms' shapes, by type; with ``=`` its parameters are made equal.
ROWS: list[tuple[str, str, list[tuple[int, ...]]]] = [
    ("ReLU6", "", [IMAGE]),
    ("ReLU6", "relu6_param { negative_slope: 0.1 }", [(3, 4)]),
    ("Clip", "clip_param { min: 0 max: 6 }", [IMAGE]),
    ("Clip", "clip_param { min: -0.5 max: 0.7 }", [(2, 3)]),
    ("Swish", "", [IMAGE]),
    ("Swish", "swish_param { beta: 1.7 }", [(2, 3)]),
    ("TanH", "", [IMAGE]),
    ("AbsVal", "", [IMAGE]),
    ("ELU", "elu_param { alpha: 0.7 }", [IMAGE]),
    ("SeLu", "", [IMAGE]),
    ("BNLL", "", [IMAGE]),
    ("ReLU", "relu_param { negative_slope: 0.2 }", [IMAGE]),
    ("PReLU", "", [IMAGE]),
    ("PReLU", "prelu_param { channel_shared: true }", [IMAGE]),
    ("Exp", "exp_param { base: 2 scale: 0.5 shift: 0.3 }", [IMAGE]),
    ("Power", "power_param { scale: 1.5 shift: -0.5 }", [IMAGE]),
    ("Power", "power_param { scale: 1.5 }", [(2, 3)]),
    ("Power", "power_param { power: 2 scale: 0.5 shift: 1 }", [IMAGE]),
    ("Power", "power_param { power: 3 }", [IMAGE]),
    ("Bias", "", [IMAGE]),
    ("Scale", "", [IMAGE]),
    ("Scale", "scale_param { bias_term: true }", [IMAGE]),
    ("Scale=", "scale_param { bias_term: true }", [IMAGE]),
    ("BatchNorm", "", [IMAGE]),
    ("BN", "bn_param { eps: 1e-3 }", [IMAGE]),
    ("BatchNorm", "batch_norm_param { use_weight_bias: true bias_term: false }", [(2, 3)]),
    ("Axpy", "", [(2, 6, 1, 1), IMAGE, IMAGE]),
    ("Axpy", "", [(2, 6), IMAGE, IMAGE]),
    ("BatchNorm", "batch_norm_param { scale_bias: true relu: true }", [IMAGE]),
    ("BatchNorm", "batch_norm_param { use_weight_bias: true bias_term: false relu: true }",
     [(2, 3)]),
    ("BroadcastMul", "", [IMAGE, (2, 6, 1, 1)]),
    ("BroadcastMul", "", [(2, 6), IMAGE]),
    ("Eltwise", "eltwise_param { coeff: 0.5 coeff: -1 coeff: 1 }", [IMAGE] * 3),
    ("Eltwise", "eltwise_param { operation: MAX }", [IMAGE] * 3),
    ("Eltwise", "eltwise_param { operation: PROD }", [IMAGE] * 3),
    ("Normalize", "norm_param { across_spatial: false channel_shared: false }", [IMAGE]),
    ("ConvolutionDepthwise", "convolution_param { num_output: 6 kernel_size: 3 }", [IMAGE]),
    ("Convolution", "convolution_param { num_output: 6 group: 6 kernel_size: 3 pad: 1 }", [IMAGE]),
    ("Convolution", "convolution_param { num_output: 4 kernel_size: 2 dilation: 2 pad: 1 }",
     [IMAGE]),
    ("Convolution", "convolution_param { num_output: 4 kernel_size: 2 stride: 2 }", [IMAGE]),
    ("Convolution", "convolution_param { num_output: 4 kernel_size: 4 stride: 3 pad: 1 }",
     [(1, 2, 13, 12)]),
    ("Convolution", "convolution_param { num_output: 4 kernel_size: 3 pad_h: 2 pad_w: 0 }",
     [IMAGE]),
    ("Convolution", "convolution_param { num_output: 4 group: 2 kernel_size: 3 stride: 2 }",
     [IMAGE]),
    ("Convolution", "convolution_param { num_output: 4 kernel_h: 7 kernel_w: 5 }", [IMAGE]),
    ("Deconvolution", "convolution_param { num_output: 4 group: 2 kernel_size: 3 stride: 2 }",
     [IMAGE]),
    ("Deconvolution=", "convolution_param { num_output: 6 group: 6 kernel_size: 2 stride: 2 "
     "bias_term: false }", [IMAGE]),
    ("InnerProduct", "inner_product_param { num_output: 4 transpose: true }", [IMAGE]),
    ("InnerProduct", "inner_product_param { num_output: 4 bias_term: false }", [IMAGE]),
    ("InnerProduct", "inner_product_param { num_output: 4 }", [(3, 5)]),
    ("Pooling", "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }", [IMAGE]),
    ("Pooling", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 round_mode: FLOOR }",
     [(2, 6, 8, 6)]),
    ("Pooling", "pooling_param { kernel_size: 3 stride: 2 round_mode: FLOOR }", [(1, 2, 9, 9)]),
    ("Pooling", "pooling_param { kernel_size: 1 stride: 3 round_mode: FLOOR }", [(1, 2, 9, 9)]),
    ("Pooling", "pooling_param { pool: AVE global_pooling: true }", [(2, 3, 12, 10)]),
    ("Pooling", "pooling_param { global_pooling: true }", [(2, 3, 7, 5)]),
    ("Pooling", "pooling_param { pool: AVE kernel_h: 7 kernel_w: 5 }", [IMAGE]),
    ("Pooling", "pooling_param { kernel_size: 9 pad: 4 stride: 1 }", [(1, 2, 13, 11)]),
    ("Pooling", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", [IMAGE]),
    ("Pooling", "pooling_param { pool: AVE kernel_size: 3 stride: 2 }", [IMAGE]),
    ("Upsample", "upsample_param { scale: 4 }", [(2, 3, 3, 2)]),
    ("Interp", "interp_param { zoom_factor: 3 }", [(2, 3, 4, 5)]),
    ("Interp", "interp_param { height: 7 width: 5 }", [(2, 3, 3, 5)]),
    ("Interp", "interp_param { height: 7 width: 8 }", [(2, 3, 3, 5)]),
    ("Interp", "interp_param { height: 2 width: 9 mode: NEAREST }", [(2, 3, 3, 4)]),
    ("Interp", "interp_param { shrink_factor: 3 }", [(2, 3, 10, 13)]),
    ("Interp", "interp_param { height: 4 width: 13 }", [(2, 3, 10, 13)]),
    ("Interp", "", [(2, 3, 3, 4), (1, 1, 9, 10)]),
    ("Padding", "padding_param { pad_beg: 1 pad_end: 2 }", [IMAGE]),
    ("Padding", "padding_param { pad_beg: -1 pad_end: -2 }", [IMAGE]),
    ("Padding", "padding_param { pad_beg: 2 }", [IMAGE]),
    ("Crop", "crop_param { axis: 2 offset: 1 offset: 2 }", [IMAGE, (1, 1, 4, 3)]),
    ("Crop", "crop_param { axis: 3 offset: 1 }", [IMAGE, (1, 1, 4, 3)]),
    ("ShuffleChannel", "shuffle_channel_param { group: 3 }", [IMAGE]),
    ("ShuffleChannel", "shuffle_channel_param { group: 2 }", [(2, 6)]),
    ("Reorg", "reorg_param { stride: 2 }", [(2, 8, 6, 4)]),
    ("Reorg", "reorg_param { stride: 2 reverse: true }", [(2, 8, 6, 4)]),
    ("Flatten", "", [IMAGE]),
    ("Reshape", "reshape_param { shape { dim: 0 dim: -1 } }", [IMAGE]),
    ("Split", "", [IMAGE]),
    ("Tile", "tile_param { axis: 2 tiles: 3 }", [IMAGE]),
    ("Transpose", "transpose_param { dim: 0 dim: 2 dim: 3 dim: 1 }", [IMAGE]),
    ("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }", [(2, 6, 1, 1)]),
]  # fmt: skip


def site_of(layer_type: str, settings: str, bottoms: list[tuple[int, ...]]) -> Site:
    """The layer with random parameters; statistics are positive."""
    kind = layer_type.rstrip("=")
    names = [f"bottom{index}" for index in range(len(bottoms))]
    text = f'type: "{kind}" top: "top0_0" {settings}'
    param = text_format.Parse(text, caffe_pb2.LayerParameter())
    param.bottom.extend(names)
    made = Replacement(Site(param, tuple(bottoms)))
    with made_net(made, param) as net:
        node = net.nodes[-1]
        rng = np.random.default_rng(3)
        blobs = [rng.uniform(0.5, 2, blob.shape) for blob in node.layer.blobs]
        if layer_type.endswith("="):
            blobs = [np.full_like(blob, 0.75) for blob in blobs]
        return Site(param, tuple(bottoms), tuple(top.shape for top in node.tops), blobs)


def made_net(made: Replacement, param: caffe_pb2.LayerParameter) -> BuiltNet:
    """A net of the layer alone, whose parameters are as they come."""
    net = caffe_pb2.NetParameter()
    for index, shape in enumerate(made.site.bottoms):
        source = net.layer.add(name=f"input{index}", type="Input", top=[made.bottom(index)])
        source.input_param.shape.add(dim=shape)
    net.layer.add(name="layer").CopyFrom(param)
    net.layer[-1].name = "layer"
    return Net(net, TEST, seed=1)


SITES = [(f"{kind}-{index}", site_of(kind, text, shapes))
         for index, (kind, text, shapes) in enumerate(ROWS)]  # fmt: skip


def replacements() -> Iterator[tuple[str, Rewrite, Site, Replacement]]:
    for name, site in SITES:
        for rewrite in all_rewrites():
            if not rewrite.types or site.param.type in rewrite.types:
                for number, made in enumerate(rewrite.way(site)):
                    yield f"{name}-{rewrite.name}-{number}", rewrite, site, made


MADE = list(replacements())


def forward(net: BuiltNet, names: list[str]) -> list[np.ndarray]:
    """What the net makes of random values, the same ones for every net."""
    rng = np.random.default_rng(5)
    for name in net.inputs:
        net.blobs[name].data[...] = rng.normal(size=net.blobs[name].shape)
    net.forward_loss()
    return [net.blobs[name].data.copy() for name in names]


@pytest.mark.parametrize("given", MADE, ids=lambda given: given[0])
def test_numbers_are_equal(given: tuple[str, Rewrite, Site, Replacement]) -> None:
    _, _, site, made = given
    compare(site, made, "numpy")


@pytest.mark.parametrize("given", {m[1].name: m for m in MADE}.values(), ids=lambda given: given[0])
def test_in_the_usual_engine(given: tuple[str, Rewrite, Site, Replacement]) -> None:
    _, _, site, made = given
    compare(site, made, None)


def compare(site: Site, made: Replacement, engine: str | None) -> None:
    with one_layer(site) as before, made.net(engine=engine) as after:
        (wanted,), (found,) = forward(before, ["top0_0"]), forward(after, made.tops)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5 * np.abs(wanted).max())


def test_every_rewrite_has_a_row() -> None:
    used = {rewrite.name for _, rewrite, _, _ in MADE}
    assert {rewrite.name for rewrite in all_rewrites()} == used


@pytest.mark.parametrize("rewrite", all_rewrites(), ids=lambda rewrite: rewrite.name)
def test_a_rewrite_says_what_it_does(rewrite: Rewrite) -> None:
    assert len(rewrite.summary) < 130
    assert " becomes " in rewrite.summary
