"""Interpolation along an axis by B-splines of order 2 to 5, as ``scipy.ndimage.zoom`` does it.

A spline of order p is s(x) = Σₖ cₖ·βᵖ(x - k); its coefficients cₖ are those with which it passes
through all values, the array going on as its mirror image about its first and last value. They come
from one recursive filter forth and back for each pole of 1/Σₖ βᵖ(k)·z⁻ᵏ (Unser, Aldroubi and Eden,
*B-spline signal processing*, IEEE Transactions on Signal Processing 41, 1993).
"""

from __future__ import annotations

import math

import numpy as np

#: Order → the poles of its filter inside the unit circle.
_POLES = {
    2: (math.sqrt(8) - 3,),
    3: (math.sqrt(3) - 2,),
    4: (
        math.sqrt(664 - math.sqrt(438976)) + math.sqrt(304) - 19,
        math.sqrt(664 + math.sqrt(438976)) - math.sqrt(304) - 19,
    ),
    5: (
        math.sqrt(67.5 - math.sqrt(4436.25)) + math.sqrt(26.25) - 6.5,
        math.sqrt(67.5 + math.sqrt(4436.25)) - math.sqrt(26.25) - 6.5,
    ),
}

_PADDING = 12  # values of the border that scipy puts before its filter


def interpolate(
    values: np.ndarray, axis: int, where: np.ndarray, order: int, border: float | None
) -> np.ndarray:
    """The spline through the values at positions along an axis.

    Args:
        values: an array of any shape.
        axis: its axis along which to interpolate.
        where: positions from -½ to length - ½ (without ``border``, from 0 to length - 1).
        order: 2 to 5.
        border: how the array goes on beyond its ends; None mirrors it.

    Returns:
        The same axes, ``len(where)`` in place of the one; float64.
    """
    lines = np.moveaxis(values, axis, 0).astype(np.float64)
    if border is not None:
        around = [(_PADDING, _PADDING)] + [(0, 0)] * (lines.ndim - 1)
        lines = np.pad(lines, around, constant_values=border)
        where = where + _PADDING
    coefficients = _coefficients(lines, order)
    first = np.floor(where if order % 2 else where + 0.5).astype(int) - order // 2
    result = np.zeros((len(where), *lines.shape[1:]))
    for tap in range(order + 1):
        weights = basis(where - (first + tap), order).reshape(-1, *[1] * (lines.ndim - 1))
        result += weights * coefficients[_mirrored(first + tap, len(lines))]
    return np.moveaxis(result, 0, axis)


def basis(distance: np.ndarray, order: int) -> np.ndarray:
    """βᵖ(x), the B-spline: Σⱼ (-1)ʲ·C(p+1, j)·max(0, x + (p+1)/2 - j)ᵖ / p!, 0 beyond (p+1)/2."""
    x = -np.abs(distance) + (order + 1) / 2  # even, and the fewer terms the smaller the error
    total = sum(
        (-1) ** j * math.comb(order + 1, j) * np.maximum(0, x - j) ** order
        for j in range(order // 2 + 1)
    )
    return total / math.factorial(order)


def _coefficients(lines: np.ndarray, order: int) -> np.ndarray:
    """The spline's coefficients along axis 0; changes what it is given."""
    count = len(lines)
    if count == 1:
        return lines
    for pole in _POLES[order]:
        lines *= (1 - pole) * (1 - 1 / pole)
        powers = pole ** np.arange(2 * count - 2)
        mirrored = lines[_mirrored(np.arange(2 * count - 2), count)]
        lines[0] = np.tensordot(powers, mirrored, 1) / (1 - pole ** (2 * count - 2))
        for i in range(1, count):
            lines[i] += pole * lines[i - 1]
        lines[-1] = (lines[-1] + pole * lines[-2]) * pole / (pole**2 - 1)
        for i in range(count - 2, -1, -1):
            lines[i] = pole * (lines[i + 1] - lines[i])
    return lines


def _mirrored(index: np.ndarray, count: int) -> np.ndarray:
    """Positions of an array that goes on as its mirror image about its first and last value."""
    if count == 1:
        return np.zeros_like(index)
    index = np.abs(index) % (2 * count - 2)
    return np.minimum(index, 2 * count - 2 - index)
