"""Rectangles of one object made one: OpenCV's ``groupRectangles``, in numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

#: A group of fewer rectangles gives way to any that holds it.
_FEW = 3


def group_rectangles(
    rectangles: np.ndarray, least: int, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each group of rectangles that are alike, and how many there are in it.

    Two are alike if each of their four edges lies within eps · (smaller width + smaller height) / 2
    pixels of the other's; whatever is alike by way of others is one group. Groups of ``least`` or
    fewer are dropped, and so are those that lie in another one, wider by eps of its sides, that has
    more than three and more than they have, or that have fewer than three themselves.

    Args:
        rectangles: x, y, width, height, whole numbers (N, 4).
        least: 0 or less: all are given as they are.
        eps: see above.

    Returns:
        rectangles (M, 4), by their groups' first members, and their counts (M).
    """
    if least <= 0 or not len(rectangles):
        return rectangles, np.ones(len(rectangles), np.int64)
    labels = _classes(rectangles, eps)
    counts = np.bincount(labels)
    sums = np.stack([np.bincount(labels, weights=side) for side in rectangles.T], axis=1)
    scale = (np.float32(1) / counts.astype(np.float32))[:, None]
    means = np.rint(sums.astype(np.float32) * scale).astype(np.int64)
    kept = [
        index
        for index in range(len(means))
        if counts[index] > least and not _inside_another(index, means, counts, least, eps)
    ]
    return means[kept], counts[kept]


def _inside_another(
    index: int, means: np.ndarray, counts: np.ndarray, least: int, eps: float
) -> bool:
    x, y, width, height = means[index]
    reach = np.rint(means[:, 2:] * eps).astype(np.int64)
    holds = (x >= means[:, 0] - reach[:, 0]) & (y >= means[:, 1] - reach[:, 1])
    holds &= x + width <= means[:, 0] + means[:, 2] + reach[:, 0]
    holds &= y + height <= means[:, 1] + means[:, 3] + reach[:, 1]
    holds &= counts > least
    holds[index] = False
    own = counts[index]
    return bool((holds & ((counts > max(_FEW, own)) | (own < _FEW))).any())


def _classes(rectangles: np.ndarray, eps: float) -> np.ndarray:
    """The group of each rectangle, numbered by the groups' first members."""
    labels = np.full(len(rectangles), -1)
    for number, first in enumerate(_firsts(labels)):
        labels[first] = number
        waiting = [first]
        while waiting:
            alike = _alike(rectangles, waiting.pop(), eps) & (labels < 0)
            labels[alike] = number
            waiting.extend(np.flatnonzero(alike).tolist())
    return labels


def _firsts(labels: np.ndarray) -> Iterator[int]:
    """Each rectangle that has no group yet when its turn comes."""
    for index in range(len(labels)):
        if labels[index] < 0:
            yield index


def _alike(rectangles: np.ndarray, index: int, eps: float) -> np.ndarray:
    one = rectangles[index]
    delta = eps * np.minimum(rectangles[:, 2:], one[2:]).sum(axis=1) * 0.5
    near = np.abs(rectangles[:, :2] - one[:2]).max(axis=1) <= delta
    ends = np.abs(rectangles[:, :2] + rectangles[:, 2:] - one[:2] - one[2:]).max(axis=1)
    alike: np.ndarray = near & (ends <= delta)
    return alike
