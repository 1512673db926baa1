"""SegAccuracy: how many pixels have the right class; without a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.layers.images import require_images
from minicaffe.layers.loss.labels import truncated


@register("SegAccuracy")
class SegAccuracy(Layer):
    """Pixel accuracy, mean class accuracy and mean intersection over union of a segmentation.

    Of a matrix M that counts pixels by their class (rows) and the class with the best score
    (columns; of equal scores the last one)::

        pixel accuracy  =  Σ_c M[c, c] / Σ M
        class accuracy  =  mean of M[c, c] / Σ_k M[c, k]  over classes that have pixels
        mean IoU        =  mean of M[c, c] / (Σ_k M[c, k] + Σ_k M[k, c] - M[c, c])  over all classes

    A class that is neither there nor predicted has an IoU of 1. Without any pixel the first two
    are 0. With ``reset: false`` the pixels of all forwards count together.

    Shapes: bottom 0, scores (N, C, H, W); bottom 1, labels (N, 1, H, W), cast to int by truncation;
    top (1, 1, 1, 3), the three numbers, from 0 to 1.

    Settings: ``seg_accuracy_param``: ignore_label (none), any number of them; reset (true). metric
    chooses nothing any more.

    Gradients: none; one that is asked for is refused.

    Raises:
        DataError: a label that is neither a class nor ignored.
        ShapeError: other shapes.
        GraphError: a gradient is asked for.

    Source: seg_accuracy_layer.cpp (hszhao/PSPNet), from DeepLab.
    """

    measures = True
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        self._confusion = np.zeros((bottom[0].shape[1],) * 2, np.int64)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        n, classes, *size = bottom[0].shape
        if bottom[1].shape != (n, 1, *size) or not classes:
            raise ShapeError(
                f"the scores have shape {shape_text(bottom[0].shape)}, the labels "
                f"{shape_text(bottom[1].shape)}; at least one class and labels N×1×H×W are expected"
            )
        if len(self._confusion) != classes:
            self._confusion = np.zeros((classes, classes), np.int64)
        top[0].reshape(1, 1, 1, 3)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, scores = self.param.seg_accuracy_param, bottom[0].data
        classes = scores.shape[1]
        if param.reset:
            self._confusion[...] = 0
        labels = truncated(bottom[1].data)[:, 0]
        counted = ~np.isin(labels, list(param.ignore_label))
        wrong = counted & ((labels < 0) | (labels >= classes))
        if wrong.any():
            n, h, w = (int(i) for i in np.argwhere(wrong)[0])
            raise DataError(
                f"label {bottom[1].data[n, 0, h, w]:g} of item {n}, row {h}, column {w} is outside "
                f"the {classes} classes (0 to {classes - 1}); if such pixels do not count, add "
                f"ignore_label: {labels[n, h, w]}"
            )
        best = classes - 1 - scores[:, ::-1].argmax(axis=1)
        pairs = labels[counted] * classes + best[counted]
        self._confusion += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
        top[0].data[...] = self._measures()

    def _measures(self) -> list[float]:
        right = np.diagonal(self._confusion).astype(float)
        true, found = self._confusion.sum(axis=1), self._confusion.sum(axis=0)
        union = true + found - right
        there = true > 0
        overlap = np.divide(right, union, out=np.ones_like(right), where=union > 0)
        return [
            right.sum() / max(1, true.sum()),
            float((right[there] / true[there]).mean()) if there.any() else 0.0,
            float(overlap.mean()),
        ]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "the scores of an accuracy", "the labels")

    @property
    def repeatable(self) -> bool:
        """Unless the pixels of all forwards count together."""
        return self.param.seg_accuracy_param.reset

    def state(self) -> Mapping[str, object]:
        """The pixels that have been counted."""
        return {"confusion": self._confusion.copy()}

    def restore(self, state: Mapping[str, object]) -> None:
        """Count on from where ``state()`` was taken."""
        self._confusion = np.array(state["confusion"], np.int64)
