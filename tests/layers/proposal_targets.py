"""ProposalTarget in plain loops, for batches in which nothing has to be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.layers.cascade_boxes import Box, overlap_of_sides, sides, some_boxes

IMAGES = 2


def proposals(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    rows = np.zeros(shape[:2])
    rows[:, 0] = np.arange(len(rows)) % IMAGES
    rows[:, 1:5] = some_boxes(rng, len(rows), 25)
    return rows.reshape(shape)


def true_boxes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes of both images; the third is to be ignored, the last row is none."""
    rows = np.zeros(shape[:2])
    rows[:, 0] = np.arange(len(rows)) % IMAGES
    rows[:, 1:5] = some_boxes(rng, len(rows), 25)
    rows[:, 5] = 1 + np.arange(len(rows)) % 3
    if len(rows) > 3:
        rows[2, 6] = 1
    rows[-1] = -1
    return rows.reshape(shape)


@dataclass
class Targets:
    """What the layer should give; the fields are its settings. Only for all objects and all
    background, and others in their order where ``batch`` is not reached."""

    classes: int = 4
    batch: int = -1
    fraction: float = 0.25
    fg: float = 0.5
    high: float = 0.5
    low: float = 0.1
    weighted: bool = False
    least: float = 0.0
    most: float = 10.0
    pick: bool = True
    append: bool = True
    aware: bool = True
    mean: Sequence[float] = (0, 0, 0, 0)
    std: Sequence[float] = (1, 1, 1, 1)
    overlap: Callable[[Box, Box], float] = overlap_of_sides
    tops: int = 6

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        truths = [row for row in bottoms[1].reshape(len(bottoms[1]), -1) if row[0] != -1]
        rows = [row[:5] for row in bottoms[0].reshape(len(bottoms[0]), -1)]
        rows += [truth[:5] for truth in truths] if self.append else []
        objects, background, others = [], [], []
        for row in rows:
            own = [truth for truth in truths if truth[0] == row[0]]
            fits = [self.overlap(row[1:], truth[1:5]) for truth in own]
            best = max(fits, default=0.0)
            truth = own[fits.index(best)] if own else None
            if truth is not None and best >= self.fg:
                if not truth[6]:
                    objects.append((row, truth, best))
            else:
                (background if self.low <= best < self.high else others).append(row)
        if self.pick and self.batch > 0:
            background += others[: self.batch - len(objects) - len(background)]
        return self.tables(objects, background)

    def tables(
        self, objects: list[tuple[np.ndarray, np.ndarray, float]], background: list[np.ndarray]
    ) -> list[np.ndarray]:
        count, sets = len(objects) + len(background), self.classes if self.aware else 2
        tops = [np.zeros((count, width)) for width in (5, 1, 4 * sets, 4 * sets, 4 * sets, 6, 1)]
        tops[6][:] = 1
        for at, (row, truth, fit) in enumerate(objects):
            label = int(truth[5])
            tops[0][at], tops[1][at] = row, label
            first = 4 * (label if self.aware else 1)
            tops[2][at, first : first + 4] = (self.code(row[1:], truth[1:5]) - self.mean) / self.std
            counts = self.least <= fit <= self.most
            tops[3][at, first : first + 4] = tops[4][at, first : first + 4] = counts
            tops[5][at] = [label, *truth[1:5], fit]
            tops[6][at] = fit if self.weighted else 1
        for at, row in enumerate(background):
            tops[0][len(objects) + at] = row
        if objects:
            total = sum(tops[6][: len(objects), 0])
            tops[6][: len(objects)] *= self.fraction * count / total
            tops[6][len(objects) :] *= (1 - self.fraction) * count / max(1, len(background))
        return [top[:, :, None, None] for top in tops[: self.tops]]

    @staticmethod
    def code(box: Box, truth: Box) -> np.ndarray:
        (w, h), (wide, high) = sides(box), sides(truth)
        x = ((truth[0] + truth[2]) / 2 - (box[0] + box[2]) / 2) / w
        y = ((truth[1] + truth[3]) / 2 - (box[1] + box[3]) / 2) / h
        return np.array([x, y, math.log(wide / w), math.log(high / h)])
