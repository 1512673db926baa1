"""Sums over channels: short and long inner axes, and their accuracy in float32."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.layers.channels import LONG, channel_dot, channel_sum, fold


def test_fold() -> None:
    array = np.zeros((2, 3, 4, 5))
    assert fold(array).shape == (2, 3, 20)
    assert fold(array[:, :, 0, 0].copy()).shape == (2, 3, 1)
    assert fold(array, 2, 0).shape == (6, 1, 20)
    assert fold(array, 0, 4).shape == (1, 120, 1)
    assert np.shares_memory(fold(array), array)
    assert fold(np.zeros((0, 3, 4))).shape == (0, 3, 4)


@pytest.mark.parametrize("inner", [1, 7, LONG])
def test_sums_and_products(inner: int) -> None:
    left, right = np.random.default_rng(0).normal(size=(2, 3, 4, inner))[:2]
    np.testing.assert_allclose(channel_sum(left), left.sum(axis=(0, 2)))
    np.testing.assert_allclose(channel_dot(left, right), (left * right).sum(axis=(0, 2)))


def test_a_million_values_keep_their_digits_in_float32() -> None:
    """A running sum of the products would be off by 6e-5."""
    values = np.random.default_rng(0).normal(0.5, 1, (2, 2, 1_000_000)).astype(np.float32)
    exact = values.astype(float)
    np.testing.assert_allclose(channel_sum(values), exact.sum(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(channel_dot(values, values), (exact**2).sum(axis=(0, 2)), rtol=1e-5)
