"""LabelsequenceAccuracy: how many label sequences are right; without a gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients


@register("LabelsequenceAccuracy")
class LabelsequenceAccuracy(Layer):
    """The fraction of items whose label sequence is wholly right.

    The sequence that scores say is the best class at each step (the first one among equals), equal
    neighbours joined and blanks left out. Of the labels, blanks are left out.

    Shapes: bottom 0, scores (N, T, C), items first; bottom 1, labels (N, L); top, a scalar from 0
    to 1.

    Settings: ``labelsequence_accuracy_param``: blank_label (0).

    Gradients: none; one that is asked for is refused.

    Raises:
        ShapeError: other shapes.
        GraphError: a gradient is asked for.

    Source: labelsequence_accuracy_layer.cpp (jolibrain/caffe), by yalecyu/crnn.caffe.
    """

    measures = True
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        scores, labels = bottom[0].shape, bottom[1].shape
        if len(scores) != 3 or len(labels) != 2 or scores[0] != labels[0] or not scores[2]:
            raise ShapeError(
                f"the scores have shape {shape_text(scores)}, the labels {shape_text(labels)}; "
                "items×steps×classes and items×labels are expected"
            )
        top[0].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        blank = self.param.labelsequence_accuracy_param.blank_label
        best = bottom[0].data.argmax(axis=2)
        right = 0
        for found, wanted in zip(best, bottom[1].data, strict=True):
            first = np.r_[True, found[1:] != found[:-1]] if len(found) else found
            sequence = found[(first != 0) & (found != blank)]
            right += np.array_equal(sequence, wanted[wanted != blank])
        top[0].data[...] = right / max(1, len(best))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "the scores of an accuracy", "the labels")
