"""What the rows of cases/pooling.py do not show: corner cases of Caffe, errors, STOCHASTIC."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minicaffe.engines.numpy import pooling as kernels
from minicaffe.engines.numpy.kernels import kernel_of
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layers.vision.geometry import Windows
from minicaffe.layers.vision.pooling import LOWEST
from tests.layers.harness import Case, Rig

SHAPE = (2, 3, 5, 6)


Pool = Callable[..., Rig]


@pytest.fixture(params=["formula", "kernel"])
def pool(request: pytest.FixtureRequest) -> Pool:
    """Makes a layer that runs by its formula, and one that runs by the numpy engine's kernel."""
    by = (lambda layer: layer) if request.param == "formula" else kernel_of

    def make(param: str, shape: tuple[int, ...] = SHAPE, **more: object) -> Rig:
        return Rig(Case("Pooling", f"pooling_param {{ {param} }}", [shape], **more), kernel_of=by)

    return make


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("", "no kernel given, expected kernel_size, or kernel_h and kernel_w"),
        ("kernel_h: 2", "kernel_h given, expected kernel_size, or"),
        ("kernel_size: 2 kernel_h: 2 kernel_w: 2", "kernel_size and kernel_h and kernel_w given"),
        ("kernel_size: 0", "kernel is 0×0, expected at least 1"),
        ("kernel_size: 2 stride: 0", "stride is 0×0, expected at least 1"),
        ("kernel_size: 2 stride_h: 2", "stride_h given, expected stride, or stride_h and"),
        ("kernel_size: 2 stride: 2 stride_h: 2 stride_w: 2", "stride and stride_h and stride_w"),
        ("kernel_size: 3 pad_w: 1", "pad_w given, expected pad, or pad_h and pad_w"),
        ("kernel_size: 2 pad: 2", "pad 2×2 must be below the kernel 2×2"),
        ("global_pooling: true kernel_size: 2", "covers the whole image; remove kernel_size"),
        ("global_pooling: true pad: 1", "only with pad 0 and stride 1, not pad 1×1"),
        ("global_pooling: true stride: 2", "only with pad 0 and stride 1, .* stride 2×2"),
        ("pool: STOCHASTIC kernel_size: 2 pad: 1", "STOCHASTIC pooling takes no padding"),
        ("kernel_size: 9", "window of 9×9 does not fit into an image of 5×6"),
    ],
)
def test_refused(param: str, message: str, pool: Pool) -> None:
    with pytest.raises(ShapeError, match=message):
        pool(param)


def test_needs_four_axes(pool: Pool) -> None:
    with pytest.raises(ShapeError, match="shape 2×3×4, expected 4 axes"):
        pool("kernel_size: 2", (2, 3, 4))


def test_mask_only_with_max(pool: Pool) -> None:
    with pytest.raises(GraphError, match="AVE pooling does not have; expected one top"):
        pool("pool: AVE kernel_size: 2", tops=2)


def test_kernel_size_and_kernel_h_alone(pool: Pool) -> None:
    """Caffe takes kernel_size when the other pair is not complete."""
    assert pool("kernel_size: 2 kernel_h: 3").layer.geometry.kernel == (2, 2)


def test_first_of_equals_wins(pool: Pool) -> None:
    rig = pool("kernel_size: 2 stride: 2", (1, 1, 2, 4), tops=2)
    rig.bottom[0].data[...] = [[[[1, 3, 5, 2], [3, 3, 2, 5]]]]
    value, mask = rig.forward()
    assert value.ravel().tolist() == [3, 5]
    assert mask.ravel().tolist() == [1, 2]


def test_window_outside(pool: Pool) -> None:
    """Without padding the last window of CEIL may see nothing: lowest value, no gradient."""
    rig = pool("kernel_size: 1 stride: 2", (1, 2, 4, 4), tops=2)
    value, mask = rig.forward()
    assert value.shape == (1, 2, 3, 3)
    assert (value[..., 2] == LOWEST).all()
    assert (mask[..., 2] == -1).all()
    rig.backward()
    gradient = rig.bottom[0].diff
    np.testing.assert_array_equal(gradient[:, :, ::2, ::2], rig.weights[0][:, :, :2, :2])
    assert np.count_nonzero(gradient) == 8


