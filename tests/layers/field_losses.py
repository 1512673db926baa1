"""MS-CNN's and Cascade R-CNN's losses and accuracies of maps, in loops over single places."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.layers.cascade_boxes import Box, overlap_of_sides

#: A place of a map: item, row, column.
Place = tuple[int, int, int]


def label_map(classes: int, fields: Sequence[tuple[int, int]], stride: int) -> object:
    """A maker of label maps: background near and far from objects, and boxes around the places."""

    def make(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        values = np.zeros(shape)
        for item in range(shape[0]):
            width, height = fields[item % len(fields)]
            for row in range(shape[2]):
                for column in range(shape[3]):
                    values[item, 5, row, column] = rng.uniform(0, 0.8)
                    if rng.uniform() < 0.4:
                        x, y = (column + 0.5) * stride, (row + 0.5) * stride
                        x, y = (
                            x + width * rng.uniform(-0.4, 0.4),
                            y + height * rng.uniform(-0.4, 0.4),
                        )
                        w, h = width * rng.uniform(0.7, 1.4), height * rng.uniform(0.7, 1.4)
                        label = rng.integers(1, classes)
                        values[item, :5, row, column] = [label, x, y, w, h]
        return values

    return make


@dataclass
class FieldLoss:
    """What DetectionGroupLoss or DetectionLoss should give; the fields are their settings."""

    fields: Sequence[tuple[int, int]]
    stride: int
    classes: int = 3
    factor: float = 1.0
    threshold: float = 0.5
    multiple: int = 4
    least: int = 5
    batch: int = -1
    mining: str = "random"
    ranking: str = "conf_loss"
    objectness: bool = False
    weighted: bool = False
    by_overlap: bool = False
    squared: bool = False
    ignored: int | None = None
    bounds: tuple[float, float] | None = None
    mean: Sequence[float] = (0, 0, 0, 0)
    std: Sequence[float] = (1, 1, 1, 1)
    mscnn: bool = False
    scores: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        if self.mscnn:
            self.scores, offsets = bottoms[0][:, : self.classes], bottoms[0][:, self.classes :]
        else:
            self.scores, offsets = bottoms[0], bottoms[1]
        truths = bottoms[-1]
        kept: list[Place] = []
        for image in range(len(truths) // len(self.fields)):
            kept += self.chosen(image, truths)
        weights = self.weights(kept, truths)
        class_losses, box_losses = [], []
        for place, weight in zip(kept, weights, strict=True):
            label = self.label(truths, place)
            if label != self.ignored:
                class_losses.append(-math.log(self.likely(place, label)) * weight)
            if truths[place[0], 0, place[1], place[2]] not in (0, self.ignored):
                target = self.target(truths, place)
                for index in range(4):
                    given = offsets[place[0], index, place[1], place[2]]
                    box_losses.append(self.box_loss(self.bounded(given, index) - target[index]))
        means = [sum(part) / max(1, len(part)) for part in (class_losses, box_losses)]
        return [np.array([[[[means[0] + self.factor * means[1], self.factor * means[1]]]]])]

    def label(self, truths: np.ndarray, place: Place) -> int:
        label = int(truths[place[0], 0, place[1], place[2]])
        return min(1, label) if self.objectness else label

    def likely(self, place: Place, label: int) -> float:
        own = self.scores[place[0], :, place[1], place[2]]
        return float(np.exp(own[label]) / np.exp(own).sum())

    def places(self, image: int, truths: np.ndarray) -> Iterator[Place]:
        for group in range(len(self.fields)):
            for row in range(truths.shape[2]):
                for column in range(truths.shape[3]):
                    yield image * len(self.fields) + group, row, column

    def chosen(self, image: int, truths: np.ndarray) -> list[Place]:
        """Objects and background that count; nothing of it is drawn."""
        every = list(self.places(image, truths))
        objects = [at for at in every if truths[at[0], 0, at[1], at[2]] > 0]
        background = [
            at for at in every
            if truths[at[0], 0, at[1], at[2]] == 0
            and truths[at[0], 5, at[1], at[2]] < self.threshold
        ]  # fmt: skip
        if self.mscnn:
            return objects + self.of_mscnn(truths, objects, background)
        count = max(len(objects) * self.multiple, self.least)
        if self.batch > 0:
            count = self.batch - len(objects)
        if count < len(background):
            assert self.mining == "bootstrap", "this would have to be drawn"
            background.sort(key=lambda at: self.likely(at, 0))
        return objects + background[:count]

    def of_mscnn(
        self, truths: np.ndarray, objects: list[Place], background: list[Place]
    ) -> list[Place]:
        if self.mining != "bootstrap":
            return background
        taken: set[Place] = set()
        for label in range(1, self.classes):
            own = sum(self.label(truths, at) == label for at in objects)
            order = sorted(background, key=lambda at: -self.scores[at[0], label, at[1], at[2]])
            taken.update(order[: max(4, own * self.multiple)])
        return sorted(taken)

    def weights(self, kept: Sequence[Place], truths: np.ndarray) -> list[float]:
        objects = [truths[at[0], 0, at[1], at[2]] != 0 for at in kept]
        weights = [1.0] * len(kept)
        if self.by_overlap:
            weights = [
                truths[at[0], 5, at[1], at[2]] if own else 1.0
                for at, own in zip(kept, objects, strict=True)
            ]
        if self.weighted:
            share = 1 / (1 + self.multiple)
            total = sum(w for w, own in zip(weights, objects, strict=True) if own)
            rest = sum(w for w, own in zip(weights, objects, strict=True) if not own)
            weights = [
                w * (share * len(kept) / total if own else (1 - share) * len(kept) / rest)
                for w, own in zip(weights, objects, strict=True)
            ]
        return weights

    def target(self, truths: np.ndarray, place: Place) -> list[float]:
        item, row, column = place
        _, x, y, w, h, _ = truths[item, :, row, column]
        wide, high = self.fields[item % len(self.fields)]
        plain = [
            (x - (column + 0.5) * self.stride) / wide,
            (y - (row + 0.5) * self.stride) / high,
            math.log(max(w, 2) / wide),
            math.log(max(h, 2) / high),
        ]
        return [(p - m) / s for p, m, s in zip(plain, self.mean, self.std, strict=True)]

    def bounded(self, offset: float, index: int) -> float:
        if self.bounds is None:
            return offset
        most = 1 / self.bounds[0] if index < 2 else math.log(self.bounds[1])
        pair = slice(0, 2) if index < 2 else slice(2, 4)
        middle, unit = sum(self.mean[pair]) / 2, math.sqrt(math.prod(self.std[pair]))
        return min(max(offset, (-most - middle) / unit), (most - middle) / unit)

    def box_loss(self, difference: float) -> float:
        if self.squared or abs(difference) < 1:
            return difference**2 / 2
        return abs(difference) - 0.5


@dataclass
class FieldAccuracy:
    """What DetectionGroupAccuracy or DetectionAccuracy should give."""

    fields: Sequence[tuple[int, int]]
    stride: int
    classes: int = 3
    threshold: float = 0.5
    objectness: bool = False
    ignored: int | None = None
    best: int = 1
    xyr: float = 4.0
    whr: float = 2.0
    mean: Sequence[float] = (0, 0, 0, 0)
    std: Sequence[float] = (1, 1, 1, 1)
    mscnn: bool = False
    overlap: Callable[[Box, Box], float] = overlap_of_sides

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        scores, offsets = bottoms[0], bottoms[1]
        if self.mscnn:
            scores, offsets = bottoms[0][:, : self.classes], bottoms[0][:, self.classes :]
        truths = bottoms[-1]
        every, of_objects, fits = [], [], []
        for item in range(len(truths)):
            for row in range(truths.shape[2]):
                for column in range(truths.shape[3]):
                    truth = truths[item, :, row, column]
                    label = min(1, int(truth[0])) if self.objectness else int(truth[0])
                    order = sorted(range(self.classes), key=lambda c: -scores[item, c, row, column])
                    if label != self.ignored and (label or truth[5] < self.threshold):
                        every.append(label in order[: self.best])
                        of_objects += [every[-1]] if label else []
                    if truth[0] not in (0, self.ignored):
                        own = offsets[item, :, row, column]
                        fits.append(self.fit(item, row, column, own, truth))
        shares = [sum(part) / len(part) if part else -1.0 for part in (every, of_objects, fits)]
        return [np.array([[[shares[:2]]]]), np.array([[[shares[2:]]]])]

    def fit(
        self, item: int, row: int, column: int, offsets: np.ndarray, truth: np.ndarray
    ) -> float:
        wide, high = self.fields[item % len(self.fields)]
        o = offsets * self.std + self.mean
        x, y = (min(max(v, -1 / self.xyr), 1 / self.xyr) for v in o[:2])
        a, b = (min(max(v, -math.log(self.whr)), math.log(self.whr)) for v in o[2:])
        w, h = wide * math.exp(a), high * math.exp(b)
        x, y = x * wide + (column + 0.5) * self.stride, y * high + (row + 0.5) * self.stride
        boxes = [
            [x - w / 2, y - h / 2, x + w / 2 - 1, y + h / 2 - 1]
            for x, y, w, h in ((x, y, w, h), truth[1:5])
        ]
        return self.overlap(*boxes)
