"""BN-Inception (Ioffe & Szegedy 2015): GoogLeNet's successor, with BatchNorm everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Windows
from .imagenet import CLASSES, Model, batch_norm, full, global_average, max_pool, plain_conv, relu

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: Outputs of 1x1, 3x3_reduce, 3x3, double3x3_reduce, double3x3, pool_proj (figure 5 of the
#: paper). Modules without 1x1 and pool_proj halve height and width.
_MODULES = {
    "3a": (64, 64, 64, 64, 96, 32),
    "3b": (64, 64, 96, 64, 96, 64),
    "3c": (0, 128, 160, 64, 96, 0),
    "4a": (224, 64, 96, 96, 128, 128),
    "4b": (192, 96, 128, 96, 128, 128),
    "4c": (160, 128, 160, 128, 160, 96),
    "4d": (96, 128, 192, 160, 192, 96),
    "4e": (0, 128, 192, 192, 256, 0),
    "5a": (352, 192, 320, 160, 224, 128),
    "5b": (352, 192, 320, 192, 224, 128),
}


def _body(n: NetSpec) -> Top:
    top = _conv(n, "conv1/7x7_s2", n.data, 64, 7, pad=3, stride=2)
    top = max_pool(n, "pool1/3x3_s2", top, 3, 2)
    top = _conv(n, "conv2/3x3_reduce", top, 64, 1)
    top = _conv(n, "conv2/3x3", top, 192, 3, pad=1)
    top = max_pool(n, "pool2/3x3_s2", top, 3, 2)
    for name, outputs in _MODULES.items():
        # the last module pools with maxima, the others with averages
        top = _module(n, f"inception_{name}", top, outputs, "MAX" if name == "5b" else "AVE")
    top = global_average(n, "pool5/7x7_s1", top)
    return full(n, "loss3/classifier", top, CLASSES, weight_filler=dict(type="xavier"))


def _module(n: NetSpec, block: str, bottom: Top, outputs: tuple[int, ...], pool: str) -> Top:
    """Four ways from bottom to top (three where it shrinks), whose channels are put together."""
    one, reduce, three, double_reduce, double, projected = outputs
    stride = 1 if projected else 2
    branches = [_conv(n, f"{block}/1x1", bottom, one, 1)] if one else []
    top = _conv(n, f"{block}/3x3_reduce", bottom, reduce, 1)
    branches.append(_conv(n, f"{block}/3x3", top, three, 3, pad=1, stride=stride))
    top = _conv(n, f"{block}/double3x3_reduce", bottom, double_reduce, 1)
    top = _conv(n, f"{block}/double3x3a", top, double, 3, pad=1)
    branches.append(_conv(n, f"{block}/double3x3b", top, double, 3, pad=1, stride=stride))
    if projected:
        n[f"{block}/pool"] = L.Pooling(bottom, pool=pool, kernel_size=3, stride=1, pad=1)
        branches.append(_conv(n, f"{block}/pool_proj", n[f"{block}/pool"], projected, 1))
    else:
        branches.append(max_pool(n, f"{block}/pool", bottom, 3, 2))
    n[f"{block}/output"] = L.Concat(*branches)
    return n[f"{block}/output"]


def _conv(
    n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Windows]
) -> Top:
    top = plain_conv(n, name, bottom, outputs, kernel, **fields)
    top = batch_norm(n, f"{name}/bn", f"{name}/bn/sc", top)
    return relu(n, f"{name}/bn/sc/relu", top)


MODELS = [
    Model(
        folder="bn_inception",
        name="BN-Inception",
        about="BN-Inception for ImageNet: ten inception modules with BatchNorm and Scale.",
        body=_body,
    )
]