def test_average_of_nothing_is_nan_without_gradient(pool: Pool) -> None:
    rig = pool("pool: AVE kernel_size: 1 stride: 2", (1, 2, 4, 4))
    value = rig.forward()[0]
    assert np.isnan(value[..., 2]).all()
    assert np.isfinite(value[..., :2, :2]).all()
    rig.backward()
    assert np.count_nonzero(rig.bottom[0].diff) == 8
    assert np.isfinite(rig.bottom[0].diff).all()


@pytest.mark.parametrize("param", ["kernel_size: 2 stride: 2", "global_pooling: true"])
def test_nan_counts_as_lowest(param: str, pool: Pool) -> None:
    rig = pool(param, (1, 1, 2, 2), tops=2)
    rig.bottom[0].data[...] = [[[[np.nan, -2], [-1, np.nan]]]]
    value, mask = rig.forward()
    assert (value.item(), mask.item()) == (-1, 2)
    rig.bottom[0].data[...] = np.nan
    value, mask = rig.forward()
    assert (value.item(), mask.item()) == (LOWEST, -1)


def test_a_changed_mask_redirects_the_gradient(pool: Pool) -> None:
    rig = pool("kernel_size: 2 stride: 2", (1, 1, 2, 4), tops=2)
    rig.forward()
    rig.top[1].data[...] = [[[[4, -1]]]]
    rig.top[0].diff[...] = [[[[5, 6]]]]
    rig.kernel.backward(rig.top, [True], rig.bottom)
    assert rig.bottom[0].diff.ravel().tolist() == [0, 0, 0, 0, 5, 0, 0, 0]


def test_gradient_survives_a_top_changed_in_place(pool: Pool) -> None:
    rig = pool("kernel_size: 3 stride: 1")
    rig.forward()
    rig.backward()
    want = rig.bottom[0].diff.copy()
    rig.top[0].data[...] = 0
    rig.backward()
    np.testing.assert_array_equal(rig.bottom[0].diff, want)


def test_no_gradient_unless_wanted(pool: Pool) -> None:
    rig = pool("kernel_size: 2")
    rig.forward()
    rig.top[0].diff[...] = 1
    rig.kernel.backward(rig.top, [False], rig.bottom)
    assert not rig.bottom[0].diff.any()


def test_global_pooling_follows_the_image(pool: Pool) -> None:
    rig = pool("pool: AVE global_pooling: true")
    rig.bottom[0].reshape(1, 3, 9, 2)
    rig.bottom[0].data[...] = np.arange(54).reshape(1, 3, 9, 2)
    assert rig.forward()[0].ravel().tolist() == [8.5, 26.5, 44.5]


@pytest.mark.parametrize("method", ["MAX", "AVE", "STOCHASTIC"])
@pytest.mark.parametrize("kernel", ["kernel_size: 3 stride: 2", "global_pooling: true"])
def test_an_empty_batch(method: str, kernel: str, pool: Pool) -> None:
    rig = pool(f"pool: {method} {kernel}")
    rig.bottom[0].reshape(0, *SHAPE[1:])
    assert rig.forward()[0].shape[:2] == (0, 3)
    rig.kernel.backward(rig.top, [True], rig.bottom)
    assert rig.bottom[0].diff.shape == (0, *SHAPE[1:])


def test_large_planes_in_portions(pool: Pool) -> None:
    """More planes than fit a portion agree with one plane at a time."""
    rig = pool("kernel_size: 3 stride: 2", (3, 4, 150, 160))
    rig.forward()
    rig.backward()
    value, gradient = rig.top[0].data.copy(), rig.bottom[0].diff.copy()
    one = pool("kernel_size: 3 stride: 2", (1, 1, 150, 160))
    for n, c in np.ndindex(3, 4):
        one.bottom[0].data[0, 0] = rig.bottom[0].data[n, c]
        one.weights = [rig.weights[0][n : n + 1, c : c + 1]]
        np.testing.assert_array_equal(one.forward()[0][0, 0], value[n, c])
        one.backward()
        np.testing.assert_array_equal(one.bottom[0].diff[0, 0], gradient[n, c])


# ------------------------------------------------------------------ STOCHASTIC


def test_stochastic_draws_by_share(pool: Pool) -> None:
    rig = pool("pool: STOCHASTIC kernel_size: 2", (20000, 1, 2, 2))
    rig.bottom[0].data[...] = [[1, 2], [0, 5]]
    drawn = rig.forward()[0].ravel()
    shares = {value: np.mean(drawn == value) for value in (0, 1, 2, 5)}
    assert shares[0] == 0
    for value in (1, 2, 5):
        assert shares[value] == pytest.approx(value / 8, abs=0.02)


