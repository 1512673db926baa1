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


def offsets_to(box: Box, wanted: Box) -> list[float]:
    """The offsets from a box to another one."""
    moves, scales = [], []
    for axis in (0, 1):
        side, new = (b[axis + 2] - b[axis] + 1 for b in (box, wanted))
        moves.append((wanted[axis] + new / 2 - box[axis] - side / 2) / side)
        scales.append(math.log(new / side))
    return moves + scales


def anchor_targets(
    bottoms: list[np.ndarray],
    found: Sequence[Box],
    stride: int = 16,
    *,
    border: float = 0,
    positive: float = 0.7,
    negative: float = 0.3,
    clobber: bool = False,
    weights: Sequence[float] = (1, 1, 1, 1),
    share: float = -1,
    normalise: Callable[[list[float]], list[float]] = list,
) -> list[np.ndarray]:
    """The tops of AnchorTargetLayer where nothing is drawn, as there are few anchors."""
    (rows, columns), truths = bottoms[0].shape[2:], [tuple(row) for row in bottoms[1]]
    height, width = bottoms[2][0, :2]
    count = len(found)
    labels = np.full((1, 1, count, rows, columns), -1.0)
    offsets, inner, outer = np.zeros((3, 1, count, 4, rows, columns))
    places = {}
    for a, (x1, y1, x2, y2) in enumerate(found):
        for y in range(rows):
            for x in range(columns):
                box = (x1 + x * stride, y1 + y * stride, x2 + x * stride, y2 + y * stride)
                if min(box[:2]) >= -border and box[2] < width + border and box[3] < height + border:
                    places[a, y, x] = box, [overlap(box, truth) for truth in truths]
    best = [max(pairs[g] for _, pairs in places.values()) for g in range(len(truths))]
    for (a, y, x), (box, pairs) in places.items():
        nearest = pairs.index(max(pairs))
        is_object = max(pairs) >= positive or any(map(float.__eq__, pairs, best))
        if is_object:
            labels[0, 0, a, y, x] = 1
        if max(pairs) < negative and (clobber or not is_object):
            labels[0, 0, a, y, x] = 0
        offsets[0, a, :, y, x] = normalise(offsets_to(box, truths[nearest]))
    objects, background = (labels == 1).sum(), (labels == 0).sum()
    for a, y, x in places:
        label = labels[0, 0, a, y, x]
        if label == 1:
            inner[0, a, :, y, x] = weights
            outer[0, a, :, y, x] = share / objects if share > 0 else 1 / (objects + background)
        elif label == 0:
            rest = (1 - share) / background if share > 0 else 1 / (objects + background)
            outer[0, a, :, y, x] = rest
    parts = (table.reshape(1, 4 * count, rows, columns) for table in (offsets, inner, outer))
    return [labels.reshape(1, 1, count * rows, columns), *parts]


def region_targets(
    bottoms: list[np.ndarray],
    classes: int,
    *,
    foreground: float = 0.5,
    below: float = 0.5,
    least: float = 0.1,
    weights: Sequence[float] = (1, 1, 1, 1),
    normalise: Callable[[list[float]], list[float]] = list,
) -> list[np.ndarray]:
    """The tops of ProposalTargetLayer where nothing is drawn: objects, then background."""
    truths = [tuple(row) for row in bottoms[1].reshape(-1, 5)]
    boxes = [tuple(row[1:]) for row in bottoms[0].reshape(-1, 5)] + [t[:4] for t in truths]
    objects, background = [], []
    for box in boxes:
        pairs = [overlap(box, truth) for truth in truths] or [0.0]
        if max(pairs) >= foreground:
            objects.append((box, truths[pairs.index(max(pairs))]))
        elif least <= max(pairs) < below:
            background.append((box, None))
    rows = objects + background
    offsets, inner, outer = np.zeros((3, len(rows), classes, 4))
    labels = np.zeros(len(rows))
    for index, (box, truth) in enumerate(rows):
        if truth is not None and truth[4]:
            labels[index] = truth[4]
            place = min(int(truth[4]), classes - 1)
            offsets[index, place] = normalise(offsets_to(box, truth))
            inner[index, place] = weights
            outer[index, place] = [weight > 0 for weight in weights]
    parts = (table.reshape(len(rows), -1) for table in (offsets, inner, outer))
    return [np.array([[0, *box] for box, _ in rows]).reshape(-1, 5), labels, *parts]


def true_boxes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes in an image of 130 by 160 pixels, of classes 1 to 3."""
    low = rng.uniform(0, (100, 70), (shape[0], 2))
    high = low + rng.uniform(20, (60, 60), low.shape)
    labels = rng.integers(1, 4, (shape[0], 1))
    return np.concatenate([low, high, labels], axis=1).reshape(shape)


def near(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Regions of which many overlap those that :func:`true_boxes` tends to make."""
    rows = true_boxes(rng, (shape[0], 5))
    rows[:, :4] += rng.uniform(-9, 9, (shape[0], 4))
    return np.concatenate([np.zeros((shape[0], 1)), rows[:, :4]], axis=1).reshape(shape)


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
