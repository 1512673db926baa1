"""The matrices of fast convolutions: fewer products for several results at once.

F(m, r) computes m neighbouring results of a correlation with r weights by n = m + r - 1 products::

    y = Aᵀ [(G g) ⊙ (Bᵀ x)]          x: n inputs, g: r weights, y: m results

in place of m·r. Over two axes F(m×m, r×r) takes n² products in place of m²·r², 36 in place of 144
for F(4×4, 3×3): the transforms are applied to rows and columns, Bᵀ x B, G g Gᵀ, Aᵀ … A.

The idea of Toom and Cook: weights and results are polynomials. A product of two of them with n
coefficients is known from its values at n points, of which "infinity" (the highest coefficient) is
one, and the values are products of values. A correlation is the transpose of such a product
(Winograd), so the matrix that interpolates becomes the one that transforms the inputs.

The points decide the rounding: values of high powers of large points are added and cancel. With
0, ±5/8, ±3/2 F(4×4, 3×3) is as exact as 1.4e-6 of the largest result in float32, with the usual
0, ±1, ±2 it is 4.9e-6. F(3×3, 5×5) with ±3/8, ±4/5, ±7/4 gives 1.3e-6, and 2.2e-6 for the
gradient of the weights; F(4×4, 5×5) gives 5e-6 with the best points found.

Source: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, 2015; S. Winograd:
Arithmetic Complexity of Computations, 1980.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

Matrix = list[list[Fraction]]

#: n → the points but infinity; pairs ±a share half of their sums.
POINTS = {
    4: ("0", "1", "-1"),
    6: ("0", "5/8", "-5/8", "3/2", "-3/2"),
    7: ("3/8", "-3/8", "4/5", "-4/5", "7/4", "-7/4"),
}


class Matrices(NamedTuple):
    """The three matrices of F(m, r) with n = m + r - 1.

    Attributes:
        inputs: Bᵀ, (n, n).
        weights: G, (n, r).
        results: Aᵀ, (m, n).
    """

    inputs: Matrix
    weights: Matrix
    results: Matrix


def matrices(m: int, r: int, points: Sequence[str] | None = None) -> Matrices:
    """The matrices of F(m, r) in exact fractions.

    Each row of Bᵀ is brought to whole numbers without a common factor, which the row of G takes
    back: fewer factors in the transform of the inputs, which there is most of.

    Args:
        m: results at a time.
        r: weights.
        points: n - 1 different points, infinity being the last one; :data:`POINTS` by default.
    """
    n = m + r - 1
    at = [Fraction(point) for point in points or POINTS[n]]
    inputs, weights = [], []
    for point in at:
        others = [other for other in at if other != point]
        row = [*_polynomial(others), Fraction(0)]
        factor = _to_whole_numbers(row)
        inputs.append([factor * value for value in row])
        scale = factor * math.prod((point - other for other in others), start=Fraction(1))
        weights.append([point**power / scale for power in range(r)])
    inputs.append(_polynomial(at))
    weights.append([Fraction(int(power == r - 1)) for power in range(r)])
    results = [[point**i for point in at] + [Fraction(int(i == m - 1))] for i in range(m)]
    return Matrices(inputs, weights, results)


def transpose(matrix: Sequence[Sequence[Fraction]]) -> Matrix:
    """Rows as columns."""
    return [list(column) for column in zip(*matrix, strict=True)]


def _polynomial(roots: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients of (x - root)·(x - root)…, the constant first."""
    found = [Fraction(1)]
    for root in roots:
        shifted = [Fraction(0), *found]
        found = [
            high - root * low for high, low in zip(shifted, [*found, Fraction(0)], strict=True)
        ]
    return found


def _to_whole_numbers(row: Sequence[Fraction]) -> Fraction:
    """The factor that makes a row whole numbers without a common divisor, the last positive."""
    common = math.lcm(*(value.denominator for value in row))
    divisor = math.gcd(*(int(value * common) for value in row))
    last = next(value for value in reversed(row) if value)
    return Fraction(common, divisor) * (1 if last > 0 else -1)
