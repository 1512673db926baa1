"""Correlation, FlowWarp, Resample: the layers of FlowNet."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, normal

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def flow(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Displacements some of which leave the image, none near a whole number."""
    return rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.9, shape)


def warped(bottoms: Arrays, _: Arrays) -> Arrays:
    """The image at the flow's places, one pixel at a time."""
    x, shift = bottoms
    y = np.zeros(x.shape)
    height, width = x.shape[2:]
    for n, c, h, w in np.ndindex(x.shape):
        row, column = h + shift[n, 1, h, w], w + shift[n, 0, h, w]
        if not (0 <= row < height and 0 <= column < width):
            continue
        top, left = math.floor(row), math.floor(column)
        for i in (top, top + 1):
            for j in (left, left + 1):
                share = (1 - abs(row - i)) * (1 - abs(column - j))
                y[n, c, h, w] += share * x[n, c, min(i, height - 1), min(j, width - 1)]
    return [y]


def kernel(kind: str, d: float) -> float:
    d = abs(d)
    if kind == "LINEAR":
        return max(0.0, 1 - d)
    if d <= 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0


def resampled(kind: str, height: int, width: int, smooth: bool = True) -> Reference:
    """The kernel at each pixel's place; f and g stand where FlowNet has them."""

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        g, f = np.float32(x.shape[3] / width), np.float32(x.shape[2] / height)
        y = np.zeros((*x.shape[:2], height, width))
        wide, tall = (float(g), float(f)) if smooth and (f > 1 or g > 1) else (1, 1)
        for n, c, h, w in np.ndindex(y.shape):
            row = float(np.float32(h) * f + g / np.float32(2) - np.float32(0.5))
            column = float(np.float32(w) * g + f / np.float32(2) - np.float32(0.5))
            if kind == "NEAREST":
                i, j = (math.floor(abs(at) + 0.5) * (1 if at > 0 else -1) for at in (row, column))
                i, j = min(max(i, 0), x.shape[2] - 1), min(max(j, 0), x.shape[3] - 1)
                y[n, c, h, w] = x[n, c, i, j]
                continue
            total = weights = 0.0
            for i, j in np.ndindex(x.shape[2:]):
                weight = kernel(kind, (row - i) / tall) * kernel(kind, (column - j) / wide)
                total, weights = total + weight * x[n, c, i, j], weights + weight
            y[n, c, h, w] = total / weights if weights else 0
        return [y]

    return run


def resample(kind: str, height: int, width: int, more: str = "", smooth: bool = True) -> Case:
    param = f"type: {kind} height: {height} width: {width} {more}"
    return Case("Resample", f"resample_param {{ {param} }}", [(2, 3, 6, 8)], name=param,
                reference=resampled(kind, height, width, smooth))  # fmt: skip


def correlated(pad: int, k: int, d: int, s1: int, s2: int, subtract: bool) -> Reference:
    """The sum over each patch, one value at a time."""

    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        a, b = (np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))) for x in bottoms)
        r = d // s2
        height, width = (math.ceil((n - 2 * (d + (k - 1) // 2)) / s1) for n in a.shape[2:])
        y = np.zeros((len(a), (2 * r + 1) ** 2, height, width))
        for n, c, h, w in np.ndindex(y.shape):
            p, o = c // (2 * r + 1) - r, c % (2 * r + 1) - r
            for ch, i, j in np.ndindex(a.shape[1], k, k):
                one = a[n, ch, d + h * s1 + i, d + w * s1 + j]
                other = b[n, ch, d + h * s1 + i + p * s2, d + w * s1 + j + o * s2]
                y[n, c, h, w] += abs(one - other) if subtract else one * other
        return [y / (a.shape[1] * k * k)]

    return run


def correlation(pad: int, k: int, d: int, s1: int, s2: int, subtract: bool = False) -> Case:
    kind = "SUBTRACT" if subtract else "MULTIPLY"
    param = (
        f"pad: {pad} kernel_size: {k} max_displacement: {d} stride_1: {s1} stride_2: {s2} "
        f"correlation_type: {kind}"
    )
    return Case("Correlation", f"correlation_param {{ {param} }}", [(2, 3, 6, 7)] * 2, name=param,
                reference=correlated(pad, k, d, s1, s2, subtract))  # fmt: skip


CASES = [
    correlation(2, 1, 2, 1, 1),
    correlation(3, 3, 2, 1, 2),
    correlation(2, 3, 3, 2, 2),
    correlation(0, 1, 1, 3, 1),
    correlation(2, 3, 2, 1, 2, subtract=True),
    correlation(1, 1, 1, 2, 1, subtract=True),
    Case("FlowWarp", "", [(2, 3, 4, 5), (2, 2, 4, 5)], [normal, flow], reference=warped),
    resample("LINEAR", 12, 16),
    resample("LINEAR", 3, 4),
    resample("LINEAR", 3, 4, "antialias: false", smooth=False),
    resample("LINEAR", 9, 5),
    resample("CUBIC", 9, 12),
    resample("CUBIC", 2, 3),
    resample("CUBIC", 4, 16),
    resample("NEAREST", 12, 16),
    resample("NEAREST", 4, 3),
    Case("Resample", bottoms=[(2, 3, 6, 8), (1, 1, 3, 12)], gradients=[True, False],
         reference=resampled("LINEAR", 3, 12), name="two bottoms",
         smaller=[(1, 3, 5, 8), (1, 1, 3, 12)]),
]  # fmt: skip
