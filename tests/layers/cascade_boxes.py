"""MS-CNN's and Cascade R-CNN's boxes in plain loops, one number after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Box = Sequence[float]


def sides(box: Box) -> tuple[float, float]:
    """Width and height of a box whose last pixel belongs to it."""
    return box[2] - box[0] + 1, box[3] - box[1] + 1


def ratio(common: float, a: Box, b: Box, mode: str) -> float:
    first, second = math.prod(sides(a)), math.prod(sides(b))
    whole = {"IOU": first + second - common, "IOMU": min(first, second), "IOFU": first}[mode]
    return common / whole if common else 0.0


def overlap_of_lists(a: Box, b: Box, mode: str = "IOU") -> float:
    """Cascade R-CNN's overlap of boxes by their corners: at least one row more than an edge."""
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    if left > right or top >= bottom:
        return 0.0
    return ratio((right - left + 1) * (bottom - top + 1), a, b, mode)


def overlap_of_sides(a: Box, b: Box, mode: str = "IOU") -> float:
    """Cascade R-CNN's overlap of boxes by their sides: edges may just meet."""
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    if left > right or top > bottom:
        return 0.0
    return ratio((right - left + 1) * (bottom - top + 1), a, b, mode)


def overlap_of_areas(a: Box, b: Box, mode: str = "IOU") -> float:
    """MS-CNN's overlap: any area in common."""
    width = min(a[2], b[2]) + 1 - max(a[0], b[0])
    height = min(a[3], b[3]) + 1 - max(a[1], b[1])
    return ratio(width * height, a, b, mode) if min(width, height) > 0 else 0.0


def suppressed(
    boxes: Sequence[Box], threshold: float, overlap: Callable[[Box, Box], float]
) -> list[int]:
    """Which of the boxes, the best first, overlap no kept one by more than the threshold."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if all(overlap(boxes[other], box) <= threshold for other in kept):
            kept.append(index)
    return kept


def moved(box: Box, offsets: Sequence[float]) -> list[float]:
    """The box that R-CNN's offsets mean."""
    width, height = sides(box)
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    wide, high = width * math.exp(offsets[2]), height * math.exp(offsets[3])
    low_x, low_y = offsets[0] * width + x - (wide - 1) / 2, offsets[1] * height + y - (high - 1) / 2
    return [low_x, low_y, low_x + wide - 1, low_y + high - 1]


def some_boxes(rng: np.random.Generator, count: int, side: float = 60.0) -> np.ndarray:
    """Boxes in pixels, of 10 to 40 pixels, close enough to overlap."""
    low = rng.uniform(0, side, (count, 2))
    return np.concatenate([low, low + rng.uniform(10, 40, (count, 2))], axis=1)


