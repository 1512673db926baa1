"""True boxes as SSD's label blob has them: rows of eight numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import DataError, ShapeError

#: image, class, instance, xmin, ymin, xmax, ymax, difficult
COLUMNS = 8


@dataclass(frozen=True)
class Truths:
    """The true boxes of one image.

    Attributes:
        labels: their classes, (G,).
        boxes: (G, 4), in image sides.
        difficult: whether each is marked as hard to find, (G,).
    """

    labels: np.ndarray
    boxes: np.ndarray
    difficult: np.ndarray


def check_rows(blob: Blob, index: int) -> None:
    """Refuse a label blob whose rows are not of eight numbers.

    Raises:
        ShapeError: says what its shape is.
    """
    if blob.shape[:2] != (1, 1) or blob.shape[3:] != (COLUMNS,):
        raise ShapeError(
            f"bottom {index} has shape {shape_text(blob.shape)}; expected 1×1×G×8, rows of image, "
            "class, instance, xmin, ymin, xmax, ymax, difficult"
        )


def read_truths(
    data: np.ndarray, *, classes: int, background: int, difficult: bool = True
) -> dict[int, Truths]:
    """The true boxes by image.

    A row whose image is -1 is no box. Where there are two classes, background and object, all
    classes but the first are the second (RefineDet's rule).

    Args:
        data: rows of eight numbers.
        classes: their number, background included.
        background: the class of the background; -1 none.
        difficult: whether boxes marked as difficult count.

    Raises:
        DataError: a class is that of the background, or none.
    """
    rows = data.reshape(-1, COLUMNS)
    images, labels = _whole(rows[:, 0]), _whole(rows[:, 1])
    if classes == 2:
        labels = np.minimum(labels, 1)
    used = images >= 0
    hard = rows[:, 7] != 0
    if not difficult:
        used &= ~hard
    wrong = np.flatnonzero(used & ((labels < 0) | (labels >= classes) | (labels == background)))
    if len(wrong):
        what = "the background's" if labels[wrong[0]] == background else "none"
        raise DataError(
            f"true box {wrong[0]} has class {rows[wrong[0], 1]:g}, which is {what} of "
            f"{classes} classes (background_label_id {background}); labels count the background, "
            "too, and so must num_classes"
        )
    found = {}
    for image in dict.fromkeys(images[used].tolist()):
        own = used & (images == image)
        found[image] = Truths(labels[own], rows[own, 3:7], hard[own])
    return found


def _whole(values: np.ndarray) -> np.ndarray:
    """Whole numbers by truncation; -1 for what is below 0 or no number."""
    return np.where(values >= 0, np.minimum(values, 2**24), -1).astype(int)
