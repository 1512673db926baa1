"""ConvolutionDepthwise: a Convolution with one filter for each channel."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.depthwise_convolution import DepthwiseConvolution
from minicaffe.proto import caffe_pb2


@register("ConvolutionDepthwise")
class ConvolutionDepthwise(DepthwiseConvolution):
    """y[n,c,i] = b[c] + Σ_t w[c,t] · x[n,c,i·stride - pad + t·dilation]: a Convolution with as many
    groups as outputs.

    ``group`` does not count: the layer always has one filter a channel. The net makes a
    Convolution of it.

    Shapes: bottoms x (N, C, H, W), tops y (N, C, …), blobs[0] is w (C, 1, …kernel), blobs[1] is b
    (C), with ``bias_term``.

    Settings: ``convolution_param``, as of Convolution; num_output must be C.

    Gradients: those of Convolution for dx, dw and db.

    Raises:
        ShapeError: ``num_output`` is not the number of channels.

    Source: conv_dw_layer.cpp (jolibrain/caffe), first in farmingyard/caffe-mobilenet; Howard
    et al., "MobileNets", 2017 (arXiv:1704.04861).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Convolution, with as many groups as outputs."""
        plain = super().in_caffes_words(param)
        plain.convolution_param.group = max(1, plain.convolution_param.num_output)
        return plain
