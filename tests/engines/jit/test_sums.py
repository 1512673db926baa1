"""Sums over channels by kernels are as exact as those of numpy's passes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite, which compiles kernels, is absent")

from minicaffe.engines.jit.sums import ChannelSums
from minicaffe.engines.jit.target import Target, usable_targets
from minicaffe.engines.jit.team import Team
from minicaffe.layers import sums
from minicaffe.threads import set_threads

SHAPES = [
    (2, 3, 10, 16),
    (3, 2, 200, 32),
    (1, 1, 5000, 48),
    (5, 1, 4097, 16),
    (2, 2, 3, 16),
    (4, 5, 77, 1),
    (2, 3, 1, 1),
    (1, 2, 70000, 1),
    (2, 3, 5, 7),  # lanes that fill no vectors in several blocks: numpy's
    (1, 1, 300, 7),
    (3, 1, 77, 21),
    (0, 3, 5, 16),
]
EPS = np.finfo(np.float32).eps


@pytest.fixture(params=usable_targets(), ids=lambda target: target.name)
def channel_sums(request: pytest.FixtureRequest) -> ChannelSums:
    target: Target = request.param
    return ChannelSums(Team(target))


def arrays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(sum(shape))
    left, right = (rng.standard_normal(shape, dtype=np.float32) * 2 + 3 for _ in range(2))
    return left, right, rng.standard_normal(shape[1] * shape[3], dtype=np.float32)


def exactly(values: np.ndarray) -> np.ndarray:
    """Σ over items and rows, of values that were computed in float64."""
    return values.sum(axis=(0, 2)).reshape(-1)


def assert_exact(got: np.ndarray, terms: np.ndarray) -> None:
    """What blocks of 64 in single precision may round, and not what long sums would."""
    error = np.abs(got - exactly(terms))
    assert (error <= 8 * EPS * exactly(np.abs(terms)) + 1e-30).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products(channel_sums: ChannelSums, shape: tuple[int, ...]) -> None:
    left, right, about = arrays(shape)
    wide, other = left.astype(np.float64), right.astype(np.float64)
    shift = about.astype(np.float64).reshape(1, shape[1], 1, shape[3])
    first, second = channel_sums.products(left, right, about)
    assert_exact(first, wide)
    assert_exact(second, wide * (other - shift))
    assert_exact(channel_sums.products(left, right)[1], wide * other)
    assert_exact(channel_sums.total(right), other)
    right -= 3
    second = channel_sums.products(left, right, below_zero=True)[1]
    assert_exact(second, wide * np.minimum(right.astype(np.float64), 0))


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
@pytest.mark.parametrize("mean", [0.0, 3.0, 1e6])
def test_moments(channel_sums: ChannelSums, shape: tuple[int, ...], mean: float) -> None:
    values = arrays(shape)[0] + np.float32(mean)
    wide = values.astype(np.float64)
    found_mean, found_variance = channel_sums.moments(values)
    want_mean, want_variance = wide.mean(axis=(0, 2)).ravel(), wide.var(axis=(0, 2)).ravel()
    spread = np.sqrt(want_variance) + np.abs(want_mean) * EPS
    assert (np.abs(found_mean - want_mean) <= 1e-6 * spread + 1e-30).all()
    assert (np.abs(found_variance - want_variance) <= 2e-6 * want_variance + 1e-30).all()


def test_a_channel_of_equal_values_has_no_variance(channel_sums: ChannelSums) -> None:
    values = np.full((3, 2, 500, 16), np.float32(0.3))
    mean, variance = channel_sums.moments(values)
    assert (mean == np.float64(np.float32(0.3))).all()
    assert not variance.any()


def test_what_is_no_number_stays_in_its_channel(channel_sums: ChannelSums) -> None:
    values = arrays((2, 1, 100, 32))[0]
    values[1, 0, 7, 3], values[0, 0, 5, 9] = np.nan, np.inf
    with np.errstate(all="ignore"):  # as plans do
        mean, variance = channel_sums.moments(values)
    assert np.isnan(mean[3])
    assert np.isnan(variance[3])
    assert np.isinf(mean[9])
    assert np.isfinite(np.delete(mean, [3, 9])).all()
    _, slopes = channel_sums.products(np.ones_like(values), values, below_zero=True)
    assert np.flatnonzero(np.isnan(slopes)).tolist() == [3]


def test_results_do_not_depend_on_the_number_of_threads(channel_sums: ChannelSums) -> None:
    left, right, about = arrays((3, 2, 9000, 16))
    found = []
    for threads in (1, 2, 5):
        set_threads(threads)
        found.append([*channel_sums.moments(left), *channel_sums.products(left, right, about)])
    set_threads(None)
    for other in found[1:]:
        for item, two in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(item, two)


def test_as_numpys(channel_sums: ChannelSums) -> None:
    left, right, about = arrays((4, 3, 300, 16))
    for got, want in zip(
        [*channel_sums.moments(left), *channel_sums.products(left, right, about)],
        [*sums.moments(left), *sums.products(left, right, about)],
        strict=True,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-5)
