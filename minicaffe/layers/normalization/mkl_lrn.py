"""MKLLRN: SkimCaffe's name for a LRN that Intel's MKL computes."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.normalization.lrn import LRN
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("MKLLRN")
class MKLLRN(LRN):
    """y = x / (k + α/n · Σ x²)^β: the LRN of the same settings.

    Its home calls a library for it. The net makes a LRN of it.

    Shapes: as of LRN: bottom x (N, C, H, W); top y like x.

    Settings: ``lrn_param``, as of LRN.

    Gradients: those of LRN for dx.

    Source: mkl_lrn_layer.cpp (IntelLabs/SkimCaffe).
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type LRN, with these settings."""
        return renamed(param, LRN.type)
