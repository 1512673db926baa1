"""What YOLO ports measure how well a box fits a true one by: IoU, GIoU, DIoU and CIoU.

With I the area that two boxes have in common, U that of both together, and of the least box around
both w, h and the area C = w · h; S the squared distance of the middles, and A the squared
difference of the arc tangents of width / height, times 4 / π²:

IOU
    I / U
GIOU
    I / U - (C - U) / C
DIOU
    I / U - (S / (w² + h²))^0.6
CIOU
    I / U - S / (w² + h²) - A² / (1 - I / U + A + 1e-6)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from minicaffe.layers.detection.boxes import areas, centres, intersections, overlaps
from minicaffe.proto import caffe_pb2

_KINDS = caffe_pb2.Yolov3Parameter


def overlaps_of_kind(kind: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The measure of boxes (n, 4) with boxes (m, 4), corners each: (n, m).

    Args:
        kind: a ``Yolov3Parameter.IOU_LOSS``; MSE is like IOU.
        left, right: their boxes.
    """
    found = overlaps(left, right)
    if kind in (_KINDS.IOU, _KINDS.MSE):
        return found
    one = left[:, None]
    with np.errstate(all="ignore"):
        sides = np.maximum(one[..., 2:], right[:, 2:]) - np.minimum(one[..., :2], right[:, :2])
        if kind == _KINDS.GIOU:
            around, union = sides.prod(axis=-1), areas(one) + areas(right)
            lost = (around - (union - intersections(one, right))) / around
            return np.where(around == 0, found, found - lost)
        diagonal = np.square(sides).sum(axis=-1)
        (middle, own), (other, true) = centres(left), centres(right)
        share = np.square(middle[:, None] - other).sum(axis=-1) / diagonal
        if kind == _KINDS.DIOU:
            return np.where(diagonal == 0, found, found - share**0.6)
        angles = np.arctan(own[:, None, 0] / own[:, None, 1]) - np.arctan(true[:, 0] / true[:, 1])
        unlike = 4 / math.pi**2 * np.square(angles)
        lost = share + unlike * unlike / (1 - found + unlike + 1e-6)
        return np.where(diagonal == 0, found, found - lost)


class Rise(NamedTuple):
    """How a measure grows with a box's middle and sides: half of that is meant of the sides."""

    x: float
    y: float
    width: float
    height: float


def rise(kind: int, box: np.ndarray, true: np.ndarray) -> Rise:
    """darknet's gradient of a measure of one box, as the YOLO ports have it.

    It is that of the formula but in three points: of the sides it is twice as large; boxes that
    have nothing in common leave I / U out; and with DIOU and CIOU the middle's share has the other
    sign before what the box around both grows by.

    Args:
        kind: a ``Yolov3Parameter.IOU_LOSS``.
        box, true: middle and sides, (4,).
    """
    edges = _edges(box), _edges(true)
    moved = _of_edges(kind, *edges)
    common = np.minimum(edges[0][1], edges[1][1]) - np.maximum(edges[0][0], edges[1][0])
    if kind not in (_KINDS.DIOU, _KINDS.CIOU):
        return Rise(*moved)
    terms = _of_distance(box, true, edges)
    if kind == _KINDS.CIOU:
        terms = terms + _of_shape(box, true, float(common.prod()))
    return Rise(*(terms if (common <= 0).any() else moved + terms))


def _edges(box: np.ndarray) -> np.ndarray:
    """Low and high edges, in x and y: (2, 2)."""
    return np.stack([box[:2] - box[2:] / 2, box[:2] + box[2:] / 2])


def _of_edges(kind: int, own: np.ndarray, true: np.ndarray) -> np.ndarray:
    """How I / U, or with GIOU U / C too, grows with x, y, width and height."""
    sides, wanted = own[1] - own[0], true[1] - true[0]
    common = np.minimum(own[1], true[1]) - np.maximum(own[0], true[0])
    within = common.prod()
    union = sides.prod() + wanted.prod() - within
    outer = np.maximum(own[1], true[1]) - np.minimum(own[0], true[0])
    sign = np.array([[-1.0], [1.0]])  # of the low and the high edges
    inside = np.stack([own[0] > true[0], own[1] < true[1]])
    outside = np.stack([own[0] < true[0], own[1] > true[1]])
    of_common = sign * inside * common[::-1]  # an edge moves along the other side
    of_union = sign * sides[::-1] - of_common
    slopes = np.zeros((2, 2))
    if union > 0:
        slopes = (union * of_common - within * of_union) / union**2
    if kind == _KINDS.GIOU:
        around = outer.prod()
        of_around = sign * outside * outer[::-1]
        more = (around * of_union - union * of_around) / around**2
        if (common <= 0).any():
            slopes = more
        elif around > 0:
            slopes = slopes + more
    return np.concatenate([slopes[0] + slopes[1], slopes[1] - slopes[0]])


def _of_distance(
    box: np.ndarray, true: np.ndarray, edges: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """What DIOU adds: of the share that the distance has of the diagonal around both."""
    (low, high), (true_low, true_high) = edges
    outer = np.maximum(high, true_high) - np.minimum(low, true_low)
    diagonal = np.square(outer).sum()
    if not diagonal > 0:
        return np.zeros(4)
    apart = np.square(box[:2] - true[:2]).sum()
    by_middle = (high > true_high).astype(float) - (low < true_low)
    by_side = ((high > true_high).astype(float) + (low < true_low)) / 2
    middle = (2 * (true[:2] - box[:2]) * diagonal - 2 * outer * by_middle * apart) / diagonal**2
    return np.concatenate([middle, 2 * outer * by_side * apart / diagonal**2])


def _of_shape(box: np.ndarray, true: np.ndarray, common: float) -> np.ndarray:
    """What CIOU adds to the sides: of the difference of the shapes."""
    angle = math.atan(true[2] / true[3]) - math.atan(box[2] / box[3])
    unlike = 4 / math.pi**2 * angle * angle
    union = box[2] * box[3] + true[2] * true[3] - common
    alpha = unlike / (1 - common / union + unlike + 1e-6)
    turn = 8 / math.pi**2 * angle
    return np.array([0.0, 0.0, alpha * turn * box[3], -alpha * turn * box[2]])
