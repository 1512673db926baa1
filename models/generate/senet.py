"""SE-ResNet-50 (Hu et al. 2017): residual blocks that weigh their channels by what they all see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Weights, Windows
from .imagenet import CLASSES, Model, batch_norm, conv, full, global_average, max_pool, plain_conv
from .imagenet import relu as relu_

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: Blocks of each stage.
_BLOCKS = (3, 4, 6, 3)
#: How many times fewer channels there are between the two layers that weigh.
_REDUCTION = 16


def _body(n: NetSpec) -> Top:
    top = _conv(n, "conv1/7x7_s2", n.data, 64, 7, relu="conv1/relu_7x7_s2", pad=3, stride=2)
    top = max_pool(n, "pool1/3x3_s2", top, 3, 2)
    channels = 64
    for stage, count in enumerate(_BLOCKS, start=2):
        inside = 64 * 2 ** (stage - 2)
        for index in range(1, count + 1):
            name = f"conv{stage}_{index}"
            stride = 2 if stage > 2 and index == 1 else 1
            shortcut = top
            if channels != 4 * inside:
                channels = 4 * inside
                shortcut = _conv(n, f"{name}_1x1_proj", top, channels, 1, stride=stride)
            top = _block(n, name, top, shortcut, inside, stride)
    top = global_average(n, "pool5/7x7_s1", top)
    return full(n, "classifier", top, CLASSES, weight_filler=dict(type="msra"))


def _block(n: NetSpec, name: str, bottom: Top, shortcut: Top, inside: int, stride: int) -> Top:
    """1 x 1 (which has the stride), 3 x 3 and 1 x 1; each channel times its weight; the sum."""
    reduce, middle, increase = f"{name}_1x1_reduce", f"{name}_3x3", f"{name}_1x1_increase"
    top = _conv(n, reduce, bottom, inside, 1, relu=f"{reduce}/relu", stride=stride)
    top = _conv(n, middle, top, inside, 3, relu=f"{middle}/relu", pad=1)
    top = _conv(n, increase, top, 4 * inside, 1)
    seen = global_average(n, f"{name}_global_pool", top)
    few: Weights = {"weight_filler": {"type": "msra"}}
    down = conv(n, f"{name}_1x1_down", seen, 4 * inside // _REDUCTION, 1, **few)
    down = relu_(n, f"{name}_1x1_down/relu", down)
    up = conv(n, f"{name}_1x1_up", down, 4 * inside, 1, **few)
    n[f"{name}_prob"] = L.Sigmoid(up, in_place=True)
    n[name] = L.Axpy(n[f"{name}_prob"], top, shortcut)
    return relu_(n, f"{name}/relu", n[name])


def _conv(
    n: NetSpec,
    name: str,
    bottom: Top,
    outputs: int,
    kernel: int,
    *,
    relu: str = "",
    **fields: Unpack[Windows],
) -> Top:
    """Convolution, BatchNorm and Scale, and a ReLU if it has a name."""
    top = plain_conv(n, name, bottom, outputs, kernel, **fields)
    top = batch_norm(n, f"{name}/bn", f"{name}/bn/scale", top)
    return relu_(n, relu, top) if relu else top


MODELS = [
    Model(
        folder="senet50",
        name="SE-ResNet-50",
        about="SE-ResNet-50 for ImageNet: 16 residual blocks whose channels are weighed (Axpy).",
        body=_body,
    )
]
