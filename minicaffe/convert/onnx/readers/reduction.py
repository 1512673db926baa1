"""Readers of operators that make fewer numbers of many, and of softmax (Utility Layers)."""

from __future__ import annotations

from math import prod

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.activation import power
from minicaffe.convert.onnx.readers.convolution import known
from minicaffe.convert.onnx.readers.moving import permute, reshape_to
from minicaffe.convert.onnx.readers.pooling import global_pooling
from minicaffe.convert.onnx.site import Cannot, Shape
from minicaffe.proto import caffe_pb2

_REDUCTION, _POOLING = caffe_pb2.ReductionParameter, caffe_pb2.PoolingParameter

#: The operation of each operator, and the exponent of what it gives.
_OPERATIONS = {
    "ReduceMean": (_REDUCTION.MEAN, 1.0),
    "ReduceSum": (_REDUCTION.SUM, 1.0),
    "ReduceL1": (_REDUCTION.ASUM, 1.0),
    "ReduceSumSquare": (_REDUCTION.SUMSQ, 1.0),
    "ReduceL2": (_REDUCTION.SUMSQ, 0.5),
}


def _axes(site: NodeSite) -> list[int]:
    rank = len(site.shape())
    axes = site.list_of("axes", 1, [])
    if not axes and not site.integer("noop_with_empty_axes", 0):
        return list(range(rank))
    return sorted({axis % rank for axis in axes})


@reads(*_OPERATIONS)
def reduce(site: NodeSite) -> None:
    """Reduction, whose axes are the last ones; Permute brings others there. Means over images are
    global Pooling."""
    axes, shape = _axes(site), site.shape()
    kept = bool(site.integer("keepdims", 1))
    operation, exponent = _OPERATIONS[site.node.op_type]
    if not axes:
        site.same(site.blob())
    elif axes == [2, 3] and len(shape) == 4 and operation == _REDUCTION.MEAN and kept:
        global_pooling(site, _POOLING.AVE)
    else:
        _reduction(site, axes, operation, exponent)


def _reduction(
    site: NodeSite,
    axes: list[int],
    operation: caffe_pb2.ReductionParameter.ReductionOp,
    exponent: float,
) -> None:
    shape, blob = site.shape(), site.blob()
    others = [axis for axis in range(len(shape)) if axis not in axes]
    if axes != list(range(len(others), len(shape))):
        blob = permute(site, blob, [*others, *axes], suffix="permute", out=None)
    left: Shape = tuple(shape[axis] for axis in others)
    wanted = site.out_shape()
    last = wanted == left
    layer = site.layer("Reduction", [blob], out=0 if last and exponent == 1 else None)
    if operation != _REDUCTION.SUM:
        layer.reduction_param.operation = operation
    layer.reduction_param.axis = len(others)
    blob = str(layer.top[0])
    if exponent != 1:
        blob = power(site, blob, exponent=exponent, suffix="power", out=0 if last else None)
    if not last:
        reshape_to(site, blob, left, wanted, suffix="reshape")


@reads("ReduceMax")
def reduce_max(site: NodeSite) -> None:
    """The largest of images by global Pooling, along one other axis by ArgMax."""
    _largest(site, site.blob(), 0)


@reads("ReduceMin")
def reduce_min(site: NodeSite) -> None:
    """The largest of the negative values, negative."""
    blob = power(site, site.blob(), scale=-1, suffix="negative", out=None)
    power(site, _largest(site, blob, None), scale=-1)


def _largest(site: NodeSite, blob: str, out: int | None) -> str:
    """The largest along the operator's axes; returns the top."""
    axes, shape = _axes(site), site.shape()
    kept, suffix = bool(site.integer("keepdims", 1)), "" if out == 0 else "max"
    if axes == [2, 3] and len(shape) == 4 and kept:
        layer = site.layer("Pooling", [blob], suffix=suffix, out=out)
        layer.pooling_param.pool, layer.pooling_param.global_pooling = _POOLING.MAX, True
        return str(layer.top[0])
    if len(axes) != 1:
        raise Cannot(f"its axes are {axes}; one can be, or those of images")
    layer = site.layer("ArgMax", [blob], suffix=suffix, out=out if kept else None)
    layer.argmax_param.axis, layer.argmax_param.out_max_val = axes[0], True
    if kept:
        return str(layer.top[0])
    one = (*shape[: axes[0]], 1, *shape[axes[0] + 1 :])
    return reshape_to(site, layer.top[0], one, site.out_shape(), suffix="reshape", out=out)


@reads("Softmax")
def softmax(site: NodeSite) -> None:
    """Softmax; before opset 13 all axes from the given one on counted as one."""
    shape = site.shape()
    axis, several = _softmax_axis(site)
    blob = site.blob()
    joined = (*shape[:axis], prod(n or 1 for n in shape[axis:]))
    if several:
        if None in shape[axis:]:
            raise Cannot("the items of the batch compete")
        blob = reshape_to(site, blob, shape, joined, suffix="joined", out=None)
    layer = site.layer("Softmax", [blob], out=None if several else 0)
    if axis != 1:
        layer.softmax_param.axis = axis
    if several:
        reshape_to(site, layer.top[0], joined, shape, suffix="reshape")


def _softmax_axis(site: NodeSite) -> tuple[int, bool]:
    """The axis, and whether those after it count as one with it."""
    axis = site.axis(-1 if site.opset >= 13 else 1)
    several = site.opset < 13 and any(n != 1 for n in site.shape()[axis + 1 :])
    return axis, several


@reads("LogSoftmax")
def log_softmax(site: NodeSite) -> None:
    """z - log Σ exp z, with z = x - max x: Log of a Softmax would lose what is below 1e-38."""
    axis, several = _softmax_axis(site)
    shape = site.shape()
    if several:
        raise Cannot("several axes compete")
    count = known(shape[axis : axis + 1], "number of classes")[0]
    largest = site.layer("ArgMax", [site.blob()], suffix="max", out=None)
    largest.argmax_param.axis, largest.argmax_param.out_max_val = axis, True
    below = _minus_repeated(site, site.blob(), largest.top[0], axis, count, "below")
    blob = str(site.layer("Exp", [below], suffix="exp", out=None).top[0])
    others = [n for n in range(len(shape)) if n != axis]
    if axis != len(shape) - 1:
        blob = permute(site, blob, [*others, axis], suffix="permute", out=None)
    sums = site.layer("Reduction", [blob], suffix="sum", out=None)
    sums.reduction_param.axis = len(others)
    blob = str(site.layer("Log", [sums.top[0]], suffix="log", out=None).top[0])
    left = tuple(shape[n] for n in others)
    one = (*shape[:axis], 1, *shape[axis + 1 :])
    blob = reshape_to(site, blob, left, one, suffix="reshape", out=None)
    _minus_repeated(site, below, blob, axis, count, "")


def _minus_repeated(
    site: NodeSite, blob: str, value: str, axis: int, count: int, suffix: str
) -> str:
    """A blob minus one that has one value along an axis; returns the top."""
    tile = site.layer("Tile", [value], suffix=f"{suffix}tile", out=None)
    tile.tile_param.axis, tile.tile_param.tiles = axis, count
    out = None if suffix else 0
    layer = site.layer("Eltwise", [blob, tile.top[0]], suffix=suffix, out=out)
    layer.eltwise_param.coeff[:] = [1, -1]
    return str(layer.top[0])
