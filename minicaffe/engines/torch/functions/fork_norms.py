"""Normalization layers beyond BVLC's: of items and groups, three kinds of BN, and Normalize."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import fold
from minicaffe.engines.torch.functions.normalization import by_channel, by_definition
from minicaffe.layers.normalization.bn import BN, CtpnBN, PspnetBN, SegnetBN
from minicaffe.layers.normalization.group_norm import GroupNorm
from minicaffe.layers.normalization.instance_norm import InstanceNorm
from minicaffe.layers.normalization.layer_norm import ItemNorm, LayerNorm
from minicaffe.layers.normalization.normalize import Normalize


def _of_all_processes(layer: BN) -> str:
    return "its statistics are of all processes (sync)" if layer.sync else ""


@function_for(PspnetBN, unless=_of_all_processes)
def pspnet_bn(
    layer: PspnetBN, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Of the batch in TRAIN, followed by the stored statistics; or, frozen, of these."""
    if layer.frozen:
        scale, shift = (param.detach() for param in params[:2])
        return [_stored(layer, bottoms[0], [scale, shift, *params[2:]])]
    if not training:
        return [_stored(layer, bottoms[0], params)]
    y, mean, variance = _of_batch(layer, bottoms[0], params)
    _follow(params, layer.param.bn_param.momentum, mean, variance)
    return [y]


@function_for(CtpnBN, unless=_of_all_processes)
def ctpn_bn(
    layer: CtpnBN, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Of the batch, but for TEST with ``moving_average``."""
    if layer.param.bn_param.moving_average and not training:
        return [_stored(layer, bottoms[0], params)]
    y, mean, variance = _of_batch(layer, bottoms[0], params)
    if training:
        _follow(params, 1 - layer.param.bn_param.decay, mean, variance)
    return [y]


@function_for(SegnetBN, unless=_of_all_processes)
def segnet_bn(
    layer: SegnetBN, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Of the batch in either phase, with its mean and variance; or none at all."""
    if not layer.takes_statistics:
        x, (scale, shift) = fold(bottoms[0]), (param.reshape(-1, 1) for param in params)
        return [(x * scale + shift).reshape(bottoms[0].shape)]
    y, mean, variance = _of_batch(layer, bottoms[0], params)
    shape = params[0].shape
    return [y, mean.reshape(shape), variance.reshape(shape)][: len(layer.param.top) or 1]


def _of_batch(layer: BN, x: Tensor, params: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """y, and the batch's mean and variance, (C,), which have no gradient."""
    folded = fold(x, layer.axis)
    mean = folded.mean((0, 2))
    centred = folded - mean[:, None]
    variance = centred.square().mean((0, 2))
    y = _scaled(centred, variance + layer.eps, params)
    return y.reshape(x.shape), mean.detach(), variance.detach()


def _stored(layer: BN, x: Tensor, params: list[Tensor]) -> Tensor:
    mean, variance = (param.detach().reshape(-1) for param in params[2:])
    centred = fold(x, layer.axis) - mean[:, None]
    return _scaled(centred, variance + layer.eps, params).reshape(x.shape)


def _scaled(centred: Tensor, variance: Tensor, params: list[Tensor]) -> Tensor:
    """scale · centred / √variance + shift, (N, C, S)."""
    scale, shift = (param.reshape(-1) for param in params[:2])
    return centred * (scale * variance.rsqrt())[:, None] + shift[:, None]


def _follow(params: list[Tensor], keep: float, mean: Tensor, variance: Tensor) -> None:
    """stored = keep · stored + (1 - keep) · batch's, in place."""
    with torch.no_grad():
        for stored, new in zip(params[2:], (mean, variance), strict=True):
            stored.mul_(keep).add_(((1 - keep) * new).reshape(stored.shape))


@function_for(Normalize)
def normalize(
    layer: Normalize, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """x by its length, times a learned factor (SSD's); or with the length (NormFace's)."""
    x = fold(bottoms[0])
    axes = (1, 2) if layer.across else (1,)
    sums = (x.abs() if layer.absolute else x.square()).sum(axes, keepdim=True) + layer.added
    length = sums if layer.absolute else sums.sqrt()
    y = x / length
    if layer.scaled:
        y = y * params[0].reshape(-1, 1)
    tops = [y.reshape(bottoms[0].shape)]
    if len(layer.param.top) > 1:
        given = length if layer.param.normalize_param.bp_norm else length.detach()
        tops.append(given.reshape(len(x), 1, *bottoms[0].shape[2:]))
    return tops


@function_for(LayerNorm, GroupNorm, InstanceNorm)
def item_norm(
    layer: ItemNorm, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """γ · (x - mean) / √(var + eps) + β over each row of values."""
    x = bottoms[0]
    if not x.numel():
        return [x.view_as(x)]
    rows = x.reshape(layer.rows(tuple(x.shape)), -1)
    y = F.layer_norm(rows, rows.shape[1:], eps=layer.eps)
    if x.device.type == "cpu" and not y.detach().isfinite().all():
        y = by_definition(rows, (1,), layer.eps)[0]
    y = y.reshape(x.shape)
    if not layer.affine:
        return [y]
    own = isinstance(layer, LayerNorm)  # whose factors have the shape of a row
    scale, shift = params if own else (by_channel(param, x) for param in params)
    return [y * scale + shift]
