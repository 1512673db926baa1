"""MobileNet (Howard et al. 2017): depthwise and 1 x 1 convolutions in place of full ones."""

from __future__ import annotations

from minicaffe import NetSpec
from minicaffe.net_spec import Top

from .imagenet import (
    CLASSES,
    WEIGHT_AND_BIAS,
    Model,
    batch_norm,
    conv,
    global_average,
    plain_conv,
    relu,
)

#: Name, outputs and stride of every pair (table 1 of the paper).
_PAIRS = (
    ("2_1", 64, 1),
    ("2_2", 128, 2),
    ("3_1", 128, 1),
    ("3_2", 256, 2),
    ("4_1", 256, 1),
    ("4_2", 512, 2),
    ("5_1", 512, 1),
    ("5_2", 512, 1),
    ("5_3", 512, 1),
    ("5_4", 512, 1),
    ("5_5", 512, 1),
    ("5_6", 1024, 2),
    ("6", 1024, 1),
)


def _body(n: NetSpec) -> Top:
    top = plain_conv(n, "conv1", n.data, 32, 3, pad=1, stride=2)
    top = _normalise(n, "1", "", top)
    channels = 32
    for name, outputs, stride in _PAIRS:
        # few weights, each of which sees much: the paper found that they need no decay
        top = plain_conv(
            n,
            f"conv{name}/dw",
            top,
            channels,
            3,
            pad=1,
            stride=stride,
            group=channels,
            param=[dict(decay_mult=0)],
        )
        top = _normalise(n, name, "/dw", top)
        top = plain_conv(n, f"conv{name}/sep", top, outputs, 1)
        top = _normalise(n, name, "/sep", top)
        channels = outputs
    top = global_average(n, "pool6", top)
    return conv(n, "fc7", top, CLASSES, 1, param=WEIGHT_AND_BIAS, weight_filler=dict(type="msra"))


def _normalise(n: NetSpec, name: str, part: str, top: Top) -> Top:
    block = f"conv{name}{part}"
    top = batch_norm(n, f"{block}/bn", f"{block}/scale", top, eps=1e-5)
    return relu(n, f"relu{name}{part}", top)


MODELS = [
    Model(
        folder="mobilenet",
        name="MobileNet",
        about="MobileNet 1.0 for ImageNet: 13 pairs of a depthwise and a 1 x 1 convolution.",
        body=_body,
        batch=64,
        mean=(103.94, 116.78, 123.68),
        scale=0.017,
    )
]
