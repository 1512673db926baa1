"""MultiStageMeanfield and DenseCRF."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, Maker

Arrays = list[np.ndarray]
Point = tuple[float, ...]


def simplex(point: Point) -> tuple[list[tuple[int, ...]], list[float]]:
    """The corners around a point and their weights, as Adams, Baek and Davis have it (2010).

    Corners are all d + 1 coordinates here, which add up to 0; a corner of remainder k has
    coordinates that leave k when divided by d + 1.
    """
    d = len(point)
    scale = [math.sqrt(2 / 3) * (d + 1) / math.sqrt((i + 1) * (i + 2)) for i in range(d)]
    scaled = [p * s for p, s in zip(point, scale, strict=True)]
    height = [sum(scaled[i:]) - (i * scaled[i - 1] if i else 0) for i in range(d + 1)]
    nearest = [(d + 1) * round(h / (d + 1)) for h in height]
    away = [h - n for h, n in zip(height, nearest, strict=True)]
    order = sorted(range(d + 1), key=lambda i: -away[i])
    surplus = sum(nearest) // (d + 1)
    for i in order[len(order) - surplus :] if surplus > 0 else []:
        nearest[i] -= d + 1
    for i in order[: max(0, -surplus)]:
        nearest[i] += d + 1
    away = [h - n for h, n in zip(height, nearest, strict=True)]
    order = sorted(range(d + 1), key=lambda i: -away[i])  # the largest first
    rank = {axis: place for place, axis in enumerate(order)}
    corners = [
        tuple(n + (k if rank[i] <= d - k else k - d - 1) for i, n in enumerate(nearest))
        for k in range(d + 1)
    ]
    falling = [away[i] for i in order]
    weights = [(falling[d - k] - falling[d - k + 1]) / (d + 1) for k in range(1, d + 1)]
    return corners, [1 - sum(weights), *weights]


def lattice(points: list[Point], values: list[float]) -> list[float]:
    """Splat, blur along each direction, slice."""
    d = len(points[0])
    simplices = [simplex(point) for point in points]
    held: dict[tuple[int, ...], float] = defaultdict(float)
    for (corners, weights), value in zip(simplices, values, strict=True):
        for corner, weight in zip(corners, weights, strict=True):
            held[corner] += weight * value
    for axis in range(d + 1):
        step = [1] * (d + 1)
        step[axis] = -d
        blurred = {}
        for corner, value in held.items():
            sides = [tuple(c + sign * s for c, s in zip(corner, step, strict=True))
                     for sign in (1, -1)]  # fmt: skip
            blurred[corner] = value + sum(held.get(side, 0.0) for side in sides) / 2
        held = defaultdict(float, blurred)
    return [
        sum(weight * held[corner] for corner, weight in zip(corners, weights, strict=True))
        / (1 + 2.0**-d)
        for corners, weights in simplices
    ]


def filtered(points: list[Point], channels: np.ndarray) -> np.ndarray:
    """Each channel (C, N), divided by what the filter makes of ones."""
    ones = lattice(points, [1.0] * len(points))
    rows = [lattice(points, list(row)) for row in channels]
    return np.array([[value / one for value, one in zip(row, ones, strict=True)] for row in rows])


def pixels(height: int, width: int, theta: float, image: np.ndarray | None = None,
           colour: float = 1) -> list[Point]:  # fmt: skip
    return [
        (x / theta, y / theta, *([] if image is None else image[:, y, x] / colour))
        for y in range(height)
        for x in range(width)
    ]


def probabilities(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=0))
    return powers / powers.sum(axis=0)


def meanfield(steps: int, gamma: float, alpha: float, beta: float) -> Callable:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        result = np.empty_like(bottoms[0])
        first, second, compatible = (param[0, 0] for param in params)
        for item, (unary, start, image) in enumerate(zip(*bottoms, strict=True)):
            classes, height, width = unary.shape
            q, u = start.reshape(classes, -1), unary.reshape(classes, -1)
            space = pixels(height, width, gamma)
            space_and_colour = pixels(height, width, alpha, image, beta)
            for _ in range(steps):
                prob = probabilities(q)
                message = first @ filtered(space, prob)
                message += second @ filtered(space_and_colour, prob)
                q = u - compatible @ message
            result[item] = q.reshape(unary.shape)
        return [result]

    return run


def crf(
    steps: int, sizes: list[tuple[int, int]], *, bilateral: bool, logs: bool = False
) -> Callable:
    def run(bottoms: Arrays, _: Arrays) -> Arrays:
        result = np.zeros_like(bottoms[0])
        for item, (height, width) in enumerate(sizes):
            scores = bottoms[0][item, :, :height, :width]
            unary = np.log(probabilities(scores.reshape(len(scores), -1)))
            prob = np.exp(unary)
            for _ in range(steps):
                total = unary + 3 * filtered(pixels(height, width, 2), prob)
                if bilateral:
                    points = pixels(height, width, 4, bottoms[2][item], 5)
                    total += 1.5 * filtered(points, prob)
                prob = probabilities(total)
            part = np.log(prob) if logs else prob
            result[item, :, :height, :width] = part.reshape(-1, height, width)
        return [result]

    return run


def sizes(*values: float) -> Maker:
    return lambda rng, shape: np.array(values).reshape(shape)


def scores(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape)


def images(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-20, 20, shape).astype(np.float32).astype(float)


MEANFIELD = "num_iterations: 3 theta_gamma: 1.5 theta_alpha: 3 theta_beta: 7"
BOTTOMS = [(2, 2, 3, 4), (2, 2, 3, 4), (2, 3, 3, 4)]
POSITIONS = "max_iter: 2 pos_w: 3 pos_xy_std: 2"
COLOURS = "bi_w: 1.5 bi_xy_std: 4 bi_rgb_std: 5"

CASES = [
    Case("MultiStageMeanfield", f"multi_stage_meanfield_param {{ {MEANFIELD} }}", BOTTOMS,
         [scores, scores, images], [True, True, False], reference=meanfield(3, 1.5, 3, 7),
         name="three steps"),
    Case("MultiStageMeanfield", "multi_stage_meanfield_param { num_iterations: 1 theta_alpha: 4 "
         'spatial_filter_weights_str: "1 2" bilateral_filter_weight: 0.5 }', BOTTOMS,
         [scores, scores, images], [True, True, False], reference=meanfield(1, 3, 4, 3),
         name="one step"),
    Case("DenseCRF", f"dense_crf_param {{ {POSITIONS} }}", [(2, 3, 4, 5), (2, 2)],
         [scores, sizes(4, 5, 3, 2)], has_gradient=False,
         reference=crf(2, [(4, 5), (3, 2)], bilateral=False), name="places"),
    Case("DenseCRF", f"dense_crf_param {{ {POSITIONS} {COLOURS} output_probability: false }}",
         [(2, 3, 4, 5), (2, 2, 1, 1), (2, 3, 4, 5)], [scores, sizes(9, 9, 4, 5), images],
         has_gradient=False, reference=crf(2, [(4, 5), (4, 5)], bilateral=True, logs=True),
         name="colours"),
]  # fmt: skip
