"""ShuffleNet (Zhang et al. 2017): convolutions in groups, between which channels are exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Windows
from .imagenet import CLASSES, Model, batch_norm, conv, global_average, max_pool, plain_conv, relu

if TYPE_CHECKING:
    from typing_extensions import Unpack


_GROUPS = 3
#: Channels and units of each stage (table 1 of the paper, 3 groups).
_STAGES = ((240, 4), (480, 8), (960, 4))


def _body(n: NetSpec) -> Top:
    top = plain_conv(n, "conv1", n.data, 24, 3, pad=1, stride=2)
    top = relu(n, "conv1_relu", batch_norm(n, "conv1_bn", "conv1_scale", top))
    top = max_pool(n, "pool1", top, 3, 2)
    number, channels = 0, 24
    for outputs, units in _STAGES:
        for _ in range(units):
            number += 1
            top = _unit(n, number, top, channels, outputs)
            channels = outputs
    top = global_average(n, "pool_ave", top)
    return conv(n, "fc1000", top, CLASSES, 1, weight_filler=dict(type="msra"))


def _unit(n: NetSpec, number: int, bottom: Top, channels: int, outputs: int) -> Top:
    """1 x 1 in groups, the shuffle, depthwise 3 x 3, 1 x 1 in groups; then a sum, or where the
    image becomes smaller, the pooled bottom beside it. The first unit, of few channels, has no
    groups and no shuffle."""
    name, smaller = f"resx{number}", channels != outputs
    made = outputs - channels if smaller else outputs
    inside = made // 4
    groups = 1 if channels == 24 else _GROUPS
    top = _conv(n, f"{name}_conv1", bottom, inside, 1, group=groups)
    top = relu(n, f"{name}_conv1_relu", top)
    if groups > 1:
        n[f"shuffle{number}"] = L.ShuffleChannel(top, group=_GROUPS)
        top = n[f"shuffle{number}"]
    stride = 2 if smaller else 1
    top = _conv(n, f"{name}_conv2", top, inside, 3, pad=1, stride=stride, group=inside)
    top = _conv(n, f"{name}_conv3", top, made, 1, group=_GROUPS)
    if smaller:
        match = f"{name}_match_conv"
        n[match] = L.Pooling(bottom, pool="AVE", kernel_size=3, stride=2)
        n[f"{name}_concat"] = L.Concat(n[match], top)
        return relu(n, f"{name}_concat_relu", n[f"{name}_concat"])
    n[f"{name}_elewise"] = L.Eltwise(bottom, top, operation="SUM")
    return relu(n, f"{name}_elewise_relu", n[f"{name}_elewise"])


def _conv(
    n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Windows]
) -> Top:
    """Convolution, BatchNorm and Scale."""
    top = plain_conv(n, name, bottom, outputs, kernel, **fields)
    return batch_norm(n, f"{name}_bn", f"{name}_scale", top)


MODELS = [
    Model(
        folder="shufflenet",
        name="ShuffleNet",
        about="ShuffleNet 1.0 for ImageNet: 16 units of convolutions in 3 groups.",
        body=_body,
        batch=64,
        mean=(103.94, 116.78, 123.68),
        scale=0.017,
    )
]
