"""Layers that move values of images: other orders, other sizes."""

from __future__ import annotations

import torch
from torch import Tensor

from minicaffe.blob import Blob
from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import fold, like, refuse, with_gradient
from minicaffe.layers.detection.reorg import Reorg
from minicaffe.layers.moving import MovingLayer
from minicaffe.layers.utility.axpy import Axpy
from minicaffe.layers.utility.channel_shuffle import ChannelShuffle
from minicaffe.layers.utility.permute import Permute
from minicaffe.layers.utility.reverse import Reverse
from minicaffe.layers.utility.shuffle_channel import ShuffleChannel
from minicaffe.layers.utility.transpose import Transpose
from minicaffe.layers.vision.interp import AlignedAxis, Interp
from minicaffe.layers.vision.upsample import Upsample, mask_places


def moved(layer: MovingLayer, x: Tensor) -> Tensor:
    """The bottom in the layer's view, with its axes in the layer's order."""
    return x.reshape(layer.view).permute(*layer.order)


@function_for(Permute, Transpose)
def permute(
    layer: MovingLayer, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The axes in another order."""
    return [moved(layer, bottoms[0]).contiguous()]


@function_for(Reverse)
def reverse(
    layer: Reverse, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The opposite order along an axis."""
    return [bottoms[0].flip(layer.axis)]


@function_for(ShuffleChannel, ChannelShuffle)
def shuffle(
    layer: MovingLayer, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The channels in another order."""
    return [moved(layer, bottoms[0]).reshape(bottoms[0].shape)]


@function_for(Reorg)
def reorg(
    layer: Reorg, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Squares of pixels as channels, or the reverse."""
    num, channels, height, width = bottoms[0].shape
    stride = layer.param.reorg_param.stride
    shape = (num, channels * stride * stride, height // stride, width // stride)
    if layer.param.reorg_param.reverse:
        shape = (num, channels // (stride * stride), height * stride, width * stride)
    return [moved(layer, bottoms[0]).reshape(shape)]


@function_for(Axpy)
def axpy(layer: Axpy, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """a · x + y, with an a for each channel of each item."""
    a, x, y = (fold(bottom) for bottom in bottoms)
    return [(x * a + y).reshape(bottoms[1].shape)]


# ------------------------------------------------------------------ other sizes


@function_for(Interp)
def interp(
    layer: Interp, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The columns, then the rows, of what the pads leave."""
    rows, columns = layer.aligned
    start = -layer.param.interp_param.pad_beg
    kept = bottoms[0].narrow(2, start, rows.size).narrow(3, start, columns.size)
    return [resized(resized(kept, columns, 3), rows, 2).contiguous()]


def resized(x: Tensor, axis: AlignedAxis, dim: int) -> Tensor:
    """Values along a dimension, each of two of those before."""
    if axis.unchanged:
        return x
    first, second = (torch.as_tensor(i, device=x.device) for i in (axis.first, axis.second))
    weight = like(axis.weight, x).reshape(-1, *[1] * (x.dim() - 1 - dim))
    return x.index_select(dim, first) * (1 - weight) + x.index_select(dim, second) * weight


@function_for(Upsample)
def upsample(
    layer: Upsample, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Each pixel repeated, or put where the mask says."""
    x, size = bottoms[0], layer.size_of(tuple(bottoms[0].shape))
    if len(bottoms) == 1:
        return [x.repeat_interleave(layer.repeat, 2).repeat_interleave(layer.repeat, 3)]
    shape = (*x.shape[:2], *size)
    pixels = size[0] * size[1]
    places = bottoms[1].detach().long().flatten(2)
    outside = (places < 0) | (places >= pixels)
    refuse(outside, lambda: mask_places(_blob(bottoms[1]), Blob(shape)))
    values = x.detach().flatten(2)
    # of several values for one pixel the last one stays
    numbers = torch.arange(places.shape[2], device=x.device).expand_as(places)
    none = torch.full((*shape[:2], pixels), -1, device=x.device)
    last = none.scatter_reduce(2, places, numbers, "amax")
    y = torch.where(last < 0, 0, values.gather(2, last.clamp(min=0)))

    def gradient(dy: Tensor) -> Tensor:
        return dy.flatten(2).gather(2, places).reshape(x.shape)

    return [with_gradient(x, y.reshape(shape), gradient)]


def _blob(values: Tensor) -> Blob:
    """A blob of a tensor's values."""
    blob = Blob(tuple(values.shape))
    blob.data[...] = values.detach().cpu().numpy()
    return blob
