"""Layers whose bottoms are in layouts of oneDNN's compute in each of them what numpy does."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.blob import Blob
from minicaffe.engines.onednn.builder import Builder
from minicaffe.engines.onednn.fusion import PostOps
from minicaffe.engines.onednn.primitive import MemoryDesc, reorder
from minicaffe.engines.onednn.steps.convolution import Convolution, ConvolutionPrimitive
from minicaffe.net.net import TEST, TRAIN, Net
from minicaffe.zoo import networks_folder
from tests.engines.nets import Text
from tests.engines.twins import Twins

#: Channels in a block; 1: row-major; 0: channels last.
LAYOUTS = {"nchw": 1, "nhwc": 0, "nChw8c": 8, "nChw16c": 16}

#: By name: the type and its settings, and whether the layer leaves the layout what it is.
LAYERS = {
    "Permute": ("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }", False),
    "Permute all": ("Permute", "permute_param { order: 3 order: 1 order: 0 order: 2 }", False),
    "Permute none": ("Permute", "permute_param { order: 0 }", False),
    "Transpose": ("Transpose", "transpose_param { dim: [1, 0, 3, 2] }", False),
    "Reorg": ("Reorg", "reorg_param { stride: 2 }", False),
    "Reorg back": ("Reorg", "reorg_param { stride: 2 reverse: true }", False),
    "ChannelShuffle": ("ChannelShuffle", "channel_shuffle_param { group: 2 }", False),
    "ShuffleChannel": ("ShuffleChannel", "shuffle_channel_param { group: 3 }", True),
    "ShuffleChannel 4": ("ShuffleChannel", "shuffle_channel_param { group: 4 }", True),
    "ReLU6": ("ReLU6", "", True),
    "Upsample": ("Upsample", "upsample_param { scale: 2 }", True),
    "Upsample 3": ("Upsample", "upsample_param { scale: 3 }", True),
    "Interp larger": ("Interp", "interp_param { height: 13 width: 9 }", True),
    "Interp smaller": ("Interp", "interp_param { shrink_factor: 2 pad_beg: -1 }", True),
    "Interp nearest": ("Interp", "interp_param { zoom_factor: 2 mode: NEAREST }", True),
}
#: Those that are so for inference only.
INFERENCE = {
    "Normalize": (
        "Normalize",
        "norm_param { across_spatial: false channel_shared: false "
        'scale_filler { type: "uniform" min: 1 max: 20 } }',
        True,
    ),
    "Normalize all": ("Normalize", "norm_param { }", True),
    "Normalize length": ("Normalize", "", True),
    "Normalize sum": ("Normalize", 'normalize_param { normalize_type: "L1" }', True),
}


class Laid(ConvolutionPrimitive):
    """In the place of a convolution: its top, in a layout, is its bottom."""

    block = 1

    def forward(self, builder: Builder, tail: PostOps) -> None:
        source = builder.source(self.bottom)
        self.desc = MemoryDesc(self.top.shape, block=self.block)
        self.result = builder.result(self.top, self.desc)
        builder.then(reorder(source, self.result))

    def backward(self, builder: Builder, want_bottom: bool) -> None:
        if want_bottom:
            gradient = builder.gradient_source(self.top, self.desc)
            target = builder.gradient_result(self.bottom, MemoryDesc(self.bottom.shape))
            builder.then(reorder(gradient, target))


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A layout in which convolutions of names with "laid" leave their tops."""
    kind = type("LaidThere", (Laid,), {"block": LAYOUTS[request.param]})
    usual = Convolution.primitive_class

    def chosen(self: Convolution, builder: Builder, top: Blob) -> type[ConvolutionPrimitive]:
        return kind if "laid" in self.node.name else usual(self, builder, top)

    monkeypatch.setattr(Convolution, "primitive_class", chosen)
    return str(request.param)


