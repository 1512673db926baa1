"""A convolution's two gradients from one matrix of columns.

With a stride of 1, dx is itself a convolution: of dy, padded by what the kernel spans beyond its
own padding, with the kernel flipped (every tap's place counted from the other end) and its
two kinds of channels exchanged. The columns of dy that it needs serve dw as well::

    dx = flip(W) · gather(dy)        flip(dw) = x · gather(dy)ᵀ

That moves each value of dy once for each tap. The usual way moves x once for each tap to get dw,
and for dx adds up as many sums, each of which is read and written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.engines.numpy.columns import Columns, Windows


def flipping_pays(windows: Windows) -> bool:
    """Whether gradients come faster this way (and can be had at all).

    Counted in values moved for each tap, as measured: this way one for each of dy's and four to
    flip a weight and its gradient, the usual way one and a half for each of x's.
    """
    geometry, outputs, channels = windows.geometry, windows.outputs, windows.channels
    if any(step != 1 for step in geometry.stride) or math.prod(geometry.kernel) == 1:
        return False
    if any(p >= e for p, e in zip(geometry.pad, geometry.extent, strict=True)):
        return False
    count = windows.batch * math.prod(windows.grid)
    return outputs * (count + 4 * channels // windows.group) < 1.5 * channels * count


class FlippedKernelBackward:
    """The gradients of a convolution.

    Args:
        windows: over its bottom, with its top on their grid; with a stride of 1, and less
            padding than the kernel spans.
        dtype: of all arrays.
    """

    def __init__(self, windows: Windows, dtype: np.dtype) -> None:
        self._columns = Columns(windows.flipped(), dtype)
        group, kernel = windows.group, windows.geometry.kernel
        parts = (windows.channels // group, windows.outputs // group)
        self._kernel_axes = tuple(range(3, 3 + len(kernel)))
        self._shape = (group, parts[1], parts[0], *kernel)  # as the weights are
        self._flipped = np.empty((group, parts[0], parts[1], *kernel), dtype)

    def parts(self, batch: int) -> Iterator[slice]:
        """The images of a batch, in portions that fit."""
        return self._columns.parts(batch)

    def _flip(self, weights: np.ndarray) -> np.ndarray:
        """A view with the taps backwards and the channels exchanged; its own inverse."""
        return np.flip(weights, self._kernel_axes).swapaxes(1, 2)

    def backward(
        self,
        weights: np.ndarray,
        top_diff: np.ndarray,
        bottom_diff: np.ndarray,
        bottom: np.ndarray | None,
        weight_diff: np.ndarray | None,
    ) -> None:
        """Write the bottom's gradient, and add to the weights' where that is wanted.

        Args:
            weights, weight_diff: (outputs, channels/group, …kernel).
            top_diff: (m, outputs, …grid).
            bottom, bottom_diff: (m, channels, …size).
        """
        columns, group = self._columns, self._shape[0]
        self._flipped[...] = self._flip(weights.reshape(self._shape))
        flipped = self._flipped.reshape(*self._flipped.shape[:2], -1)
        sums = None if weight_diff is None else np.zeros_like(flipped)
        for part in self.parts(len(top_diff)):
            windows = columns.gather(top_diff[part])
            columns.collect(columns.multiply(flipped, windows), bottom_diff[part], None)
            if sums is not None and bottom is not None:
                sums += columns.multiply_transposed(columns.spread(bottom[part]), windows)
        if sums is not None and weight_diff is not None:
            diff = weight_diff.reshape(self._shape)
            diff += self._flip(sums.reshape(group, -1, *self._flipped.shape[2:]))
