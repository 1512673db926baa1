"""Weights as pictures: filters side by side, or a matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_TILES = 24  # filters along each side of a picture
_SIDE = 800  # pixels there
_MATRIX = 192  # rows and columns of a matrix that are shown
_COLORS, _BACKGROUND = 3, 127


@dataclass(frozen=True)
class FilterPicture:
    """Weights to look at.

    Attributes:
        pixels: uint8, (height, width, 3), red, green and blue; a pixel a weight.
        caption: what is shown and what is not.
    """

    pixels: np.ndarray
    caption: str


def filter_picture(weights: np.ndarray) -> FilterPicture | None:
    """The picture of a layer's weights.

    Filters of images (3 inputs, in the order blue, green, red, as Caffe's nets have them) are in
    colour, each from its smallest to its largest weight. Of others the filters of the first inputs
    and outputs are tiles, and weights without a window a matrix with a row for each output: red for
    positive, blue for negative, white for 0, the strongest colour for the largest magnitude.

    Args:
        weights: outputs×inputs×height×width, or outputs×inputs.

    Returns:
        None for weights of other axes (biases, statistics), and where there are none.
    """
    if weights.ndim not in (2, 4) or not weights.size:
        return None
    weights = np.nan_to_num(weights.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if weights.shape[:2] == (1, 1) and weights.ndim == 4:  # a matrix of an older Caffe
        weights = weights[0, 0]
    if weights.ndim == 4 and weights.shape[2:] != (1, 1):
        weights = weights[:, :, :_SIDE, :_SIDE]
        return _in_color(weights) if weights.shape[1] == _COLORS else _tiles(weights)
    matrix = weights.reshape(weights.shape[0], weights.shape[1])
    shown = matrix[:_MATRIX, :_MATRIX]
    colors = signed_colors(shown, float(np.abs(matrix).max()))
    return FilterPicture(colors, _outputs_by_inputs(shown, matrix))


def _outputs_by_inputs(shown: np.ndarray, whole: np.ndarray) -> str:
    rows, columns = (_of(shown.shape[axis], whole.shape[axis]) for axis in (0, 1))
    return f"{rows} outputs (rows) × {columns} inputs"


def _of(shown: int, all_: int) -> str:
    return f"{all_}" if shown == all_ else f"the first {shown} of {all_}"


def signed_colors(values: np.ndarray, largest: float) -> np.ndarray:
    """Red for positive values, blue for negative ones, white for 0.

    Args:
        values: of any shape.
        largest: the magnitude that gets the strongest colour.

    Returns:
        uint8, with an axis more: red, green, blue.
    """
    share = np.clip(values / (largest or 1.0), -1.0, 1.0)
    faded = 1.0 - np.abs(share)
    colors = np.stack([np.where(share > 0, 1.0, faded), faded, np.where(share < 0, 1.0, faded)], -1)
    return np.round(colors * 255).astype(np.uint8)


def _in_color(weights: np.ndarray) -> FilterPicture:
    low = weights.min(axis=(1, 2, 3), keepdims=True)
    span = weights.max(axis=(1, 2, 3), keepdims=True) - low
    scaled = np.where(span > 0, (weights - low) / np.where(span > 0, span, 1.0), 0.5)
    tiles = np.round(scaled * 255).astype(np.uint8).transpose(0, 2, 3, 1)[..., ::-1]
    return _square(tiles, "as blue, green, red")


def _tiles(weights: np.ndarray) -> FilterPicture:
    largest = float(np.abs(weights).max())
    if weights.shape[1] == 1:
        return _square(signed_colors(weights[:, 0], largest), "of one input")
    most = _tiles_a_side(weights.shape[2:])
    shown = weights[:most, :most]
    colors = signed_colors(shown, largest)
    return FilterPicture(mosaic(list(colors)), _outputs_by_inputs(shown, weights))


def _tiles_a_side(size: tuple[int, ...]) -> int:
    """How many tiles of a size are side by side in a picture, so that it is no huge one."""
    return max(1, min(_TILES, _SIDE // (max(size) + 1)))


def _square(tiles: np.ndarray, what: str) -> FilterPicture:
    """Tiles in about as many rows as columns."""
    most = _tiles_a_side(tiles.shape[1:3])
    shown = tiles[: most * most]
    columns = math.ceil(math.sqrt(len(shown)))
    grid = [shown[start : start + columns] for start in range(0, len(shown), columns)]
    return FilterPicture(mosaic(grid), f"{_of(len(shown), len(tiles))} filters {what}")


def mosaic(rows: list[np.ndarray]) -> np.ndarray:
    """Tiles side by side with a line between them.

    Args:
        rows: of each row its tiles, (number, height, width, 3); the last may be shorter.

    Returns:
        uint8, (height, width, 3).
    """
    count, height, width, _ = rows[0].shape
    made = np.full(
        (len(rows) * (height + 1) + 1, count * (width + 1) + 1, 3), _BACKGROUND, np.uint8
    )
    for number, tiles in enumerate(rows):
        top = number * (height + 1) + 1
        for column, tile in enumerate(tiles):
            left = column * (width + 1) + 1
            made[top : top + height, left : left + width] = tile
    return made
