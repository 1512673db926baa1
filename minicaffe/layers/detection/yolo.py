"""YOLO's boxes: from what a net says of each anchor at each place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layers.detection.boxes import around, suppress


def sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), for any x."""
    return np.asarray((np.tanh(values / 2) + 1) / 2)


def per_anchor(blob: Blob, index: int, anchors: int, numbers: int) -> np.ndarray:
    """A bottom (N, anchors · numbers, H, W) as (N, H, W, anchors, numbers).

    Raises:
        ShapeError: it has other axes.
    """
    shape = blob.shape
    if len(shape) != 4 or shape[1] != anchors * numbers:
        raise ShapeError(
            f"bottom {index} has shape {shape_text(shape)}; expected N×{anchors * numbers}×H×W, "
            f"{anchors} boxes of {numbers} numbers at each place"
        )
    return blob.data.reshape(shape[0], anchors, numbers, *shape[2:]).transpose(0, 3, 4, 1, 2)


def check_bottoms(bottoms: Sequence[Blob], anchors: int, numbers: int) -> None:
    """Make sure that all bottoms hold boxes of the same images.

    Raises:
        ShapeError: one has other axes, or another number of images than the first.
    """
    for index, blob in enumerate(bottoms):
        per_anchor(blob, index, anchors, numbers)
        if blob.shape[0] != bottoms[0].shape[0]:
            raise ShapeError(
                f"bottom {index} has {blob.shape[0]} image(s), bottom 0 {bottoms[0].shape[0]}; "
                "expected boxes of the same images"
            )


def box_places(
    moves: np.ndarray, sizes: np.ndarray, anchors: np.ndarray, unit: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Middles and sides of boxes in image sides, each (N, H, W, anchors, 2).

    middle = (place + move) / (W, H); side = anchor · exp(size) / unit

    Args:
        moves: x and y within the place, 0 to 1, (N, H, W, anchors, 2).
        sizes: logarithms, like ``moves``.
        anchors: widths and heights, (anchors, 2).
        unit: the image's width and height in the anchors' unit.
    """
    height, width = moves.shape[1:3]
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)[:, :, None]
    grid = np.array([width, height], moves.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        middles = (places.astype(moves.dtype) + moves) / grid
        return middles, np.exp(sizes) * anchors.astype(moves.dtype) / np.array(unit, moves.dtype)


def place_of(middle: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Row and column of the place that a middle (x, y), in image sides, lies in.

    Args:
        middle: (2,).
        shape: (H, W, …).
    """
    grid = np.array(shape[:2])
    with np.errstate(invalid="ignore"):
        at = np.nan_to_num(middle[::-1] * grid)
    return np.clip(np.floor(at), 0, grid - 1).astype(int)


def until_zero(labels: np.ndarray, column: int) -> np.ndarray:
    """The rows before the first whose number in a column is 0."""
    ends = np.flatnonzero(labels[:, column] == 0)
    return labels[: ends[0]] if len(ends) else labels


def kept(
    middles: np.ndarray, sides: np.ndarray, scores: np.ndarray, threshold: float
) -> np.ndarray:
    """Indices of the boxes that overlap no better one by ``threshold`` or more, the best first;
    classes do not matter.

    Args:
        middles, sides: (n, 2).
        scores: (n,).
    """
    order = np.argsort(-scores, kind="stable")
    below = float(np.nextafter(np.float32(threshold), np.float32(-1)))
    return order[suppress(around(middles[order], sides[order]), below)]


def fill_rows(top: Blob, rows: list[np.ndarray]) -> None:
    """Make a top (1, 1, boxes, 7) hold each image's rows; one row (image, -1, …) each if there are
    none at all."""
    table = np.concatenate([np.empty((0, 7), top.dtype), *rows])
    if not len(table):
        table = np.full((len(rows), 7), -1, top.dtype)
        table[:, 0] = np.arange(len(rows))
    top.reshape(1, 1, *table.shape)
    top.data[0, 0] = table
