"""Utility layers: they join, cut, pick and reshape."""

from __future__ import annotations

import functools
from itertools import pairwise

import torch
from torch import Tensor

from minicaffe.blob import Blob
from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.common import rows_of
from minicaffe.engines.torch.functions.formulas import absolute, with_gradient
from minicaffe.layers.utility.argmax import ArgMax
from minicaffe.layers.utility.batch_reindex import BatchReindex
from minicaffe.layers.utility.concat import Concat
from minicaffe.layers.utility.eltwise import Eltwise
from minicaffe.layers.utility.filter import Filter
from minicaffe.layers.utility.flatten import Flatten
from minicaffe.layers.utility.parameter import Parameter
from minicaffe.layers.utility.reduction import Reduction
from minicaffe.layers.utility.reshape import Reshape, View
from minicaffe.layers.utility.silence import Silence
from minicaffe.layers.utility.slice import Slice
from minicaffe.layers.utility.softmax import Softmax
from minicaffe.layers.utility.split import Split
from minicaffe.layers.utility.tile import Tile
from minicaffe.proto import caffe_pb2


@function_for(Split)
def split(
    layer: Split, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The bottom for each top."""
    return [bottoms[0].view_as(bottoms[0]) for _ in range(len(layer.param.top))]


@function_for(Flatten, Reshape)
def view(layer: View, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """The bottom in another shape."""
    shape = tuple(bottoms[0].shape)
    return [bottoms[0].reshape(layer.new_shape(shape, [Blob(shape)]))]


@function_for(Silence)
def silence(
    layer: Silence, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """No tops."""
    return []


@function_for(Parameter)
def parameter(
    layer: Parameter, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The parameter itself."""
    return [params[0].view_as(params[0])]


@function_for(Concat)
def concat(
    layer: Concat, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The bottoms side by side."""
    return [torch.cat(bottoms, layer.axis)]


@function_for(Slice)
def cut(layer: Slice, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """The parts of the bottom."""
    parts = [stop - start for start, stop in pairwise(layer.bounds)]
    return [part.contiguous() for part in bottoms[0].split(parts, layer.axis)]


@function_for(Tile)
def tile(layer: Tile, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """The bottom repeated along an axis."""
    x, param = bottoms[0], layer.param.tile_param
    repeats = [1] * x.dim()
    repeats[param.axis % x.dim()] = param.tiles
    return [x.repeat(repeats)]


@function_for(Softmax)
def softmax(
    layer: Softmax, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """PyTorch's own."""
    return [torch.softmax(bottoms[0], layer.param.softmax_param.axis)]


# ------------------------------------------------------------------ Eltwise


@function_for(Eltwise)
def eltwise(
    layer: Eltwise, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Sum, product or maximum; in place, bottom 0 counts for nothing but in products."""
    operation = layer.param.eltwise_param.operation
    if operation == caffe_pb2.EltwiseParameter.SUM:
        return [weighted_sum(bottoms, layer.coeffs, first=int(layer.clears))]
    if operation == caffe_pb2.EltwiseParameter.PROD:
        if layer.param.eltwise_param.stable_prod_grad:
            return [functools.reduce(torch.mul, bottoms)]
        return [product_by_division(bottoms)]
    if layer.clears:
        lowest = torch.full_like(bottoms[0], -torch.finfo(bottoms[0].dtype).max)
        bottoms = [lowest, *bottoms[1:]]
    first = torch.where(bottoms[0] > bottoms[1], bottoms[0], bottoms[1])
    return [functools.reduce(lambda y, x: torch.where(x > y, x, y), bottoms[2:], first)]


def weighted_sum(bottoms: list[Tensor], coeffs: list[float], first: int) -> Tensor:
    """Σ coeff · x, from bottom ``first`` on."""
    pairs = zip(bottoms[first:], coeffs[first:], strict=True)
    return functools.reduce(torch.add, [x if c == 1 else x * c for x, c in pairs])


def product_by_division(bottoms: list[Tensor]) -> Tensor:
    """Π x, with dx_i = dy · y / x_i: not a number at 0, as in Caffe."""
    with torch.no_grad():
        y = functools.reduce(torch.mul, bottoms)
        nothing = torch.zeros_like(y)
    return functools.reduce(torch.add, [_divided(x, y, nothing) for x in bottoms], y)


def _divided(x: Tensor, y: Tensor, nothing: Tensor) -> Tensor:
    """Zeros whose gradient for x is dy · y / x."""
    inner = x.detach()
    return with_gradient(x, nothing, lambda dy: dy * (y / inner))


# ------------------------------------------------------------------ what picks or counts


@function_for(Reduction)
def reduction(
    layer: Reduction, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """One number of each item: a sum, of absolute values, of squares, or a mean."""
    param, x, kinds = layer.param.reduction_param, bottoms[0], caffe_pb2.ReductionParameter
    axis = param.axis % x.dim() if x.dim() else 0
    rows = x.reshape(x.shape[:axis].numel(), x.shape[axis:].numel())
    values = {kinds.ASUM: absolute, kinds.SUMSQ: torch.square}.get(param.operation)
    sums = (values(rows) if values else rows).sum(1) * param.coeff
    if param.operation == kinds.MEAN:
        sums = sums / rows.shape[1]
    return [sums.reshape(x.shape[:axis])]


@function_for(ArgMax)
def argmax(
    layer: ArgMax, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The places of the largest values; the larger index comes first among equals."""
    param, x = layer.param.argmax_param, bottoms[0]
    along = param.HasField("axis")
    values = (
        x.detach().movedim(param.axis, -1)
        if along
        else x.detach().reshape(len(x), 1, x.shape[1:].numel())
    )
    backwards = values.flip(-1)  # so that the larger index comes first among equals
    if param.top_k == 1:
        order = backwards.argmax(-1, keepdim=True)
    else:
        order = (-backwards).sort(dim=-1, stable=True)[1][..., : param.top_k]
    indices = values.shape[-1] - 1 - order
    maxima = values.gather(-1, indices)
    if along:
        found = maxima if param.out_max_val else indices.to(x.dtype)
        return [found.movedim(-1, param.axis).contiguous()]
    parts = [indices.to(x.dtype), maxima] if param.out_max_val else [indices.to(x.dtype)]
    joined = torch.cat(parts, 1)
    return [joined.reshape(*joined.shape, *[1] * (x.dim() - 3))]


@function_for(BatchReindex)
def batch_reindex(
    layer: BatchReindex, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The items of bottom 0 that bottom 1 names."""
    numbers = rows_of(bottoms[1], len(bottoms[0]), "item number")
    return [bottoms[0].index_select(0, numbers)]


@function_for(Filter)
def select(
    layer: Filter, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The items whose selector, the last bottom, is not 0."""
    chosen = bottoms[-1].detach().reshape(-1).nonzero().reshape(-1)
    return [x.index_select(0, chosen) for x in bottoms[:-1]]
