"""Arrays seen as (outer, channels, inner), and sums over all but the channels."""

from __future__ import annotations

import math

import numpy as np

#: From this inner length on, single-precision sums are made pairwise or by BLAS: a running
#: sum of a million products is off by 1e-4.
LONG = 4096


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


def channel_sum(array: np.ndarray) -> np.ndarray:
    """Σ over the first and last axis of (outer, dim, inner); shape (dim,)."""
    if array.shape[2] >= LONG:
        return array.sum(axis=(0, 2))
    return np.einsum("nci->c", array)  # 3 to 5 times as fast


def channel_dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Σ left · right over the first and last axis, without a temporary; shape (dim,)."""
    if left.shape[2] >= LONG:
        return np.matmul(left[:, :, None], right[..., None])[..., 0, 0].sum(axis=0)
    return np.einsum("nci,nci->c", left, right)
