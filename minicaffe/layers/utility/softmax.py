"""Softmax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.loss.labels import ClassAxis


def softmax(x: np.ndarray, axis: int, out: np.ndarray) -> None:
    """Write exp(x - max) / Σ exp(x - max) along an axis into ``out`` (may be ``x`` itself)."""
    if not x.size:
        return
    np.subtract(x, x.max(axis=axis, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, out.sum(axis=axis, keepdims=True), out=out)


@register("Softmax")
class Softmax(Layer):
    """Probabilities along one axis: p_c = exp(x_c) / Σ_k exp(x_k).

    Shapes: bottom x (…, classes, …), the class axis being ``axis``; top p like x, also in place.

    Settings: ``softmax_param``: axis (1).

    Gradients: dx = p · (dp - Σ_k dp_k p_k).

    Raises:
        ShapeError: there is no such axis.

    Source: softmax_layer.cpp (BVLC/caffe); Bridle, "Probabilistic interpretation of feedforward
    classification network outputs", 1990.
    """

    exact_bottoms = 1
    exact_tops = 1
    squashes = True
    lies_on_bottom = True
    backward_reads = ("tops",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        axis = self.param.softmax_param.axis
        self._axis = bottom[0].axis(axis)
        self._split = ClassAxis.of(bottom[0], axis)
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        softmax(bottom[0].data, self._axis, top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        prob, diff, result = map(self._split.view, (top[0].data, top[0].diff, bottom[0].diff))
        dots = np.einsum("oci,oci->oi", diff, prob)
        np.subtract(diff, dots[:, None], out=result)
        result *= prob