def test_stochastic_gradient_goes_to_what_was_drawn(pool: Pool) -> None:
    rig = pool("pool: STOCHASTIC kernel_size: 2 stride: 2", (2, 3, 4, 4), deterministic=False)
    rig.bottom[0].data[...] = np.arange(96).reshape(2, 3, 4, 4) + 1
    drawn = rig.forward()[0]
    rig.backward()
    for n, c, i, j in np.ndindex(2, 3, 2, 2):
        window = np.s_[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        chosen = rig.bottom[0].data[window] == drawn[n, c, i, j]
        want = np.where(chosen, rig.weights[0][n, c, i, j], 0)
        np.testing.assert_array_equal(rig.bottom[0].diff[window], want)


def test_stochastic_of_zeros_takes_the_first(pool: Pool) -> None:
    rig = pool("pool: STOCHASTIC kernel_size: 2 stride: 2", (1, 1, 2, 4))
    rig.bottom[0].data[...] = 0
    assert rig.forward()[0].tolist() == [[[[0, 0]]]]
    rig.top[0].diff[...] = 1
    rig.kernel.backward(rig.top, [True], rig.bottom)
    assert rig.bottom[0].diff.ravel().tolist() == [1, 0, 1, 0, 0, 0, 0, 0]


def test_stochastic_has_no_gradient_in_test(pool: Pool) -> None:
    rig = pool("pool: STOCHASTIC kernel_size: 2", phase="TEST")
    rig.forward()
    with pytest.raises(GraphError, match="no gradient in phase TEST"):
        rig.backward()


def windows_of(image: np.ndarray, kernel: int, stride: int, pad: int, out: int) -> list:
    """The pixels of each window, as (index in the plane, value), for one plane."""
    height, width = image.shape
    return [
        [
            (h * width + w, image[h, w])
            for h in range(i * stride - pad, i * stride - pad + kernel)
            for w in range(j * stride - pad, j * stride - pad + kernel)
            if 0 <= h < height and 0 <= w < width
        ]
        for i, j in np.ndindex(out, out)
    ]


@pytest.mark.parametrize(("kernel", "stride", "pad"), [(7, 1, 5), (6, 2, 5), (9, 1, 8)])
def test_a_large_kernel_over_a_small_padded_image(
    kernel: int, stride: int, pad: int, pool: Pool
) -> None:
    """There are fewer pixels than windows, and than places in one."""
    param = f"kernel_size: {kernel} stride: {stride} pad: {pad}"
    rig = pool(f"{param} pool: MAX", (1, 1, 3, 3), tops=2)
    image = rig.bottom[0].data[0, 0]
    image[1, 1] = np.nan
    best, mask = rig.forward()
    out = best.shape[-1]
    assert out * out > image.size < kernel * kernel
    for place, pixels in enumerate(windows_of(image, kernel, stride, pad, out)):
        numbers = [(value, -index) for index, value in pixels if value == value]
        want, index = max(numbers, default=(LOWEST, 1))
        assert best.flat[place] == want
        assert mask.flat[place] == -index
    rig = pool(f"{param} pool: AVE", (1, 1, 3, 3))
    image = rig.bottom[0].data[0, 0]
    (average,) = rig.forward()
    rig.backward()
    areas = rig.layer.geometry.areas().ravel()
    want = np.zeros(image.size)
    for place, pixels in enumerate(windows_of(image, kernel, stride, pad, out)):
        total = sum(value for _, value in pixels)
        assert average.flat[place] == pytest.approx(total / areas[place])
        for index, _ in pixels:
            want[index] += rig.weights[0].flat[place] / areas[place]
    np.testing.assert_allclose(rig.bottom[0].diff.ravel(), want)


@pytest.mark.parametrize("method", ["MAX", "AVE"])
def test_the_work_is_in_proportion_to_the_image(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window of 250,000 places, and as many windows, on 64 pixels."""
    monkeypatch.delattr(Windows, "positions")
    monkeypatch.delattr(kernels, "_windows")
    param = f"pooling_param {{ pool: {method} kernel_size: 500 pad: 499 }}"
    rig = Rig(Case("Pooling", param, [(1, 1, 8, 8)]), kernel_of=kernel_of)
    (top,) = rig.forward()
    rig.backward()
    assert top.shape == (1, 1, 507, 507)
    assert np.isfinite(top).all()
