"""VoxelSoftmax: C3D's name for a Softmax over the channels of each voxel."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.utility.softmax import Softmax
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import renamed


@register("VoxelSoftmax")
class VoxelSoftmax(Softmax):
    """p_c = exp(x_c) / Σ exp(x) over the channels of each voxel: the Softmax of axis 1.

    The net makes a Softmax of it.

    Shapes: bottom x (N, C, L, H, W); top p like x.

    Gradients: those of Softmax.

    Source: voxel_wise_softmax_layer.cpp (facebookarchive/C3D), of its first version.
    """

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """Type Softmax."""
        return renamed(param, Softmax.type)
