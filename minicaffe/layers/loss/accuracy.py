"""Accuracy: how often the true class is among the best scores; without a gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.layers.loss.judges_classes import JudgesClasses
from minicaffe.layers.loss.labels import ClassAxis, Labels, ignore_label


@register("Accuracy")
class Accuracy(JudgesClasses, Layer):
    """The fraction of predictions whose true class is among the ``top_k`` best.

    A prediction is right when fewer than ``top_k`` other classes score at least as much as the true
    one, so ties count against it. Labels equal to ``ignore_label`` do not count; without any other
    the accuracy is 0.

    Shapes: bottom 0, scores (…, classes, …), the class axis being ``axis``; bottom 1, one label for
    each prediction, cast to int by truncation. Top 0, a scalar from 0 to 1; top 1, optional, the
    accuracy of each class (classes).

    Settings: ``accuracy_param``: top_k (1), axis (1), ignore_label (unset).

    Gradients: none; one that is asked for is refused.

    Raises:
        DataError: a label outside the classes.
        ShapeError: there is not one label for each prediction; there are fewer than ``top_k``
            classes.
        GraphError: a gradient is asked for.

    Source: accuracy_layer.cpp (BVLC/caffe).
    """

    measures = True
    exact_bottoms = 2
    min_tops = 1
    max_tops = 2
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.accuracy_param
        self._split = ClassAxis.of(bottom[0], param.axis, bottom[1])
        self._split.check_labels(bottom[0], bottom[1])
        if param.top_k > self._split.classes:
            raise ShapeError(
                f"top_k is {param.top_k}, but there are only {self._split.classes} classes "
                f"(the scores' shape is {shape_text(bottom[0].shape)}, axis {param.axis})"
            )
        top[0].reshape()
        if len(top) > 1:
            top[1].reshape(self._split.classes)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.accuracy_param
        scores, labels = self.judged(bottom)
        others = np.count_nonzero(scores >= labels.pick(scores)[:, None], axis=1) - 1
        right = others < param.top_k
        if labels.valid is not None:
            right &= labels.valid
        top[0].data[...] = np.count_nonzero(right) / max(1, labels.count)
        if len(top) > 1:
            top[1].data[...] = self._by_class(labels, right)

    def judged(self, bottom: Blobs) -> tuple[np.ndarray, Labels]:
        labels = self._split.read(bottom[1].data, ignore_label(self.param.accuracy_param))
        return self._split.view(bottom[0].data), labels

    def _by_class(self, labels: Labels, right: np.ndarray) -> np.ndarray:
        counted = labels.values if labels.valid is None else labels.values[labels.valid]
        totals = np.bincount(counted.reshape(-1), minlength=self._split.classes)
        hits = np.bincount(labels.values[right], minlength=self._split.classes)
        return hits / np.maximum(totals, 1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "the scores of an accuracy", "the labels")
