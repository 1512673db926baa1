"""ConvolutionReLUPool: 3 layers in one text."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.fused import Fused


@register("ConvolutionReLUPool")
class ConvolutionReLUPool(Fused):
    """A Convolution, a ReLU of its top, and a Pooling of that.

    The net makes these layers of it, in phase TRAIN, too; engines join them as they like. Its
    home has no gradients.

    Shapes: bottom x (N, C, H, W); top y (N, num_output, H', W'). The parameters are those
    of the first, which has the layer's name.

    Settings: ``convolution_param``, ``relu_param`` and ``pooling_param``.

    Gradients: those of the layers.

    Source: conv_relu_pool_layer.cpp (IntelLabs/SkimCaffe).
    """

    consists_of = ("Convolution", "ReLU", "Pooling")
