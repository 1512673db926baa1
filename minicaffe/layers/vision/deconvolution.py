"""Deconvolution: the transpose of Convolution."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase


@register("Deconvolution")
class Deconvolution(ConvolutionBase):
    """The transpose of Convolution: every bottom pixel adds its kernel to the top.

    y[n,o,i·stride - pad + t·dilation] += w[c,o,t] · x[n,c,i]. Bottoms (N, C, …), tops
    (N, num_output, …) with stride·(size-1) + dilation·(kernel-1) + 1 - 2·pad elements on
    each spatial axis. Weights (C, num_output/group, …kernel), the reverse of Convolution's;
    bias (num_output,).

    Source: Zeiler et al., "Deconvolutional networks", 2010; Long, Shelhamer, Darrell, "Fully
    convolutional networks for semantic segmentation", 2015.
    """

    reverse = True

    @property
    def weight_outputs(self) -> tuple[int, int]:
        """Axis 1 counts those of one group."""
        return 1, self.group
