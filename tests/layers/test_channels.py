"""Sums over channels: short and long inner axes, and their accuracy in float32."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.layers.channels import channel_dot, channel_moments, channel_sum, fold
from minicaffe.threads import set_threads


def test_fold() -> None:
    array = np.zeros((2, 3, 4, 5))
    assert fold(array).shape == (2, 3, 20)
    assert fold(array[:, :, 0, 0].copy()).shape == (2, 3, 1)
    assert fold(array, 2, 0).shape == (6, 1, 20)
    assert fold(array, 0, 4).shape == (1, 120, 1)
    assert np.shares_memory(fold(array), array)
    assert fold(np.zeros((0, 3, 4))).shape == (0, 3, 4)


@pytest.mark.parametrize("inner", [1, 7, 5000])
def test_sums_and_products(inner: int) -> None:
    left, right = np.random.default_rng(0).normal(size=(2, 3, 4, inner))[:2]
    np.testing.assert_allclose(channel_sum(left), left.sum(axis=(0, 2)))
    np.testing.assert_allclose(channel_dot(left, right), (left * right).sum(axis=(0, 2)))


#: Shapes (outer, dim, inner): few and many values, long and short runs of memory, odd lengths.
SHAPES = [
    (5, 3, 1), (70_001, 3, 1), (900, 2, 7), (90, 40, 64), (2, 2, 1_000_003), (1, 1, 4_200_000),
]  # fmt: skip
KINDS = ["ordinary", "large mean", "constant", "in steps"]


def values_of(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(1)
    if kind == "constant":
        return np.full(shape, 0.1, np.float32)
    values = rng.normal(1e6 if kind == "large mean" else 0.7, 1.3, shape)
    if kind == "in steps":  # the first values say nothing about the mean
        values.reshape(-1)[values.size // 3 :] += 1e4
    return values.astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_as_exact_as_its_values(kind: str, shape: tuple[int, ...]) -> None:
    """A running sum would be off by 1e-4 for a million values, by 1 for a mean of a million."""
    values = values_of(kind, shape)
    exact = values.astype(float)
    mean, variance = channel_moments(values)
    about = exact - mean[:, None]
    np.testing.assert_allclose(mean, exact.mean(axis=(0, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance, exact.var(axis=(0, 2)), rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(channel_sum(values), exact.sum(axis=(0, 2)), rtol=1e-6)
    centred = about.astype(np.float32)
    weights = np.random.default_rng(2).uniform(0.5, 2, shape).astype(np.float32)
    sums = (weights * centred.astype(float)).sum(axis=(0, 2))
    size = np.abs(weights * centred.astype(float)).sum(axis=(0, 2))
    assert (np.abs(channel_dot(weights, centred) - sums) <= 1e-6 * size + 1e-12).all()


def test_the_number_of_threads_changes_nothing() -> None:
    values = values_of("ordinary", (3, 2, 700_001))
    found = []
    for threads in (1, 2, 3):
        set_threads(threads)
        try:
            found.append([*channel_moments(values), channel_sum(values)])
        finally:
            set_threads(None)
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)
