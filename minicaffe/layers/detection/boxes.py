"""Boxes as arrays: areas, overlaps, offsets from prior boxes, suppression of doubles.

A box is four numbers on the last axis: xmin, ymin, xmax, ymax. SSD counts them in image sides
(0 to 1), R-CNN in pixels, where the last pixel belongs to the box; ``edge`` says which: 0 or 1 is
added to each side. Arrays may be empty, and hold infinities and NaN: a box with a NaN overlaps no
other.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2

_CODES = caffe_pb2.PriorBoxParameter

#: Tells of boxes (n, 4) and others (m, 4) how much they overlap, (n, m).
Comparison = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: How many boxes are compared with each other at once in :func:`suppress`.
_BLOCK = 128


def areas(boxes: np.ndarray, edge: float = 0.0) -> np.ndarray:
    """Width times height of boxes (…, 4), shape (…); 0 where a side is negative."""
    with np.errstate(over="ignore", invalid="ignore"):
        width = boxes[..., 2] - boxes[..., 0]
        height = boxes[..., 3] - boxes[..., 1]
        area = (width + edge) * (height + edge)
        return np.where((width < 0) | (height < 0), area.dtype.type(0), area)


def clip(boxes: np.ndarray, width: float = 1.0, height: float = 1.0) -> np.ndarray:
    """Boxes (…, 4) without what lies outside 0 to ``width`` and 0 to ``height``."""
    limits = np.array([width, height, width, height], boxes.dtype)
    return np.maximum(np.minimum(boxes, limits), 0)


def intersections(left: np.ndarray, right: np.ndarray, edge: float = 0.0) -> np.ndarray:
    """The areas that boxes (…, 4) have in common, by numpy's rules for shapes; 0 for none."""
    with np.errstate(over="ignore", invalid="ignore"):
        width = np.minimum(left[..., 2], right[..., 2]) - np.maximum(left[..., 0], right[..., 0])
        height = np.minimum(left[..., 3], right[..., 3]) - np.maximum(left[..., 1], right[..., 1])
        if edge:
            width += edge
            height += edge
        return np.where((width > 0) & (height > 0), width * height, width.dtype.type(0))


def overlaps(left: np.ndarray, right: np.ndarray, edge: float = 0.0) -> np.ndarray:
    """Jaccard overlaps of boxes (n, 4) with boxes (m, 4): intersection over union, (n, m)."""
    common = intersections(left[:, None], right, edge)
    with np.errstate(over="ignore", invalid="ignore"):
        union = areas(left, edge)[:, None] + areas(right, edge) - common
    return _ratio(common, union)


