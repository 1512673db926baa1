"""MKLPooling: SkimCaffe's name for a Pooling that Intel's MKL computes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.pooling import Pooling
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("MKLPooling")
class MKLPooling(Pooling):
    """One number for each window of a channel: the Pooling of the same settings.

    Its home calls a library for it. The net makes a Pooling of it.

    Shapes: as of Pooling: bottom (N, C, H, W); top (N, C, H', W').

    Settings: ``pooling_param``, as of Pooling.

    Gradients: those of Pooling for dx.

    Source: mkl_pooling_layer.cpp (IntelLabs/SkimCaffe).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Pooling, with these settings."""
        return renamed(param, Pooling.type)
