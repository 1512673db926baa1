"""Convolution, with any number of spatial axes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase


@register("Convolution")
class Convolution(ConvolutionBase):
    """Cross-correlation: y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation].

    Bottoms (N, C, …) of one shape, as many tops (N, num_output, …), where each spatial axis
    has (size + 2·pad - dilation·(kernel-1) - 1) / stride + 1 elements; ``axis`` names the
    channel axis. Weights (num_output, C/group, …kernel), bias (num_output,). With no spatial
    axes it is an inner product over the channels. ``engine`` and ``force_nd_im2col`` choose
    among Caffe's own implementations and change nothing here.

    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """
