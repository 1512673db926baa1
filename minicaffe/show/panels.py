"""Figures of pictures side by side, for all that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import require, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 2.2  # inches
_LONGEST, _HEADLINE = 40, 90  # characters of a picture's title, and of a figure's


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    module: ModuleType = require("matplotlib.figure", extra="plot", purpose="showing figures")
    figure: Figure = module.Figure(figsize=(width, height), layout="constrained")
    return figure


def require_offsets() -> ModuleType:
    """matplotlib's module of pictures at places of a plot.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    return require("matplotlib.offsetbox", extra="plot", purpose="showing figures")


def title_of(text: str, longest: int = _LONGEST) -> str:
    """A name as a figure can show it: no formula, no control characters, not too long."""
    shown = visible(text)
    shown = shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
    return shown.replace("$", r"\$")


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """channels × height × width, blue first or grey, as height × width × 3, red first."""
    if len(pixels) == 1:
        pixels = np.repeat(pixels, 3, axis=0)
    return pixels[::-1].transpose(1, 2, 0)


def stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values from ``low`` to ``high`` as 0 to 1; what is not finite as 0."""
    share = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    return np.asarray(share.clip(0.0, 1.0))


def grid(
    images: Sequence[np.ndarray], titles: Sequence[str], headline: str = "", columns: int = 0
) -> Figure:
    """Pictures side by side.

    Args:
        images: each height × width × 3 (uint8, or 0 to 1), or height × width (of any values, whose
            smallest is dark and largest light).
        titles: of each picture.
        headline: of the figure.
        columns: how many are in a row; by default as many as there are rows.
    """
    columns = columns or math.ceil(math.sqrt(max(1, len(images))))
    rows = max(1, math.ceil(len(images) / columns))
    figure = new_figure(columns * _PANEL, rows * (_PANEL + 0.3) + 0.4)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for place in axes:
        place.set_axis_off()
    for place, image, title in zip(axes, images, titles, strict=False):
        picture(place, image, title)
    if headline:
        figure.suptitle(title_of(headline, _HEADLINE))
    return figure


def picture(place: Axes, image: np.ndarray, title: str) -> None:
    """Show one picture in its place.

    Args:
        place: the axes.
        image: as :func:`grid` takes them.
        title: above it.
    """
    place.set_axis_off()
    place.imshow(image, cmap="viridis", interpolation="nearest")
    place.set_title("\n".join(map(title_of, title.split("\n"))), fontsize=8)
