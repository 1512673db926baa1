"""EuclideanLoss: half the mean squared distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.loss.loss_layer import LossLayer, mean


@register("EuclideanLoss")
class EuclideanLoss(LossLayer):
    """L = 1/(2N) Σ (a - b)², half the mean squared distance.

    Shapes: bottoms a and b, (N, …), with as many values an item; top L, a scalar.

    Gradients: da = (a - b) / N; db = -da.

    Raises:
        ShapeError: the bottoms differ in their numbers of items or values.

    Source: euclidean_loss_layer.cpp (BVLC/caffe).
    """

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        if bottom[0].count != bottom[1].count:
            raise ShapeError(
                f"the bottoms have shapes {shape_text(bottom[0].shape)} and "
                f"{shape_text(bottom[1].shape)}; as many values per item are expected"
            )
        self._difference = np.empty(bottom[0].count, self.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        a, b = bottom[0].data.reshape(-1), bottom[1].data.reshape(-1)
        np.subtract(a, b, out=self._difference)
        total = float(np.vdot(self._difference, self._difference))
        top[0].data[...] = mean(total, bottom[0].shape[0]) / 2

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        scale = mean(self.weight(top), bottom[0].shape[0])
        for blob, wanted, sign in zip(bottom, propagate_down, (1, -1), strict=True):
            if wanted:
                np.multiply(self._difference, sign * scale, out=blob.diff.reshape(-1))
