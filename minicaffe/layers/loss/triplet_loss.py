"""TripletLoss: an anchor should be nearer to its like than to another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.loss.loss_layer import LossLayer, mean


@register("TripletLoss")
class TripletLoss(LossLayer):
    """Σ max(0, margin + ‖a - p‖² - ‖a - n‖²) / (2N) over triplets of anchor, positive, negative.

    Shapes: bottom 0, anchors a (N, …); bottoms 1 and 2, positives p and negatives n like a; top, a
    scalar.

    Settings: ``triplet_loss_param``: margin (1).

    Gradients: with the loss weight w, of triplets whose term is above 0: da = w · (n - p) / N,
    dp = w · (p - a) / N, dn = w · (a - n) / N; else 0.

    Raises:
        ShapeError: the three differ in shape.

    Source: triplet_loss_layer.cpp (happynear/caffe-windows), by Yuan Yang; Schroff, Kalenichenko,
    Philbin, "FaceNet", 2015 (arXiv:1503.03832).
    """

    exact_bottoms = 3

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shapes = [blob.shape for blob in bottom]
        if len(set(shapes)) > 1 or not shapes[0]:
            found = ", ".join(map(shape_text, shapes))
            raise ShapeError(f"the bottoms have shapes {found}; the same one, (N, …), is expected")
        self._pairs = (shapes[0][0], math.prod(shapes[0][1:]))
        top[0].reshape()

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        a, p, n = (blob.data.reshape(self._pairs) for blob in bottom)
        near, far = np.square(a - p).sum(axis=1), np.square(a - n).sum(axis=1)
        terms = np.maximum(self.param.triplet_loss_param.margin + near - far, 0)
        self._counts = terms >= 1e-9
        top[0].data[...] = mean(float(terms.sum(dtype=np.float64)), len(terms)) / 2

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        a, p, n = (blob.data.reshape(self._pairs) for blob in bottom)
        factor = self._counts[:, None] * float(self.weight(top) / max(1, len(a)))
        for blob, wanted, slope in zip(bottom, propagate_down, (n - p, p - a, a - n), strict=True):
            if wanted:
                np.multiply(slope, factor, out=blob.diff.reshape(self._pairs))
