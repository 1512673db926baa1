"""InnerProductReLUDropout: 3 layers in one text."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.fused import Fused


@register("InnerProductReLUDropout")
class InnerProductReLUDropout(Fused):
    """An InnerProduct, a ReLU of its top, and a Dropout of that.

    The net makes these layers of it, in phase TRAIN, too; engines join them as they like.
    Its home drops nothing and trains nothing.

    Shapes: bottom x (…, K…); top y (…, num_output). The parameters are those of the first,
    which has the layer's name.

    Settings: ``inner_product_param``, ``relu_param`` and ``dropout_param``.

    Gradients: those of the layers.

    Source: inner_product_relu_dropout_layer.cpp (IntelLabs/SkimCaffe).
    """

    consists_of = ("InnerProduct", "ReLU", "Dropout")
