"""InnerProduct: the fully connected layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import channel_sum, fold
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing


@register("InnerProduct")
class InnerProduct(Layer):
    """y = x · Wᵀ + b, where the axes of x from ``axis`` on are one vector of K values.

    Shapes: bottom x (…, K…); top y (…, num_output); blobs[0] is W (num_output, K), or (K,
    num_output) with ``transpose``, filled by ``weight_filler``; blobs[1] is b (num_output), with
    ``bias_term``, filled by ``bias_filler``.

    Settings: ``inner_product_param``: num_output, required; axis (1), bias_term (true), transpose
    (false).

    Gradients: dx = dy · W; dW = dyᵀ · x; db = Σ dy.

    Raises:
        ShapeError: there is no such axis; num_output is missing; K differs from that at set-up.

    Source: inner_product_layer.cpp (BVLC/caffe).
    """

    linear = True
    color = "#CC33FF"
    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ("bottoms",)
    fork_fields = changes_nothing(
        "gemm_mode", "spmdm_transpose_in", "spmdm_transpose_out", "dump_parameter",
        "dump_activation",
    )  # fmt: skip

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.inner_product_param.num_output < 1:
            yield ShapeError("num_output is missing or 0, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.inner_product_param
        self.num_output: int = param.num_output
        self.bias_term: bool = param.bias_term
        self.transpose: bool = param.transpose
        self.axis = bottom[0].axis(param.axis)
        self.length = math.prod(bottom[0].shape[self.axis :])
        shape = (self.num_output, self.length)
        self.add_param(shape[::-1] if self.transpose else shape, param.weight_filler)
        if self.bias_term:
            self.add_param((self.num_output,), param.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        self.axis = bottom[0].axis(self.param.inner_product_param.axis)
        length = math.prod(shape[self.axis :])
        if length != self.length:
            raise ShapeError(
                f"bottom of shape {shape_text(shape)} has {length} elements from axis {self.axis} "
                f"on, but the weights were made for {self.length}; the input's size must not change"
            )
        top[0].reshape(*shape[: self.axis], self.num_output)

    @property
    def weights(self) -> np.ndarray:
        """W as (num_output, K), whichever way it is stored; a view."""
        return self.blobs[0].data.T if self.transpose else self.blobs[0].data

    def vectors(self, array: np.ndarray) -> np.ndarray:
        """The bottom's values, or gradients, as (rows, K)."""
        return array.reshape(-1, self.length)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        y = top[0].data.reshape(-1, self.num_output)
        np.matmul(self.vectors(bottom[0].data), self.weights.T, out=y)
        if self.bias_term:
            y += self.blobs[1].data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        x, dy = self.vectors(bottom[0].data), top[0].diff.reshape(-1, self.num_output)
        if self.wants_gradient(0):
            self.accumulate(0, x.T @ dy if self.transpose else dy.T @ x)
        self.add_bias_gradient(dy)
        if propagate_down[0]:
            np.matmul(dy, self.weights, out=self.vectors(bottom[0].diff))

    def add_bias_gradient(self, dy: np.ndarray) -> None:
        """Add Σ dy (rows, num_output) to the bias's gradient, where that is wanted."""
        if self.bias_term and self.wants_gradient(1):
            self.accumulate(1, channel_sum(fold(dy)))

    # --------------------------------------------------------------- what others ask

    @classmethod
    def window_text(cls, param: caffe_pb2.LayerParameter) -> str:
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
