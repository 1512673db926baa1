"""Readers of arithmetic with two or more values, one of which may be constant (Utility Layers)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.activation import FLOATS, bounds, power
from minicaffe.convert.onnx.readers.convolution import known
from minicaffe.convert.onnx.readers.moving import reshape_to, tile_to
from minicaffe.convert.onnx.site import Cannot, Shape
from minicaffe.proto import caffe_pb2

_ELTWISE = caffe_pb2.EltwiseParameter
_LARGEST = float(np.finfo(np.float32).max)


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + tuple(shape)


def _covered(small: Shape, whole: Shape) -> tuple[int, int] | None:
    """The first axis and the one after the last that a smaller value covers, without gaps."""
    own = _padded(small, len(whole))
    axes = [axis for axis, n in enumerate(own) if n != 1]
    if not axes:
        return None
    first, last = axes[0], axes[-1] + 1
    return (first, last) if own[first:last] == whole[first:last] else None


def with_constant(
    site: NodeSite, blob: str, shape: Shape, array: np.ndarray, *, factor: bool,
    suffix: str = "", out: int | None = 0,
) -> str:  # fmt: skip
    """blob · array, or blob + array, by Power, Scale or Bias; returns the top."""
    whole = site.out_shape()
    if _padded(shape, len(whole)) != whole:
        blob = tile_to(site, blob, shape, whole, suffix="tile", out=None)
    array = np.asarray(array, np.float32)
    if array.size == 1:
        number = float(array.reshape(-1)[0])
        named = {"scale": number} if factor else {"shift": number}
        return power(site, blob, **named, suffix=suffix, out=out)
    own = _padded(array.shape, len(whole))
    axes = [axis for axis, n in enumerate(own) if n != 1]
    first, last = axes[0], axes[-1] + 1
    wanted = tuple(known(whole[first:last], "shape"))
    array = np.broadcast_to(array.reshape(own[first:last]), wanted)
    kind = "Scale" if factor else "Bias"
    layer = site.layer(kind, [blob], weights=[array], suffix=suffix, out=out)
    param = layer.scale_param if factor else layer.bias_param
    if first != 1:
        param.axis = first
    if last - first != 1:
        param.num_axes = last - first
    return str(layer.top[0])


def with_blob(
    site: NodeSite, blobs: Sequence[str], shapes: Sequence[Shape], *, factor: bool
) -> str:
    """The product or the sum of two blobs by Eltwise; where one repeats, by Scale or Bias."""
    whole = site.out_shape()
    own = [_padded(shape, len(whole)) for shape in shapes]
    for large, small in ((0, 1), (1, 0)):
        covered = _covered(shapes[small], whole)
        if own[large] != whole or own[small] == whole or covered is None:
            continue
        first, last = covered
        value = blobs[small]
        if shapes[small] != whole[first:last]:
            value = reshape_to(
                site, value, shapes[small], whole[first:last], suffix="operand", out=None
            )
        layer = site.layer("Scale" if factor else "Bias", [blobs[large], value])
        (layer.scale_param if factor else layer.bias_param).axis = first
        return str(layer.top[0])
    return _eltwise(site, blobs, shapes, _ELTWISE.PROD if factor else _ELTWISE.SUM)


def _eltwise(
    site: NodeSite, blobs: Sequence[str], shapes: Sequence[Shape],
    operation: caffe_pb2.EltwiseParameter.EltwiseOp,
    coeff: Sequence[float] = (), *, suffix: str = "", out: int | None = 0,
) -> str:  # fmt: skip
    """All of one shape, repeated where needed."""
    whole = site.out_shape()
    values = [
        blob if shape == whole else tile_to(site, blob, shape, whole, suffix=f"tile{n}", out=None)
        for n, (blob, shape) in enumerate(zip(blobs, shapes, strict=True))
    ]
    layer = site.layer("Eltwise", values, suffix=suffix, out=out)
    if operation != _ELTWISE.SUM:
        layer.eltwise_param.operation = operation
    if any(c != 1 for c in coeff):
        layer.eltwise_param.coeff[:] = coeff
    return str(layer.top[0])


def _blobs(site: NodeSite) -> tuple[list[str], list[Shape]]:
    count = len(site.inputs)
    return [site.blob(n) for n in range(count)], [site.shape(n) for n in range(count)]


@reads("Add")
def add(site: NodeSite) -> None:
    _commuting(site, factor=False)


@reads("Mul")
def mul(site: NodeSite) -> None:
    _commuting(site, factor=True)


def _commuting(site: NodeSite, *, factor: bool) -> None:
    for own, other in ((0, 1), (1, 0)):
        array = site.constant(other)
        if array is not None:
            with_constant(site, site.blob(own), site.shape(own), array, factor=factor)
            return
    blobs, shapes = _blobs(site)
    with_blob(site, blobs, shapes, factor=factor)


@reads("Sub")
def sub(site: NodeSite) -> None:
    """The sum with the second value times -1."""
    first, second = site.constant(0), site.constant(1)
    if second is not None:
        with_constant(site, site.blob(), site.shape(), -second, factor=False)
    elif first is not None and first.size == 1 and site.shape(1) == site.out_shape():
        power(site, site.blob(1), scale=-1, shift=float(first.reshape(-1)[0]))
    elif first is not None:
        blob = power(site, site.blob(1), scale=-1, suffix="negative", out=None)
        with_constant(site, blob, site.shape(1), first, factor=False)
    else:
        blobs, shapes = _blobs(site)
        if shapes[0] == shapes[1]:
            _eltwise(site, blobs, shapes, _ELTWISE.SUM, [1, -1])
        else:
            blobs[1] = power(site, blobs[1], scale=-1, suffix="negative", out=None)
            with_blob(site, blobs, shapes, factor=False)


@reads("Div")
def div(site: NodeSite) -> None:
    """The product with 1 / the second value."""
    first, second = site.constant(0), site.constant(1)
    kind = site.source.known.types[site.inputs[0]].tensor_type.elem_type
    if kind not in FLOATS:
        raise Cannot("it divides whole numbers, and rounds")
    if second is not None:
        inverse = 1 / np.asarray(second, np.float64)
        with_constant(site, site.blob(), site.shape(), inverse, factor=True)
        return
    last = first is not None and first.size == 1 and float(first.reshape(-1)[0]) == 1
    blob = power(site, site.blob(1), exponent=-1, suffix="" if last else "inverse",
                 out=0 if last else None)  # fmt: skip
    if first is not None and not last:
        with_constant(site, blob, site.shape(1), first, factor=True)
    elif not last:
        with_blob(site, [site.blob(), blob], [site.shape(), site.shape(1)], factor=True)


@reads("Max")
def maximum(site: NodeSite) -> None:
    _extreme(site, 1)


@reads("Min")
def minimum(site: NodeSite) -> None:
    """The largest of the negative values, negative; with one constant number, Clip."""
    _extreme(site, -1)


def _extreme(site: NodeSite, sign: int) -> None:
    if len(site.inputs) == 1:
        site.same(site.blob())
        return
    for own, other in ((0, 1), (1, 0)):
        array = site.constant(other) if len(site.inputs) == 2 else None
        if array is not None and array.size == 1 and site.shape(own) == site.out_shape():
            limit = float(array.reshape(-1)[0])
            low, high = (limit, _LARGEST) if sign > 0 else (-_LARGEST, limit)
            bounds(site, site.blob(own), low, high)
            return
    blobs, shapes = _blobs(site)
    if sign > 0:
        _eltwise(site, blobs, shapes, _ELTWISE.MAX)
        return
    blobs = [power(site, blob, scale=-1, suffix=f"negative{n}", out=None)
             for n, blob in enumerate(blobs)]  # fmt: skip
    blob = _eltwise(site, blobs, shapes, _ELTWISE.MAX, suffix="max", out=None)
    power(site, blob, scale=-1)


@reads("Sum")
def total(site: NodeSite) -> None:
    _sum(site, 1.0)


@reads("Mean")
def mean(site: NodeSite) -> None:
    _sum(site, 1 / len(site.inputs))


def _sum(site: NodeSite, coeff: float) -> None:
    blobs, shapes = _blobs(site)
    if len(blobs) == 1:
        site.same(blobs[0])
    else:
        _eltwise(site, blobs, shapes, _ELTWISE.SUM, [coeff] * len(blobs))
