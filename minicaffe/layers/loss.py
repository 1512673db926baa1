"""What losses have in common, and the losses of values: Euclidean, contrastive, sigmoid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.checks import refuse_gradient, refuse_in_place
from minicaffe.layers.labels import (
    ignore_label,
    normalization_mode,
    normalizer,
    truncated,
)
from minicaffe.proto import caffe_pb2
from minicaffe.registry import register


class LossLayer(Layer):
    """A loss of predictions (bottom 0) and targets or labels (bottom 1); the top is a scalar.

    The top's ``diff`` holds the loss weight, by which the gradients are multiplied. A loss
    whose top the prototxt leaves out gets an automatic one.
    """

    exact_bottoms: ClassVar[int | None] = 2
    exact_tops: ClassVar[int | None] = 1
    auto_tops = True
    is_loss = True
    backward_reads = ("bottoms",)

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index != 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)  # the top's shape would be the predictions' or the labels'
        counts = [blob.shape[blob.axis(0)] for blob in bottom[:2]]
        if counts[0] != counts[1]:
            raise ShapeError(
                f"the predictions have shape {shape_text(bottom[0].shape)}, the targets "
                f"{shape_text(bottom[1].shape)}; as many items (axis 0) are expected"
            )
        top[0].reshape()

    @staticmethod
    def weight(top: Blobs) -> float:
        """The loss weight."""
        return float(top[0].diff.item())


def mean(total: float, num: int) -> float:
    """``total / num``; not a number for an empty batch, as in Caffe."""
    return total / num if num else float("nan")


def require_one_label_each(scores: Blob, labels: Blob) -> None:
    """Refuse label blobs that do not hold exactly one label for every item.

    Raises:
        ShapeError: says how many there are.
    """
    if labels.count != scores.shape[0]:
        raise ShapeError(
            f"{labels.count} labels (shape {shape_text(labels.shape)}) for {scores.shape[0]} "
            "items; exactly one label for each item is expected"
        )


@register("EuclideanLoss")
class EuclideanLoss(LossLayer):
    """Half the mean squared distance: L = 1/(2N) Σ (a - b)².

    Bottoms a and b hold equally many values per item; both have gradients, ±(a - b) / N.
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


@register("ContrastiveLoss")
class ContrastiveLoss(LossLayer):
    """Pulls similar pairs together and pushes others apart, up to a margin m.

    L = 1/(2N) Σ [ y d² + (1 - y) max(0, m - d)² ] with d = ‖a - b‖: Hadsell, Chopra & LeCun
    (2006). ``legacy_version: true`` uses max(0, m - d²) instead. Bottoms a and b are N×C
    (or N×C×1×1), y has N values; a pair is similar where the truncated y is not 0. The
    gradient divides by d + 1e-4, as in Caffe.
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


@register("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(LossLayer):
    """Cross entropy of independent probabilities p = sigmoid(x) and targets t in [0, 1].

    L = -1/n Σ [ t log p + (1 - t) log(1 - p) ], computed stably as
    max(x, 0) - x t + log(1 + exp(-|x|)); gradient (p - t) / n. Bottoms have equal counts.
    ``loss_param`` chooses n (the batch size by default); a target whose truncated value is
    ``ignore_label`` does not count (so ``ignore_label: 0`` also ignores 0.7, as in Caffe).
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        if bottom[0].count != bottom[1].count:
            raise ShapeError(
                f"the predictions have shape {shape_text(bottom[0].shape)}, the targets "
                f"{shape_text(bottom[1].shape)}; one target for each prediction is expected"
            )

    def _ignored(self, target: np.ndarray) -> np.ndarray | None:
        ignore = ignore_label(self.param.loss_param)
        return None if ignore is None else truncated(target) == ignore

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0].data
        target = bottom[1].data.reshape(x.shape)
        losses = np.abs(x)
        np.negative(losses, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        losses += np.maximum(x, 0)
        losses -= x * target
        valid = x.size
        ignored = self._ignored(target)
        if ignored is not None:
            losses[ignored] = 0
            valid -= int(np.count_nonzero(ignored))
        mode = normalization_mode(self.param.loss_param, caffe_pb2.LossParameter.BATCH_SIZE)
        self._normalizer = normalizer(mode, batch=x.shape[0], full=x.size, valid=valid)
        top[0].data[...] = losses.sum() / self._normalizer

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the targets")
        if not propagate_down[0]:
            return
        diff = bottom[0].diff
        target = bottom[1].data.reshape(diff.shape)
        np.multiply(bottom[0].data, 0.5, out=diff)  # sigmoid(x) = tanh(x / 2) / 2 + 1/2
        np.tanh(diff, out=diff)
        diff += 1
        diff *= 0.5
        diff -= target
        diff *= self.weight(top) / self._normalizer
        ignored = self._ignored(target)
        if ignored is not None:
            diff[ignored] = 0
