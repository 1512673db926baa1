"""DetectNet's layers against loops over single boxes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case
from tests.layers.rpn import python

Arrays = list[np.ndarray]
Box = list[int]
CLUSTERING, MEAN_AP = "caffe.layers.detectnet.clustering", "caffe.layers.detectnet.mean_ap"


def grouped(boxes: list[Box], least: int, eps: float) -> list[tuple[Box, int]]:
    """OpenCV's groups, pair by pair; x, y, width, height."""
    if least <= 0:
        return [(box, 1) for box in boxes]

    def alike(a: Box, b: Box) -> bool:
        delta = eps * (min(a[2], b[2]) + min(a[3], b[3])) / 2
        edges = [(a[0], b[0]), (a[1], b[1]), (a[0] + a[2], b[0] + b[2]), (a[1] + a[3], b[1] + b[3])]
        return all(abs(p - q) <= delta for p, q in edges)

    group = list(range(len(boxes)))
    for _ in boxes:  # until nothing changes any more
        for i, a in enumerate(boxes):
            for j, b in enumerate(boxes):
                if alike(a, b):
                    group[i] = group[j] = min(group[i], group[j])
    found = []
    for first in dict.fromkeys(group):
        own = [box for box, mark in zip(boxes, group, strict=True) if mark == first]
        found.append(([round(sum(side) / len(own)) for side in zip(*own, strict=True)], len(own)))
    found = [(box, count) for box, count in found if count > least]

    def hidden(index: int) -> bool:
        (x, y, w, h), count = found[index]
        for other, ((x2, y2, w2, h2), others) in enumerate(found):
            dx, dy = round(w2 * eps), round(h2 * eps)
            inside = x >= x2 - dx and y >= y2 - dy
            inside = inside and x + w <= x2 + w2 + dx and y + h <= y2 + h2 + dy
            if other != index and inside and (others > max(3, count) or count < 3):
                return True
        return False

    return [found[i] for i in range(len(found)) if not hidden(i)]


def places(cover: np.ndarray, boxes: np.ndarray, least: float, stride: int) -> list[list[float]]:
    return [
        [
            float(edge) + stride * place
            for edge, place in zip(boxes[:, y, x], (x, y, x, y), strict=True)
        ]
        for y, x in np.ndindex(cover.shape)
        if cover[y, x] >= least
    ]


def half(values: list[float]) -> list[float]:
    return [float(np.float16(value)) for value in values]


def clusters(bottoms: Arrays, _: Arrays) -> Arrays:
    """With the settings of the case below."""
    tops = [np.zeros((len(bottoms[0]), 50, 5)) for _ in range(bottoms[0].shape[1])]
    for item, boxes in enumerate(bottoms[1]):
        for top, cover in zip(tops, bottoms[0][item], strict=True):
            whole = [[int(x), int(y), int(right - x), int(bottom - y)]
                     for x, y, right, bottom in places(cover, boxes, 0.5, 4)]  # fmt: skip
            row = 0
            for (x, y, width, height), count in grouped(whole, 1, 0.25):
                if height >= 5:
                    top[item, row] = half([x, y, x + width, y + height, math.log(count)])
                    row += 1
    return tops


def truths(bottoms: Arrays, _: Arrays) -> Arrays:
    top = np.zeros((len(bottoms[0]), 50, 5))
    for item, boxes in enumerate(bottoms[1]):
        found = places(bottoms[0][item, 0], boxes, 1e-9, 4)
        unique = [box for index, box in enumerate(found) if box not in found[:index]]
        for row, box in enumerate(unique[:50]):
            top[item, row, :4] = half(box)
    return [top]


def scored(bottoms: Arrays, _: Arrays) -> Arrays:
    top = np.zeros((len(bottoms[0]), 50, 5))
    for item, (true, found) in enumerate(zip(*bottoms, strict=True)):
        truth = [list(box) for box in true[:, :4] if any(box)]
        boxes = [list(box) for box in found[:, :4] if any(box)]
        right: list[int] = []
        missed = []
        for box in truth:
            for index, other in enumerate(boxes):
                wide = min(box[2], other[2]) - max(box[0], other[0])
                high = min(box[3], other[3]) - max(box[1], other[1])
                shared = max(0, wide) * max(0, high)
                area = (box[2] - box[0]) * (box[3] - box[1])
                area += (other[2] - other[0]) * (other[3] - other[1])
                if index not in right and shared and shared / (area - shared) >= 0.7:
                    right.append(index)
                    break
            else:
                missed.append(box)
        rows = [[*boxes[i], 1] for i in sorted(right)]
        rows += [[*box, 2] for i, box in enumerate(boxes) if i not in right]
        rows += [[*box, 3] for box in missed]
        top[item, : len(rows)] = rows
    return [top]


def measured(bottoms: Arrays, _: Arrays) -> Arrays:
    kinds = list(bottoms[0][:, :, 4].ravel())
    right, wrong, missed = (kinds.count(kind) for kind in (1, 2, 3))
    precision, recall = 100 * right / (right + wrong), 100 * right / (right + missed)
    return [np.full(1, value) for value in (precision * recall / 100, precision, recall)]


def uniform(low: float, high: float) -> Callable:
    return lambda rng, shape: rng.uniform(low, high, shape)


def edges(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Four objects, each seen from many places with small errors."""
    boxes = rng.uniform(-1.2, 1.2, shape)
    for n, y, x in np.ndindex(shape[0], *shape[2:]):
        left, top = 20 * (x // 4), 20 * (y // 4)
        boxes[n, :, y, x] += [left - 4 * x, top - 4 * y, left + 18 - 4 * x, top + 15 - 4 * y]
    return boxes


def listed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Nine boxes an item on a grid, moved a little, and then none."""
    boxes = np.zeros(shape)
    for n, row in np.ndindex(shape[0], 9):
        left, top = 30 * (row % 3), 30 * (row // 3)
        move = rng.uniform(-2.5, 2.5, 4)
        boxes[n, row, :4] = np.array([left + 3, top + 3, left + 25, top + 25]) + move
    return boxes


def kinds(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = rng.integers(0, 4, shape).astype(float)
    values[0, :3, 4] = (1, 2, 3)
    return values


GRID = [(2, 2, 8, 9), (2, 4, 8, 9)]
CLUSTERS = python("36, 32, 4, 0.5, 1, 0.25, 5, 2", "ClusterDetections", CLUSTERING)
CASES = [
    Case("ClusterDetections", CLUSTERS, GRID, [uniform(0, 1), edges], has_gradient=False, tops=2,
         reference=clusters),
    Case("ClusterGroundtruth", python("36, 32, 4", "ClusterGroundtruth", CLUSTERING),
         [(2, 1, 8, 9), (2, 4, 8, 9)], [uniform(-1, 1), edges], has_gradient=False,
         reference=truths),
    Case("ScoreDetections", bottoms=[(2, 50, 5)] * 2, values=listed, has_gradient=False,
         reference=scored),
    Case("mAP", python("36, 32, 4", "mAP", MEAN_AP), [(2, 50, 5)], kinds, has_gradient=False,
         tops=3, reference=measured),
]  # fmt: skip
