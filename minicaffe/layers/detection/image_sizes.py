"""Boxes in the pixels of the images as they were before they were resized."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import DataError
from minicaffe.errors.reading import cannot_read
from minicaffe.files import open_to_read
from minicaffe.layers.detection.boxes import clip
from minicaffe.proto import caffe_pb2


def read_sizes(path: str) -> list[tuple[int, int]]:
    """Height and width of each image of a ``name_size_file``: lines of name, height, width.

    Raises:
        DataError: the file cannot be read, or has a line of another form.
    """
    return list(_sizes(path))


def _sizes(path: str) -> Iterator[tuple[int, int]]:
    try:
        with open_to_read(path) as stream:
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError as reason:
        raise cannot_read(path, reason, what="name_size_file") from reason
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 3 or not all(w.isdigit() and 0 < int(w) < 2**31 for w in words[1:]):
            raise DataError(
                f"name_size_file '{path}', line {number}: found {line[:80]!r}, expected a name, a "
                "height and a width"
            )
        yield int(words[1]), int(words[2])


def in_pixels(
    boxes: np.ndarray, size: tuple[int, int], resize: caffe_pb2.ResizeParameter | None
) -> np.ndarray:
    """Boxes in image sides as the net sees it, made boxes in the pixels of the image.

    WARP, or no ``resize``
        cut at the image's edge, times its sides.
    FIT_LARGE_SIZE_AND_PAD
        the same, after the margins that were filled are taken off.
    FIT_SMALL_SIZE
        times ``width_scale`` and ``height_scale``, cut at the image's edge; as WARP without these.

    Args:
        boxes: (n, 4).
        size: height and width of the image.
        resize: how it was resized.

    Raises:
        DataError: ``resize`` has no height or width.
    """
    height, width = size
    sides = np.array([width, height] * 2, boxes.dtype)
    if resize is None:
        return np.asarray(clip(boxes) * sides)
    if not (resize.height and resize.width):
        raise DataError("resize_param needs a height and a width above 0")
    if resize.resize_mode == resize.FIT_SMALL_SIZE and resize.height_scale and resize.width_scale:
        scale = np.array([resize.width_scale, resize.height_scale] * 2, boxes.dtype)
        return clip(boxes * scale, width, height)
    if resize.resize_mode == resize.FIT_LARGE_SIZE_AND_PAD:
        boxes = _without_margins(boxes, width / height, resize.width / resize.height)
    return np.asarray(clip(boxes) * sides)


def _without_margins(boxes: np.ndarray, aspect: float, wanted: float) -> np.ndarray:
    """In sides of the part that shows the image, which has ``aspect`` (width to height)."""
    share = min(aspect, wanted) / max(aspect, wanted)  # of the side with margins
    start, side = np.zeros(4), np.ones(4)
    axis = [1, 3] if aspect > wanted else [0, 2]
    start[axis], side[axis] = (1 - share) / 2, share
    return np.asarray((boxes - start.astype(boxes.dtype)) / side.astype(boxes.dtype))
