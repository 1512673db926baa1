"""SqueezeNet 1.1 (Iandola et al. 2016): eight modules that squeeze the channels and expand them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Convolution, Windows
from .imagenet import CLASSES, Model, drop, gaussian, global_average, max_pool, relu

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: Outputs of the 1 x 1 convolution that squeezes, and of each of the two that expand.
_MODULES = {
    2: (16, 64),
    3: (16, 64),
    4: (32, 128),
    5: (32, 128),
    6: (48, 192),
    7: (48, 192),
    8: (64, 256),
    9: (64, 256),
}


def _body(n: NetSpec) -> Top:
    n.conv1 = _convolution(n.data, 64, 3, stride=2)
    top = max_pool(n, "pool1", relu(n, "relu_conv1", n.conv1), 3, 2)
    for number, (squeezed, expanded) in _MODULES.items():
        top = _fire(n, f"fire{number}", top, squeezed, expanded)
        if number in (3, 5):
            top = max_pool(n, f"pool{number}", top, 3, 2)
    n.conv10 = _convolution(drop(n, "drop9", top), CLASSES, 1, weight_filler=gaussian(0.01))
    return global_average(n, "pool10", relu(n, "relu_conv10", n.conv10))


def _convolution(bottom: Top, outputs: int, kernel: int, **fields: Unpack[Convolution]) -> Top:
    """A Convolution whose bias learns and decays as its weights, as the authors have it."""
    fields.setdefault("weight_filler", dict(type="xavier"))
    return L.Convolution(bottom, num_output=outputs, kernel_size=kernel, **fields)


def _fire(n: NetSpec, block: str, bottom: Top, squeezed: int, expanded: int) -> Top:
    def branch(name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Windows]) -> Top:
        n[f"{block}/{name}"] = _convolution(bottom, outputs, kernel, **fields)
        return relu(n, f"{block}/relu_{name}", n[f"{block}/{name}"])

    top = branch("squeeze1x1", bottom, squeezed, 1)
    small = branch("expand1x1", top, expanded, 1)
    n[f"{block}/concat"] = L.Concat(small, branch("expand3x3", top, expanded, 3, pad=1))
    return n[f"{block}/concat"]


MODELS = [
    Model(
        folder="squeezenet",
        name="SqueezeNet-1.1",
        about="SqueezeNet 1.1 for ImageNet: eight modules that squeeze and expand the channels.",
        body=_body,
        crop=227,
    )
]
