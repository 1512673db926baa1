"""The numpy engine's kernels of convolutions give what the layers' formula gives, by every way."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from minicaffe.engines.numpy import columns, pointwise
from minicaffe.engines.numpy.columns import Windows
from minicaffe.engines.numpy.flipped import FlippedKernelBackward, flipping_pays
from minicaffe.engines.numpy.kernels import kernel_of
from minicaffe.layers.vision.geometry import ConvGeometry
from tests.layers.harness import Case, Rig, assert_close

FILLER = "weight_filler { type: 'gaussian' }"


def case_of(param: str, shape: tuple[int, ...], layer: str = "Convolution") -> Case:
    return Case(layer, f"convolution_param {{ {param} {FILLER} }}", [shape])


def rig(param: str, shape: tuple[int, ...], layer: str = "Convolution") -> Rig:
    made = Rig(case_of(param, shape, layer), kernel_of=kernel_of)
    made.forward()
    return made


def formula(param: str, shape: tuple[int, ...]) -> Rig:
    """The same layer, run by its own class."""
    made = Rig(case_of(param, shape))
    made.forward()
    return made


def gradients(made: Rig) -> list[np.ndarray]:
    """Of the bottom and the parameters, to which backward adds."""
    for blob in made.layer.blobs:
        blob.diff[...] = 1
    made.bottom[0].diff[...] = 9  # is overwritten
    made.backward()
    return [blob.diff.copy() for blob in (*made.bottom, *made.layer.blobs)]


def agree(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for got, want, what in zip(first, second, ("bottom", "weights", "bias"), strict=True):
        assert want.std() > 0
        assert_close(got, want, 1e-12, what)


@pytest.mark.parametrize(
    ("param", "shape"),
    [
        ("num_output: 5 kernel_size: 3", (2, 4, 6, 7)),
        ("num_output: 5 kernel_size: 3 pad: 1", (2, 4, 6, 7)),
        ("num_output: 3 kernel_h: 3 kernel_w: 2 pad_h: 2 pad_w: 0", (3, 4, 6, 7)),
        ("num_output: 6 kernel_size: 3 pad: 1 group: 2", (2, 4, 6, 7)),
        ("num_output: 8 kernel_size: 3 pad: 1 group: 4", (2, 4, 6, 5)),
        ("num_output: 4 kernel_size: 3 pad: 2 dilation: 2", (2, 3, 6, 7)),
        ("num_output: 4 kernel_size: [3, 2] pad: [3, 1] dilation: [3, 1]", (2, 3, 7, 6)),
        ("num_output: 4 kernel_size: 3 pad: 1", (2, 3, 9)),
        ("num_output: 4 kernel_size: [2, 3, 1] pad: [1, 1, 0]", (2, 3, 4, 5, 6)),
    ],
)
def test_flipped_kernel(param: str, shape: tuple[int, ...]) -> None:
    made = rig(param, shape)
    windows = made.kernel.columns(shape[0]).windows
    made.kernel.flipped = FlippedKernelBackward(windows, np.dtype(np.float64))
    agree(gradients(made), gradients(formula(param, shape)))


def test_flipped_kernel_for_the_bottom_alone() -> None:
    made = rig("num_output: 3 kernel_size: 3 pad: 1", (2, 4, 8, 7))
    assert made.kernel.flipped is not None
    whole = gradients(made)
    made.layer.param_propagate_down = [False, False]
    made.bottom[0].diff[...] = 9
    made.layer.blobs[0].diff[...] = 0
    made.backward()
    assert_close(made.bottom[0].diff, whole[0], 1e-12, "bottom")
    assert not made.layer.blobs[0].diff.any()


def test_the_weights_alone_need_no_flipped_kernel() -> None:
    made = rig("num_output: 3 kernel_size: 3 pad: 1", (2, 4, 8, 7))
    whole = gradients(made)
    made.case.gradients = [False]
    for got, want in zip(gradients(made)[1:], whole[1:], strict=True):
        assert_close(got, want, 1e-12, "parameter")


@pytest.mark.parametrize(
    ("changes", "pays"),
    [
        ({}, True),
        ({"outputs": 96}, False),  # more to gather than what it replaces
        ({"batch": 1, "channels": 512, "outputs": 512}, False),  # weights outweigh the images
        ({"batch": 1, "channels": 512, "outputs": 512, "group": 512}, True),
        ({"stride": (2, 1)}, False),
        ({"pad": (1, 3)}, False),
        ({"kernel": (1, 1)}, False),
    ],
)
def test_when_flipping_pays(changes: dict[str, object], pays: bool) -> None:
    lengths = {"kernel": (3, 3), "stride": (1, 1), "pad": (1, 1), "dilation": (1, 1)}
    geometry = ConvGeometry(1, **{name: changes.get(name, lengths[name]) for name in lengths})
    rest = {name: value for name, value in changes.items() if name not in lengths}
    windows = Windows(geometry, (9, 10), (8, 9), channels=32, outputs=32, group=1, batch=16)
    assert flipping_pays(replace(windows, **rest)) == pays


@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("shape", [(5, 4, 12, 11), (5, 4, 6, 5, 7)])
@pytest.mark.parametrize("products", [1, 2, 99])
def test_product_of_each_image(
    monkeypatch: pytest.MonkeyPatch, group: int, shape: tuple[int, ...], products: int
) -> None:
    monkeypatch.setattr(pointwise, "BUDGET", 6 * 4 // group * 8 * products)
    made = rig(f"num_output: 6 kernel_size: 1 group: {group}", shape)
    assert made.kernel.pointwise is not None
    plain = formula(f"num_output: 6 kernel_size: 1 group: {group}", shape)
    assert_close(made.top[0].data, plain.top[0].data, 1e-12, "top")
    agree(gradients(made), gradients(plain))


@pytest.mark.parametrize(
    ("param", "shape", "suits"),
    [
        ("kernel_size: 1", (2, 4, 12, 11), True),
        ("kernel_size: 1", (2, 4, 8, 9), False),
        ("kernel_size: 1 stride: 2", (2, 4, 30, 30), False),
        ("kernel_size: 1 pad: 1", (2, 4, 12, 11), False),
        ("kernel_size: 2", (2, 4, 12, 11), False),
    ],
)
def test_when_images_are_multiplied_one_by_one(
    param: str, shape: tuple[int, ...], suits: bool
) -> None:
    assert (rig(f"num_output: 3 {param}", shape).kernel.pointwise is not None) == suits
    assert math.prod(shape[2:]) >= pointwise.PIXELS or not suits


@pytest.mark.parametrize("layer", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_windows_of_one_pixel(layer: str, stride: int) -> None:
    """They need no matrix that is larger than the images."""
    made = rig(f"num_output: 3 kernel_size: 1 stride: {stride}", (2, 4, 5, 7), layer)
    top, x = made.forward()[0], made.bottom[0].data
    weights, bias = (blob.data for blob in made.layer.blobs)
    if layer == "Convolution":
        want = np.einsum("oc,nchw->nohw", weights[:, :, 0, 0], x[:, :, ::stride, ::stride])
    else:
        want = np.zeros_like(top)
        want[:, :, ::stride, ::stride] = np.einsum("co,nchw->nohw", weights[:, :, 0, 0], x)
    assert_close(top, want + bias[:, None, None], 1e-12, "top")
    dy = made.weights[0]
    if layer == "Convolution":
        want = np.zeros_like(x)
        want[:, :, ::stride, ::stride] = np.einsum("oc,nohw->nchw", weights[:, :, 0, 0], dy)
    else:
        want = np.einsum("co,nohw->nchw", weights[:, :, 0, 0], dy[:, :, ::stride, ::stride])
    assert_close(gradients(made)[0], want, 1e-12, "bottom diff")


def test_an_empty_batch_of_pixels() -> None:
    made = rig("num_output: 3 kernel_size: 1", (2, 4, 12, 11))
    made.bottom[0].reshape(0, 4, 12, 11)
    assert made.forward()[0].shape == (0, 3, 12, 11)
    made.weights = [np.zeros((0, 3, 12, 11))]
    made.backward()
    assert not made.layer.blobs[0].diff.any()


@pytest.mark.parametrize("layer", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("images", [1, 2, 3])
def test_portions_of_a_batch_agree(
    monkeypatch: pytest.MonkeyPatch, layer: str, stride: int, images: int
) -> None:
    """Five images at once, or in portions of which the last is smaller, are the same."""
    param = f"num_output: 3 kernel_size: 3 stride: {stride} pad: 1"
    whole = rig(param, (5, 4, 6, 7), layer)
    assert whole.kernel.columns(5).images == 5
    one = rig(param, (1, 4, 6, 7), layer).kernel.columns(1)
    monkeypatch.setattr(columns, "BUDGET", one.run * one.channels * one.taps * 8 * images)
    parts = rig(param, (5, 4, 6, 7), layer)
    assert parts.kernel.columns(5).images == images
    assert_close(parts.top[0].data, whole.top[0].data, 1e-12, "top")
    for got, want in zip(gradients(parts), gradients(whole), strict=True):
        assert_close(got, want, 1e-12, "gradient")
