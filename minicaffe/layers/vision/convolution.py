"""Convolution and Deconvolution, with any number of spatial axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.vision.base_conv_layer import _ConvolutionBase
from minicaffe.layers.vision.columns import transposed_product
from minicaffe.layers.vision.geometry import Lengths, Windows
from minicaffe.layers.vision.pointwise import Pointwise
from minicaffe.layers.vision.turned import Turned, turning_pays


@register("Convolution")
class Convolution(_ConvolutionBase):
    """Cross-correlation: y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation].

    Bottoms (N, C, …) of one shape, as many tops (N, num_output, …), where each spatial axis
    has (size + 2·pad - dilation·(kernel-1) - 1) / stride + 1 elements; ``axis`` names the
    channel axis. Weights (num_output, C/group, …kernel), bias (num_output,). With no spatial
    axes it is an inner product over the channels. ``engine`` and ``force_nd_im2col`` choose
    among Caffe's own implementations and change nothing here.

    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """

    def _size_of_top(self) -> Lengths:
        return self.geometry.output_size(self.size)

    def _choose_ways(self, windows: Windows) -> None:
        fits = Pointwise.suits(self.geometry, self.size)
        self._pointwise = Pointwise(self.group) if fits else None
        self._turned = Turned(windows, self.dtype) if turning_pays(windows) else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product for each part of the batch."""
        columns, weights, bias = self.columns, self.weights, self.bias
        for source, target in zip(bottom, top, strict=True):
            images, values = self._by_image(source.data), self._by_image(target.data)
            if self._pointwise is not None:
                self._pointwise.multiply(weights, images, values)
                if bias is not None:
                    values += bias.reshape(-1, *[1] * len(self.size))
                continue
            for part in columns.parts(len(images)):
                product = columns.multiply(weights, columns.gather(images[part]))
                columns.collect(product, values[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = Wᵀ·dy scattered back; adds dy·xᵀ to the weights' diff, Σ dy to the bias's."""
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            top_diff = self._by_image(target.diff)
            self._add_bias_gradient(top_diff)
            if self.wants_gradient(0) or wanted:
                self._backward_one(
                    top_diff,
                    self._by_image(source.data) if self.wants_gradient(0) else None,
                    self._by_image(source.diff) if wanted else None,
                )

    def _backward_one(
        self, top_diff: np.ndarray, images: np.ndarray | None, bottom_diff: np.ndarray | None
    ) -> None:
        if self._pointwise is not None:
            if images is not None:
                diff = self.blobs[0].diff.reshape(self.weights.shape)
                self._pointwise.add_weight_gradient(top_diff, images, diff)
            if bottom_diff is not None:
                self._pointwise.multiply(self.weights.swapaxes(1, 2), top_diff, bottom_diff)
            return
        if self._turned is not None and bottom_diff is not None:
            own = None if images is None else self.blobs[0].diff
            self._turned.backward(self.blobs[0].data, top_diff, bottom_diff, images, own)
            return
        columns, weights = self.columns, self.weights
        for part in columns.parts(len(top_diff)):
            rows = columns.spread(top_diff[part])
            if images is not None:
                self._add_weight_gradient(rows, columns.gather(images[part]))
            if bottom_diff is not None:
                target = bottom_diff[part]
                gradient = transposed_product(weights, rows, columns.blank(len(target)))
                columns.scatter(gradient, target, None)
