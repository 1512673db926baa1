"""Reorg and the outputs of YOLO 2 and 3, against loops over places, anchors and classes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case
from tests.layers.test_boxes import jaccard

CLASSES = 3
ANCHORS = [(1.1, 0.6), (2.2, 2.4), (0.5, 1.5), (40.0, 30), (16, 50), (60, 60)]


def reorg(bottoms: list[np.ndarray], reverse: bool, stride: int = 2) -> list[np.ndarray]:
    """darknet's loops over the larger number of channels."""
    x = bottoms[0]
    n, c, h, w = x.shape
    few = c // stride**2
    out = np.empty(x.size)
    for b in range(n):
        for k in range(c):
            for j in range(h):
                for i in range(w):
                    inside = i + w * (j + h * (k + c * b))
                    across = i * stride + k // few % stride
                    down = j * stride + k // few // stride
                    other = across + w * stride * (down + h * stride * (k % few + few * b))
                    if reverse:
                        out[other] = x.flat[inside]
                    else:
                        out[inside] = x.flat[other]
    if reverse:
        return [out.reshape(n, few, h * stride, w * stride)]
    return [out.reshape(n, c * stride**2, h // stride, w // stride)]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


Found = tuple[int, float, tuple[float, float, float, float]]


def rows(found: list[list[Found]], threshold: float) -> list[np.ndarray]:
    """Each image's boxes by falling score, without those that overlap a better one."""
    table = []
    for item, boxes in enumerate(found):
        kept: list[tuple[float, float, float, float]] = []
        for label, score, (x, y, w, h) in sorted(boxes, key=lambda row: -row[1]):
            box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            if all(jaccard(np.array(box), np.array(other)) < threshold for other in kept):
                kept.append(box)
                table.append([item, label + 1, score, *box])
    return [np.array(table or [[item, *[-1] * 6] for item in range(len(found))])[None, None]]


def version2(threshold: float) -> Callable[[list[np.ndarray], object], list[np.ndarray]]:
    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        found: list[list[Found]] = [[] for _ in bottoms[0]]
        for x in bottoms:
            height, width = x.shape[2:]
            for b, j, i, n in np.ndindex(len(x), height, width, 3):
                v = x[b, n * (5 + CLASSES) : (n + 1) * (5 + CLASSES), j, i]
                share = np.exp(v[5:]) / np.exp(v[5:]).sum()
                score = sigmoid(v[4]) * share.max()
                if score >= threshold:
                    w, h = (math.exp(v[2 + k]) * float(np.float32(ANCHORS[n][k])) for k in (0, 1))
                    place = ((i + sigmoid(v[0])) / width, (j + sigmoid(v[1])) / height)
                    found[b].append((int(share.argmax()), score, (*place, w / width, h / height)))
        return rows(found, 0.45)

    return reference


def version3(gaussian: bool) -> Callable[[list[np.ndarray], object], list[np.ndarray]]:
    def reference(bottoms: list[np.ndarray], _: object) -> list[np.ndarray]:
        found: list[list[Found]] = [[] for _ in bottoms[0]]
        for x, scale, mask in zip(bottoms, (32, 16), ((3, 4, 5), (0, 1, 2)), strict=True):
            height, width = x.shape[2:]
            numbers = (9 if gaussian else 5) + CLASSES
            for b, j, i, n in np.ndindex(len(x), height, width, 3):
                v = list(x[b, n * numbers : (n + 1) * numbers, j, i])
                sure = 1.0
                if gaussian:
                    sure = (4 - sum(sigmoid(v[k]) for k in (1, 3, 5, 7))) / 4
                    v = [*v[:8:2], *v[8:]]
                w, h = (math.exp(v[2 + k]) * float(np.float32(ANCHORS[mask[n]][k])) for k in (0, 1))
                place = ((i + sigmoid(v[0])) / width, (j + sigmoid(v[1])) / height)
                box = (*place, w / (width * scale), h / (height * scale))
                for c in range(CLASSES):
                    score = sigmoid(v[4]) * sure * sigmoid(v[5 + c])
                    if score > np.float32(0.3):
                        found[b].append((c, score, box))
        return rows(found, float(np.float32(0.4)))

    return reference


BIASES = " ".join(f"biases: {side}" for anchor in ANCHORS for side in anchor)
V2 = f"yolo_detection_output_param {{ num_classes: {CLASSES} num_box: 3 {BIASES} %s }}"
V3 = (
    f"yolov3_detection_output_param {{ num_classes: {CLASSES} {BIASES} anchors_scale: 32 "
    "anchors_scale: 16 mask: 3 mask: 4 mask: 5 mask: 0 mask: 1 mask: 2 nms_threshold: 0.4 "
    "confidence_threshold: 0.3 %s }"
)
CASES = [
    Case("Reorg", "reorg_param { stride: 2 }", [(2, 4, 4, 6)],
         reference=lambda b, p: reorg(b, reverse=False)),
    Case("Reorg", "reorg_param { stride: 3 }", [(2, 9, 3, 6)],
         reference=lambda b, p: reorg(b, reverse=False, stride=3)),
    Case("Reorg", "reorg_param { stride: 2 reverse: true }", [(2, 8, 3, 5)],
         reference=lambda b, p: reorg(b, reverse=True)),
    Case("YoloDetectionOutput", V2 % "", [(2, 24, 3, 4)], has_gradient=False,
         reference=version2(0.01), name="one grid"),
    Case("YoloDetectionOutput", V2 % "confidence_threshold: 0.5", [(2, 24, 3, 4), (2, 24, 5, 6)],
         has_gradient=False, reference=version2(0.5), name="two grids"),
    Case("YoloDetectionOutput", V2 % "confidence_threshold: 1", [(2, 24, 3, 4)],
         has_gradient=False, reference=version2(1), name="nothing found"),
    Case("Yolov3DetectionOutput", V3 % "", [(2, 24, 3, 4), (2, 24, 6, 8)], has_gradient=False,
         reference=version3(gaussian=False), name="two grids"),
    Case("Yolov3DetectionOutput", V3 % "gaussian_box: true", [(2, 36, 3, 4), (2, 36, 6, 8)],
         has_gradient=False, reference=version3(gaussian=True), name="gaussian"),
]  # fmt: skip
