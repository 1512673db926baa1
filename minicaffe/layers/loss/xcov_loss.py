"""XCovLoss: how much two groups of features vary together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.loss.loss_layer import LossLayer


@register("XCovLoss")
class XCovLoss(LossLayer):
    """L = ½ Σ_ij c_ij², with c_ij = 1/N Σ_n (a_ni - ā_i) · (b_nj - b̄_j), their cross-covariance.

    ā and b̄ are the means over the batch. A net that minimises it learns features that say nothing
    of each other.

    Shapes: bottoms a (N, …) and b (N, …), whose items may have different shapes; top (1, 1, 1, 1).

    Gradients: with the loss weight w, da = w/N · (b - b̄) · cᵀ; db = w/N · (a - ā) · c.

    Raises:
        ShapeError: the bottoms differ in their numbers of items.

    Source: xcov_loss_layer.cpp (BVLC/caffe), of a fork in its history; Cheung, Livezey, Bansal,
    Olshausen, "Discovering hidden factors of variation in deep networks", 2014 (arXiv:1412.6583).
    """

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        top[0].reshape(1, 1, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        num = max(1, bottom[0].shape[0])
        rows = [blob.data.reshape(blob.shape[0], -1) for blob in bottom] if bottom[0].count else []
        if len(rows) < 2 or not bottom[1].count:
            self._rows, self._covariances = [], np.zeros((0, 0), self.dtype)
            top[0].data[...] = 0 if bottom[0].shape[0] else np.nan
            return
        self._rows = [part - part.sum(axis=0) / num for part in rows]
        self._covariances = self._rows[0].T @ self._rows[1] / num
        squares = np.square(self._covariances, dtype=np.float64)
        top[0].data[...] = squares.sum() / 2

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not self._rows:
            return
        factor = self.weight(top) / bottom[0].shape[0]
        slopes = (self._rows[1] @ self._covariances.T, self._rows[0] @ self._covariances)
        for blob, wanted, slope in zip(bottom, propagate_down, slopes, strict=True):
            if wanted:
                np.multiply(slope, factor, out=blob.diff.reshape(slope.shape))
