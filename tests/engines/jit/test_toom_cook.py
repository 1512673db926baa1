"""The transforms are exact, and the points round as little as is said of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from minicaffe.engines.jit.convolution import TILES
from minicaffe.engines.jit.toom_cook import Matrix, matrices


def product(matrix: Matrix, vector: list[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)) for row in matrix]


@pytest.mark.parametrize(("m", "r"), [(2, 3), (4, 3), (2, 5), (3, 5)])
def test_it_is_the_correlation_exactly(m: int, r: int) -> None:
    found = matrices(m, r, ("0", "1", "-1") if m + r == 5 else None)
    x = [Fraction(7 * i * i - 3, 5) for i in range(m + r - 1)]
    g = [Fraction(2 * i + 1, 3) for i in range(r)]
    products = [
        a * b for a, b in zip(product(found.weights, g), product(found.inputs, x), strict=True)
    ]
    want = [sum(x[i + k] * g[k] for k in range(r)) for i in range(m)]
    assert product(found.results, products) == want


def test_inputs_are_multiplied_by_whole_numbers() -> None:
    for row in matrices(4, 3).inputs[:-1]:
        assert all(value.denominator == 1 for value in row)


@pytest.mark.parametrize("taps", sorted(TILES))
def test_rounding_stays_below_three_millionths(taps: int) -> None:
    """Every step rounded to float32, sums over 32 channels; the bound of ``conv_math: auto``."""
    m, rng = TILES[taps], np.random.default_rng(taps)
    found = matrices(m, taps)
    b, g, a = (np.array([[float(v) for v in row] for row in part], "f") for part in found)
    n = m + taps - 1
    x = rng.standard_normal((24, 32, n, n)).astype("f")
    w = (rng.standard_normal((16, 32, taps, taps)) / np.sqrt(32 * taps**2)).astype("f")
    v, u = b @ x @ b.T, g @ w @ g.T
    y = a @ np.einsum("tcij,kcij->tkij", v, u) @ a.T
    want = sum(
        np.einsum(
            "tcab,kc->tkab", x[..., i : i + m, j : j + m].astype("d"), w[..., i, j].astype("d")
        )
        for i in range(taps)
        for j in range(taps)
    )
    assert np.abs(y - want).max() < 3e-6 * np.abs(want).max()
