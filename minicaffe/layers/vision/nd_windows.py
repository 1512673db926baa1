"""Pooling windows with any number of axes: how they lie, and what is made of their pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layers.vision.geometry import Lengths, Windows
from minicaffe.layers.vision.pooling import LOWEST


class NdWindows(Windows):
    """Windows, and the pooling of what is in them."""

    def pool(self, x: np.ndarray, y: np.ndarray, *, mean: bool) -> None:
        """Write the largest pixel of each window into y, or the mean."""
        y[...] = 0 if mean else LOWEST
        for windows, pixels in self.positions():
            if mean:
                y[windows] += x[pixels]
            else:
                np.fmax(y[windows], x[pixels], out=y[windows])
        if mean:
            with np.errstate(divide="ignore", invalid="ignore"):
                y /= self.areas().astype(y.dtype)

    def give_back(
        self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray, *, mean: bool
    ) -> None:
        """Write the gradient of the bottom: of MAX to every pixel that is the largest."""
        dx[...] = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            share = dy / self.areas().astype(dy.dtype) if mean else dy
        for windows, pixels in self.positions():
            dx[pixels] += share[windows] if mean else dy[windows] * (x[pixels] == y[windows])


def check_windows(windows: NdWindows) -> NdWindows:
    """Refuse windows that do not fit.

    Raises:
        ShapeError: a kernel or a step is 0, or no window fits.
    """
    for what, values in (("kernel", windows.kernel), ("stride", windows.stride)):
        if 0 in values:
            raise ShapeError(f"{what} is {shape_text(values)}, expected at least 1 everywhere")
    if min(windows.output, default=1) < 1:
        raise ShapeError(
            f"a window of {shape_text(windows.kernel)} does not fit into an image of "
            f"{shape_text(windows.size)} padded by {shape_text(windows.pad)}"
        )
    return windows


def require_axes(bottom: Blob, axes: int) -> None:
    """Refuse a bottom with another number of axes.

    Raises:
        ShapeError: it has another.
    """
    if len(bottom.shape) != axes:
        raise ShapeError(
            f"bottom has shape {shape_text(bottom.shape)}, expected {axes} axes: num, channels and "
            f"{axes - 2} others"
        )


def windows_along(sizes: Sequence[tuple[int, int, int, int]], *, up: bool) -> Lengths:
    """How many windows there are along each axis of (size, kernel, stride, pad), rounded."""
    rounded = math.ceil if up else math.floor
    return tuple(rounded((n + 2 * p - k) / max(1, s)) + 1 for n, k, s, p in sizes)
