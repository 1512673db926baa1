"""SoftmaxWithLoss: cross entropy of scores and labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.loss.labels import (
    DIVISOR_FIELDS,
    ClassAxis,
    Labels,
    ignore_label,
    normalizer,
)
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.utility.softmax import softmax
from minicaffe.proto import caffe_pb2

#: The smallest probability whose logarithm SoftmaxWithLoss takes: C's FLT_MIN, so that no
#: prediction costs more than 87.3365.
SMALLEST_FLOAT = float(np.finfo(np.float32).tiny)


class SoftmaxLossLayer(JudgesClasses, LossLayer):
    """The parts that SoftmaxWithLoss and InfogainLoss share.

    Attributes:
        probabilities: the softmax of bottom 0, of the same shape; a second top shows them.
        split: which axis of bottom 0 counts classes: (outer, classes, inner).
    """

    fork_fields = DIVISOR_FIELDS
    exact_tops = None
    min_tops = 1
    max_tops = 2

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.probabilities = Blob(dtype=self.dtype)
        if len(top) > 1:
            self.backward_reads = ("bottoms", "tops")

    @property
    def class_axis(self) -> int:
        """Which axis of bottom 0 counts classes; may be negative."""
        return self.param.softmax_param.axis

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self.split = ClassAxis.of(bottom[0], self.class_axis, bottom[1])
        self.split.check_labels(bottom[0], bottom[1])
        self.probabilities.reshape_like(bottom[0])
        if len(top) > 1:
            top[1].reshape_like(bottom[0])
            top[1].share_data(self.probabilities)

    def loss_of_chance(self, bottom: Blobs) -> float | None:
        param, classes = self.param.loss_param, bottom[0].shape[bottom[0].axis(self.class_axis)]
        divided = ("normalization", "normalize", "pre_fixed_normalizer")
        if classes < 2 or any(param.HasField(name) for name in divided):
            return None
        return math.log(classes)

    def compute_probabilities(self, bottom: Blobs) -> None:
        """Take the softmax of bottom 0."""
        softmax(bottom[0].data, bottom[0].axis(self.class_axis), self.probabilities.data)

    def probabilities_and_labels(self, bottom: Blobs, top: Blobs) -> tuple[np.ndarray, Labels]:
        """The probabilities as (outer, classes, inner), and the labels; a second top shows them."""
        if len(top) > 1:
            top[1].share_data(self.probabilities)
        return self.split.view(self.probabilities.data), self.labels(bottom)

    def probabilities_before(self, top: Blobs) -> np.ndarray:
        """The probabilities of the last forward, like bottom 0; those of a second top, which the
        net keeps where a later layer overwrites it."""
        return top[1].data if len(top) > 1 else self.probabilities.data

    def labels(self, bottom: Blobs) -> Labels:
        """Those of bottom 1, with ``ignore_label`` left out.

        Raises:
            DataError: a label outside the classes.
        """
        return self.split.read(bottom[1].data, ignore_label(self.param.loss_param))

    def judged(self, bottom: Blobs) -> tuple[np.ndarray, Labels]:
        return self.split.view(bottom[0].data), self.labels(bottom)

    def normalizer(self, labels: Labels) -> float:
        """n, which the sum of the losses is divided by, as ``normalization`` chooses it."""
        return normalizer(
            self.param.loss_param,
            caffe_pb2.LossParameter.VALID,
            batch=self.split.outer,
            full=labels.values.size,
            valid=labels.count,
        )


def cross_entropies(prob: np.ndarray, labels: Labels) -> np.ndarray:
    """-log p of each label (outer, inner), of probabilities (outer, classes, inner); 0 where it is
    ignored."""
    losses = -np.log(np.maximum(labels.pick(prob), SMALLEST_FLOAT))
    if labels.valid is not None:
        losses[~labels.valid] = 0
    return losses


@register("SoftmaxWithLoss")
class SoftmaxWithLoss(SoftmaxLossLayer):
    """L = -1/n Σ log p_label with p the softmax of x: cross entropy of scores and labels.

    Probabilities below 1.2e-38, C's FLT_MIN, count as that.

    Shapes: bottom 0, scores x (…, classes, …), the class axis being ``axis``; bottom 1, one label
    for each prediction, cast to int by truncation. Top 0, L, a scalar; top 1, optional, p like x;
    top 2, optional (Cascade R-CNN's), -log p_label of each prediction, like the labels, 0 where the
    label is ignored.

    Settings: ``softmax_param``: axis (1). ``loss_param``: normalization (VALID: n is the number of
    labels that are not ignored; FULL: all; BATCH_SIZE: the product of the axes before the class
    axis; NONE: 1; PRE_FIXED: pre_fixed_normalizer), n being at least 1; ignore_label (unset).
    DeepLab's ``softmaxloss_param`` is read where it has no more than one ignore_label, which is
    Caffe's.

    Gradients: of top 0 alone: dx_c = (p_c - 1[c = label]) / n, 0 where the label is ignored; none
    for the labels.

    Raises:
        DataError: a label outside the classes.
        ShapeError: there is not one label for each prediction.
        GraphError: a gradient of the labels is asked for.

    Source: softmax_loss_layer.cpp (BVLC/caffe, zhaoweicai/cascade-rcnn).
    """

    activation_of = "Softmax"
    max_tops = 3

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """DeepLab's ``ignore_label`` in Caffe's place; weights of classes stay, to be refused."""
        given = param.softmaxloss_param
        known = param.loss_param.HasField("ignore_label")
        if given.HasField("weight_source") or len(given.ignore_label) > 1 - known:
            return param
        plain = caffe_pb2.LayerParameter()
        plain.CopyFrom(param)
        plain.ClearField("softmaxloss_param")
        if given.ignore_label:
            plain.loss_param.ignore_label = given.ignore_label[0]
        return plain

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        for blob in top[2:]:
            blob.reshape_like(bottom[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.compute_probabilities(bottom)
        self.forward_from_probabilities(bottom, top)

    def forward_from_probabilities(self, bottom: Blobs, top: Blobs) -> None:
        """The loss, once :attr:`probabilities` holds the softmax of bottom 0 (an engine may
        compute that elsewhere)."""
        prob, labels = self.probabilities_and_labels(bottom, top)
        losses = cross_entropies(prob, labels)
        top[0].data[...] = losses.sum() / self.normalizer(labels)
        for blob in top[2:]:
            np.copyto(blob.data, losses.reshape(blob.shape))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if not propagate_down[0]:
            return
        labels = self.labels(bottom)
        scale = self.weight(top) / self.normalizer(labels)
        diff = bottom[0].diff
        np.multiply(self.probabilities_before(top), scale, out=diff)
        labels.add(self.split.view(diff), -scale)
        labels.clear_ignored(self.split.view(diff))
