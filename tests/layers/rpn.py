"""py-faster-rcnn's layers in loops over single boxes, and values for their bottoms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tests.layers.harness import Maker

Box = tuple[float, ...]


def anchors(
    base: float = 16,
    ratios: Sequence[float] = (0.5, 1, 2),
    scales: Sequence[float] = (8, 16, 32),
    rounded: Callable[[float], float] = round,
) -> list[Box]:
    """The basic anchors, one by one."""
    found = []
    for ratio in ratios:
        width = rounded(math.sqrt(base * base / ratio))
        height = rounded(width * ratio)
        for scale in scales:
            x, y = (width * scale - 1) / 2, (height * scale - 1) / 2
            middle = (base - 1) / 2
            found.append((middle - x, middle - y, middle + x, middle + y))
    return found


def moved(box: Box, offsets: Sequence[float]) -> Box:
    """The box that four offsets make of another."""
    low, high = [], []
    for axis in (0, 1):
        side = box[axis + 2] - box[axis] + 1
        middle = box[axis] + side / 2 + offsets[axis] * side
        new = math.exp(offsets[axis + 2]) * side
        low.append(middle - new / 2)
        high.append(middle + new / 2)
    return (*low, *high)


def cut(box: Box, height: float, width: float) -> Box:
    """What of a box is in the image."""
    limits = (width - 1, height - 1) * 2
    return tuple(max(min(value, most), 0) for value, most in zip(box, limits, strict=True))


def overlap(left: Box, right: Box, edge: float = 1) -> float:
    """Intersection over union."""
    width = min(left[2], right[2]) - max(left[0], right[0]) + edge
    height = min(left[3], right[3]) - max(left[1], right[1]) + edge
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    areas = [(b[2] - b[0] + edge) * (b[3] - b[1] + edge) for b in (left, right)]
    return common / (sum(areas) - common)


def proposals(
    bottoms: list[np.ndarray],
    found: Sequence[Box],
    stride: int = 16,
    *,
    least: float = 16,
    looked_at: int = 12000,
    given: int = 2000,
    threshold: float = 0.7,
    drop: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Regions and their scores, place by place and anchor by anchor."""
    scores, offsets, (height, width, scale) = bottoms[0][0], bottoms[1][0], bottoms[2].reshape(-1)
    count = len(found)
    rows = []
    for y in range(scores.shape[1]):
        for x in range(scores.shape[2]):
            for a, (x1, y1, x2, y2) in enumerate(found):
                there = (x1 + x * stride, y1 + y * stride, x2 + x * stride, y2 + y * stride)
                box = cut(moved(there, offsets[4 * a : 4 * a + 4, y, x]), height, width)
                sides = box[2] - box[0] + 1, box[3] - box[1] + 1
                score = scores[count + a, y, x]
                if min(sides) >= least * scale:
                    rows.append((score, box))
                elif not drop:
                    rows.append((0.0, box))
    rows = sorted(rows, key=lambda row: -row[0])[:looked_at]
    kept: list[tuple[float, Box]] = []
    for score, box in rows:
        if len(kept) < given and all(overlap(box, other) <= threshold for _, other in kept):
            kept.append((score, box))
    return (
        np.array([[0, *box] for _, box in kept]).reshape(-1, 5),
        np.array([score for score, _ in kept]),
    )


def image(height: float, width: float, scale: float = 1) -> Maker:
    """The size of an image, as bottom ``im_info`` has it."""
    return lambda rng, shape: np.array([[height, width, scale]])


def uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(size=shape)


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.2


def python(text: str, name: str, module: str) -> str:
    """The settings of a layer in Python."""
    return f'python_param {{ module: "{module}" layer: "{name}" param_str: "{text}" }}'
