"""MultinomialLogisticLoss: cross entropy of probabilities and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import ClassAxis
from minicaffe.layers.loss.loss_layer import LossLayer, mean, require_one_label_each

#: The same for infogain and multinomial losses.
LOG_THRESHOLD = 1e-20


def classes_of_items(bottom: Blobs) -> ClassAxis:
    """Every element after axis 0 is a class, and bottom 1 holds one label for each item."""
    require_one_label_each(bottom[0], bottom[1])
    num = bottom[0].shape[0]
    return ClassAxis(num, bottom[0].count // max(1, num), 1)


@register("MultinomialLogisticLoss")
class MultinomialLogisticLoss(LossLayer):
    """L = -1/N Σ log p_label, for a bottom that holds probabilities already.

    Probabilities below 1e-20 count as 1e-20. SoftmaxWithLoss is more stable and should be
    preferred.

    Shapes: bottom 0, probabilities p (N, C…), every value of an item being a class; bottom 1, one
    label for each item, cast to int by truncation. Top L, a scalar.

    Gradients: dp_label = -1 / (N · p_label), 0 elsewhere; none for the labels.

    Raises:
        DataError: a label outside the classes.
        ShapeError: there is not one label for each item.
        GraphError: a gradient of the labels is asked for.

    Source: multinomial_logistic_loss_layer.cpp (BVLC/caffe).
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
