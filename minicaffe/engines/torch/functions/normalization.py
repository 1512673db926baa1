"""Normalization layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import fold, with_gradient
from minicaffe.layers.normalization.batch_norm import BatchNorm, Renorm, ghost_batches
from minicaffe.layers.normalization.lrn import LRN
from minicaffe.layers.normalization.mkl_lrn import MKLLRN
from minicaffe.layers.normalization.mvn import MVN
from minicaffe.proto import caffe_pb2

# ------------------------------------------------------------------ BatchNorm


def global_statistics(layer: BatchNorm, training: bool) -> bool:
    """Whether the stored statistics count; the layer knows it for its own phase."""
    param = layer.param.batch_norm_param
    if training == (layer.phase == caffe_pb2.TRAIN):
        return layer.use_global_stats
    return param.use_global_stats if param.HasField("use_global_stats") else not training


def _takes_others_statistics(layer: BatchNorm) -> str:
    """Those of other processes' batches, which the layer itself asks for."""
    return "sync: statistics of all processes" if layer.syncs else ""


@function_for(BatchNorm, unless=_takes_others_statistics)
def batch_norm(
    layer: BatchNorm, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Of the batch's statistics, or the stored ones; see the layer."""
    x = bottoms[0]
    if global_statistics(layer, training):
        if x.device.type == "cpu" and not params[2].item():  # a GPU would have to be waited for
            layer.warn_of_nothing_stored()
        mean, variance = stored_statistics(params)
        return [(x - by_channel(mean, x)) * by_channel(inverse_std(layer, variance), x)]
    batches = [x[items] for items in ghost_batches(len(x), layer.ghost_batch_size)]
    parts = [_normalised(layer, batch, params) for batch in batches]
    return [parts[0] if len(parts) == 1 else torch.cat(parts)]


def by_channel(values: Tensor, x: Tensor) -> Tensor:
    """(C,) in a shape that repeats along the other axes of x (N, C, …)."""
    return values.reshape(-1, *[1] * (x.dim() - 2))


def stored_statistics(params: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The running mean and variance, (C,) each; 0 while nothing is stored."""
    sums, squares, weight = (param.detach() for param in params[:3])
    factor = torch.where(weight == 0, 0, 1 / weight)
    return sums * factor, squares * factor


def inverse_std(layer: BatchNorm, variance: Tensor) -> Tensor:
    """1 / √(var + eps), (C,)."""
    return (variance + layer.eps).rsqrt()


def _normalised(layer: BatchNorm, x: Tensor, params: list[Tensor]) -> Tensor:
    """(x - mean) / √(var + eps), of x (N, C, …), whose statistics are stored."""
    values = x.numel() // x.shape[1]
    if layer.eps > 0 and x.is_cuda:
        mean, unbiased = (torch.zeros_like(params[0], requires_grad=False) for _ in "12")
        y = torch.batch_norm(x, None, None, mean, unbiased, True, 1.0, layer.eps, True)
    else:
        y, mean, unbiased = _by_definition(layer, x)
    with torch.no_grad():
        if values == 1:
            unbiased = torch.zeros_like(unbiased)
        if layer.renorm is not None:
            variance = unbiased * ((values - 1) / values)
            ratio, shift = _renormalised(layer, layer.renorm, mean, variance, params)
        store(layer, params, mean, unbiased)
    if layer.renorm is not None:
        y = y * by_channel(ratio, x) + by_channel(shift, x)
    return y


def _by_definition(layer: BatchNorm, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y, mean and unbiased variance, (C,)."""
    values = x.numel() // x.shape[1]
    y, mean, variance = by_definition(fold(x), (0, 2), layer.eps)
    unbiased = (variance * (values / max(1, values - 1))).to(x.dtype)
    return y.reshape(x.shape), mean.reshape(-1), unbiased.reshape(-1)


def by_definition(x: Tensor, axes: tuple[int, ...], eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """(x - mean) / √(var + eps), mean and variance, of sums in double precision where there is any.

    PyTorch's own sums on a CPU are off where the mean is large beside the deviation, its gradient
    is 0 where 1 / √(var + eps) is infinite, and where squares overflow it finds no number, not
    the infinite variance that makes 0 of all values.

    Args:
        x: of any shape.
        axes: over which the statistics are taken.
        eps: what is added to the variance.

    Returns:
        y, with a gradient; the mean in x's type and the variance in double precision, without, of
        x's shape but for the axes, which have length 1.
    """
    exact = x.dtype if x.device.type == "mps" else torch.float64
    inner = x.detach()
    mean = inner.mean(axes, keepdim=True, dtype=exact)
    near = mean.to(x.dtype)
    centred = inner - near
    centred -= (mean - near).to(x.dtype)  # what rounding has taken of the mean
    variance = centred.square().mean(axes, keepdim=True, dtype=exact)
    inv_std = (variance + eps).rsqrt()

    def gradient(dy: Tensor) -> Tensor:
        mean_dy = dy.mean(axes, keepdim=True, dtype=exact)
        slope = (dy * centred).mean(axes, keepdim=True, dtype=exact) * inv_std.square()
        about = dy - centred * slope.to(dy.dtype) - mean_dy.to(dy.dtype)
        return about * inv_std.to(dy.dtype)

    return with_gradient(x, centred * inv_std.to(x.dtype), gradient), near, variance


def store(layer: BatchNorm, params: list[Tensor], mean: Tensor, unbiased: Tensor) -> None:
    """Take a batch's statistics into the stored ones, in place."""
    fraction = layer.moving_average_fraction
    for stored, new in zip(params[:3], (mean, unbiased, 1), strict=True):
        stored.mul_(fraction).add_(new)


def _renormalised(
    layer: BatchNorm, of: Renorm, mean: Tensor, variance: Tensor, params: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """r and d of batch renormalisation, (C,) each; 1 and 0 while nothing is stored."""
    stored_mean, stored_variance = stored_statistics(params)
    stored_inv_std, nothing = inverse_std(layer, stored_variance), params[2] == 0
    ratio = (stored_inv_std / inverse_std(layer, variance)).clamp(1 / of.r_max, of.r_max)
    shift = ((mean - stored_mean) * stored_inv_std).clamp(-of.d_max, of.d_max)
    return torch.where(nothing, 1, ratio), torch.where(nothing, 0, shift)


# ------------------------------------------------------------------ LRN


@function_for(LRN, MKLLRN)
def lrn(layer: LRN, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = x · s^-beta, and its gradient by the formula of the layer's."""
    x = bottoms[0].detach()
    scale = neighbours(layer, x.square()) * layer.alpha + layer.k

    def gradient(dy: Tensor) -> Tensor:
        dx = scale.pow(-layer.beta) * dy
        share = neighbours(layer, dx / scale * x)
        return dx - 2 * layer.alpha * layer.beta * x * share

    return [with_gradient(bottoms[0], x * scale.pow(-layer.beta), gradient)]


def neighbours(layer: LRN, x: Tensor) -> Tensor:
    """Σ x over the channels, or pixels, around each; (N, C, H, W)."""
    size, reach = 2 * layer.reach + 1, layer.reach
    if not x.numel():
        return x
    if len(layer.axes) == 2:
        return F.avg_pool2d(x, size, 1, reach, divisor_override=1)
    planes = F.pad(x.flatten(2), (0, 0, reach, reach))  # (N, C + 2 · reach, H · W)
    sums = F.avg_pool2d(planes, (size, 1), 1, divisor_override=1)
    return sums.view_as(x)


# ------------------------------------------------------------------ MVN


@function_for(MVN)
def mvn(layer: MVN, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """(x - mean) / (std + eps) of rows; eps is left out of the gradient of std, as in Caffe."""
    param, x = layer.param.mvn_param, bottoms[0]
    shape = (*x.shape, 1, 1, 1, 1)[: max(4, x.dim())]
    if not x.numel():
        return [x.reshape(shape)]
    rows = x.reshape(shape[0] * (1 if param.across_channels else shape[1]), -1)
    if not param.normalize_variance:
        return [(rows - rows.mean(1, keepdim=True)).reshape(shape)]
    with torch.no_grad():
        centred = rows - rows.mean(1, keepdim=True)
        centred = centred - centred.mean(1, keepdim=True)
        factor = 1 / (centred.square().mean(1, keepdim=True).sqrt() + param.eps)
        y = centred * factor

    def gradient(dy: Tensor) -> Tensor:
        slope = (dy * y).mean(1, keepdim=True)
        return (dy - dy.mean(1, keepdim=True) - y * slope) * factor

    return [with_gradient(rows, y, gradient).reshape(shape)]
