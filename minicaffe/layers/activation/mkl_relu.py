"""MKLReLU: SkimCaffe's name for a ReLU that Intel's MKL computes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.activation.relu import ReLU
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("MKLReLU")
class MKLReLU(ReLU):
    """y = max(0, x) + negative_slope · min(0, x): the ReLU of the same settings.

    Its home calls a library for it. The net makes a ReLU of it.

    Shapes: as of ReLU: bottom x of any shape; top y like x, also in place.

    Settings: ``relu_param``, as of ReLU.

    Gradients: those of ReLU for dx.

    Source: mkl_relu_layer.cpp (IntelLabs/SkimCaffe).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type ReLU, with these settings."""
        return renamed(param, ReLU.type)
