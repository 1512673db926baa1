"""Deconvolution: the transpose of Convolution."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase


@register("Deconvolution")
class Deconvolution(ConvolutionBase):
    """y[n,o,i·stride - pad + t·dilation] += w[c,o,t] · x[n,c,i]: the transpose of Convolution,
    where every bottom pixel adds its kernel to the top; then y[n,o,…] += b[o].

    Shapes: bottoms x (N, C, …) of one shape; as many tops y (N, num_output, …) with
    stride·(size-1) + dilation·(kernel-1) + 1 - 2·pad elements on each spatial axis. blobs[0] is w
    (C, num_output/group, …kernel), the reverse of Convolution's; blobs[1] is b (num_output), with
    ``bias_term``.

    Settings: ``convolution_param``, as of Convolution.

    Gradients: dw[c,o,t] = Σ_ni dy[n,o,i·stride - pad + t·dilation] · x[n,c,i]; db[o] = Σ dy[n,o,…];
    dx is the Convolution of dy with w.

    Raises:
        ShapeError: as Convolution; or padding leaves nothing of the top.

    Source: deconv_layer.cpp (BVLC/caffe); Zeiler, Krishnan, Taylor & Fergus, "Deconvolutional
    networks", 2010; Long, Shelhamer & Darrell, "Fully convolutional networks for semantic
    segmentation", 2015.
    """

    reverse = True

    @property
    def weight_outputs(self) -> tuple[int, int]:
        """Axis 1 counts those of one group."""
        return 1, self.group
