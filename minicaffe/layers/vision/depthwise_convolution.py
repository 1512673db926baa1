"""DepthwiseConvolution: MobileNet's name for a Convolution whose groups are the channels."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("DepthwiseConvolution")
class DepthwiseConvolution(Convolution):
    """y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation]: the Convolution of the
    same settings, whatever ``group`` is.

    Its home has kernels for one group a channel, which compute what Convolution computes. The net
    makes a Convolution of it.

    Shapes: as of Convolution: bottoms x (N, C, …), tops y (N, num_output, …), blobs[0] is w
    (num_output, C/group, …kernel), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``convolution_param``, as of Convolution; num_output and group are the number of
    channels in the nets that use it.

    Gradients: those of Convolution for dx, dw and db.

    Source: depthwise_conv_layer.cpp (eric612/MobileNet-YOLO), first in
    yonghenglh6/DepthwiseConvolution; Howard et al., "MobileNets", 2017 (arXiv:1704.04861).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Convolution, with these settings."""
        return renamed(param, Convolution.type)
