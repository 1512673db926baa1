"""VGG (Simonyan & Zisserman 2014), configuration D: thirteen 3 x 3 convolutions."""

from __future__ import annotations

from minicaffe import NetSpec
from minicaffe.net_spec import Top

from .fields import Convolution, Weights
from .imagenet import CLASSES, Model, constant, conv, drop, full, max_pool, relu

#: Number of convolutions and their outputs between two poolings (table 1 of the paper).
_STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))

#: Glorot's filler, with which the authors found that no pre-training is needed.
_FILLERS: Weights = {"weight_filler": {"type": "xavier"}, "bias_filler": constant(0)}


def convolutions(n: NetSpec, frozen: int = 0) -> Top:
    """Add the convolutions up to conv5_3, with their ReLUs and the poolings between them.

    Args:
        frozen: how many of the five stages do not learn.
    """
    top = n.data
    for stage, (count, outputs) in enumerate(_STAGES, start=1):
        if stage > 1:
            top = max_pool(n, f"pool{stage - 1}", top, 2, 2)
        fields: Convolution = {
            "pad": 1, "weight_filler": {"type": "xavier"}, "bias_filler": constant(0),
        }  # fmt: skip
        if stage <= frozen:
            fields["param"] = [dict(lr_mult=0, decay_mult=0)] * 2
        for index in range(1, count + 1):
            top = conv(n, f"conv{stage}_{index}", top, outputs, 3, **fields)
            top = relu(n, f"relu{stage}_{index}", top)
    return top


def _body(n: NetSpec) -> Top:
    top = max_pool(n, "pool5", convolutions(n), 2, 2)
    for number in (6, 7):
        top = relu(n, f"relu{number}", full(n, f"fc{number}", top, 4096, **_FILLERS))
        top = drop(n, f"drop{number}", top)
    return full(n, "fc8", top, CLASSES, **_FILLERS)


MODELS = [
    Model(
        folder="vgg16",
        name="VGG-16",
        about="VGG-16 for ImageNet: thirteen 3 x 3 convolutions and three inner products.",
        body=_body,
        mean=(103.939, 116.779, 123.68),
    )
]