def box_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of image 0, box and what else there is: scores."""
    rows = rng.uniform(size=(shape[0], math.prod(shape[1:])))
    rows[:, 0], rows[:, 1:5] = 0, some_boxes(rng, shape[0])
    return rows.reshape(shape)


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.3


def probabilities(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """They sum up to 1 over axis 1."""
    values = rng.uniform(0.05, 1, shape)
    return np.asarray(values / values.sum(axis=1, keepdims=True))


@dataclass
class Groups:
    """What BoxGroupOutput should give; ``groups`` are (stride, fields)."""

    groups: Sequence[tuple[int, Sequence[tuple[int, int]]]]
    fg: float = 0.0
    iou: float = 0.5
    mode: str = "IOU"
    xyr: float = 2.0
    whr: float = 2.0
    most: int = 10**9
    left: int = 10**9
    least: float = 15.0
    mean: Sequence[float] = (0, 0, 0, 0)
    std: Sequence[float] = (1, 1, 1, 1)
    tops: int = 1

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        rows = []
        for image in range(len(bottoms[0]) // len(self.groups[0][1])):
            found = sorted(self.found(bottoms, image), key=lambda row: -row[4])[: self.most]
            kept = suppressed(found, self.iou, lambda a, b: overlap_of_lists(a, b, self.mode))
            rows += [[image, *found[index]] for index in kept[: self.left]]
        table = np.array(rows or [[0] * 6])
        plain = table[:, :5] if rows else np.array([[0, 1, 1, 10, 10]])
        return [part[:, :, None, None] for part in (plain, table)[: self.tops]]

    def found(self, bottoms: list[np.ndarray], image: int) -> list[list[float]]:
        found = []
        for index, (stride, fields) in enumerate(self.groups):
            scores, offsets = bottoms[2 * index : 2 * index + 2]
            _, _, height, width = scores.shape
            for k, (w, h) in enumerate(fields):
                item = image * len(fields) + k
                for row in range(height):
                    for column in range(width):
                        score = 1 - scores[item, 0, row, column]
                        o = offsets[item, :, row, column] * self.std + self.mean
                        box = self.box(o, row, column, stride, w, h)
                        box[:2] = [max(0, value) for value in box[:2]]
                        box[2] = min(width * stride, box[2])
                        box[3] = min(height * stride, box[3])
                        if score >= self.fg and min(sides(box)) >= self.least:
                            found.append([*box, score])
        return found

    def box(self, o: np.ndarray, row: int, column: int, stride: int, w: int, h: int) -> list[float]:
        x, y = (min(max(v, -1 / self.xyr), 1 / self.xyr) for v in o[:2])
        a, b = (min(max(v, -math.log(self.whr)), math.log(self.whr)) for v in o[2:])
        wide, high = w * math.exp(a), h * math.exp(b)
        low_x = x * w + (column + 0.5) * stride - wide / 2
        low_y = y * h + (row + 0.5) * stride - high / 2
        return [low_x, low_y, low_x + wide - 1, low_y + high - 1]


@dataclass
class Maps(Groups):
    """What MS-CNN's BoxOutput should give; each group has one field."""

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        rows = []
        for image in range(len(bottoms[0])):
            found = self.of_image(bottoms, image)
            found.reverse()  # of equal ones the last first
            found = sorted(found, key=lambda row: -row[4])[: self.most]
            kept = suppressed(found, self.iou, lambda a, b: overlap_of_areas(a, b, self.mode))
            for index in kept[: self.left]:
                x1, y1, x2, y2, score = found[index]
                rows.append([image, x1, y1, x2 + 1, y2 + 1, score])
        table = np.array(rows or [[0] * 6])
        plain = table[:, :5] if rows else np.array([[0, 1, 1, 10, 10]])
        return [part[:, :, None, None] for part in (plain, table)[: self.tops]]

    def of_image(self, bottoms: list[np.ndarray], image: int) -> list[list[float]]:
        found = []
        for values, (stride, fields) in zip(bottoms, self.groups, strict=True):
            _, _, height, width = values.shape
            for row in range(height):
                for column in range(width):
                    own = values[image, :, row, column]
                    score = max(own[1:-4]) - own[0]
                    o = own[-4:] * self.std + self.mean
                    x1, y1, x2, y2 = self.box(o, row, column, stride, *fields[0])
                    w, h = x2 - x1 + 1, y2 - y1 + 1
                    x1, y1 = max(x1, 0), max(y1, 0)
                    w, h = min(w, width * stride - x1), min(h, height * stride - y1)
                    if score >= self.fg and min(w, h) >= self.least:
                        found.append([x1, y1, x1 + w - 1, y1 + h - 1, score])
        return found


@dataclass
class Detections:
    """What FrcnnOutput should give."""

    conf: float = 0.0
    iou: float = 0.5
    mode: str = "IOU"
    most: int = 10**9
    aware: bool = True
    mean: Sequence[float] = (0, 0, 0, 0)
    std: Sequence[float] = (1, 1, 1, 1)

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        scores, offsets, starts, size = bottoms
        height, width = size.reshape(2)
        found = []
        for label in range(1, scores.shape[1]):
            of_class = []
            for row, start in enumerate(starts.reshape(len(starts), -1)):
                at = 4 * (label if self.aware else 1)
                o = offsets.reshape(len(offsets), -1)[row, at : at + 4] * self.std + self.mean
                box = moved(start[1:5], o)
                box = [max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])]
                score = scores.reshape(len(scores), -1)[row, label]
                if score >= self.conf:
                    of_class.append([*box, label, score])
            of_class.sort(key=lambda row: -row[5])
            kept = suppressed(of_class, self.iou, lambda a, b: overlap_of_lists(a, b, self.mode))
            found += [of_class[index] for index in kept]
        if len(found) > self.most:
            found = sorted(found, key=lambda row: -row[5])[: self.most]
            found.sort(key=lambda row: row[4])
        table = np.array([[0, *[-1] * 6], *[[0, *row] for row in found]], float)
        return [table[:, :, None, None]]


def fit_of_boxes(
    offsets: np.ndarray, boxes: np.ndarray, truths: np.ndarray, *, aware: bool = True,
    mean: Sequence[float] = (0, 0, 0, 0), std: Sequence[float] = (1, 1, 1, 1),
) -> list[np.ndarray]:  # fmt: skip
    """What BboxAccuracy should give."""
    after, before = [], []
    for o, box, truth in zip(*(part.reshape(len(part), -1) for part in (offsets, boxes, truths)),
                             strict=True):  # fmt: skip
        if truth[0] > 0 and truth[5] <= 0.975:
            at = 4 * (int(truth[0]) if aware else 1)
            found = moved(box[1:5], o[at : at + 4] * std + mean)
            after.append(overlap_of_sides(found, truth[1:5]))
            before.append(overlap_of_sides(box[1:5], truth[1:5]))
    means = [sum(part) / len(part) if part else -1.0 for part in (after, before)]
    return [np.full((1, 1, 1, 1), value) for value in means]
