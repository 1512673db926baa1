"""Images into input blobs, and back."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import io
from minicaffe.errors import DataError, GraphError, ShapeError

rng = np.random.default_rng(5)
IMAGE = rng.uniform(size=(4, 5, 3)).astype(np.float32)
MEAN = np.array([10.0, 20.0, 30.0])


def transformer(**settings) -> io.Transformer:
    made = io.Transformer({"data": (2, 3, 4, 5)})
    for name, value in settings.items():
        getattr(made, f"set_{name}")("data", value)
    return made


FULL = dict(transpose=(2, 0, 1), channel_swap=(2, 0, 1), raw_scale=255, mean=MEAN, input_scale=0.5)


def test_every_step():
    got = transformer(**FULL).preprocess("data", IMAGE)
    assert got.dtype == np.float32
    want = IMAGE.transpose(2, 0, 1)[[2, 0, 1]]
    want = (want * 255 - MEAN[:, None, None]) * 0.5
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_std_divides_what_the_mean_leaves():
    made = transformer(**FULL, std=[2, 4, 5])
    want = transformer(**FULL).preprocess("data", IMAGE) / np.reshape([2, 4, 5], (3, 1, 1))
    got = made.preprocess("data", IMAGE)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    np.testing.assert_allclose(made.deprocess("data", got), IMAGE, atol=1e-6)
    made.set_std("data", 2)
    want = transformer(**FULL).preprocess("data", IMAGE) / 2
    np.testing.assert_allclose(made.preprocess("data", IMAGE), want, rtol=1e-6)
    with pytest.raises(ShapeError, match="2 values of std for input 'data', expected 3"):
        made.set_std("data", [1, 2])
    with pytest.raises(DataError, match="is 0, expected above 0"):
        made.set_std("data", [1, 2, 0])


def test_and_back():
    made = transformer(**FULL)
    for item in (got := made.preprocess("data", IMAGE)), got[None]:
        back = made.deprocess("data", item)
        np.testing.assert_allclose(back, IMAGE, atol=1e-6)
    before = got.copy()
    made.deprocess("data", got)
    np.testing.assert_array_equal(got, before)


@pytest.mark.parametrize("settings", [FULL, dict(transpose=(2, 0, 1), raw_scale=2), {}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_given_image_stays(settings, dtype):
    image = IMAGE.astype(dtype)
    before = image.copy()
    transformer(**settings).preprocess("data", image)[...] = -1
    np.testing.assert_array_equal(image, before)


def test_another_size_is_resized():
    made = transformer(transpose=(2, 0, 1))
    image = rng.uniform(size=(9, 11, 3))
    want = io.resize_image(image.astype(np.float32), (4, 5)).transpose(2, 0, 1)
    np.testing.assert_array_equal(made.preprocess("data", image), want)


def test_without_settings_only_the_type_changes():
    made = io.Transformer({"data": [1, 1, 2, 3]})
    image = np.arange(6).reshape(2, 3)
    got = made.preprocess("data", image)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, image)
    np.testing.assert_array_equal(made.deprocess("data", got[None, None]), image)
    assert made.deprocess("data", image).dtype == np.float32


def test_one_channel_keeps_its_axis():
    made = io.Transformer({"data": (1, 1, 4, 5)})
    made.set_transpose("data", (2, 0, 1))
    image = IMAGE[:, :, :1]
    blob = made.preprocess("data", image)[None]
    np.testing.assert_array_equal(made.deprocess("data", blob), image)


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5), (4, 5)])
def test_means_that_are_images(shape):
    mean = rng.uniform(size=shape)
    made = transformer(transpose=(2, 0, 1), mean=mean)
    got = made.preprocess("data", IMAGE)
    np.testing.assert_allclose(got, IMAGE.transpose(2, 0, 1) - mean, atol=1e-6)


def test_a_mean_of_another_size_is_resized():
    mean = rng.uniform(size=(3, 8, 7))
    made = transformer(mean=mean)
    want = io.resize_image(mean.transpose(1, 2, 0), (4, 5)).transpose(2, 0, 1)
    np.testing.assert_array_equal(made.mean["data"], want)
    constant = transformer(mean=np.full((3, 8, 7), 9.0))
    np.testing.assert_array_equal(constant.mean["data"], np.full((3, 4, 5), 9.0))


@pytest.mark.parametrize("mean", [np.zeros(4), np.zeros((2, 4, 5)), np.zeros((1, 3, 4, 5))])
def test_means_that_do_not_fit(mean):
    with pytest.raises(ValueError, match=r"the mean has shape .*, but input 'data' is 3×4×5"):
        transformer(mean=mean)


def test_orders_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"transpose order \(1, 0\) .* names 2 axes, expected 3"):
        transformer(transpose=(1, 0))
    with pytest.raises(ShapeError, match=r"channel swap \(0, 1\) .* 2 channels, expected 3"):
        transformer(channel_swap=(0, 1))


@pytest.mark.parametrize(
    "call", ["preprocess", "deprocess", *(f"set_{name}" for name in FULL)]
)  # fmt: skip
def test_unknown_inputs(call):
    with pytest.raises(GraphError, match=r"'dat' is not one of the inputs \['data'\]; did"):
        getattr(transformer(), call)("dat", np.zeros(3))