def coverages(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much of each of the boxes (n, 4) lies in each of the others (m, 4): 0 to 1, (n, m)."""
    return _ratio(intersections(boxes[:, None], others), areas(boxes)[:, None])


def _ratio(common: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(common > 0, common / whole, common.dtype.type(0))


def centres(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middles (x, y) and the sides (width, height) of boxes (…, 4), each (…, 2)."""
    low, high = boxes[..., :2], boxes[..., 2:]
    with np.errstate(over="ignore", invalid="ignore"):
        return (low + high) / 2, high - low


def around(middles: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """The boxes (…, 4) of middles and sides (…, 2)."""
    with np.errstate(over="ignore", invalid="ignore"):
        half = sides / 2
        return np.concatenate([middles - half, middles + half], axis=-1)


def decode(
    code: int, priors: np.ndarray, variances: np.ndarray | float, offsets: np.ndarray
) -> np.ndarray:
    """Boxes that a net means by offsets from prior boxes.

    With o the offsets times the variances, by ``code``, a ``PriorBoxParameter.CodeType``:

    CORNER
        prior + o
    CORNER_SIZE
        prior + o · (width, height, width, height) of the prior
    CENTER_SIZE
        middle = the prior's + o[:2] · its sides; sides = the prior's · exp(o[2:])

    Args:
        priors: (…, 4).
        variances: (…, 4); or 1 where the offsets contain them already.
        offsets: (…, 4).

    Raises:
        DataError: a prior's side is not above 0, which the last two cannot use.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = offsets * variances
        if code == _CODES.CORNER:
            return np.asarray(priors + scaled)
        middle, sides = _checked(priors)
        if code == _CODES.CORNER_SIZE:
            return np.asarray(priors + scaled * np.concatenate([sides, sides], axis=-1))
        return around(middle + scaled[..., :2] * sides, np.exp(scaled[..., 2:]) * sides)


def encode(
    code: int, priors: np.ndarray, variances: np.ndarray | float, boxes: np.ndarray
) -> np.ndarray:
    """The offsets that :func:`decode` makes ``boxes`` of.

    Raises:
        DataError: a side of a prior, or with CENTER_SIZE of a box, is not above 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if code == _CODES.CORNER:
            return np.asarray((boxes - priors) / variances)
        middle, sides = _checked(priors)
        if code == _CODES.CORNER_SIZE:
            return np.asarray((boxes - priors) / np.concatenate([sides, sides], -1) / variances)
        wanted, lengths = _checked(boxes, "true box")
        moved = (wanted - middle) / sides
        return np.asarray(np.concatenate([moved, np.log(lengths / sides)], axis=-1) / variances)


def _checked(boxes: np.ndarray, what: str = "prior box") -> tuple[np.ndarray, np.ndarray]:
    """Middles and sides, if all sides are above 0."""
    middle, sides = centres(boxes)
    wrong = np.flatnonzero(~(sides > 0).all(axis=-1))
    if len(wrong):
        index = int(wrong[0])
        x1, y1, x2, y2 = boxes.reshape(-1, 4)[index]
        raise DataError(
            f"{what} {index} is ({x1:g}, {y1:g}) to ({x2:g}, {y2:g}); expected a width and a "
            "height above 0"
        )
    return middle, sides


def best_first(scores: np.ndarray, threshold: float = -math.inf, top_k: int = -1) -> np.ndarray:
    """The indices of scores above ``threshold``, the best first, equal ones in their order.

    Args:
        scores: (n,); NaN is not above anything.
        top_k: at most so many; -1 all.
    """
    found = np.flatnonzero(scores > threshold)
    found = found[np.argsort(-scores[found], kind="stable")]
    return found[:top_k] if top_k > -1 else found


def suppress(
    boxes: np.ndarray,
    threshold: float,
    eta: float = 1.0,
    edge: float = 0.0,
    compare: Comparison | None = None,
    most: int = -1,
) -> np.ndarray:
    """Non-maximum suppression: drop boxes that overlap a better one that is kept.

    Args:
        boxes: (n, 4), the best first.
        threshold: a box that overlaps a kept one by more is dropped.
        eta: below 1, the threshold is multiplied by it after each box kept, while above 0.5.
        edge: of :func:`overlaps`.
        compare: how much better boxes (n, 4) overlap others (m, 4), (n, m), where it is not by
            :func:`overlaps`.
        most: at most so many are kept; -1 all.

    Returns:
        the rising indices of the boxes kept.
    """
    compare = compare or functools.partial(overlaps, edge=edge)
    kept: list[int] = []
    for start in range(0, len(boxes), _BLOCK):
        block = boxes[start : start + _BLOCK]
        among = compare(block, block)
        highest = compare(boxes[kept], block).max(axis=0, initial=0)
        for index, row in enumerate(among):
            if len(kept) == most:
                return np.array(kept, int)
            if highest[index] <= threshold:
                kept.append(start + index)
                np.maximum(highest, row, out=highest)
                if eta < 1 and threshold > 0.5:
                    threshold *= eta
    return np.array(kept, int)


def suppress_softly(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, eta: float, theta: float
) -> np.ndarray:
    """jolibrain's soft suppression, which is not quite the paper's (Bodla et al., 2017).

    The box at the head of the queue is compared with the kept ones. At each of them the head is
    removed and the box put back with its score times exp(-overlap² / theta); but after the first
    time it may not be the head any more, and then another box is lost. It is dropped all the same
    if it overlaps a kept one by more than the threshold. So boxes may be lost, or come twice.

    Args:
        boxes: (n, 4), the best first.
        scores: (n,), falling.
        threshold, eta: as for :func:`suppress`.
        theta: the overlap at which a score falls to 1/e is its root; above 0.

    Returns:
        the indices of the boxes kept, in the order of being kept.
    """
    queue = [(float(score), index) for index, score in enumerate(scores)]
    kept: list[int] = []
    while queue:
        score, index = queue[0]
        keep = True
        for overlap in overlaps(boxes[index, None], boxes[kept])[0].tolist():
            queue = queue[1:]
            queue.append((score * math.exp(-(overlap**2) / theta), index))
            queue.sort(key=lambda pair: -pair[0])
            keep = overlap <= threshold
            if not keep:
                break
        if keep:
            kept.append(index)
            if eta < 1 and threshold > 0.5:
                threshold *= eta
        queue = queue[1:]
    return np.array(kept, int)
