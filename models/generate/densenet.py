"""DenseNet (Huang et al. 2016): every layer sees what all layers before it in its block made."""

from __future__ import annotations

from functools import partial

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .imagenet import CLASSES, Model, conv, global_average, max_pool, plain_conv, relu


def _body(n: NetSpec, *, blocks: tuple[int, ...], growth: int) -> Top:
    """One convolution, four dense blocks with 1 x 1 convolutions and poolings between them.

    Args:
        blocks: how many layers each block has.
        growth: channels that each of them adds.
    """
    channels = 2 * growth
    top = plain_conv(n, "conv1", n.data, channels, 7, pad=3, stride=2)
    top = _normalise(n, "conv1", "relu1", top)
    # rounding down gives the paper's 56 x 56; Caffe would round up
    top = max_pool(n, "pool1", top, 3, 2, pad=1, round_mode="FLOOR")
    for number, count in enumerate(blocks, start=2):
        for index in range(1, count + 1):
            top = _layer(n, f"{number}_{index}", top, growth)
        channels += count * growth
        top = _normalise(n, f"conv{number}_blk", f"relu{number}_blk", top)
        if number - 1 < len(blocks):
            channels //= 2
            top = plain_conv(n, f"conv{number}_blk", top, channels, 1)
            n[f"pool{number}"] = L.Pooling(top, pool="AVE", kernel_size=2, stride=2)
            top = n[f"pool{number}"]
    top = global_average(n, "pool5", top)
    return conv(n, "fc6", top, CLASSES, 1, weight_filler=dict(type="msra"))


def _layer(n: NetSpec, name: str, bottom: Top, growth: int) -> Top:
    """1 x 1 and 3 x 3, each after BatchNorm, Scale and ReLU; the result joins the bottom."""
    top = _normalise(n, f"conv{name}/x1", f"relu{name}/x1", bottom)
    top = plain_conv(n, f"conv{name}/x1", top, 4 * growth, 1)
    top = _normalise(n, f"conv{name}/x2", f"relu{name}/x2", top)
    top = plain_conv(n, f"conv{name}/x2", top, growth, 3, pad=1)
    n[f"concat_{name}"] = L.Concat(bottom, top)
    return n[f"concat_{name}"]


def _normalise(n: NetSpec, block: str, name: str, bottom: Top) -> Top:
    """BatchNorm, not in place because others read the bottom too, then Scale and ReLU."""
    n[f"{block}/bn"] = L.BatchNorm(bottom, eps=1e-5)
    n[f"{block}/scale"] = L.Scale(n[f"{block}/bn"], in_place=True, bias_term=True)
    return relu(n, name, n[f"{block}/scale"])


MODELS = [
    Model(
        folder="densenet121",
        name="DenseNet-121",
        about="DenseNet-121 for ImageNet: four dense blocks of 6, 12, 24 and 16 layers.",
        body=partial(_body, blocks=(6, 12, 24, 16), growth=32),
        mean=(103.94, 116.78, 123.68),
        scale=0.017,
    )
]
