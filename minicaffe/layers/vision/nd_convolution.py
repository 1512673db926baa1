"""NdConvolution: a convolution whose window is given axis by axis."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant


@register("NdConvolution")
class NdConvolution(ConvolutionBase):
    """Convolution with ``kernel_shape``, ``stride_shape`` and ``pad_shape``, one number an axis.

    What one of them does not say, Caffe's own fields say.

    Shapes: bottoms x (N, C, …) of one shape; as many tops y (N, num_output, …); blobs[0] is w
    (num_output, C/group, …kernel), filled by ``weight_filler``; blobs[1] is b (num_output), with
    ``bias_term``, filled by ``bias_filler``.

    Settings: ``convolution_param``: num_output and kernel_shape { dim: … }, required; stride_shape
    (ones), pad_shape (zeros); group (1), bias_term (true), and whatever Convolution has.

    Gradients: as Convolution's.

    Raises:
        ShapeError: as Convolution.

    Source: cudnn_ndconv_layer.cpp (chuckcho/video-caffe).
    """

    fork_fields = meant("kernel_shape", "stride_shape", "pad_shape")

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
        found = caffe_pb2.ConvolutionParameter()
        found.CopyFrom(param.convolution_param)
        for name in ("kernel", "stride", "pad"):
            shape = getattr(found, f"{name}_shape")
            if shape.dim:
                values = getattr(found, "kernel_size" if name == "kernel" else name)
                del values[:]
                values.extend(shape.dim)
        return found
