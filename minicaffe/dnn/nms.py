"""Non-maximum suppression as OpenCV's ``NMSBoxes``: boxes are x, y, width, height."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicaffe.blob import shape_text
from minicaffe.errors import ArgumentError, ShapeError
from minicaffe.layers.detection.boxes import best_first

#: How :func:`softNMSBoxes` lowers the scores of boxes that overlap a better one.
SOFT_NMSMETHOD_SOFTNMS_LINEAR, SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN = 1, 2


def NMSBoxes(
    bboxes: ArrayLike,
    scores: ArrayLike,
    score_threshold: float,
    nms_threshold: float,
    eta: float = 1.0,
    top_k: int = 0,
) -> np.ndarray:
    """Which boxes are kept, the best first.

    Args:
        bboxes: (n, 4): x, y, width, height.
        scores: (n,).
        score_threshold: boxes with a score above it count.
        nms_threshold: a box that overlaps a kept one by more is dropped.
        eta: below 1, the threshold is multiplied by it after each box kept, while above 0.5.
        top_k: above 0, only so many of the best are looked at.

    Returns:
        their indices, int32.

    Raises:
        ShapeError: these are not boxes with a score each.
        ArgumentError: a threshold below 0, or an eta of 0 or less.
    """
    boxes, values = _checked(bboxes, scores, score_threshold, nms_threshold)
    if not eta > 0:
        raise ArgumentError(f"eta is {eta:g}, expected above 0")
    order = best_first(values, np.float32(score_threshold), top_k if top_k > 0 else -1)
    kept: list[int] = []
    threshold = np.float32(nms_threshold)
    for index in order.tolist():
        if (_overlaps(boxes[index], boxes[kept]) <= threshold).all():
            kept.append(index)
            if eta < 1 and threshold > 0.5:
                threshold *= np.float32(eta)
    return np.array(kept, np.int32)


def NMSBoxesBatched(
    bboxes: ArrayLike,
    scores: ArrayLike,
    class_ids: Sequence[int] | np.ndarray,
    score_threshold: float,
    nms_threshold: float,
    eta: float = 1.0,
    top_k: int = 0,
) -> np.ndarray:
    """:func:`NMSBoxes` of several classes, whose boxes do not drop each other.

    As in OpenCV, ``eta`` and ``top_k`` are for all classes together.

    Raises:
        ShapeError: these are not boxes with a score and a class each.
        ArgumentError: as :func:`NMSBoxes`.
    """
    boxes, _ = _checked(bboxes, scores, score_threshold, nms_threshold)
    classes = np.asarray(class_ids).ravel()
    if len(classes) != len(boxes):
        raise ShapeError(f"{len(boxes)} boxes with {len(classes)} classes; expected one for each")
    reach = max((boxes[:, :2] + boxes[:, 2:]).max(initial=0), 0) + 1
    moved = boxes.copy()
    moved[:, :2] += (classes * reach)[:, None]
    return NMSBoxes(moved, scores, score_threshold, nms_threshold, eta, top_k)


def softNMSBoxes(
    bboxes: ArrayLike,
    scores: ArrayLike,
    score_threshold: float,
    nms_threshold: float,
    top_k: int = 0,
    sigma: float = 0.5,
    method: int = SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN,
) -> tuple[np.ndarray, np.ndarray]:
    """Soft suppression: boxes that overlap a better one are not dropped, their scores fall.

    GAUSSIAN multiplies a score by exp(-overlap² / sigma) for each better box, LINEAR by 1 - overlap
    where the overlap is above ``nms_threshold``. The next box is the best one then.

    Args:
        bboxes, scores: as for :func:`NMSBoxes`.
        score_threshold: it ends with a box of a lower score.
        nms_threshold: for LINEAR.
        top_k: at most so many boxes; 0 all.
        sigma: for GAUSSIAN.
        method: one of ``SOFT_NMSMETHOD_…``.

    Returns:
        the new scores, float32, and the boxes' indices, int32; the best first.

    Raises:
        ShapeError: these are not boxes with a score each.
        ArgumentError: a threshold or sigma below 0, or another method.

    Source: Bodla et al., "Soft-NMS: improving object detection with one line of code", 2017
    (arXiv:1704.04503).
    """
    boxes, values = _checked(bboxes, scores, score_threshold, nms_threshold)
    if sigma < 0 or method not in (SOFT_NMSMETHOD_SOFTNMS_LINEAR, SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN):
        raise ArgumentError(f"sigma is {sigma}, method {method}; expected at least 0, and 1 or 2")
    left = np.arange(len(boxes))
    kept: list[int] = []
    found: list[np.float32] = []
    while len(left) and (not top_k or len(kept) < top_k):
        best = int(left[np.argmax(values[left])])
        if not values[best] >= score_threshold:
            break
        kept.append(best)
        found.append(values[best])
        left = left[left != best]
        overlap = _overlaps(boxes[best], boxes[left])
        if method == SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN:
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = np.exp(-(overlap**2) / np.float32(sigma))
        else:
            factor = np.where(overlap > nms_threshold, 1 - overlap, np.float32(1))
        counts = values[left] >= score_threshold
        values[left[counts]] *= factor[counts]
    return np.array(found, np.float32), np.array(kept, np.int32)


def _checked(
    bboxes: ArrayLike, scores: ArrayLike, score_threshold: float, nms_threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4), float64, and scores (n,), float32, of one's own."""
    try:
        boxes = np.array(bboxes, np.float64)
        values = np.array(scores, np.float32).ravel()
    except (TypeError, ValueError):
        raise ShapeError("boxes and scores of numbers are expected") from None
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) != len(values):
        raise ShapeError(
            f"boxes of shape {shape_text(boxes.shape)} with {len(values)} scores; expected n×4 (x, "
            "y, width, height) and a score for each"
        )
    if not (score_threshold >= 0 and nms_threshold >= 0):
        raise ArgumentError(
            f"score_threshold is {score_threshold:g} and nms_threshold {nms_threshold:g}, expected "
            "at least 0"
        )
    return boxes, values


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Jaccard overlaps of a box with others, float32; boxes without an area overlap wholly."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    sides = high - low
    common = np.where((sides > 0).all(axis=1), sides.prod(axis=1), 0.0)
    areas = box[2] * box[3] + others[:, 2] * others[:, 3]
    empty = areas <= np.finfo(np.float64).eps
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = 1 - common / (areas - common)
    return np.float32(1) - np.where(empty, 0.0, distance).astype(np.float32)
