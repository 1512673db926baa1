"""Operators for layers that join, cut and compute with several blobs (Utility Layers)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from minicaffe.convert.onnx.site import FIXED, Cannot, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import FLOAT, affine
from minicaffe.convert.onnx.writers.common import INT64
from minicaffe.proto import caffe_pb2

_ELTWISE, _REDUCTION = caffe_pb2.EltwiseParameter, caffe_pb2.ReductionParameter

#: What Slice takes for "from the last one on" and "to the first one" when it goes backwards.
_LAST, _BEFORE_FIRST = -1, -(2**31)


@writes("Silence")
def silence(site: Site) -> None:
    """Nothing: it has no top."""


@writes("Concat")
def concat(site: Site) -> None:
    if len(site.inputs) == 1:
        site.op("Identity", site.inputs, 0)
    else:
        site.op("Concat", site.inputs, 0, axis=site.layer.axis)


@writes("Slice")
def slices(site: Site) -> None:
    if len(site.outputs) == 1:
        site.op("Identity", site.inputs, 0)
        return
    layer = site.layer
    if site.bottom_shapes[0][layer.axis] is None:
        raise Cannot("it cuts the batch into parts", FIXED)
    lengths = [stop - start for start, stop in pairwise(layer.bounds)]
    tops = range(len(site.outputs))
    if site.opset >= 13:  # where the lengths became an input
        inputs = [site.inputs[0], site.constant(lengths, np.int64)]
        site.ops("Split", inputs, list(tops), axis=layer.axis)
    else:
        site.ops("Split", site.inputs, list(tops), axis=layer.axis, split=lengths)


@writes("Eltwise")
def eltwise(site: Site) -> None:
    """In place, SUM and MAX clear the top before they read it: the first bottom counts nothing."""
    param = site.layer.param.eltwise_param
    values, coeffs = list(site.inputs), list(param.coeff) or [1.0] * len(site.inputs)
    if site.node.in_place and param.operation != _ELTWISE.PROD:
        values, coeffs = values[1:], coeffs[1:]
    if param.operation == _ELTWISE.SUM:
        values = [affine(site, value, c, 0) for value, c in zip(values, coeffs, strict=True)]
    pairs, many = {
        _ELTWISE.SUM: ("Add", "Sum"), _ELTWISE.PROD: ("Mul", ""), _ELTWISE.MAX: ("Max", "Max"),
    }[param.operation]  # fmt: skip
    if len(values) == 1:
        site.op("Identity", values, 0)
    elif len(values) == 2:
        site.op(pairs, values, 0)
    elif many:
        site.op(many, values, 0)
    else:
        product = values[0]
        for value in values[1:-1]:
            product = site.op(pairs, [product, value])
        site.op(pairs, [product, values[-1]], 0)


@writes("Axpy")
def axpy(site: Site) -> None:
    factors, shape = site.bottom_shapes[0], site.bottom_shapes[1]
    wanted = (*shape[:2], *[1] * (len(shape) - 2))
    value = site.inputs[0] if factors == wanted else site.reshape(site.inputs[0], wanted)
    site.op("Add", [site.op("Mul", [value, site.inputs[1]]), site.inputs[2]], 0)


def softmax(site: Site, value: str, axis: int, axes: int, top: int | None = None) -> str:
    """Softmax along an axis; before opset 13 ONNX took all axes after it as one, too."""
    if site.opset >= 13 or axis == axes - 1:
        return site.op("Softmax", [value], top, axis=axis)
    order = [index for index in range(axes) if index != axis] + [axis]
    value = site.op("Softmax", [site.op("Transpose", [value], perm=order)], axis=axes - 1)
    return site.op("Transpose", [value], top, perm=[order.index(index) for index in range(axes)])


@writes("Softmax")
def softmax_layer(site: Site) -> None:
    axes = len(site.bottom_shapes[0])
    softmax(site, site.inputs[0], site.layer.param.softmax_param.axis % axes, axes, 0)


@writes("Reduction")
def reduction(site: Site) -> None:
    param, axes = site.layer.param.reduction_param, len(site.bottom_shapes[0])
    kind = {
        _REDUCTION.SUM: "ReduceSum", _REDUCTION.ASUM: "ReduceL1",
        _REDUCTION.SUMSQ: "ReduceSumSquare", _REDUCTION.MEAN: "ReduceMean",
    }[param.operation]  # fmt: skip
    over = list(range(param.axis % axes, axes))
    value = site.reduce(kind, site.inputs[0], over, 0 if param.coeff == 1 else None, keepdims=False)
    if param.coeff != 1:
        affine(site, value, param.coeff, 0, 0)


@writes("ArgMax")
def argmax(site: Site) -> None:
    """Of equal values Caffe takes the later one, ONNX the earlier: the axis is turned round."""
    param, shape = site.layer.param.argmax_param, site.bottom_shapes[0]
    value, axis = site.inputs[0], 1
    if param.HasField("axis"):
        axis = param.axis % len(shape)
    elif len(shape) != 2:
        value = site.op("Flatten", [value], axis=1) if len(shape) > 1 else (
            site.reshape(value, (shape[0], 1))
        )  # fmt: skip
        count = np.prod([n or 1 for n in shape[1:]], dtype=int)
        shape = (shape[0], int(count))
    length = shape[axis]
    if length is None:
        raise Cannot("the items of the batch compete", FIXED)
    turned = site.slice(value, [(axis, _LAST, _BEFORE_FIRST)], step=-1)
    maxima, places = site.ops(
        "TopK", [turned, site.constant([param.top_k], np.int64)], [None, None], axis=axis
    )
    places = site.op("Sub", [site.constant(length - 1, np.int64), places])
    places = site.op("Cast", [places], to=FLOAT)
    if param.HasField("axis"):
        site.op("Identity", [maxima if param.out_max_val else places], 0)
        return
    if param.out_max_val:
        places = site.op("Concat", [places, maxima], axis=1)
    site.reshape(places, site.top_shapes[0], 0)


@writes("BatchReindex")
def batch_reindex(site: Site) -> None:
    numbers = site.op("Cast", [site.inputs[1]], to=INT64)
    site.op("Gather", [site.inputs[0], numbers], 0, axis=0)


@writes("Filter")
def filter_items(site: Site) -> None:
    """Compress: how many items are left is not known before it runs."""
    chosen = site.op("Cast", [site.reshape(site.inputs[-1], (None,))], to=_BOOL)
    for index, value in enumerate(site.inputs[:-1]):
        site.op("Compress", [value, chosen], index, axis=0)


#: ONNX's number of the type bool.
_BOOL = 9


@writes("Parameter")
def parameter(site: Site) -> None:
    site.op("Identity", [site.parameter(0)], 0)


@writes("ContinuationIndicator")
def continuation_indicator(site: Site) -> None:
    """0 for the first step, 1 for the others, for as many sequences as the bottom has."""
    steps, streams = site.top_shapes[0]
    marks = np.ones((steps or 0, 1), np.float32)
    marks[:1] = 0
    if streams is not None:
        site.op("Identity", [site.constant(np.repeat(marks, streams, axis=1))], 0)
        return
    axis = site.layer.param.continuation_indicator_param.axis % len(site.bottom_shapes[0])
    count = site.slice(site.op("Shape", site.inputs), [(0, axis, axis + 1)])
    shape = site.op("Concat", [site.constant([steps or 0], np.int64), count], axis=0)
    site.op("Expand", [site.constant(marks), shape], 0)


@writes("Python")
def python(site: Site) -> None:
    """Only by :func:`minicaffe.convert.onnx.custom` when asked."""
    raise Cannot(
        "a Python layer is a program of yours",
        "--custom_python writes it as an operator of the domain 'minicaffe', which your runtime "
        "then has to have",
    )
