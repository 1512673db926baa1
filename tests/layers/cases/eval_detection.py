"""EvalDetection of YOLO 1 and 2, against the forks' loops over boxes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from tests.layers.cases.region_loss import corners
from tests.layers.cases.yolo import sigmoid
from tests.layers.harness import Case
from tests.layers.test_boxes import jaccard

SIDE, CLASSES, BOXES = 3, 2, 2
ANCHORS = [(1.0, 0.8), (0.6, 1.6)]
Box = list[float]


def grid_labels(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Objects in about half of the places, some of them difficult; classes are -1 elsewhere."""
    table = np.zeros((shape[0], 7 * SIDE**2))
    for row in table:
        hard, there, label = row[: 3 * SIDE**2].reshape(3, -1)
        label[:] = -1
        for place in np.flatnonzero(rng.random(SIDE**2) < 0.6):
            hard[place], there[place] = rng.random() < 0.3, 1
            label[place] = rng.integers(CLASSES)
            middle = (np.array([place % SIDE, place // SIDE]) + rng.random(2)) / SIDE
            row[3 * SIDE**2 + 4 * place :][:4] = [*middle, *rng.uniform(0.2, 0.7, 2)]
    return table


def grid_outputs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Shares, objectness, and boxes with middles and sides (or their roots) in the image."""
    return rng.uniform(0.3, 0.9, shape)


def rows30(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    table = np.zeros((shape[0], 30, 5))
    for item, count in enumerate((4, 1)):
        table[item, :count, 0] = rng.integers(0, CLASSES, count)
        table[item, :count, 1:] = rng.uniform(0.3, 0.7, (count, 4))
    return table.reshape(shape)


def ssd_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of image 1, of image 0, and one that is empty."""
    table = np.zeros(shape)
    table[0, 0, :, 0] = [1, 0, 0, 0, -1]
    table[0, 0, :, 1] = rng.integers(1, CLASSES + 1, 5)
    low = rng.uniform(0.1, 0.4, (5, 2))
    table[0, 0, :, 3:7] = np.concatenate([low, low + rng.uniform(0.3, 0.6, (5, 2))], axis=1)
    return table


def first_version(bottoms: list[np.ndarray], item: int, relative: bool, roots: bool):  # type: ignore[no-untyped-def]
    """(label, share, objectness, box) of all boxes; (label, box, difficult) of the true ones."""
    values, labels = bottoms[0][item].reshape(-1), bottoms[1][item]
    places = SIDE * SIDE
    found = []
    for i in range(places):
        shares = [values[c * places + i] for c in range(CLASSES)]
        label = shares.index(max(shares))
        for k in range(BOXES):
            at = (CLASSES + BOXES + 4 * k) * places + i
            x, y, w, h = (values[at + o * places] for o in range(4))
            if relative:
                x, y = (i % SIDE + x) / SIDE, (i // SIDE + y) / SIDE
            if roots:
                w, h = w * w, h * h
            found.append((label, max(shares), values[(CLASSES + k) * places + i], [x, y, w, h]))
    truths = [
        (int(labels[2 * places + i]), labels[3 * places + 4 * i :][:4], labels[i] == 1)
        for i in range(places)
        if labels[places + i]
    ]
    return found, truths


def second_version(bottoms: list[np.ndarray], item: int, ssd: bool):  # type: ignore[no-untyped-def]
    x = bottoms[0][item]
    found = []
    for j, i, n in np.ndindex(SIDE, SIDE, BOXES):
        v = x[n * (5 + CLASSES) : (n + 1) * (5 + CLASSES), j, i]
        shares = np.exp(v[5:]) / np.exp(v[5:]).sum()
        sides = [math.exp(v[2 + k]) * ANCHORS[n][k] / SIDE for k in (0, 1)]
        box = [(i + sigmoid(v[0])) / SIDE, (j + sigmoid(v[1])) / SIDE, *sides]
        found.append((int(shares.argmax()), shares.max(), sigmoid(v[4]), box))
    truths = []
    if ssd:
        for row in bottoms[1][0, 0]:
            if row[0] == item:
                x1, y1, x2, y2 = row[3:7]
                box = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
                truths.append((int(row[1]) - 1, box, False))
    else:
        for row in bottoms[1][item].reshape(30, 5):
            if row[1] == 0:
                break
            truths.append((int(row[0]), list(row[1:]), False))
    return found, truths


def iou(a: Box, b: Box) -> float:
    return jaccard(corners(*a), corners(*b))


def evaluate(
    version: int, *, ssd: bool = False, relative: bool = True, roots: bool = True,
    score: str = "MULTIPLY", nms: float = -1, threshold: float = 0.5,
) -> Callable[[list[np.ndarray], object], list[np.ndarray]]:  # fmt: skip
    """The forks' layer."""

    def run(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        top = np.zeros((len(bottoms[0]), CLASSES + SIDE * SIDE * BOXES * 4))
        for item, out in enumerate(top):
            found, truths = (
                first_version(bottoms, item, relative, roots)
                if version == 1
                else second_version(bottoms, item, ssd)
            )
            for label, _, hard in truths:
                out[label] += not hard
            scored = [
                (label, {"OBJ": sure, "PROB": share}.get(score, share * sure), box)
                for label, share, sure, box in found
            ]
            scored.sort(key=lambda one: -one[1])
            if nms >= 0:
                kept: list[tuple[int, float, Box]] = []
                for one in scored:
                    if all(iou(one[2], other[2]) < nms for other in kept):
                        kept.append(one)
                scored = [one for one in kept if version == 1 or one[1] >= 0.005]
            elif version == 2:
                scored = []
            own = defaultdict(list)
            for one in scored:
                own[one[0]].append(one)
            rows = []
            for label in sorted(own):
                true = [truth for truth in truths if truth[0] == label]
                used = [False] * len(true)
                for _, value, box in own[label]:
                    right = wrong = 0
                    fits = [iou(box, list(truth[1])) for truth in true]
                    if not true:
                        wrong = 1
                    elif max(fits) >= threshold:
                        best = fits.index(max(fits))
                        if not true[best][2]:
                            right, wrong = (0, 1) if used[best] else (1, 0)
                            used[best] = True
                    elif version == 1:
                        wrong = 1
                    rows.append([label, value, right, wrong])
            flat = np.array(rows).reshape(-1)
            out[CLASSES : CLASSES + len(flat)] = flat
        return [top]

    return run


BIASES = " ".join(f"biases: {side}" for anchor in ANCHORS for side in anchor)
SIZES = f"side: {SIDE} num_class: {CLASSES} num_object: {BOXES}"
GRID = [(2, SIDE**2 * (CLASSES + 5 * BOXES)), (2, SIDE**2 * 7)]
ANCHORED = (2, BOXES * (5 + CLASSES), SIDE, SIDE)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape)


CASES = [
    Case("EvalDetection", f"eval_detection_param {{ {SIZES} {settings} }}", bottoms, values,
         reference=evaluate(**wanted), has_gradient=False, name=f"{bottoms[1]} {settings}")  # type: ignore[arg-type]
    for settings, bottoms, values, wanted in (
        ("threshold: 0.25", GRID, [grid_outputs, grid_labels], dict(version=1, threshold=0.25)),
        ("constriant: false nms: 0.5 threshold: 0.25", GRID, [grid_outputs, grid_labels],
         dict(version=1, relative=False, nms=0.5, threshold=0.25)),
        ("sqrt: false score_type: PROB nms: 0.75", [(2, CLASSES + 5 * BOXES, SIDE, SIDE), GRID[1]],
         [grid_outputs, grid_labels], dict(version=1, roots=False, score="PROB", nms=0.75)),
        (f"nms: 0.5 {BIASES} threshold: 0.25", [ANCHORED, (2, 150)], [normal, rows30],
         dict(version=2, nms=0.5, threshold=0.25)),
        (f"nms: 0.75 score_type: OBJ {BIASES}", [ANCHORED, (1, 1, 5, 8), (2, 3, 4, 4)],
         [normal, ssd_rows, normal], dict(version=2, nms=0.75, score="OBJ", ssd=True)),
        (BIASES, [ANCHORED, (2, 150)], [normal, rows30], dict(version=2)),
    )
]  # fmt: skip
