"""Images of another size, or turned, by OpenCV's rules."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minicaffe.data.colours import to_bytes
from minicaffe.data.images import resize_linear
from minicaffe.proto import caffe_pb2

_PARAM = caffe_pb2.ResizeParameter


def resize(image: np.ndarray, height: int, width: int, mode: int) -> np.ndarray:
    """Resize an image by one of OpenCV's rules (``cv::resize``); to a level, the same values.

    Args:
        image: channels × height × width, uint8.
        mode: a ``ResizeParameter.Interp_mode``. AREA means LINEAR where a side grows.
    """
    if image.shape[1:] == (height, width):
        return image
    smaller = height <= image.shape[1] and width <= image.shape[2]
    if mode == _PARAM.LINEAR or (mode == _PARAM.AREA and not smaller):
        return resize_linear(image, height, width)
    down, across = (
        _weights(mode, old, new) for old, new in zip(image.shape[1:], (height, width), strict=True)
    )
    values = down @ image.astype(np.float32) @ across.T
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def rotated(image: np.ndarray, degrees: float, *, whole: bool) -> np.ndarray:
    """An image turned about its middle, against the clock; what is not known is 0.

    Values are interpolated linearly between pixels (``cv::warpAffine``, to a level).

    Args:
        image: channels × height × width, uint8 or float32.
        degrees: the angle.
        whole: enlarge the canvas so that the corners stay; else the image keeps its size.
    """
    height, width = image.shape[1:]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    size = (height, width)
    if whole:
        size = (
            math.ceil(width * abs(sine) + height * abs(cosine) - 1e-9),
            math.ceil(width * abs(cosine) + height * abs(sine) - 1e-9),
        )
    down = np.arange(size[0])[:, None] - (size[0] - 1) / 2
    across = np.arange(size[1])[None] - (size[1] - 1) / 2
    rows = cosine * down + sine * across + (height - 1) / 2
    columns = cosine * across - sine * down + (width - 1) / 2
    values = _between(np.pad(image, ((0, 0), (1, 1), (1, 1))), rows + 1, columns + 1)
    return to_bytes(values) if image.dtype == np.uint8 else values.astype(image.dtype)


def _between(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values at places between pixels; those beyond the edge are those of the edge."""
    rows = rows.clip(0, image.shape[1] - 1)
    columns = columns.clip(0, image.shape[2] - 1)
    top = np.minimum(rows.astype(int), image.shape[1] - 2)
    left = np.minimum(columns.astype(int), image.shape[2] - 2)
    down, across = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    upper = image[:, top, left] * (1 - across) + image[:, top, left + 1] * across
    lower = image[:, top + 1, left] * (1 - across) + image[:, top + 1, left + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


def _weights(mode: int, old: int, new: int) -> np.ndarray:
    """Which pixels of a line of ``old`` make each of ``new``: (new, old), float32."""
    if mode == _PARAM.NEAREST:
        places = np.minimum(np.floor(np.arange(new) * (old / new)).astype(int), old - 1)
        return np.eye(old, dtype=np.float32)[places]
    if mode == _PARAM.AREA:
        edges = np.arange(new + 1) * (old / new)
        cells = np.arange(old)
        covered = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
        return (np.maximum(covered, 0) * (new / old)).astype(np.float32)
    reach, kernel = (2, _cubic) if mode == _PARAM.CUBIC else (4, _lanczos)
    return _interpolating(old, new, reach, kernel)


def _interpolating(
    old: int, new: int, reach: int, kernel: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Weights of the 2 · ``reach`` nearest pixels; those beyond the edge count at the edge."""
    at = (np.arange(new) + 0.5) * (old / new) - 0.5
    first = np.floor(at).astype(int) - reach + 1
    taps = first[:, None] + np.arange(2 * reach)
    values = kernel(at[:, None] - taps)
    values /= values.sum(axis=1, keepdims=True)
    weights = np.zeros((new, old), np.float32)
    np.add.at(weights, (np.arange(new)[:, None], np.clip(taps, 0, old - 1)), values)
    return weights


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic with a = -0.75."""
    x = np.abs(distance)
    near = (1.25 * x - 2.25) * x * x + 1
    far = ((-0.75 * x + 3.75) * x - 6) * x + 3
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos(distance: np.ndarray) -> np.ndarray:
    """sinc(x) · sinc(x / 4) for |x| < 4."""
    return np.where(np.abs(distance) < 4, np.sinc(distance) * np.sinc(distance / 4), 0)
