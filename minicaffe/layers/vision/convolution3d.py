"""Convolution3D: a convolution over frames, rows and columns."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.geometry import Lengths
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing

#: The fields of C3D in Caffe's own message; those for time have become values of Caffe's fields.
C3D_FIELDS = changes_nothing("filter_group")


def c3d_settings(param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
    """``convolution3d_param`` in Caffe's own fields; without it ``convolution_param``."""
    if not param.HasField("convolution3d_param"):
        return param.convolution_param
    own = param.convolution3d_param
    found = caffe_pb2.ConvolutionParameter(num_output=own.num_output, bias_term=own.bias_term)
    found.kernel_size.extend([own.kernel_depth, own.kernel_size, own.kernel_size])
    found.stride.extend([own.temporal_stride, own.stride, own.stride])
    found.pad.extend([own.temporal_pad, own.pad, own.pad])
    found.weight_filler.CopyFrom(own.weight_filler)
    found.bias_filler.CopyFrom(own.bias_filler)
    return found


@register("Convolution3D")
class Convolution3D(ConvolutionBase):
    """Convolution with three spatial axes: frames, rows and columns.

    The window has ``kernel_depth`` frames of ``kernel_size``² pixels. group of
    ``convolution3d_param`` is not read, as in C3D; filter_group says how C3D divides the work, and
    changes nothing.

    Shapes: bottom x (N, C, L, H, W); top y (N, num_output, L', H', W'), where L' =
    (L + 2·temporal_pad - kernel_depth) / temporal_stride + 1, rounded down, and H' and W' alike.
    blobs[0] is w (num_output, C, kernel_depth, kernel_size, kernel_size), filled by
    ``weight_filler``; blobs[1] is b (1, 1, 1, 1, num_output), with ``bias_term``, filled by
    ``bias_filler``.

    Settings: ``convolution3d_param``: num_output, kernel_size and kernel_depth, required; stride
    (1), temporal_stride (1), pad (0), temporal_pad (0), bias_term (true). Without it the same
    fields of ``convolution_param``, as C3D's first version has them.

    Gradients: as Convolution's.

    Raises:
        ShapeError: num_output or a kernel is 0; the number of channels differs from that at set-up;
            no window fits.

    Source: convolution3d_layer.cpp (facebookarchive/C3D); Tran, Bourdev, Fergus, Torresani, Paluri,
    "Learning spatiotemporal features with 3D convolutional networks", 2015 (arXiv:1412.0767).
    """

    exact_bottoms = exact_tops = 1
    fork_fields = C3D_FIELDS

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
        return c3d_settings(param)

    def bias_shape(self) -> Lengths:
        return (1, 1, 1, 1, self.num_output)
