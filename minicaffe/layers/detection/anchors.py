"""Anchors: the boxes at each place of a feature map that a region proposal network starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Rounding = Callable[[np.ndarray], np.ndarray]


def half_up(values: np.ndarray) -> np.ndarray:
    """Positive numbers rounded as C does it; numpy rounds a half to the even neighbour."""
    return np.floor(values + 0.5)


def basic_anchors(
    base: float, ratios: Sequence[float], scales: Sequence[float], rounded: Rounding = np.round
) -> np.ndarray:
    """The anchors of the place at (0, 0), ratio by ratio: (ratios · scales, 4), float64, in pixels.

    With width = round(√(base² / ratio)) and height = round(width · ratio), each times the scale,
    they lie around ((base - 1)/2, (base - 1)/2), from middle - (side - 1)/2 to middle +
    (side - 1)/2: the last pixel belongs to the box.

    Args:
        base: side of the basic square in pixels.
        ratios: of height to width.
        scales: factors on the sides.
        rounded: :func:`numpy.round` as in py-faster-rcnn, or :func:`half_up` as in C.
    """
    heights_of = np.asarray(ratios, np.float64)
    widths = rounded(np.sqrt(base * base / heights_of))
    sides = np.stack([widths, rounded(widths * heights_of)], axis=1)
    factors = np.asarray(scales, np.float64).reshape(1, -1, 1)
    reach = ((sides[:, None] * factors).reshape(-1, 2) - 1) / 2
    middle = (base - 1) / 2
    return np.concatenate([middle - reach, middle + reach], axis=1)


def on_grid(
    anchors: np.ndarray, height: int, width: int, stride: tuple[float, float]
) -> np.ndarray:
    """The anchors (A, 4) at each place of a feature map: (height · width · A, 4), row by row.

    Args:
        stride: pixels from one place to the next, down and across.
    """
    down, across = np.arange(height) * stride[0], np.arange(width) * stride[1]
    x, y = np.meshgrid(across, down)
    moves = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4)
    return (moves + anchors).reshape(-1, 4)


def by_place(maps: np.ndarray, numbers: int) -> np.ndarray:
    """Feature maps (A · numbers, H, W) in the order of :func:`on_grid`: (H · W · A, numbers)."""
    return maps.transpose(1, 2, 0).reshape(-1, numbers)


def to_maps(rows: np.ndarray, anchors: int, height: int, width: int) -> np.ndarray:
    """Rows (H · W · A, numbers) as feature maps (A · numbers, H, W); undoes :func:`by_place`."""
    return rows.reshape(height, width, anchors * rows.shape[1]).transpose(2, 0, 1)
