"""MKLConvolution: SkimCaffe's name for a Convolution that Intel's MKL computes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("MKLConvolution")
class MKLConvolution(Convolution):
    """y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation]: the Convolution of
    the same settings.

    Its home calls a library for it. The net makes a Convolution of it.

    Shapes: as of Convolution: bottoms x (N, C, …), tops y (N, num_output, …), blobs[0] is w
    (num_output, C/group, …kernel), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``convolution_param``, as of Convolution.

    Gradients: those of Convolution for dx, dw and db.

    Source: mkl_convolution_layer.cpp (IntelLabs/SkimCaffe).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Convolution, with these settings."""
        return renamed(param, Convolution.type)
