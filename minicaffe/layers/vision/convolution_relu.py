"""ConvolutionReLU: 2 layers in one text."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.fused import Fused


@register("ConvolutionReLU")
class ConvolutionReLU(Fused):
    """y = max(0, w · x + b): a Convolution, and a ReLU of its top.

    The net makes these layers of it, in phase TRAIN, too; engines join them as they like. Its
    home has no gradients.

    Shapes: bottom x (N, C, …); top y (N, num_output, …). The parameters are those of the first,
    which has the layer's name.

    Settings: ``convolution_param`` and ``relu_param``.

    Gradients: those of the layers.

    Source: conv_relu_layer.cpp (IntelLabs/SkimCaffe).
    """

    consists_of = ("Convolution", "ReLU")