def laid(text: Text, bottom: str, top: str, channels: int) -> str:
    """A convolution that copies its bottom; numpy computes it, the engine lays it."""
    return text.conv(
        bottom, top, channels, 1, bias_term="false", param="param { lr_mult: 0 }", engine="DEFAULT"
    )


def copying(twins: Twins) -> Twins:
    """With identities in the convolutions that copy."""
    for net in twins.nets:
        for name, blobs in net.params.items():
            if name.startswith("laid"):
                blobs[0].data[...] = np.eye(blobs[0].shape[0])[:, :, None, None]
    twins.fill(scale=4)
    return twins


def net_of(kind: str, rest: str, phase: int, channels: int) -> Twins:
    text = Text(f"force_backward: {str(phase == TRAIN).lower()}")
    blob = text.input("data", 2, channels, 6, 4)
    text.add(kind, laid(text, blob, "laid", channels), "out", rest, "layer")
    text.conv("out", "after", 7, 1)
    return copying(Twins(str(text), phase))


def compare(twins: Twins, *, training: bool) -> str:
    """Run the nets, twice; returns what runs the layer."""
    for _ in range(2):
        twins.fill(scale=4)
        twins.each("forward")
        twins.same(diffs=False, tolerance=1e-5)
        if training:
            diff = twins.rng.normal(size=twins.numpy.blobs["after"].shape)
            for net in twins.nets:
                net.clear_param_diffs()
                net.blobs["after"].diff[...] = diff
            twins.each("backward")
            for net in twins.nets:  # what only copies on one engine has no gradient there
                for name, blobs in net.params.items():
                    if name.startswith("laid"):
                        blobs[0].diff[...] = 0
            twins.same(tolerance=1e-5)
    return next(line for line in twins.plan.splitlines() if line.startswith("layer: "))


