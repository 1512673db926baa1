"""MVN: mean-variance normalisation of each image or each channel of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import row_dot, subtract_row_means


@register("MVN")
class MVN(Layer):
    """y = (x - mean) / (std + eps), over each channel of each item, or over each whole item.

    The mean and std = √(Σ (x - mean)² / n) are taken over H×W, or over C×H×W with
    ``across_channels`` (n values). eps is added to the standard deviation, not to the variance.

    Shapes: bottom x of up to four axes; top y (N, C, H, W), missing axes being 1. The layer may run
    in place (the bottom then gets four axes, too).

    Settings: ``mvn_param``: normalize_variance (true; false leaves out the division),
    across_channels (false), eps (1e-9).

    Gradients: with means over the n values that are normalised together::

        dx = (dy - mean(dy) - y · mean(dy · y)) / (std + eps)     (normalize_variance)
        dx = dy - mean(dy)                                        (otherwise)

    They ignore eps in the derivative of std, as Caffe does.

    Raises:
        ShapeError: the bottom has more than four axes.

    Source: mvn_layer.cpp (BVLC/caffe).
    """

    keeps_coordinates = True
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ("tops",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.mvn_param
        self._divides: bool = param.normalize_variance
        self._across: bool = param.across_channels
        self._eps: float = param.eps
        self._inv_std = np.ones((1, 1), self.dtype)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x = bottom[0]
        top[0].reshape(x.num, x.channels, x.height, x.width)
        self._rows = x.num if self._across else x.num * x.channels

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = self._fold(bottom[0].data), self._fold(top[0].data)
        if not x.size:
            return
        if not self._divides:
            np.subtract(x, x.mean(axis=1, keepdims=True), out=y)
        else:
            subtract_row_means(x, y)
            variance = row_dot(y, y) / y.shape[1]
            with np.errstate(divide="ignore", invalid="ignore"):  # eps: 0, as in Caffe
                self._inv_std = 1 / (np.sqrt(variance) + self._eps)
                y *= self._inv_std

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0] or not top[0].count:
            return
        y, dy, dx = self._fold(top[0].data), self._fold(top[0].diff), self._fold(bottom[0].diff)
        mean_dy = dy.mean(axis=1, keepdims=True)
        if self._divides:
            slope = row_dot(dy, y) / y.shape[1]
            np.subtract(dy, y * slope, out=dx)
            dx -= mean_dy
            dx *= self._inv_std
        else:
            np.subtract(dy, mean_dy, out=dx)

    def _fold(self, array: np.ndarray) -> np.ndarray:
        """One row for each set of values that is normalised together."""
        return array.reshape(self._rows, -1) if array.size else array.reshape(0, 1)
