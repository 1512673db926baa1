"""Deconvolution3D: the way back from a convolution over frames, rows and columns."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.convolution3d import C3D_FIELDS, c3d_settings
from minicaffe.layers.vision.geometry import Lengths
from minicaffe.proto import caffe_pb2


@register("Deconvolution3D")
class Deconvolution3D(ConvolutionBase):
    """Deconvolution with three spatial axes: frames, rows and columns.

    Shapes: bottom x (N, C, L, H, W); top y (N, num_output, L', H', W'), where L' =
    (L - 1) · temporal_stride - 2·temporal_pad + kernel_depth, and H' and W' alike. blobs[0] is w
    (C, num_output, kernel_depth, kernel_size, kernel_size), filled by ``weight_filler``; blobs[1]
    is b (1, 1, 1, 1, num_output), with ``bias_term``, filled by ``bias_filler``.

    Settings: as Convolution3D's, in ``convolution3d_param`` or ``convolution_param``.

    Gradients: as Deconvolution's.

    Raises:
        ShapeError: num_output or a kernel is 0; the number of channels differs from that at set-up;
            padding leaves nothing.

    Source: deconvolution3d_layer.cpp (facebookarchive/C3D).
    """

    exact_bottoms = exact_tops = 1
    reverse = True
    fork_fields = C3D_FIELDS

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
        return c3d_settings(param)

    def bias_shape(self) -> Lengths:
        return (1, 1, 1, 1, self.num_output)
