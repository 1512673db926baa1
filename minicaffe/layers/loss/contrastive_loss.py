"""ContrastiveLoss: pairs are pulled together or pushed apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import truncated
from minicaffe.layers.loss.loss_layer import LossLayer, mean, require_one_label_each


@register("ContrastiveLoss")
class ContrastiveLoss(LossLayer):
    """L = 1/(2N) Σ [ y d² + (1 - y) max(0, margin - d)² ] with d = ‖a - b‖.

    It pulls similar pairs together and pushes others apart, up to the margin. ``legacy_version``
    uses max(0, margin - d²) instead.

    Shapes: bottoms 0 and 1, a and b, (N, C) or (N, C, 1, 1); bottom 2, y, one value for each pair,
    which is similar where the truncated y is not 0. Top L, a scalar.

    Settings: ``contrastive_loss_param``: margin (1), legacy_version (false).

    Gradients: with e = a - b, da = e / N where the pair is similar, else -max(0, margin - d) · e /
    ((d + 1e-4) · N), with ``legacy_version`` -e / N where d² < margin; db = -da; none for y.

    Raises:
        ShapeError: the bottoms do not fit together.
        GraphError: a gradient of y is asked for.

    Source: contrastive_loss_layer.cpp (BVLC/caffe); Hadsell, Chopra & LeCun, "Dimensionality
    reduction by learning an invariant mapping", 2006.
    """

    exact_bottoms = 3

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index != 2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        a, b, similar = bottom
        shapes = " and ".join(shape_text(blob.shape) for blob in (a, b))
        if a.channels != b.channels:
            raise ShapeError(f"the vectors have shapes {shapes}; equal channels are expected")
        if a.count != a.num * a.channels or b.count != b.num * b.channels:
            raise ShapeError(f"the vectors have shapes {shapes}; N×C (×1×1) is expected")
        require_one_label_each(a, similar)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.contrastive_loss_param
        num = bottom[0].num
        matrix = (num, bottom[0].channels)
        self._difference = bottom[0].data.reshape(matrix) - bottom[1].data.reshape(matrix)
        self._squared = np.einsum("nc,nc->n", self._difference, self._difference)
        similar = truncated(bottom[2].data.reshape(num)) != 0
        if param.legacy_version:
            apart = np.maximum(param.margin - self._squared, 0)
        else:
            apart = np.maximum(param.margin - np.sqrt(self._squared), 0) ** 2
        total = float(np.where(similar, self._squared, apart).sum())
        top[0].data[...] = mean(total, num) / 2

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 2, "whether a pair is similar")
        param = self.param.contrastive_loss_param
        num = bottom[0].num
        if param.legacy_version:
            missing = param.margin - self._squared
            factor = np.where(missing > 0, -1, 0).astype(self.dtype)
        else:
            distance = np.sqrt(self._squared)
            missing = param.margin - distance
            factor = np.where(missing > 0, -missing / (distance + 1e-4), 0)
        factor = np.where(truncated(bottom[2].data.reshape(num)) != 0, 1, factor)
        factor = (factor * mean(self.weight(top), num)).astype(self.dtype)
        for blob, wanted, sign in zip(bottom[:2], propagate_down, (1, -1), strict=False):
            if wanted:
                out = blob.diff.reshape(self._difference.shape)
                np.multiply(self._difference, sign * factor[:, None], out=out)
