"""ImResize and Nms against loops over single pixels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]


def catmull_rom(v: list[float], t: float) -> float:
    """The cubic through v[1] and v[2] whose slopes there are those of their neighbours."""
    a, b = (v[2] - v[0]) / 2, (v[3] - v[1]) / 2
    return (
        (2 * t**3 - 3 * t**2 + 1) * v[1]
        + (t**3 - 2 * t**2 + t) * a
        + (3 * t**2 - 2 * t**3) * v[2]
        + (t**3 - t**2) * b
    )


def sample(line: list[float], place: float) -> float:
    first = max(0, math.trunc(place + 1e-5))
    edge = len(line) - 1
    taps = [max(first - 1, 0), first, min(first + 1, edge), min(min(first + 1, edge) + 1, edge)]
    return catmull_rom([line[tap] for tap in taps], place - first)


def resized(height: int, width: int, start: float = 1, gap: float = 0.1) -> Callable:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        top = np.zeros((1, x.shape[1], height, width))
        for n, c in np.ndindex(x.shape[:2]):
            part = x[n, c]
            for axis, size in enumerate(x.shape[2:]):
                cut = math.floor(size // 2 * (1 - start + n * gap))
                part = part.take(range(cut, size - cut), axis)
            for i, j in np.ndindex(height, width):
                y = (i + 0.5) * len(part) / height - 0.5
                column = [sample(list(row), (j + 0.5) * len(row) / width - 0.5) for row in part]
                top[0, c, i, j] += sample(column, y) / len(x)
        return [top]

    return run


def peaks(parts: int, most: int, threshold: float) -> Callable:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        x = bottoms[0]
        top = np.zeros((len(x), parts, most + 1, 3))
        for n, c in np.ndindex(len(x), parts):
            count = 0
            for i in range(1, x.shape[2] - 1):
                for j in range(1, x.shape[3] - 1):
                    around = x[n, c, i - 1 : i + 2, j - 1 : j + 2].ravel().tolist()
                    value = around.pop(4)
                    if value <= threshold or value <= max(around):
                        continue
                    count += 1
                    if count > most:
                        continue
                    mass = across = down = 0.0
                    for y in range(i - 3, i + 4):
                        for z in range(j - 3, j + 4):
                            if 0 < y < x.shape[2] and 0 < z < x.shape[3]:
                                weight = max(0.0, float(x[n, c, y, z]))
                                mass += weight
                                across += weight * z
                                down += weight * y
                    top[n, c, count] = (across / mass, down / mass, value)
            top[n, c, 0, 0] = count
        return [top]

    return run


CASES = [
    Case("ImResize", "imresize_param { factor: 2.5 }", [(1, 2, 4, 5)], reference=resized(10, 12)),
    Case("ImResize", "imresize_param { target_spatial_height: 3 target_spatial_width: 7 "
         "start_scale: 0.75 scale_gap: 0.25 }", [(2, 2, 8, 6)],
         reference=resized(3, 7, 0.75, 0.25)),
    Case("Nms", "nms_param { threshold: 0.25 max_peaks: 4 num_parts: 2 }", [(2, 3, 9, 12)],
         has_gradient=False, reference=peaks(2, 4, 0.25)),
]  # fmt: skip
