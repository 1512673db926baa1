"""VoxelSoftmaxLoss: C3D's loss for a class of each voxel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.errors import DataError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import ClassAxis, truncated
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.loss.softmax_with_loss import SMALLEST_FLOAT
from minicaffe.layers.utility.softmax import softmax


@register("VoxelSoftmaxLoss")
class VoxelSoftmaxLoss(LossLayer):
    """L = -1/n Σ log p_label with p the softmax of x over the channels, n the number of voxels.

    A label that is not below the number of channels has no loss, but its voxel counts in n.
    Probabilities below 1.2e-38, C's FLT_MIN, count as that.

    Shapes: bottom 0, scores x (N, C, L, H, W); bottom 1, a label for each voxel (N, 1, L, H, W),
    cast to int by truncation; top L, a scalar.

    Gradients: dx_c = w · (p_c - 1[c = label]) / n, with the loss weight w; where the label has no
    loss w · p_c / n, as in the fork. None for the labels.

    Raises:
        DataError: a label is below 0, or not a number.
        ShapeError: there is not one label for each voxel.
        GraphError: a gradient of the labels is asked for.

    Source: voxel_wise_softmax_loss_layer.cpp (facebookarchive/C3D), of its first version.
    """

    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._split = ClassAxis.of(bottom[0], 1, bottom[1])
        self._split.check_labels(bottom[0], bottom[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._probabilities = np.empty_like(bottom[0].data)
        softmax(bottom[0].data, 1, self._probabilities)
        prob = self._split.view(self._probabilities)
        self._at = self._labelled(bottom[1].data)
        losses = -np.log(np.maximum(prob[self._at], SMALLEST_FLOAT))
        voxels = self._split.outer * self._split.inner
        top[0].data[...] = losses.sum(dtype=np.float64) / voxels if voxels else np.nan

    def _labelled(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the probabilities of the labels are that are channels: outer, channel, inner."""
        whole = truncated(labels.reshape(self._split.outer, self._split.inner))
        if (whole < 0).any():
            raise DataError(f"a label is {whole.min()}, expected a whole number of at least 0")
        outer, inner = np.nonzero(whole < self._split.classes)
        return outer, whole[outer, inner], inner

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if propagate_down[0]:
            dx = bottom[0].diff
            np.copyto(dx, self._probabilities)
            self._split.view(dx)[self._at] -= 1
            dx *= self.weight(top) / max(1, self._split.outer * self._split.inner)
