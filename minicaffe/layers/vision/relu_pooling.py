"""ReLUPooling: 2 layers in one text."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.fused import Fused


@register("ReLUPooling")
class ReLUPooling(Fused):
    """A ReLU, and a Pooling of its top.

    The net makes these layers of it, in phase TRAIN, too; engines join them as they like. Its
    home has no gradients.

    Shapes: bottom (N, C, H, W); top (N, C, H', W').

    Settings: ``relu_param`` and ``pooling_param``.

    Gradients: those of the layers.

    Source: relu_pooling_layer.cpp (IntelLabs/SkimCaffe).
    """

    consists_of = ("ReLU", "Pooling")