@pytest.mark.parametrize("channels", [12, 36, 48], ids="{} channels".format)
@pytest.mark.parametrize("phase", [TRAIN, TEST], ids=["TRAIN", "TEST"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, phase: int, channels: int, layout: str) -> None:
    kind, rest, _ = LAYERS[name]
    ran = compare(net_of(kind, rest, phase, channels), training=phase == TRAIN)
    assert "layer: numpy, " not in ran  # what follows is why it is numpy's


@pytest.mark.parametrize("name", LAYERS)
def test_blobs_in_each_others_memory(name: str) -> None:
    """Forward and backward where what is read no more lends its memory."""
    kind, rest, _ = LAYERS[name]
    text = Text("force_backward: true")
    text.conv(text.input("data", 2, 12, 6, 4), "before", 48)
    text.add(kind, "before", "out", rest, "layer")
    text.conv("out", "after", 7, 1)
    twins = Twins(str(text))
    twins.tested = Net(twins.param, TRAIN, seed=3, engine="onednn", keep="outputs")
    for _ in range(3):
        twins.fill()
        twins.each("forward")
        diff = twins.rng.normal(size=twins.numpy.blobs["after"].shape)
        for net in twins.nets:
            net.clear_param_diffs()
            net.blobs["after"].diff[...] = diff
        twins.each("backward")
        for blob in ("after", "data"):
            assert twins.agree(*(net.blobs[blob].data for net in twins.nets))
            assert twins.agree(*(net.blobs[blob].diff for net in twins.nets))
        for want, got in zip(*(net.params["before"] for net in twins.nets), strict=True):
            assert twins.agree(got.diff, want.diff)


@pytest.mark.parametrize("channels", [12, 48], ids="{} channels".format)
@pytest.mark.parametrize("name", INFERENCE)
def test_layers_for_inference(name: str, channels: int, layout: str) -> None:
    kind, rest, _ = INFERENCE[name]
    assert "layer: numpy, " not in compare(net_of(kind, rest, TEST, channels), training=False)
    assert "layer: numpy, " in compare(net_of(kind, rest, TRAIN, channels), training=True)


@pytest.mark.parametrize("name", [name for name, row in (LAYERS | INFERENCE).items() if row[2]])
def test_a_layout_is_kept(name: str, layout: str) -> None:
    """The layer has its top in the layout of its bottom."""
    kind, rest, _ = (LAYERS | INFERENCE)[name]
    twins = net_of(kind, rest, TEST, 48)
    twins.each("forward")
    lines = twins.tested.plan.describe(verbose=True)  # type: ignore[attr-defined]
    start = next(i for i, line in enumerate(lines) if line.startswith("layer: "))
    shown = next(line for line in lines[start + 1 :] if line.startswith("    "))
    assert shown.endswith(f": {layout} -> {layout}") or "reorder" in shown, shown


@pytest.mark.parametrize("flat", [True, False], ids=["(N, C)", "(N, C, 1, 1)"])
@pytest.mark.parametrize("asked", ["all", "images", "none"])
def test_axpy(asked: str, flat: bool, layout: str) -> None:
    """The factors of an SE block have their gradients in numpy, images by oneDNN."""
    text = Text(f"force_backward: {str(asked != 'none').lower()}")
    ones = () if flat else (1, 1)
    names = (
        text.input("a", 2, 20, *ones),
        text.input("x", 2, 20, 6, 4),
        text.input("y", 2, 20, 6, 4),
    )
    bottoms = [names[0], *(laid(text, name, f"laid_{name}", 20) for name in names[1:])]
    down = {"all": "", "images": "propagate_down: [false, true, true]", "none": ""}[asked]
    text.add("Axpy", " ".join(bottoms), "out", down, "layer")
    text.conv("out", "after", 7, 1)
    twins = copying(Twins(str(text), TEST if asked == "none" else TRAIN))
    ran = compare(twins, training=asked != "none")
    assert ran.startswith("layer: ")
    assert "binary" in ran


def test_axpy_whose_bottom_is_overwritten() -> None:
    """Its gradient needs what a layer in place, on the other top of a Split, has overwritten."""
    text = Text("force_backward: true")
    names = text.input("a", 2, 16), text.input("x", 2, 16, 6, 4), text.input("y", 2, 16, 6, 4)
    text.add("Split", text.conv(names[1], "c", 16), "c1 c2")
    text.add("Axpy", f"{names[0]} c1 {names[2]}", "out", name="layer")
    text.add("Power", "c2", rest="power_param { power: 2 }", name="later")
    text.conv("out", "after", 7, 1)
    compare(Twins(str(text), TRAIN), training=True)


@pytest.mark.parametrize("phase", [TRAIN, TEST], ids=["TRAIN", "TEST"])
def test_what_is_no_number_goes_through_a_convolutions_relu6(phase: int, layout: str) -> None:
    twins = net_of("ReLU6", "", phase, 16)
    values = np.linspace(-4, 14, 2 * 16 * 6 * 4).reshape(2, 16, 6, 4)
    values[1, 3, 2, 1], values[0, 2, 1, 1] = np.nan, np.inf
    for net in twins.nets:
        net.blobs["data"].data[...] = values
        net.blobs["laid"].data[...] = values
    twins.each("forward", start="layer")
    out = twins.tested.blobs["out"].data
    np.testing.assert_array_equal(out, twins.numpy.blobs["out"].data)
    assert np.isnan(out[1, 3, 2, 1])
    assert out[0, 2, 1, 1] == 6


def test_the_hot_part_of_a_detector_has_no_numpy() -> None:
    """MobileNet-SSD: all but the prior boxes, which are made once, and the boxes at its end."""
    file = networks_folder() / "mobilenet_ssd" / "deploy.prototxt"
    net = Net(str(file), TEST, engine="onednn")
    net.forward()
    by_numpy = [line for line in net.plan.describe() if ": numpy, " in line]
    kinds = {net.layer_dict[line.partition(":")[0]].type for line in by_numpy}
    assert kinds == {"PriorBox", "DetectionOutput"}
