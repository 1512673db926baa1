"""SigmoidCrossEntropyLoss: cross entropy of independent probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import DIVISOR_FIELDS, ignore_label, normalizer, truncated
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.proto import caffe_pb2


@register("SigmoidCrossEntropyLoss")
class SigmoidCrossEntropyLoss(LossLayer):
    """L = -1/n Σ [ t log p + (1 - t) log(1 - p) ] with p = sigmoid(x), of independent
    probabilities.

    It is computed stably, as max(x, 0) - x t + log(1 + exp(-|x|)).

    Shapes: bottom 0, scores x (N, …); bottom 1, targets t from 0 to 1, as many. Top L, a scalar.

    Settings: ``loss_param``: normalization (BATCH_SIZE: n = N; VALID: targets that are not ignored;
    FULL: all; NONE: 1; PRE_FIXED: pre_fixed_normalizer), n being at least 1; a target whose
    truncated value is ignore_label does not count (so ``ignore_label: 0`` also ignores 0.7, as in
    Caffe).

    Gradients: dx = (p - t) / n, 0 where the target is ignored; none for the targets.

    Raises:
        ShapeError: there is not one target for each prediction.
        GraphError: a gradient of the targets is asked for.

    Source: sigmoid_cross_entropy_loss_layer.cpp (BVLC/caffe).
    """

    activation_of = "Sigmoid"
    fork_fields = DIVISOR_FIELDS

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
        self._normalizer = normalizer(
            self.param.loss_param,
            caffe_pb2.LossParameter.BATCH_SIZE,
            batch=x.shape[0],
            full=x.size,
            valid=valid,
        )
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
