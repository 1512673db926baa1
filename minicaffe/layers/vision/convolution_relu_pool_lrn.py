"""ConvolutionReLUPoolLRN: 4 layers in one text."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.fused import Fused


@register("ConvolutionReLUPoolLRN")
class ConvolutionReLUPoolLRN(Fused):
    """A Convolution, a ReLU of its top, a Pooling of that, and an LRN of that.

    The net makes these layers of it, in phase TRAIN, too; engines join them as they like. Its
    home has no gradients.

    Shapes: bottom x (N, C, H, W); top y (N, num_output, H', W'). The parameters are those
    of the first, which has the layer's name.

    Settings: ``convolution_param``, ``relu_param``, ``pooling_param`` and ``lrn_param``.

    Gradients: those of the layers.

    Source: conv_relu_pool_lrn_layer.cpp (IntelLabs/SkimCaffe).
    """

    consists_of = ("Convolution", "ReLU", "Pooling", "LRN")
