"""Residual networks (He et al. 2015) with 18, 50, 101 and 152 layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Windows
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

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
    top = _begin(n, bias)
    for stage in range(2, 6):
        top = _stage(n, top, stage, blocks, branch, expansion, 1 if stage == 2 else 2)
    top = global_average(n, "pool5", top)
    return full(n, f"fc{CLASSES}", top, CLASSES, weight_filler=dict(type="msra"))


def dilated(n: NetSpec) -> tuple[Top, Top]:
    """ResNet-50 without its end; its last stage, of stride 1, has convolutions of dilation 2.

    Returns:
        the tops of the last two stages, both with a pixel for 16 × 16 of ``n.data``'s.
    """
    blocks, top = (3, 4, 6, 3), _begin(n, bias=True)
    for stage in (2, 3, 4):
        top = _stage(n, top, stage, blocks, _bottleneck, 4, 1 if stage == 2 else 2)
    return top, _stage(n, top, 5, blocks, partial(_bottleneck, dilation=2), 4, 1)


def _begin(n: NetSpec, bias: bool) -> Top:
    """The first convolution and the pooling after it."""
    if bias:
        top = conv(n, "conv1", n.data, 64, 7, pad=3, stride=2, weight_filler=dict(type="msra"))
    else:
        top = plain_conv(n, "conv1", n.data, 64, 7, pad=3, stride=2)
    top = relu(n, "conv1_relu", batch_norm(n, "bn_conv1", "scale_conv1", top))
    return max_pool(n, "pool1", top, 3, 2)


def _stage(
    n: NetSpec,
    top: Top,
    stage: int,
    blocks: tuple[int, ...],
    branch: Branch,
    expansion: int,
    stride: int,
) -> Top:
    """The blocks of a stage, 2 to 5, of which the first one has the stride."""
    inside = 64 * 2 ** (stage - 2)
    for index in range(blocks[stage - 2]):
        name = f"res{stage}{_letter(index, stage, blocks)}"
        shortcut, step = top, 1 if index else stride
        if not index and (stage > 2 or expansion > 1):
            shortcut = _conv(n, f"{name}_branch1", top, inside * expansion, 1, stride=step)
        sum_of = (shortcut, branch(n, name, top, inside, step))
        n[name] = L.Eltwise(*sum_of, operation="SUM")
        top = relu(n, f"{name}_relu", n[name])
    return top


def _letter(index: int, stage: int, blocks: tuple[int, ...]) -> str:
    """What a block is called after its stage: a, b, c, ...; in long stages a, b1, b2, ..."""
    long = blocks[stage - 2] > 6 or (stage == 3 and max(blocks) > 6)
    return f"b{index}" if long and index else chr(ord("a") + index)


def _conv(
    n: NetSpec, name: str, bottom: Top, outputs: int, kernel: int, **fields: Unpack[Windows]
) -> Top:
    """Convolution, BatchNorm and Scale, named as He et al. did: res2a_…, bn2a_…, scale2a_…"""
    top = plain_conv(n, name, bottom, outputs, kernel, **fields)
    place = name.removeprefix("res")
    return batch_norm(n, f"bn{place}", f"scale{place}", top)


def _basic(n: NetSpec, name: str, bottom: Top, inside: int, stride: int) -> Top:
    """Two 3 x 3 convolutions."""
    top = _conv(n, f"{name}_branch2a", bottom, inside, 3, pad=1, stride=stride)
    top = relu(n, f"{name}_branch2a_relu", top)
    return _conv(n, f"{name}_branch2b", top, inside, 3, pad=1)


def _bottleneck(
    n: NetSpec, name: str, bottom: Top, inside: int, stride: int, dilation: int = 1
) -> Top:
    """1 x 1 (which has the stride), 3 x 3 and 1 x 1 to four times the channels."""
    top = _conv(n, f"{name}_branch2a", bottom, inside, 1, stride=stride)
    top = relu(n, f"{name}_branch2a_relu", top)
    windows: Windows = {"pad": dilation}
    if dilation > 1:
        windows["dilation"] = dilation
    top = _conv(n, f"{name}_branch2b", top, inside, 3, **windows)
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
