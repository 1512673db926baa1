"""SSD's DetectionOutput in loops over single boxes, and values for its bottoms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.layers.test_boxes import greedy

CLASSES, PRIORS = 4, 9


def prior_values(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes within and beyond the image, close enough to overlap, and their variances."""
    middle = rng.uniform(0.2, 0.8, (shape[2] // 4, 2))
    half = rng.uniform(0.1, 0.4, middle.shape)
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    return np.stack([boxes.reshape(-1), rng.uniform(0.1, 0.3, shape[2])])[None, : shape[1]]


def scores(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(size=shape)


@dataclass
class Expected:
    """What the layer should give; the fields are its settings."""

    classes: int = CLASSES
    shared: bool = True
    background: int = 0
    code: str = "CORNER"
    encoded: bool = False
    threshold: float = -math.inf
    nms: float = 0.3
    eta: float = 1.0
    top_k: int = 10**9
    keep: int = 10**9
    objectness: float = 0.01
    logits: bool = False

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        items, sets = len(bottoms[0]), 1 if self.shared else self.classes
        values = bottoms[2].reshape(bottoms[2].shape[1], -1, 4)
        loc = bottoms[0].reshape(items, -1, sets, 4)
        conf = bottoms[1].reshape(items, -1, self.classes).copy()
        bottoms = list(bottoms)
        logits = bottoms.pop().reshape(conf.shape) if self.logits else conf
        rows, rows_of_logits = [], []
        for item in range(items):
            priors = [tuple(box) for box in values[0]]
            variances = [(1.0,) * 4 if self.encoded else tuple(v) for v in values[-1]]
            if len(bottoms) > 3:
                for p, pair in enumerate(bottoms[3].reshape(items, -1, 2)[item]):
                    if pair[1] < self.objectness:
                        conf[item, p] = [1, *[0] * (self.classes - 1)]
            if len(bottoms) > 4:
                moves = bottoms[4].reshape(items, -1, 4)[item]
                priors = [self.decode(*v) for v in zip(priors, variances, moves, strict=True)]
            found = []
            for c in range(self.classes):
                if c == self.background:
                    continue
                order = [p for p in range(len(priors)) if conf[item, p, c] > self.threshold]
                order = sorted(order, key=lambda p: -conf[item, p, c])[: self.top_k]
                offsets = loc[item, :, 0 if self.shared else c]
                boxes = [self.decode(priors[p], variances[p], offsets[p]) for p in order]
                kept = greedy(np.array(boxes), self.nms, self.eta)
                found += [(c, order[k], conf[item, order[k], c], *boxes[k]) for k in kept]
            best = sorted(found, key=lambda row: -row[2])[: self.keep]
            for row in found if len(best) == len(found) else sorted(best, key=lambda r: r[0]):
                rows.append([item, row[0], *row[2:]])
                rows_of_logits.append(logits[item, row[1]])
        top = np.array(rows or [[item, *[-1] * 6] for item in range(items)])[None, None]
        return [top, np.array(rows_of_logits)[None, None]] if self.logits else [top]

    def decode(
        self, prior: Sequence[float], variance: Sequence[float], offset: Sequence[float]
    ) -> tuple[float, ...]:
        """SSD's DecodeBBox of one box."""
        moves = [v * o for v, o in zip(variance, offset, strict=True)]
        width, height = prior[2] - prior[0], prior[3] - prior[1]
        if self.code == "CORNER":
            return tuple(p + m for p, m in zip(prior, moves, strict=True))
        if self.code == "CORNER_SIZE":
            scale = (width, height) * 2
            return tuple(p + m * s for p, m, s in zip(prior, moves, scale, strict=True))
        x = (prior[0] + prior[2]) / 2 + moves[0] * width
        y = (prior[1] + prior[3]) / 2 + moves[1] * height
        w, h = math.exp(moves[2]) * width, math.exp(moves[3]) * height
        return (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
