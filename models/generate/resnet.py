"""Residual networks (He et al. 2015) with 18, 50, 101 and 152 layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .imagenet import (
    CLASSES,
    Model,
    batch_norm,
    conv,
    full,
    global_average,
    max_pool,
    plain_conv,
    relu,
)

Branch = Callable[[NetSpec, str, Top, int, int], Top]


def _body(
    n: NetSpec, *, blocks: tuple[int, ...], branch: Branch, expansion: int, bias: bool
) -> Top:
    """One convolution, four stages of blocks, global average pooling, one inner product.

    Args:
        blocks: how many each stage has.
        branch: adds a block's convolutions.
        expansion: channels of a block's top for each channel inside it.
        bias: give conv1 one, which BatchNorm takes away again.
    """
    if bias:
        top = conv(n, "conv1", n.data, 64, 7, pad=3, stride=2, weight_filler=dict(type="msra"))
    else:
        top = plain_conv(n, "conv1", n.data, 64, 7, pad=3, stride=2)
    top = relu(n, "conv1_relu", batch_norm(n, "bn_conv1", "scale_conv1", top))
    top = max_pool(n, "pool1", top, 3, 2)
    channels = 64
    for stage, count in enumerate(blocks, start=2):
        inside = 64 * 2 ** (stage - 2)
        for index in range(count):
            name = f"res{stage}{_letter(index, stage, blocks)}"
            stride = 2 if stage > 2 and index == 0 else 1
            shortcut = top
            if channels != inside * expansion:
                channels = inside * expansion
                shortcut = _conv(n, f"{name}_branch1", top, channels, 1, stride=stride)
            sum_of = (shortcut, branch(n, name, top, inside, stride))
            n[name] = L.Eltwise(*sum_of, operation="SUM")
            top = relu(n, f"{name}_relu", n[name])
    top = global_average(n, "pool5", top)
    return full(n, f"fc{CLASSES}", top, CLASSES, weight_filler=dict(type="msra"))


def _letter(index: int, stage: int, blocks: tuple[int, ...]) -> str:
    """What a block is called after its stage: a, b, c, ...; in long stages a, b1, b2, ..."""
    long = blocks[stage - 2] > 6 or (stage == 3 and max(blocks) > 6)
    return f"b{index}" if long and index else chr(ord("a") + index)


def _conv(n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Any) -> Top:
    """Convolution, BatchNorm and Scale, named as He et al. did: res2a_…, bn2a_…, scale2a_…"""
    top = plain_conv(n, name, bottom, outputs, kernel, **fields)
    place = name.removeprefix("res")
    return batch_norm(n, f"bn{place}", f"scale{place}", top)


def _basic(n: NetSpec, name: str, bottom: Top, inside: int, stride: int) -> Top:
    """Two 3 x 3 convolutions."""
    top = _conv(n, f"{name}_branch2a", bottom, inside, 3, pad=1, stride=stride)
    top = relu(n, f"{name}_branch2a_relu", top)
    return _conv(n, f"{name}_branch2b", top, inside, 3, pad=1)


def _bottleneck(n: NetSpec, name: str, bottom: Top, inside: int, stride: int) -> Top:
    """1 x 1 (which has the stride), 3 x 3 and 1 x 1 to four times the channels."""
    top = _conv(n, f"{name}_branch2a", bottom, inside, 1, stride=stride)
    top = relu(n, f"{name}_branch2a_relu", top)
    top = _conv(n, f"{name}_branch2b", top, inside, 3, pad=1)
    top = relu(n, f"{name}_branch2b_relu", top)
    return _conv(n, f"{name}_branch2c", top, 4 * inside, 1)


def _model(layers: int, branch: Branch, *blocks: int, bias: bool = False) -> Model:
    expansion = 4 if branch is _bottleneck else 1
    kind = "two 3 x 3 convolutions" if branch is _basic else "1 x 1, 3 x 3 and 1 x 1 convolutions"
    return Model(
        folder=f"resnet{layers}",
        name=f"ResNet-{layers}",
        about=f"ResNet-{layers} for ImageNet: {sum(blocks)} blocks of {kind}.",
        body=partial(_body, blocks=blocks, branch=branch, expansion=expansion, bias=bias),
    )


MODELS = [
    _model(18, _basic, 2, 2, 2, 2),
    # the published weights of ResNet-50 have a bias in conv1, those of the others have not
    _model(50, _bottleneck, 3, 4, 6, 3, bias=True),
    _model(101, _bottleneck, 3, 4, 23, 3),
    _model(152, _bottleneck, 3, 8, 36, 3),
]
