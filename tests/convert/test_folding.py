"""Folding: the layer with folded weights computes what the layers did."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.layers.folding import channel_affine, fold_into_next, fold_into_previous
from tests.layers.harness import Case, Rig

RNG = np.random.default_rng(11)

LAYERS = [
    ("Convolution", "convolution_param { num_output: 6 kernel_size: 3 pad: 1 %s }", 6, 0, 1),
    ("Convolution", "convolution_param { num_output: 6 kernel_size: 3 group: 2 %s }", 6, 0, 2),
    ("Deconvolution", "convolution_param { num_output: 6 kernel_size: 3 stride: 2 %s }", 6, 1, 1),
    ("Deconvolution", "convolution_param { num_output: 6 kernel_size: 3 group: 2 %s }", 6, 1, 2),
    ("InnerProduct", "inner_product_param { num_output: 7 %s }", 7, 0, 1),
    ("InnerProduct", "inner_product_param { num_output: 7 transpose: true %s }", 7, 1, 1),
]


def rig_of(kind: str, text: str, bias: bool) -> Rig:
    text = text % f"weight_filler {{ type: 'gaussian' }} bias_term: {str(bias).lower()}"
    return Rig(Case(kind, text, bottoms=[(2, 4, 6, 5)]))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize(("kind", "text", "channels", "axis", "groups"), LAYERS)
def test_into_the_layer_before(
    kind: str, text: str, channels: int, axis: int, groups: int, bias: bool
) -> None:
    rig = rig_of(kind, text, bias)
    mean, scale, shift = RNG.normal(size=(3, channels))
    variance = RNG.uniform(0.5, 2, channels)
    broad = (-1, *[1] * (rig.top[0].num_axes - 2))
    want = rig.forward()[0] - mean.reshape(broad)
    want = want * (scale / np.sqrt(variance + 0.1)).reshape(broad) + shift.reshape(broad)
    old = rig.layer.blobs[1].data if bias else None
    factor, offset = channel_affine(mean, variance, 0.1, scale, shift)
    weights, moved = fold_into_previous(
        rig.layer.blobs[0].data, old, factor, offset, axis=axis, groups=groups
    )
    twin = rig_of(kind, text, True)
    twin.layer.blobs[0].data[...] = weights
    twin.layer.blobs[1].data[...] = moved
    np.testing.assert_allclose(twin.forward()[0], want, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize(
    ("kind", "text", "groups"),
    [
        ("Convolution", "convolution_param { num_output: 6 kernel_size: 3 %s }", 1),
        ("Convolution", "convolution_param { num_output: 6 kernel_size: 2 group: 2 %s }", 2),
        ("InnerProduct", "inner_product_param { num_output: 7 %s }", 1),
    ],
)
def test_into_the_next_layer(kind: str, text: str, groups: int, bias: bool) -> None:
    rig, twin = rig_of(kind, text, bias), rig_of(kind, text, True)
    factor, offset = RNG.normal(size=(2, 4))
    plain = rig.bottom[0].data.copy()
    rig.bottom[0].data[...] = plain * factor.reshape(4, 1, 1) + offset.reshape(4, 1, 1)
    want = rig.forward()[0]
    if kind == "InnerProduct":
        factor, offset = (np.repeat(values, 30) for values in (factor, offset))
    old = rig.layer.blobs[1].data if bias else None
    weights, moved = fold_into_next(rig.layer.blobs[0].data, old, factor, offset, groups=groups)
    twin.bottom[0].data[...] = plain
    twin.layer.blobs[0].data[...] = weights
    twin.layer.blobs[1].data[...] = moved
    np.testing.assert_allclose(twin.forward()[0], want, atol=1e-12)


def test_computed_in_double_and_returned_in_the_weights_type() -> None:
    weights = np.full((2, 3), 1e-3, np.float32)
    factor, offset = channel_affine(np.float32([0, 1]), np.float32([1, 3]), 1.0)
    folded, bias = fold_into_previous(weights, None, factor, offset)
    assert folded.dtype == bias.dtype == np.float32
    np.testing.assert_array_equal(folded[:, 0], np.float32(np.float32(1e-3) / np.sqrt([2.0, 4.0])))
    np.testing.assert_array_equal(bias, np.float32([0, -0.5]))


def test_a_variance_of_zero_without_eps_is_infinite_in_silence() -> None:
    factor, _ = channel_affine(np.ones(1), np.zeros(1), 0.0)
    assert np.isinf(factor).all()
