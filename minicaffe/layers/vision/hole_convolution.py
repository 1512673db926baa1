"""HoleConvolution: PSPNet's name for a Convolution whose taps are apart."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("HoleConvolution")
class HoleConvolution(Convolution):
    """y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·hole]: a dilated Convolution.

    The net makes a Convolution of it, and ``hole`` is its dilation.

    Shapes: as of Convolution: bottoms x (N, C, …), tops y (N, num_output, …), blobs[0] is w
    (num_output, C/group, …kernel), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``convolution_param``, as of Convolution; hole, which is its dilation (1).

    Gradients: those of Convolution.

    Source: minicaffe, by prototxts of hszhao/PSPNet's first version; Yu & Koltun, "Multi-scale
    context aggregation by dilated convolutions", 2016 (arXiv:1511.07122).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Convolution, with these settings."""
        return renamed(param, Convolution.type)
