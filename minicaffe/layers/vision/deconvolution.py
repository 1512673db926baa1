"""Convolution and Deconvolution, with any number of spatial axes."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.layer import Blobs, register
from minicaffe.layers.vision.base_conv_layer import _ConvolutionBase
from minicaffe.layers.vision.columns import transposed_product
from minicaffe.layers.vision.geometry import Lengths


@register("Deconvolution")
class Deconvolution(_ConvolutionBase):
    """The transpose of Convolution: every bottom pixel adds its kernel to the top.

    y[n,o,i·stride - pad + t·dilation] += w[c,o,t] · x[n,c,i]. Bottoms (N, C, …), tops
    (N, num_output, …) with stride·(size-1) + dilation·(kernel-1) + 1 - 2·pad elements on
    each spatial axis. Weights (C, num_output/group, …kernel), the reverse of Convolution's;
    bias (num_output,).

    Source: Zeiler et al., "Deconvolutional networks", 2010; Long, Shelhamer, Darrell, "Fully
    convolutional networks for semantic segmentation", 2015.
    """

    reverses = True

    def _size_of_top(self) -> Lengths:
        return self.geometry.transposed_size(self.size)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product for each part of the batch, then overlapping sums."""
        columns, weights, bias = self.columns, self.weights, self.bias
        for source, target in zip(bottom, top, strict=True):
            values, images = self._by_image(source.data), self._by_image(target.data)
            for part in columns.parts(len(values)):
                rows = columns.spread(values[part])
                spread = transposed_product(weights, rows, columns.blank(len(values[part])))
                columns.scatter(spread, images[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = W·(windows of dy); adds x·dyᵀ to the weights' diff, Σ dy to the bias's."""
        columns, weights = self.columns, self.weights
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            top_diff = self._by_image(target.diff)
            self._add_bias_gradient(top_diff)
            if not (self.wants_gradient(0) or wanted):
                continue
            values = self._by_image(source.data)
            for part in columns.parts(len(values)):
                windows = columns.gather(top_diff[part])
                if self.wants_gradient(0):
                    self._add_weight_gradient(columns.spread(values[part]), windows)
                if wanted:
                    product = columns.multiply(weights, windows)
                    columns.collect(product, self._by_image(source.diff)[part], None)
