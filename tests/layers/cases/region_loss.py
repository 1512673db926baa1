"""RegionLoss of both forks, against darknet's loops over places, anchors and true boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.layers.cases.yolo import sigmoid
from tests.layers.harness import Case
from tests.layers.test_boxes import jaccard

CLASSES = 3
ANCHORS = [(1.5, 1.0), (0.5, 2.0)]


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.5


def true_boxes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Three boxes of the first image, one of the second, then zeros."""
    rows = np.zeros((2, int(np.prod(shape)) // 10, 5))
    for item, count in ((0, 3), (1, 1)):
        rows[item, :count, 0] = rng.integers(0, CLASSES, count)
        rows[item, :count, 1:3] = rng.uniform(0.1, 0.9, (count, 2))
        rows[item, :count, 3:] = rng.uniform(0.1, 0.6, (count, 2))
    return rows.reshape(2, -1)[: shape[0]].reshape(shape)


def corners(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])


@dataclass
class Loss:
    """What the layer should give; the fields are its settings."""

    match: bool = True
    rescore: bool = True
    scales: tuple[float, float, float, float] = (1, 0.5, 1, 5)
    thresh: float = float(np.float32(0.2))

    def differences(self, bottoms: list[np.ndarray]) -> np.ndarray:
        x = bottoms[0]
        items, _, height, width = x.shape
        labels = bottoms[1].reshape(items, -1, 5)
        many = labels.shape[1] == 300
        size = 5 + CLASSES
        d = np.zeros((items, height, width, len(ANCHORS), size))
        for b in range(items):
            boxes = {}
            for j, i, n in np.ndindex(height, width, len(ANCHORS)):
                v = x[b, n * size : (n + 1) * size, j, i]
                middle = ((i + sigmoid(v[0])) / width, (j + sigmoid(v[1])) / height)
                w, h = (math.exp(v[2 + k]) * ANCHORS[n][k] / (width, height)[k] for k in (0, 1))
                boxes[j, i, n] = (*middle, w, h)
                best = 0.0
                for row in labels[b]:
                    if not row[1]:
                        break
                    best = max(best, jaccard(corners(*boxes[j, i, n]), corners(*row[1:])))
                o = sigmoid(v[4])
                d[b, j, i, n, 4] = 0 if best > self.thresh else self.scales[1] * o * o * (1 - o)
                if not many:
                    anchor = [side / (width, height)[k] for k, side in enumerate(ANCHORS[n])]
                    truth = [0, (i + 0.5) / width, (j + 0.5) / height, *anchor]
                    d[b, j, i, n, :4] = self.box(v, truth, i, j, n, (width, height), 0.01)
            for row in labels[b]:
                if not row[3]:
                    break
                i, j = int(row[1] * width), int(row[2] * height)
                fits = []
                for n in range(len(ANCHORS)):
                    sides = [side / (width, height)[k] for k, side in enumerate(ANCHORS[n])]
                    shape = sides if self.match else boxes[j, i, n][2:]
                    fits.append(jaccard(corners(0, 0, *shape), corners(0, 0, *row[3:])))
                n = int(np.argmax(fits))
                v = x[b, n * size : (n + 1) * size, j, i]
                scale = self.scales[3] * (2 - row[3] * row[4] if many and not self.rescore else 1)
                d[b, j, i, n, :4] = self.box(v, row, i, j, n, (width, height), scale)
                o = sigmoid(v[4])
                iou = jaccard(corners(*boxes[j, i, n]), corners(*row[1:]))
                target = iou if many and self.rescore else 1
                d[b, j, i, n, 4] = -self.scales[0] * (target - o) * o * (1 - o)
                share = np.exp(v[5:]) / np.exp(v[5:]).sum()
                for c in range(CLASSES):
                    d[b, j, i, n, 5 + c] = -self.scales[2] * ((c == row[0]) - share[c])
        return d

    def box(self, v: np.ndarray, row: object, i: int, j: int, n: int, grid: tuple[int, int],
            scale: float) -> list[float]:  # fmt: skip
        """darknet's delta_region_box."""
        place = (i, j)
        found = []
        for k in (0, 1):
            s = sigmoid(v[k])
            found.append(-scale * (row[1 + k] * grid[k] - place[k] - s) * s * (1 - s))  # type: ignore[index]
        for k in (0, 1):
            wanted = math.log(row[3 + k] * grid[k] / ANCHORS[n][k])  # type: ignore[index]
            found.append(-scale * (wanted - v[2 + k]))
        return found

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        total = (self.differences(bottoms) ** 2).sum()
        many = bottoms[1].size // len(bottoms[0]) == 1500
        return [np.asarray(total / len(bottoms[0]) if many else total)]


BIASES = " ".join(f"biases: {side}" for anchor in ANCHORS for side in anchor)
PARAM = f"region_loss_param {{ num_class: {CLASSES} num: 2 {BIASES} %s }}"
SETTINGS = [
    ("", Loss()),
    ("rescore: 0 bias_match: 0", Loss(match=False, rescore=False)),
    ("object_scale: 5 noobject_scale: 1 class_scale: 2 coord_scale: 1 thresh: 0.5",
     Loss(scales=(5, 1, 2, 1), thresh=0.5)),
]  # fmt: skip
CASES = [
    Case("RegionLoss", PARAM % settings, [(2, 16, 4, 5), shape], [small, true_boxes],
         gradients=[True, False], loss=True, has_gradient=False, reference=loss,
         name=f"{settings} {rows} rows")
    for settings, loss in SETTINGS
    for rows, shape in ((30, (2, 150)), (300, (2, 1, 300, 5)))
]  # fmt: skip
