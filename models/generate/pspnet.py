"""PSPNet-50 (Zhao et al. 2016): a ResNet with holes, and a pyramid of what is around each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Affine, Windows
from .imagenet import WEIGHT_AND_BIAS, max_pool
from .segmentation import Segmentation, image_seg_data

if TYPE_CHECKING:
    from typing_extensions import Unpack


#: ADE20K's classes; pixels of label 255 do not count.
CLASSES = 150

#: Blocks, stride and dilation of each stage.
_STAGES = ((3, 1, 1), (4, 2, 1), (6, 1, 2), (3, 1, 4))


def body(n: NetSpec, *, places: int = 60, width: int = 64) -> Top:
    """The layers.

    Args:
        n: has ``data``.
        places: height and width of the last feature map, a multiple of 6; images have
            8 · places - 7 pixels.
        width: channels of the first convolution.
    """
    top = _conv(n, "conv1_1_3x3_s2", n.data, width, 3, pad=1, stride=2)
    top = _conv(n, "conv1_2_3x3", top, width, 3, pad=1)
    top = _conv(n, "conv1_3_3x3", top, 2 * width, 3, pad=1)
    top = max_pool(n, "pool1_3x3_s2", top, 3, 2, pad=1)
    for stage, (blocks, stride, dilation) in enumerate(_STAGES, start=2):
        inside = width * 2 ** (stage - 2)
        for index in range(1, blocks + 1):
            name = f"conv{stage}_{index}"
            top = _block(n, name, top, inside, stride if index == 1 else 1, dilation, index == 1)
    around = [_around(n, bins, top, places, 8 * width) for bins in (6, 3, 2, 1)]
    n.conv5_3_concat = L.Concat(top, *around)
    top = _conv(n, "conv5_4", n.conv5_3_concat, 8 * width, 3, pad=1)
    n.conv5_4_dropout = L.Dropout(top, in_place=True, dropout_ratio=0.1)
    n.conv6 = L.Convolution(
        n.conv5_4_dropout, num_output=CLASSES, kernel_size=1, param=WEIGHT_AND_BIAS,
        weight_filler=dict(type="msra"),
    )  # fmt: skip
    n.conv6_interp = L.Interp(n.conv6, zoom_factor=8)
    return n.conv6_interp


def _conv(
    n: NetSpec,
    name: str,
    bottom: Top,
    outputs: int,
    kernel: int,
    *,
    relu: bool = True,
    **fields: Unpack[Windows],
) -> Top:
    """Convolution, BN as PSPNet has it, and mostly a ReLU."""
    n[name] = L.Convolution(
        bottom, num_output=outputs, kernel_size=kernel, bias_term=False,
        weight_filler=dict(type="msra"), **fields,
    )  # fmt: skip
    fillers: Affine = {"slope_filler": {"value": 1}, "bias_filler": {"value": 0}}
    n[f"{name}/bn"] = L.BN(n[name], in_place=True, momentum=0.95, frozen=False, **fillers)
    if relu:
        n[f"{name}/relu"] = L.ReLU(n[f"{name}/bn"], in_place=True)
        return n[f"{name}/relu"]
    return n[f"{name}/bn"]


def _block(
    n: NetSpec, name: str, bottom: Top, inside: int, stride: int, dilation: int, first: bool
) -> Top:
    """1 x 1 (which has the stride), 3 x 3 with holes and 1 x 1 to four times the channels."""
    shortcut = bottom
    if first:
        shortcut = _conv(n, f"{name}_1x1_proj", bottom, 4 * inside, 1, relu=False, stride=stride)
    top = _conv(n, f"{name}_1x1_reduce", bottom, inside, 1, stride=stride)
    top = _conv(n, f"{name}_3x3", top, inside, 3, pad=dilation, dilation=dilation)
    top = _conv(n, f"{name}_1x1_increase", top, 4 * inside, 1, relu=False)
    n[name] = L.Eltwise(shortcut, top, operation="SUM")
    n[f"{name}/relu"] = L.ReLU(n[name], in_place=True)
    return n[f"{name}/relu"]


def _around(n: NetSpec, bins: int, bottom: Top, places: int, outputs: int) -> Top:
    """The mean of each of bins x bins parts of the map, made as large as the map."""
    name, side = f"conv5_3_pool{bins}", places // bins
    n[name] = L.Pooling(bottom, pool="AVE", kernel_size=side, stride=side)
    top = _conv(n, f"{name}_conv", n[name], outputs, 1)
    n[f"{name}_interp"] = L.Interp(top, height=places, width=places)
    return n[f"{name}_interp"]


MODELS = [
    Segmentation(
        folder="pspnet50",
        name="PSPNet-50",
        about="PSPNet-50 for ADE20K: every pixel one of 150 classes.",
        body=body,
        images=image_seg_data(473, (103.939, 116.779, 123.68), scale_factors=[0.5, 1, 1.5, 2]),
        data="data/ade20k",
        size=(473, 473),
        ignored=255,
        batch=2,
    )
]
