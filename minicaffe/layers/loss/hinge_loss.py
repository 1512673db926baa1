"""HingeLoss: the loss of a support vector machine, one class against all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.loss_layer import LossLayer, mean
from minicaffe.layers.loss.multinomial_logistic_loss import classes_of_items
from minicaffe.proto import caffe_pb2


@register("HingeLoss")
class HingeLoss(LossLayer):
    """L = 1/N Σ_n Σ_c max(0, 1 - δ x)^p, δ = 1 for the label, else -1: one class against all.

    Shapes: bottom 0, scores x (N, C…), every value of an item being a class; bottom 1, one label
    for each item, cast to int by truncation. Top L, a scalar.

    Settings: ``hinge_loss_param``: norm, L1 (p = 1, the default) or L2 (p = 2).

    Gradients: L1: dx = -δ / N where 1 - δ x > 0, 0 at the hinge; L2: dx = -2 δ max(0, 1 - δ x) / N;
    none for the labels.

    Raises:
        DataError: a label outside the classes.
        ShapeError: there is not one label for each item.
        GraphError: a gradient of the labels is asked for.

    Source: hinge_loss_layer.cpp (BVLC/caffe).
    """

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        self._split = classes_of_items(bottom)
        self._margins = np.empty((self._split.outer, self._split.classes, 1), self.dtype)

    def _negate_label(self, bottom: Blobs, array: np.ndarray) -> None:
        self._split.read(bottom[1].data).negate(array)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        margins = self._margins
        np.copyto(margins, self._split.view(bottom[0].data))
        self._negate_label(bottom, margins)
        margins += 1
        np.fmax(margins, 0, out=margins)  # as in Caffe, what is no number loses the comparison
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
