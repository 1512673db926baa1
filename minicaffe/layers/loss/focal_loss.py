"""FocalLoss: a softmax's cross-entropy in which easy items count less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import (
    DIVISOR_FIELDS,
    ClassAxis,
    ignore_label,
    normalizer,
)
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.utility.softmax import softmax
from minicaffe.proto import caffe_pb2


@register("FocalLoss")
class FocalLoss(LossLayer):
    """-α Σ (1 - p_y)^γ · log p_y, of the probability p_y that a softmax gives the true class y.

    makefile's frcnn has a choice of formulas (type, beta), but computes this one whatever they say;
    so does this layer.

    Shapes: bottom 0, scores (…, classes, …), the class axis being ``axis``; bottom 1, one label for
    each prediction, cast to int by truncation; top 0, a scalar; top 1, optional, the probabilities.

    Settings: ``focal_loss_param``: alpha (0.25), gamma (2), axis (1; or softmax_param's).
    ``loss_param``: ignore_label (unset), normalization (VALID), as in SoftmaxWithLoss.

    Gradients: with a = α (1 - p_y)^γ and b = γ α (1 - p_y)^(γ-1) · p_y · log p_y, both over the
    normaliser and times the loss weight: (a - b) · (p_c - [c = y]); 0 for ignored labels.

    Raises:
        GraphError: alpha is not above 0, gamma is below 0; a gradient of the labels is asked for.
        DataError: a label outside the classes.
        ShapeError: there is not one label for each prediction.

    Source: focal_loss_layer.cpp (jolibrain/caffe); also that of makefile/frcnn. Lin, Goyal,
    Girshick, He, Dollár, "Focal loss for dense object detection", 2017 (arXiv:1708.02002).
    """

    activation_of = "Softmax"
    fork_fields = DIVISOR_FIELDS
    exact_tops = None
    min_tops = 1
    max_tops = 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.focal_loss_param
        if not param.alpha > 0:
            yield GraphError(f"alpha is {param.alpha:g}, expected above 0")
        if not param.gamma >= 0:
            yield GraphError(f"gamma is {param.gamma:g}, expected at least 0")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        param = self.param.focal_loss_param
        axis = param.axis if param.HasField("axis") else self.param.softmax_param.axis
        self._split = ClassAxis.of(bottom[0], axis, bottom[1])
        self._split.check_labels(bottom[0], bottom[1])
        self._prob = np.zeros(bottom[0].shape, self.dtype)
        for blob in top[1:]:
            blob.reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, split = self.param.focal_loss_param, self._split
        prob = split.view(self._prob)
        softmax(split.view(bottom[0].data), 1, prob)
        self._labels = labels = split.read(bottom[1].data, ignore_label(self.param.loss_param))
        true = self._true()
        losses = -param.alpha * (1 - true) ** param.gamma * np.log(true)
        total = losses if labels.valid is None else losses[labels.valid]
        self._divisor = normalizer(
            self.param.loss_param,
            caffe_pb2.LossParameter.VALID,
            batch=split.outer,
            full=split.outer * split.inner,
            valid=labels.count,
        )
        top[0].data[...] = total.sum() / self._divisor
        for blob in top[1:]:
            np.copyto(blob.data, self._prob)

    def _true(self) -> np.ndarray:
        """The probabilities of the true classes, float64, at least the smallest float32."""
        true = self._labels.pick(self._split.view(self._prob)).astype(np.float64)
        return np.maximum(true, float(np.finfo(np.float32).tiny))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if not propagate_down[0]:
            return
        param, true = self.param.focal_loss_param, self._true()
        easy = 1 - true
        slope = np.where(easy > 0, np.maximum(easy, 1e-10) ** (param.gamma - 1), 0)
        gain = param.alpha * (easy**param.gamma - param.gamma * slope * true * np.log(true))
        gain *= self.weight(top) / self._divisor
        diff = self._split.view(bottom[0].diff)
        np.copyto(diff, self._split.view(self._prob))
        self._labels.add(diff, -1)
        diff *= gain[:, None].astype(self.dtype)
        self._labels.clear_ignored(diff)
