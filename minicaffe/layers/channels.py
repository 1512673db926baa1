"""Arrays seen as (outer, channels, inner), and sums over all but the channels."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layers import sums


def require_channels(shape: tuple[int, ...]) -> None:
    """Refuse a bottom of such a shape if it has no channels, which are on axis 1.

    Raises:
        ShapeError: it has fewer than two axes.
    """
    if len(shape) < 2:
        raise ShapeError(
            f"the bottom has shape {shape_text(shape)}; at least two axes (items and channels) "
            "are expected"
        )


def fold(array: np.ndarray, axis: int = 1, axes: int = 1) -> np.ndarray:
    """A view of shape (outer, dim, inner): ``axes`` axes from ``axis`` on become one.

    ``fold(images)`` makes N×C×H×W (or N×C, or N×C×D×H×W) N×C×S with S = H·W (1, D·H·W).
    """
    shape = array.shape
    return array.reshape(
        math.prod(shape[:axis]),
        math.prod(shape[axis : axis + axes]),
        math.prod(shape[axis + axes :]),
    )


def as_rows(array: np.ndarray) -> np.ndarray:
    """(outer, dim, inner) as :mod:`minicaffe.layers.sums` takes it."""
    outer, dim, inner = array.shape
    if inner == 1:  # as long rows of memory as there are
        return array.reshape(1, 1, outer, dim)
    return array.reshape(outer, dim, inner, 1)


def channel_sum(array: np.ndarray) -> np.ndarray:
    """Σ over the first and last axis of (outer, dim, inner): float64, (dim,)."""
    return sums.total(as_rows(array))


def channel_dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ left · right over the first and last axis: float64, (dim,)."""
    return sums.products(as_rows(left), as_rows(right))[1]


def channel_moments(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance over the first and last axis: float64, (dim,) each."""
    return sums.moments(as_rows(array))


class ChannelPasses:
    """Passes over arrays (N, C, S) with numbers of each channel, (C,): what BatchNorm and Scale are
    made of. An engine gives a layer quicker ones; these are numpy's, of any type.
    """

    def moments(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """:func:`channel_moments`."""
        return channel_moments(x)

    def total(self, values: np.ndarray) -> np.ndarray:
        """:func:`channel_sum`."""
        return channel_sum(values)

    def add(self, values: np.ndarray, shift: np.ndarray) -> None:
        """values += shift."""
        values += shift[:, None]

    def products(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Σ left and Σ left · right: float64."""
        first, second = sums.products(as_rows(left), as_rows(right))
        return first, second

    def normalise(
        self,
        x: np.ndarray,
        y: np.ndarray,
        about: np.ndarray,
        gain: np.ndarray,
        rest: np.ndarray | None = None,
        shift: np.ndarray | None = None,
        kept: np.ndarray | None = None,
    ) -> None:
        """y = d · gain + shift with d = x - about - rest, which ``kept`` takes if it is given;
        y may be x."""
        centred = y if kept is None else kept
        np.subtract(x, about[:, None], out=centred)
        if rest is not None:
            centred -= rest[:, None]
        np.multiply(centred, gain[:, None], out=y)
        if shift is not None:
            y += shift[:, None]

    def differentiate(
        self,
        dy: np.ndarray,
        dx: np.ndarray,
        centred: np.ndarray,
        slope: np.ndarray,
        mean: np.ndarray,
        gain: np.ndarray,
        work: np.ndarray,
    ) -> None:
        """dx = (dy - centred · slope - mean) · gain; dx may be dy, but ``work`` may not."""
        np.multiply(centred, slope[:, None], out=work)
        np.subtract(dy, work, out=dx)
        dx -= mean[:, None]
        dx *= gain[:, None]

    def scale(
        self,
        x: np.ndarray,
        y: np.ndarray,
        gain: np.ndarray,
        shift: np.ndarray | None = None,
        kept: np.ndarray | None = None,
    ) -> None:
        """y = x · gain + shift; y may be x, of which ``kept`` takes a copy if it is given."""
        if kept is not None:
            np.copyto(kept, x)
        np.multiply(x, gain[:, None], out=y)
        if shift is not None:
            y += shift[:, None]


def row_dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ left · right along each row of two arrays (rows, n): their type, (rows, 1)."""
    return channel_dot(left[None], right[None]).astype(left.dtype)[:, None]


def subtract_row_means(values: np.ndarray, out: np.ndarray) -> None:
    """out = values - their mean along each row of (rows, n).

    What the mean's rounding has left is subtracted, too: where all values of a row are equal, it
    is all that is left, and a division by their standard deviation would make it large.
    """
    np.subtract(values, values.mean(axis=1, keepdims=True), out=out)
    out -= out.mean(axis=1, keepdims=True)
