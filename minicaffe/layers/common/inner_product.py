"""InnerProduct: the fully connected layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import channel_sum, fold

#: Elements of the weights' gradient that are computed at a time before they are added.
_PORTION = 1 << 20


@register("InnerProduct")
class InnerProduct(Layer):
    """y = x · Wᵀ + b for every index of the axes before ``axis``.

    Bottom (…, K…): the axes from ``axis`` on are taken as one vector of K elements; top
    (…, num_output). Weights (num_output, K), or (K, num_output) with ``transpose``;
    bias (num_output,).

    Source: Caffe's rule.
    """

    linear = True
    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Make the weights and the bias.

        Raises:
            ShapeError: the axis does not exist, or num_output is missing.
        """
        param = self.param.inner_product_param
        self.num_output: int = param.num_output
        self.bias_term: bool = param.bias_term
        self.transpose: bool = param.transpose
        if self.num_output < 1:
            raise ShapeError("num_output is missing or 0, expected at least 1")
        self.axis = bottom[0].axis(param.axis)
        self.length = math.prod(bottom[0].shape[self.axis :])
        shape = (self.num_output, self.length)
        self.add_param(shape[::-1] if self.transpose else shape, param.weight_filler)
        if self.bias_term:
            self.add_param((self.num_output,), param.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Top: the axes before ``axis``, then num_output.

        Raises:
            ShapeError: the vector's length differs from that at set-up.
        """
        shape = bottom[0].shape
        self.axis = bottom[0].axis(self.param.inner_product_param.axis)
        length = math.prod(shape[self.axis :])
        if length != self.length:
            raise ShapeError(
                f"bottom of shape {shape_text(shape)} has {length} elements from axis {self.axis} "
                f"on, but the weights were made for {self.length}; the input's size must not change"
            )
        top[0].reshape(*shape[: self.axis], self.num_output)

    @classmethod
    def window_text(cls, param: Any) -> str:
        """The number of outputs."""
        return str(param.inner_product_param.num_output)

    edge_text = window_text

    @property
    def weight_outputs(self) -> tuple[int, int]:
        """Axis 1 where the weights are transposed."""
        return int(self.transpose), 1

    def multiply_adds(self, bottom: Blobs, top: Blobs) -> int:
        """All weights for each row."""
        return top[0].count // self.num_output * self.blobs[0].count

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product."""
        weights = self.blobs[0].data
        target = top[0].data.reshape(-1, self.num_output)
        vectors = bottom[0].data.reshape(-1, self.length)
        np.matmul(vectors, weights if self.transpose else weights.T, out=target)
        if self.bias_term:
            target += self.blobs[1].data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = dy·W; adds dyᵀ·x to the weights' diff and Σ dy to the bias's."""
        top_diff = top[0].diff.reshape(-1, self.num_output)
        if self.wants_gradient(0):
            vectors = bottom[0].data.reshape(-1, self.length)
            sides = (vectors, top_diff) if self.transpose else (top_diff, vectors)
            _add_product(*sides, self.blobs[0].diff)
        if self.bias_term and self.wants_gradient(1):
            self.accumulate(1, channel_sum(fold(top_diff)))
        if propagate_down[0]:
            weights = self.blobs[0].data
            bottom_diff = bottom[0].diff.reshape(-1, self.length)
            np.matmul(top_diff, weights.T if self.transpose else weights, out=bottom_diff)


def _add_product(left: np.ndarray, right: np.ndarray, total: np.ndarray) -> None:
    """total += leftᵀ · right, some rows at a time: a second array of that size would be large."""
    step = max(1, _PORTION // max(1, right.shape[1]))
    for start in range(0, len(total), step):
        total[start : start + step] += left[:, start : start + step].T @ right
