"""YOLO 1's grids: what a net says of each place, and the true boxes that lie in them.

A net gives planes of side · side places: the classes' shares, then the objectness of each of a
place's boxes, then for each of these x, y, w, h. The labels have for each place whether its object
is difficult, whether there is one, its class, and then x, y, w, h of the places one after the
other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Numbers that the labels have for each place.
GRID_LABELS = 7


class GridOutputs(NamedTuple):
    """Views of what a net says of one image.

    Attributes:
        shares: (classes, places).
        objectness: (boxes, places).
        boxes: x, y, w, h as they are, (boxes, 4, places).
    """

    shares: np.ndarray
    objectness: np.ndarray
    boxes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, side: int, classes: int, boxes: int) -> GridOutputs:
        """The parts of (side² · (classes + 5 · boxes),) numbers, which are not copied."""
        planes = values.reshape(classes + 5 * boxes, side * side)
        rest = planes[classes + boxes :].reshape(boxes, 4, side * side)
        return cls(planes[:classes], planes[classes : classes + boxes], rest)


class GridBoxes(NamedTuple):
    """Boxes by place, then by number.

    Attributes:
        middles, sides: in image sides, (n, 2).
        objectness: (n,); 0 of true boxes.
        shares: of the classes, (n, classes); of true boxes there are none.
        labels: of true boxes, (n,).
        difficult: of true boxes, (n,).
        places: where each lies, row by row, (n,).
    """

    middles: np.ndarray
    sides: np.ndarray
    objectness: np.ndarray
    shares: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray
    places: np.ndarray


def place_corners(side: int) -> np.ndarray:
    """Column and row of each place: (side², 2)."""
    places = np.arange(side * side)
    return np.stack([places % side, places // side], axis=1)


def box_values(boxes: np.ndarray, side: int, *, relative: bool, roots: bool) -> np.ndarray:
    """What x, y, w, h (side², 4, …) of each place mean, in image sides.

    Args:
        boxes: with the places first.
        side: of the grid.
        relative: x and y count from the place's corner, in places.
        roots: w and h are roots.
    """
    made = np.array(boxes)
    if relative:
        corners = place_corners(side).reshape(side * side, 2, *[1] * (made.ndim - 2))
        made[:, :2] = (corners + made[:, :2]) / side
    if roots:
        made[:, 2:] = made[:, 2:] ** 2
    return made


def grid_boxes(
    values: np.ndarray, side: int, classes: int, boxes: int, *, relative: bool, roots: bool
) -> GridBoxes:
    """The boxes that a net's numbers for one image mean; see :func:`box_values`."""
    out = GridOutputs.of(values, side, classes, boxes)
    with np.errstate(over="ignore", invalid="ignore"):
        made = box_values(out.boxes.transpose(2, 1, 0), side, relative=relative, roots=roots)
    made = made.transpose(0, 2, 1).reshape(-1, 4)
    none = np.zeros(len(made))
    return GridBoxes(
        made[:, :2], made[:, 2:], out.objectness.T.reshape(-1),
        np.repeat(out.shares.T, boxes, axis=0), none, none != 0,
        np.repeat(np.arange(side * side), boxes),
    )  # fmt: skip


def grid_truths(labels: np.ndarray, side: int) -> GridBoxes:
    """The true boxes of one image's labels (side² · 7,)."""
    count = side * side
    hard, there, classes = labels[: 3 * count].reshape(3, count)
    own = np.flatnonzero(there)
    boxes = labels[3 * count :].reshape(count, 4)[own]
    with np.errstate(invalid="ignore"):
        kinds = np.trunc(classes[own])
    return GridBoxes(
        boxes[:, :2], boxes[:, 2:], np.zeros(len(own)), np.empty((len(own), 0)), kinds,
        hard[own] == 1, own,
    )  # fmt: skip
