"""In the TEST phase whole chains of layers become one primitive; no one can tell."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.net.net import TEST, TRAIN, Net
from tests.engines.nets import Text, residual
from tests.engines.twins import Twins, error_of


def scored(text: str, seed: int = 3) -> Twins:
    """The net in phase TEST on both engines, with statistics as after a training."""
    twins = Twins(text, TEST, seed)
    rng = np.random.default_rng(seed)
    for node in twins.numpy.nodes:
        if node.layer.type != "BatchNorm":
            continue
        channels = node.layer.blobs[0].count
        values = (rng.normal(0, 2, channels), rng.uniform(0.5, 4, channels), [2.0])
        for net in twins.nets:
            for blob, value in zip(net.params[node.name], values, strict=True):
                blob.data[...] = value
    twins.fill()
    return twins


def chain(*, in_place: bool) -> str:
    """Convolution, BatchNorm, Scale and ReLU, with tops of their own or in place."""
    text = Text()
    text.input("data", 2, 3, 7, 6)
    blob = text.conv("data", "conv", 5)
    for kind, name, rest in (
        ("BatchNorm", "bn", ""),
        ("Scale", "scale", 'scale_param { filler { type: "uniform" min: 0.5 } bias_term: true '
         'bias_filler { type: "uniform" min: -1 max: 1 } }'),
        ("ReLU", "relu", "relu_param { negative_slope: 0.1 }"),
    ):  # fmt: skip
        blob = text.add(kind, blob, None if in_place else name, rest, name)
    text.pool(blob, "pool")
    return str(text)


def steps(net: Net) -> list[str]:
    """The layers that each step covers."""
    return [line.partition(":")[0] for line in net.plan.describe()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("in_place", [True, False])
def test_chain_is_one_step_and_every_blob_holds_what_caffe_would_show(in_place: bool) -> None:
    twins = scored(chain(in_place=in_place))
    for _ in range(3):
        twins.each("forward_loss")
        if _ == 0:
            assert "conv + bn + scale + relu" in steps(twins.tested)
        twins.same(diffs=False)
        twins.fill()


def test_residual_net() -> None:
    twins = scored(residual())
    twins.fill(**twins.label(7))
    twins.each("forward_loss")
    covered = steps(twins.tested)
    assert "a2 + a2_bn + a2_scale + eltwise14 + sum1_relu" in covered
    assert "side + side_bn + side_scale + eltwise26 + sum2_relu" in covered
    assert twins.agree(*(net.blobs["scores"].data for net in twins.nets))
    twins.same(diffs=False)  # a2 and side, too, which the sums leave unfilled
    twins.each("forward_loss")
    assert "a2 + a2_bn + a2_scale" in steps(twins.tested), "someone looks at a2: it is filled"
    twins.same(diffs=False)


def weighted_layers() -> str:
    """Every weighted layer in front of every kind of constants and activations."""
    text, scale = Text(), 'scale_param { filler { type: "uniform" min: 0.5 max: 2 } }'
    bias = 'bias_param { filler { type: "uniform" min: -1 max: 1 } }'
    filler = 'weight_filler { type: "msra" }'
    text.input("data", 3, 4, 6, 5)
    text.conv("data", "grouped", 8, group=2, bias_term="false")
    text.add("BatchNorm", "grouped", name="bn1")
    text.add("PReLU", "grouped", rest='prelu_param { filler { type: "uniform" min: -0.5 } }')
    deconvolution = f"num_output: 6 kernel_size: 3 stride: 2 group: 2 {filler}"
    text.add("Deconvolution", "grouped", "up", f"convolution_param {{ {deconvolution} }}")
    text.add("BatchNorm", "up", name="bn2")
    text.add("Scale", "up", rest=scale)
    text.add("ELU", "up", "elu", "elu_param { alpha: 0.7 }")
    text.conv("elu", "depthwise", 6, group=6)
    text.add("Scale", "depthwise", rest=scale)
    text.add("Bias", "depthwise", rest=bias)
    text.add("Sigmoid", "depthwise", "sigmoid")
    for transpose, name in (("true", "inner"), ("false", "scores")):
        fields = f"num_output: 7 transpose: {transpose} {filler}"
        bottom = "sigmoid" if name == "inner" else "inner"
        text.add("InnerProduct", bottom, name, f"inner_product_param {{ {fields} }}")
        text.add("BatchNorm", name, name=f"{name}_bn")
        text.add("TanH", name)
    return str(text)


def test_all_weighted_layers() -> None:
    twins = scored(weighted_layers())
    twins.each("forward_loss")
    counts = [line.count(" + ") for line in steps(twins.tested)]
    assert sum(counts) == 12, "all layers after the weighted ones belong to them"
    twins.same(diffs=False)


def test_skipped_blob_that_is_held_is_filled_at_every_forward() -> None:
    twins = scored(chain(in_place=False))
    views = [net.blobs["bn"].data for net in twins.nets]
    for _ in range(3):
        twins.fill()
        twins.each("forward_loss")
        assert twins.agree(views[1], views[0], 1e-5)
        assert views[0].std() > 0.1


def test_skipped_blob_may_be_written_into() -> None:
    twins = scored(chain(in_place=False))
    twins.each("forward_loss")
    for net in twins.nets:
        net.blobs["bn"].data[...] = 2
    twins.each("forward", start="scale")
    twins.same(diffs=False)


@pytest.mark.parametrize("name", ["conv", "bn", "scale"])
def test_parameters_may_change_between_forwards(name: str) -> None:
    twins = scored(chain(in_place=True))
    twins.each("forward_loss")
    before = twins.tested.blobs["pool"].data.copy()
    for index in range(len(twins.numpy.params[name])):
        for net in twins.nets:
            net.params[name][index].data[...] *= 1.5 + index
        twins.each("forward_loss")
        twins.same(diffs=False)
    assert error_of(twins.tested.blobs["pool"].data, before) > 1e-3


@pytest.mark.parametrize("name", ["conv", "bn", "scale"])
def test_parameters_may_change_through_a_held_array(name: str) -> None:
    twins = scored(chain(in_place=True))
    twins.each("forward_loss")
    held = [net.params[name][0].data for net in twins.nets]
    for _ in range(2):
        for array in held:
            array *= 1.3
        twins.each("forward_loss")
        twins.same(diffs=False)
    for array in held:
        array *= 1.3
    del array, held
    twins.each("forward_loss")
    twins.same(diffs=False)


def test_training_net_changes_what_its_test_net_folds() -> None:
    text = residual()
    train, test = (Twins(text, phase).tested for phase in (TRAIN, TEST))
    test.share_with(train)
    rng = np.random.default_rng(5)
    images, labels = rng.normal(size=(4, 3, 12, 10)), rng.integers(0, 7, 4)
    for _ in range(3):
        for net in (train, test):
            net.blobs["data"].data[...], net.blobs["label"].data[...] = images, labels
        train.clear_param_diffs()
        train.forward_loss()
        train.backward()
        train.arena.data[...] -= 0.01 * train.arena.diff
        found = test.forward()["loss"].copy()
        fresh = Twins(text, TEST).numpy
        fresh.share_with(train)
        fresh.blobs["data"].data[...], fresh.blobs["label"].data[...] = images, labels
        assert found == pytest.approx(fresh.forward()["loss"], rel=1e-4)


def test_gradients_after_a_folded_forward() -> None:
    for text in (residual(), chain(in_place=False)):
        twins = scored(text)
        twins.fill(**({"label": np.arange(4)} if "label" in twins.numpy.blobs else {}))
        twins.each("forward_loss")
        for net in twins.nets:
            for name in net.outputs:
                net.blobs[name].diff[...] = 0.5
        twins.each("backward")
        for name in twins.numpy.params:
            for left, right in zip(*(net.params[name] for net in twins.nets), strict=True):
                assert twins.agree(right.diff, left.diff, 1e-3)


def test_without_fusion_every_layer_is_a_step() -> None:
    twins = scored(chain(in_place=True))
    net = Net(twins.param, TEST, seed=3, engine="onednn", fuse=False)
    net.share_with(twins.numpy)
    net.blobs["data"].data[...] = twins.numpy.blobs["data"].data
    net.forward_loss()
    twins.each("forward_loss")
    assert steps(net) == ["data", "conv", "bn", "scale", "relu", "pool"]
    assert error_of(net.blobs["pool"].data, twins.numpy.blobs["pool"].data) < 1e-5


def test_statistics_of_the_batch_are_not_folded() -> None:
    text = chain(in_place=True).replace(
        'type: "BatchNorm"', 'type: "BatchNorm" batch_norm_param { use_global_stats: false }'
    )
    twins = scored(text)
    twins.each("forward_loss")
    assert "conv" in steps(twins.tested)
    twins.same(diffs=False)


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("Power", "power_param { power: 3 }"),
        ("Power", "power_param { power: 0 }"),
        ("Power", "power_param { power: 2 }"),
        ("ReLU", "relu_param { negative_slope: -0.5 }"),
        ("ELU", "elu_param { alpha: -0.5 }"),
        ("Clip", "clip_param { min: -0.5 max: 0.1 }"),
        ("Exp", ""),
    ],
)
def test_every_function_after_a_convolution(kind: str, rest: str) -> None:
    """What oneDNN does not compute by itself it does not compute as a post-op either."""
    text = Text()
    text.input("data", 2, 3, 5, 4)
    text.conv("data", "c", 8)
    text.add(kind, "c", "top", rest)
    twins = scored(str(text))
    twins.each("forward_loss")
    assert twins.agree(*(net.blobs["top"].data for net in twins.nets))
