"""Yolov3's loss against darknet's loops, with slopes of overlaps by central differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.layers.cases.yolo import sigmoid
from tests.layers.harness import Case

CLASSES = 3
#: In pixels of an image of 8 pixels a place.
ANCHORS = [(4.0, 6.0), (10.0, 8.0), (6.0, 14.0), (20.0, 16.0)]
SCALE = 8
Box = tuple[float, float, float, float]


def true_boxes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Four boxes of the first image, two of them nearly one, one of the second, then zeros."""
    rows = np.zeros((2, 300, 5))
    for item, count in ((0, 3), (1, 1)):
        rows[item, :count, 0] = rng.integers(0, CLASSES, count)
        rows[item, :count, 1:3] = rng.uniform(0.1, 0.9, (count, 2))
        rows[item, :count, 3:] = rng.uniform(0.15, 0.6, (count, 2))
    rows[0, 3] = rows[0, 2] + [0, 0, 0, 0.01, 0.01]
    rows[0, 3, 0] = (rows[0, 2, 0] + 1) % CLASSES
    return rows[: shape[0]].reshape(shape)


def small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape) * 0.5


def parts(a: Box, b: Box) -> dict[str, float]:
    """What measures are made of, of two boxes (middle and sides)."""
    lows = [max(a[k] - a[k + 2] / 2, b[k] - b[k + 2] / 2) for k in (0, 1)]
    highs = [min(a[k] + a[k + 2] / 2, b[k] + b[k + 2] / 2) for k in (0, 1)]
    outer = [
        max(a[k] + a[k + 2] / 2, b[k] + b[k + 2] / 2)
        - min(a[k] - a[k + 2] / 2, b[k] - b[k + 2] / 2)
        for k in (0, 1)
    ]
    w, h = (high - low for low, high in zip(lows, highs, strict=True))
    angle = math.atan(b[2] / b[3]) - math.atan(a[2] / a[3])
    return {
        "w": w, "h": h, "product": w * h, "common": max(w, 0) * max(h, 0),
        "areas": a[2] * a[3] + b[2] * b[3], "around": outer[0] * outer[1],
        "diagonal": outer[0] ** 2 + outer[1] ** 2, "apart": (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2,
        "unlike": 4 / math.pi**2 * angle**2,
    }  # fmt: skip


def measure(kind: str, a: Box, b: Box) -> float:
    p = parts(a, b)
    union = p["areas"] - p["common"]
    iou = p["common"] / union
    if kind == "GIOU":
        return iou - (p["around"] - union) / p["around"]
    if kind == "DIOU":
        return iou - (p["apart"] / p["diagonal"]) ** 0.6
    if kind == "CIOU":
        alpha = p["unlike"] / (1 - iou + p["unlike"] + 0.000001)
        return iou - (p["apart"] / p["diagonal"] + alpha * p["unlike"])
    return iou


def slope(function: Callable[[Box], float], box: Box, axis: int) -> float:
    step = 1e-6
    up, down = list(box), list(box)
    up[axis] += step
    down[axis] -= step
    return (function(tuple(up)) - function(tuple(down))) / (2 * step)  # type: ignore[arg-type]


def rises(kind: str, box: Box, true: Box) -> list[float]:
    """What x, y, w, h are moved by: slopes, those of the sides twice; see the layer's page."""
    now = parts(box, true)
    apart = now["w"] <= 0 or now["h"] <= 0

    def iou(b: Box) -> float:
        p = parts(b, true)
        return p["product"] / (p["areas"] - p["product"])

    def filled(b: Box) -> float:
        p = parts(b, true)
        return (p["areas"] - p["product"]) / p["around"]

    found = []
    for axis in range(4):
        twice = 2 if axis > 1 else 1
        total = 0.0 if apart and kind != "IOU" else twice * slope(iou, box, axis)
        if kind == "GIOU":
            total += twice * slope(filled, box, axis)
        if kind in ("DIOU", "CIOU"):
            sign = 1 if axis > 1 else -1  # the fork's, of what the box around grows by
            total += slope(lambda b: -parts(b, true)["apart"] / now["diagonal"], box, axis)
            total += sign * slope(
                lambda b: -now["apart"] / parts(b, true)["diagonal"], box, axis
            )  # fmt: skip
        if kind == "CIOU" and axis > 1:
            ratio = now["product"] / (now["areas"] - now["product"])
            alpha = now["unlike"] / (1 - ratio + now["unlike"] + 0.000001)
            angle = math.atan(true[2] / true[3]) - math.atan(box[2] / box[3])
            total += alpha * 8 / math.pi**2 * angle * (box[3] if axis == 2 else -box[2])
        found.append(total)
    return found


@dataclass
class Loss:
    """What the layer should give; the fields are its settings."""

    mask: tuple[int, ...] = (0, 1)
    kind: str = "MSE"
    class_scale: float = 1
    coord_scale: float = 5
    object_scale: float = 1
    thresh: float = float(np.float32(0.2))
    iou_thresh: float = 0.5
    logic: bool = False
    focal: bool = False
    smooth: float = float(np.float32(0.1))
    normalizer: float = 0.25
    max_delta: float = 10
    accumulate: bool = True

    def run(self, bottoms: list[np.ndarray]) -> tuple[np.ndarray, float]:
        x = bottoms[0]
        items, _, height, width = x.shape
        size = 5 + CLASSES
        d = np.zeros((items, len(self.mask), size, height, width))
        values = x.reshape(d.shape)
        pixels = (width * SCALE, height * SCALE)
        lost: list[float] = []
        for b in range(items):
            labels = [tuple(row) for row in bottoms[1][b].reshape(300, 5)]
            labels = labels[: [row[3] for row in labels].index(0)]
            boxes: dict[tuple[int, int, int], Box] = {}
            for n, j, i in np.ndindex(len(self.mask), height, width):
                v = values[b, n, :, j, i]
                sides = [math.exp(v[2 + k]) * ANCHORS[self.mask[n]][k] / pixels[k] for k in (0, 1)]
                boxes[n, j, i] = (
                    (i + sigmoid(v[0])) / width, (j + sigmoid(v[1])) / height, *sides,
                )  # type: ignore[assignment]  # fmt: skip
                best = max([0, *(measure(self.kind, boxes[n, j, i], row[1:]) for row in labels)])
                d[b, n, 4, j, i] = 0 if best > self.thresh else sigmoid(v[4])
            for row in labels:
                i, j = int(row[1] * width), int(row[2] * height)
                shapes = [(0, 0, a[0] / pixels[0], a[1] / pixels[1]) for a in ANCHORS]
                fits = [measure(self.kind, shape, (0, 0, *row[3:])) for shape in shapes]
                chosen, best_n = [], fits.index(max(fits))
                if best_n in self.mask:
                    best_n = self.mask.index(best_n)
                    chosen.append(best_n)
                for number in range(len(ANCHORS)):
                    if number in self.mask and number != best_n and fits[number] > self.iou_thresh:
                        chosen.append(self.mask.index(number))
                for n in chosen:
                    self.true_box(d[b, n, :, j, i], values[b, n, :, j, i], boxes[n, j, i], row,
                                  (i, j), n, (width, height))  # fmt: skip
                    kind = "DIOU" if self.kind == "IOU" else self.kind
                    lost.append(1 - measure(kind, boxes[n, j, i], row[1:]))
        total = (d**2).sum() if self.kind == "MSE" else (d[:, :, 4:] ** 2).sum()
        if self.kind != "MSE" and lost:
            total += self.normalizer * sum(lost) / len(lost)
        if self.logic:
            for b, n, c, j, i in np.ndindex(d.shape):
                v = values[b, n, c, j, i]
                s = v if self.kind != "MSE" and c < 2 else sigmoid(v)
                if c not in (2, 3):
                    d[b, n, c, j, i] *= s * (1 - s)
        return d, total / items

    def true_box(self, d: np.ndarray, v: np.ndarray, box: Box, row: tuple[float, ...],
                 place: tuple[int, int], n: int, grid: tuple[int, int]) -> None:  # fmt: skip
        if self.kind == "MSE":
            factor = self.coord_scale * (2 - row[3] * row[4])
            for k in (0, 1):
                d[k] = -factor * (row[1 + k] * grid[k] - place[k] - sigmoid(v[k]))
                wanted = math.log(row[3 + k] * grid[k] * SCALE / ANCHORS[self.mask[n]][k])
                d[2 + k] = -factor * (wanted - v[2 + k])
        else:
            moved = rises(self.kind, box, row[1:])  # type: ignore[arg-type]
            for k in range(4):
                up = moved[k] * self.normalizer * (math.exp(v[k]) if k > 1 else 1)
                up = max(-self.max_delta, min(self.max_delta, up))
                d[k] = (d[k] if self.accumulate else 0) - up
        d[4] = -(1 - sigmoid(v[4])) * (self.object_scale if self.logic else 1)
        label = int(row[0])
        scores = [sigmoid(value) for value in v[5:]]
        targets = [(c == label) * (1 - self.smooth) + 0.5 * self.smooth for c in range(CLASSES)]
        if d[5 + label]:
            d[5 + label] = -self.class_scale * (targets[label] - scores[label])
            return
        pt = scores[label] + 1e-15
        for c in range(CLASSES):
            d[5 + c] = -self.class_scale * (targets[c] - scores[c])
            if self.focal:
                d[5 + c] = -self.class_scale * ((c == label) - scores[c])
                d[5 + c] *= 0.5 * -(1 - pt) * (2 * pt * math.log(pt) + pt - 1)

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        return [np.asarray(self.run(bottoms)[1])]


BIASES = " ".join(f"biases: {side:g}" for anchor in ANCHORS for side in anchor)
PARAM = (
    f"yolov3_param {{ num_class: {CLASSES} num: 2 anchors_scale: {SCALE} {BIASES} "
    "mask: %d mask: %d %s }"
)
SETTINGS = [
    ((0, 1), "", Loss()),
    ((2, 3), "thresh: 0.5 iou_thresh: 0.3 class_scale: 2 coord_scale: 1 label_smooth_eps: 0",
     Loss((2, 3), thresh=0.5, iou_thresh=float(np.float32(0.3)), class_scale=2, coord_scale=1,
          smooth=0)),
    ((1, 2), "use_logic_gradient: true object_scale: 5 iou_thresh: 1",
     Loss((1, 2), logic=True, object_scale=5, iou_thresh=1)),
    ((0, 2), "use_focal_loss: true", Loss((0, 2), focal=True)),
    ((1, 2), "iou_loss: GIOU", Loss((1, 2), "GIOU")),
    ((1, 2), "iou_loss: GIOU accumulate: false iou_normalizer: 2 max_delta: 0.5",
     Loss((1, 2), "GIOU", accumulate=False, normalizer=2, max_delta=0.5)),
    ((1, 3), "iou_loss: IOU", Loss((1, 3), "IOU")),
    ((1, 2), "iou_loss: DIOU use_logic_gradient: true", Loss((1, 2), "DIOU", logic=True)),
    ((1, 2), "iou_loss: CIOU iou_thresh: 0.25", Loss((1, 2), "CIOU", iou_thresh=0.25)),
]  # fmt: skip
CASES = [
    Case("Yolov3", PARAM % (*mask, settings), [(2, 16, 4, 5), (2, 1, 300, 5)],
         [small, true_boxes], gradients=[True, False], loss=True, has_gradient=False,
         reference=loss, name=f"mask {mask} {settings}")
    for mask, settings, loss in SETTINGS
]  # fmt: skip
