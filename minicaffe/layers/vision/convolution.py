"""Convolution, with any number of spatial axes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase


@register("Convolution")
class Convolution(ConvolutionBase):
    """y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation]: a cross-correlation,
    with any number of spatial axes.

    With no spatial axes it is an inner product over the channels.

    Shapes: bottoms x (N, C, …) of one shape; as many tops y (N, num_output, …), where each spatial
    axis has (size + 2·pad - dilation·(kernel-1) - 1) / stride + 1 elements, the division truncating
    towards 0. blobs[0] is w (num_output, C/group, …kernel), filled by ``weight_filler``; blobs[1]
    is b (num_output), with ``bias_term``, filled by ``bias_filler``.

    Settings: ``convolution_param``: num_output and kernel_size, required; stride (1), pad (0),
    dilation (1), each one value or one for every spatial axis, or with _h and _w; group (1),
    bias_term (true), axis (1), that of the channels. engine and force_nd_im2col choose among
    Caffe's own implementations and change nothing here.

    Gradients: dw[o,c,t] = Σ_ni dy[n,o,i] · x[n,c,i·stride - pad + t·dilation]; db[o] = Σ_ni
    dy[n,o,i]; dx is the Deconvolution of dy with w.

    Raises:
        ShapeError: :meth:`ConvGeometry.from_param` says which windows are refused; num_output is 0;
            a number of channels cannot be divided into the groups, or differs from that at set-up;
            the bottoms differ; no window fits.

    Source: conv_layer.cpp (BVLC/caffe); LeCun, Bottou, Bengio & Haffner, "Gradient-based learning
    applied to document recognition", 1998.
    """
