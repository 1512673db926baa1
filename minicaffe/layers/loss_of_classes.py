"""Losses of class labels: softmax, infogain, multinomial, hinge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.blobproto import read_blob
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs
from minicaffe.layers.checks import refuse_gradient
from minicaffe.layers.labels import (
    ClassAxis,
    Labels,
    ignore_label,
    normalization_mode,
    normalizer,
)
from minicaffe.layers.loss import LossLayer, mean, require_one_label_each
from minicaffe.layers.softmax import softmax
from minicaffe.proto import caffe_pb2
from minicaffe.registry import register

#: The smallest probability whose logarithm SoftmaxWithLoss takes: C's FLT_MIN, so that no
#: prediction costs more than 87.3365.
SMALLEST_FLOAT = float(np.finfo(np.float32).tiny)

#: The same for infogain and multinomial losses.
LOG_THRESHOLD = 1e-20


class SoftmaxLossLayer(LossLayer):
    """The parts that SoftmaxWithLoss and InfogainLoss share.

    ``self._prob`` holds the probabilities; a second top shows them.
    """

    exact_tops = None
    min_tops = 1
    max_tops = 2

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._prob = Blob(dtype=self.dtype)

    @property
    def class_axis(self) -> int:
        """Which axis of bottom 0 counts classes; may be negative."""
        return self.param.softmax_param.axis

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._split = ClassAxis.of(bottom[0], self.class_axis)
        self._split.check_labels(bottom[0], bottom[1])
        self._prob.reshape_like(bottom[0])
        if len(top) > 1:
            top[1].reshape_like(bottom[0])
            top[1].share_data(self._prob)

    @property
    def probabilities(self) -> Blob:
        """The softmax of bottom 0, of the same shape."""
        return self._prob

    def _forward_prob(self, bottom: Blobs, top: Blobs) -> tuple[np.ndarray, Labels]:
        """Compute the probabilities; (outer, classes, inner) and the labels."""
        softmax(bottom[0].data, bottom[0].axis(self.class_axis), self._prob.data)
        return self._shown(bottom, top)

    def _shown(self, bottom: Blobs, top: Blobs) -> tuple[np.ndarray, Labels]:
        """The same as they are, shown by the second top if there is one."""
        if len(top) > 1:
            top[1].share_data(self._prob)
        return self._split.view(self._prob.data), self._labels(bottom)

    def _labels(self, bottom: Blobs) -> Labels:
        return self._split.read(bottom[1].data, ignore_label(self.param.loss_param))

    def _normalizer(self, labels: Labels) -> int:
        mode = normalization_mode(self.param.loss_param, caffe_pb2.LossParameter.VALID)
        full = labels.values.size
        return normalizer(mode, batch=self._split.outer, full=full, valid=labels.count)


@register("SoftmaxWithLoss")
class SoftmaxWithLoss(SoftmaxLossLayer):
    """Cross entropy of softmax probabilities and labels: L = -1/n Σ log p_label.

    Bottom 0: scores (…, classes, …), the class axis being ``softmax_param { axis }``.
    Bottom 1: labels, one for each prediction, cast to int by truncation.
    Top 0: the loss. Top 1, optional: the probabilities.

    ``loss_param { normalization }`` chooses n: VALID (predictions that are not ignored; the
    default), FULL (all), BATCH_SIZE (outer axes), NONE (1); n is at least 1. Gradient:
    (p - 1[c = label]) / n, 0 where the label is ``ignore_label``.

    Raises:
        DataError: a label outside the classes.
    """

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        softmax(bottom[0].data, bottom[0].axis(self.class_axis), self._prob.data)
        self.forward_from_probabilities(bottom, top)

    def forward_from_probabilities(self, bottom: Blobs, top: Blobs) -> None:
        """The loss, once :attr:`probabilities` holds the softmax of bottom 0 (an engine may
        compute that elsewhere)."""
        prob, labels = self._shown(bottom, top)
        losses = np.log(np.maximum(labels.pick(prob), SMALLEST_FLOAT))
        if labels.valid is not None:
            losses[~labels.valid] = 0
        top[0].data[...] = -losses.sum() / self._normalizer(labels)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if not propagate_down[0]:
            return
        labels = self._labels(bottom)
        scale = self.weight(top) / self._normalizer(labels)
        diff = bottom[0].diff
        np.multiply(self._prob.data, scale, out=diff)
        labels.add(self._split.view(diff), -scale)
        labels.clear_ignored(self._split.view(diff))


@register("InfogainLoss")
class InfogainLoss(SoftmaxLossLayer):
    """Softmax loss with a matrix H of how much each class counts for each label.

    L = -1/n Σ Σ_c H[label, c] log p_c; with H the identity this is SoftmaxWithLoss. H is
    the third bottom, or the BlobProto file ``infogain_loss_param { source }``. Gradient:
    (p_c Σ_k H[label, k] - H[label, c]) / n. The class axis is ``infogain_loss_param
    { axis }``; n and ``ignore_label`` are SoftmaxWithLoss's, but the old ``normalize`` is
    refused, as in Caffe.

    Raises:
        DataError: a label outside the classes; a matrix file that cannot be read.
        ShapeError: H is not classes×classes.
    """

    exact_bottoms = None
    min_bottoms = 2
    max_bottoms = 3

    @property
    def class_axis(self) -> int:
        return self.param.infogain_loss_param.axis

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if self.param.loss_param.HasField("normalize"):
            raise GraphError("loss_param has 'normalize'; InfogainLoss takes 'normalization' only")
        if len(bottom) == 2:
            self._from_file = self._read_matrix()

    def _read_matrix(self) -> np.ndarray:
        source = self.param.infogain_loss_param.source
        if not source:
            raise GraphError(
                'no infogain matrix; give a third bottom, or infogain_loss_param { source: "…" }'
            )
        return read_blob(source, inner=True).astype(self.dtype)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        classes = self._split.classes
        size = bottom[2].count if len(bottom) > 2 else self._from_file.size
        if size != classes**2:
            raise ShapeError(
                f"the infogain matrix has {size} elements; {classes}×{classes} are expected "
                f"for {classes} classes"
            )

    def _matrix(self, bottom: Blobs) -> np.ndarray:
        matrix = bottom[2].data if len(bottom) > 2 else self._from_file
        return matrix.reshape(self._split.classes, self._split.classes)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        prob, labels = self._forward_prob(bottom, top)
        logs = np.log(np.maximum(prob, LOG_THRESHOLD))
        labels.clear_ignored(logs)
        rows = self._matrix(bottom)[labels.values]  # (outer, inner, classes)
        total = np.einsum("oic,oci->", rows, logs)
        top[0].data[...] = -total / self._normalizer(labels)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        refuse_gradient(propagate_down, 2, "the infogain matrix")
        if not propagate_down[0]:
            return
        labels = self._labels(bottom)
        matrix = self._matrix(bottom)
        diff = self._split.view(bottom[0].diff)
        prob = self._split.view(self._prob.data)
        np.multiply(prob, matrix.sum(axis=1)[labels.values][:, None], out=diff)
        diff -= matrix[labels.values].transpose(0, 2, 1)
        diff *= self.weight(top) / self._normalizer(labels)
        labels.clear_ignored(diff)


def classes_of_items(bottom: Blobs) -> ClassAxis:
    """Every element behind axis 0 is a class, and bottom 1 holds one label for each item."""
    require_one_label_each(bottom[0], bottom[1])
    num = bottom[0].shape[0]
    return ClassAxis(num, bottom[0].count // max(1, num), 1)


@register("MultinomialLogisticLoss")
class MultinomialLogisticLoss(LossLayer):
    """-1/N Σ log p_label for bottom 0 that holds probabilities already (N×C…).

    Probabilities below 1e-20 count as 1e-20. Bottom 1 has one label for each item.
    SoftmaxWithLoss is more stable and should be preferred.

    Raises:
        DataError: a label outside the classes.
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._split = classes_of_items(bottom)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        labels = self._split.read(bottom[1].data)
        self._picked = np.maximum(labels.pick(self._split.view(bottom[0].data)), LOG_THRESHOLD)
        top[0].data[...] = mean(-float(np.log(self._picked).sum()), self._split.outer)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            scale = mean(-self.weight(top), self._split.outer)
            labels = self._split.read(bottom[1].data)
            labels.add(self._split.view(bottom[0].diff), scale / self._picked)


@register("HingeLoss")
class HingeLoss(LossLayer):
    """One-vs-all hinge loss: L = 1/N Σ_n Σ_c max(0, 1 - δ x)^p, δ = 1 for the label, else -1.

    ``hinge_loss_param { norm }``: L1 (p = 1, the default) or L2 (p = 2). Bottom 0 holds
    N×C… scores, bottom 1 one label for each item. At the hinge the gradient of L1 is 0.

    Raises:
        DataError: a label outside the classes.
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._split = classes_of_items(bottom)
        self._margins = np.empty((self._split.outer, self._split.classes, 1), self.dtype)

    def _negate_label(self, bottom: Blobs, array: np.ndarray) -> None:
        labels = self._split.read(bottom[1].data)
        labels.add(array, -2 * labels.pick(array))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        margins = self._margins
        np.copyto(margins, self._split.view(bottom[0].data))
        self._negate_label(bottom, margins)
        margins += 1
        np.maximum(margins, 0, out=margins)
        squared = self.param.hinge_loss_param.norm == caffe_pb2.HingeLossParameter.L2
        total = np.vdot(margins, margins) if squared else margins.sum()
        top[0].data[...] = mean(float(total), self._split.outer)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if not propagate_down[0]:
            return
        scale = mean(self.weight(top), self._split.outer)
        diff = self._split.view(bottom[0].diff)
        if self.param.hinge_loss_param.norm == caffe_pb2.HingeLossParameter.L2:
            np.multiply(self._margins, 2 * scale, out=diff)
        else:
            np.multiply(np.sign(self._margins), scale, out=diff)
        self._negate_label(bottom, diff)
