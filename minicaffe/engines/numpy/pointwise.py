"""Convolution by a kernel of one tap: a matrix product for each image where it lies.

With W of shape (group, outputs/group, channels/group), and each image as (group, channels/group,
pixels), nothing is copied::

    Y = W · X        dX = Wᵀ · dY        dW = Σ dY · Xᵀ   over the images
"""

from __future__ import annotations

import math

import numpy as np

from minicaffe.layers.vision.geometry import ConvGeometry, Lengths

#: From this many pixels on, a product for each image takes no longer than one for all.
PIXELS = 128


#: Bytes of products of single images that are made before they are added up.
BUDGET = 4 << 20


class Pointwise:
    """Products of the weights and of the gradients of one layer with single images.

    Args:
        group: into how many independent parts the channels fall.
    """

    def __init__(self, group: int) -> None:
        self._group = group
        self._scratch: np.ndarray | None = None

    @staticmethod
    def suits(geometry: ConvGeometry, size: Lengths) -> bool:
        """Whether a convolution over images of this size is done like this."""
        return geometry.pointwise and math.prod(size) >= PIXELS

    def multiply(self, weights: np.ndarray, images: np.ndarray, out: np.ndarray) -> None:
        """W · X for each image.

        Args:
            weights: (group, rows, columns).
            images: (m, group · columns, …).
            out: (m, group · rows, …).
        """
        np.matmul(weights, self._grouped(images), out=self._grouped(out))

    def add_weight_gradient(
        self, top_diff: np.ndarray, images: np.ndarray, diff: np.ndarray
    ) -> None:
        """Add Σ dY · Xᵀ.

        Args:
            top_diff, images: (m, outputs, …), (m, channels, …).
            diff: (group, outputs/group, channels/group).
        """
        rows, columns = self._grouped(top_diff), self._grouped(images).swapaxes(2, 3)
        portion = max(1, min(len(rows), BUDGET // diff.nbytes))
        if self._scratch is None or self._scratch.shape != (portion, *diff.shape):
            self._scratch = np.empty((portion, *diff.shape), diff.dtype)
        for start in range(0, len(rows), portion):
            part = slice(start, start + portion)
            scratch = self._scratch[: len(rows[part])]
            diff += np.matmul(rows[part], columns[part], out=scratch).sum(axis=0)

    def _grouped(self, array: np.ndarray) -> np.ndarray:
        """A view (m, group, channels/group, pixels)."""
        channels, pixels = array.shape[1] // self._group, math.prod(array.shape[2:])
        return array.reshape(len(array), self._group, channels, pixels)
