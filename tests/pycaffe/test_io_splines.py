"""``resize_image(..., interp_order=2..5)``: the values of scipy and scikit-image, copied here.

Of scikit-image 0.26 ``resize(..., mode="constant", anti_aliasing=False)`` of the image brought to
0..1 and back, of scipy 1.17 ``ndimage.zoom``; as pycaffe's ``io.resize_image`` calls them.
"""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import io
from minicaffe.errors import DataError
from minicaffe.io import splines

GREY = (np.arange(12.0).reshape(3, 4, 1) * 7) % 11
PAIR = np.dstack([GREY[:, :, 0], GREY[::-1, :, 0] ** 2])

#: order → GREY as 4×3, by scikit-image
RESIZED = {
    2: [[0.547281, 4.434155, 9.120005], [4.59274, 5.168073, 8.428097],
        [5.122623, 6.23669, 3.580215], [1.537617, 6.43137, 0.059445]],
    3: [[0.711241, 4.315315, 8.844684], [4.488782, 5.011377, 8.824306],
        [5.031908, 6.351481, 3.509739], [1.611903, 6.537601, 0.031574]],
    4: [[0.752155, 4.237063, 8.834586], [4.563165, 4.748, 9.089989],
        [5.096017, 6.332992, 3.39818], [1.579539, 6.698159, 0.0]],
    5: [[0.82586, 4.189037, 8.759762], [4.577961, 4.60532, 9.238056],
        [5.084748, 6.330744, 3.358295], [1.582572, 6.765365, 0.0]],
}  # fmt: skip
#: order → the second channel of PAIR as 4×3, by scipy
ZOOMED = {
    2: [[1.0, 47.9, 0.0], [28.333333, 48.133333, 8.333333], [27.888889, 37.866667, 52.777778],
        [0.0, 24.8, 100.0]],
    3: [[1.0, 49.875, 0.0], [27.037037, 49.537037, 7.407407], [26.555556, 36.958333, 55.555556],
        [0.0, 23.75, 100.0]],
    4: [[1.0, 51.617647, 0.0], [27.481481, 50.964052, 6.481481], [26.987654, 36.744735, 55.864198],
        [0.0, 22.823529, 100.0]],
    5: [[1.0, 52.34375, 0.0], [27.337449, 51.471836, 6.378601], [26.839506, 36.580247, 56.17284],
        [0.0, 22.4375, 100.0]],
}  # fmt: skip
#: order → the first row of the first channel of PAIR as 5×6, by scipy
ENLARGED = {
    2: [0.0, 4.485714, 6.885714, 3.114286, 5.514286, 10.0],
    3: [0.0, 4.2768, 6.7568, 3.2432, 5.7232, 10.0],
    4: [0.0, 4.324758, 6.820758, 3.179242, 5.675242, 10.0],
    5: [0.0, 4.304777, 6.803977, 3.196023, 5.695223, 10.0],
}


@pytest.mark.parametrize("order", RESIZED)
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_and_colour_images_are_resized_as_scikit_image_does(order, channels):
    image = np.repeat(GREY, channels, axis=2)
    got = io.resize_image(image, (4, 3), interp_order=order)
    assert got.dtype == np.float32
    for channel in range(channels):
        np.testing.assert_allclose(got[:, :, channel], RESIZED[order], atol=2e-6)


@pytest.mark.parametrize("order", ZOOMED)
def test_other_images_are_resized_as_scipy_does(order):
    got = io.resize_image(PAIR, (4, 3), interp_order=order)
    np.testing.assert_allclose(got[:, :, 1], ZOOMED[order], atol=6e-6)
    larger = io.resize_image(PAIR, (5, 6), interp_order=order)
    np.testing.assert_allclose(larger[0, :, 0], ENLARGED[order], atol=2e-6)
    np.testing.assert_allclose(larger[::2, ::5], PAIR[:, ::3], atol=1e-5)


@pytest.mark.parametrize("order", range(6))
def test_the_same_size_is_the_same_image(order):
    for image in (GREY, PAIR):
        np.testing.assert_array_equal(io.resize_image(image, (3, 4), order), image)


@pytest.mark.parametrize("order", range(2, 6))
def test_no_value_leaves_a_colour_images_range(order):
    edge = np.zeros((8, 8, 1))
    edge[:, 4:] = 1
    resized = io.resize_image(edge, (16, 21), interp_order=order)
    assert resized.min() == 0
    assert resized.max() == 1


@pytest.mark.parametrize("order", range(2, 6))
def test_a_spline_passes_through_what_it_is_given(order):
    values = np.random.default_rng(order).normal(size=(3, 9, 2))
    for border in (None, -4.0):
        got = splines.interpolate(values, 1, np.arange(9.0), order, border)
        np.testing.assert_allclose(got, values, atol=1e-12)


@pytest.mark.parametrize("order", range(2, 6))
def test_the_basis_adds_up_to_one(order):
    x = np.linspace(0, 1, 7)
    total = sum(splines.basis(x + k, order) for k in range(-4, 5))
    np.testing.assert_allclose(total, 1, rtol=1e-12)
    assert not splines.basis(np.array([(order + 1) / 2, 9.0]), order).any()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("order", range(2, 6))
def test_one_row(order, channels):
    row = np.arange(5.0 * channels).reshape(1, 5, channels)
    assert io.resize_image(row, (1, 1), order).shape == (1, 1, channels)
    tall = io.resize_image(row, (4, 5), order)
    if channels == 2:  # there is nothing beside it that it could be mixed with
        np.testing.assert_allclose(tall, np.repeat(row, 4, axis=0), atol=1e-6)


@pytest.mark.parametrize("order", [-1, 6, 1.5, "cubic", None])
def test_other_orders(order):
    with pytest.raises(DataError, match=r"interp_order is .*, expected 0 \(nearest\), 1"):
        io.resize_image(GREY, (1, 2), interp_order=order)
