"""Operators for layers that normalise (Normalization Layers)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.site import FIXED, Cannot, Shape, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import affine


def _moments(site: Site, value: str, axes: Sequence[int]) -> tuple[str, str, str]:
    """A value less its mean over some axes, its variance there, and the mean."""
    mean = site.reduce("ReduceMean", value, axes)
    centred = site.op("Sub", [value, mean])
    variance = site.reduce("ReduceMean", site.op("Mul", [centred, centred]), axes)
    return centred, variance, mean


def _divided(site: Site, centred: str, variance: str, eps: float, top: int | None = None) -> str:
    """centred / √(variance + eps)."""
    std = site.op("Sqrt", [affine(site, variance, 1, eps)])
    return site.op("Div", [centred, std], top)


@writes("BatchNorm")
def batch_norm(site: Site) -> None:
    """BatchNormalization with the stored statistics; or what that computes, of the batch's."""
    layer = site.layer
    gamma = getattr(layer, "gamma", None)  # NVCaffe's and Intel's have both inside
    beta = getattr(layer, "beta", None)
    param = layer.param.batch_norm_param
    relu = gamma is not None and (param.relu or param.fused_relu)
    last = None if relu else 0
    if layer.use_global_stats:
        value = _stored(site, gamma, beta, last)
    else:
        shape = site.bottom_shapes[0]
        axes = [axis for axis in range(len(shape)) if axis != 1]
        centred, variance, _ = _moments(site, site.inputs[0], axes)
        plain = gamma is None
        value = _divided(site, centred, variance, layer.eps, last if plain else None)
        if gamma is not None:
            value = _by_channel(site, value, (gamma, beta), len(shape), last)
    if relu:
        site.op("Relu", [value], 0)


def _stored(site: Site, gamma: np.ndarray | None, beta: np.ndarray | None, top: int | None) -> str:
    """The statistics divided by their weight, the third blob; by nothing where that is 0."""
    mean, variance = site.layer.stored_statistics()
    ones = np.ones_like(mean) if gamma is None else gamma
    zeros = np.zeros_like(mean) if beta is None else beta
    tensors = [
        site.derived("scale", ones, range(len(site.layer.blobs))),
        site.derived("bias", zeros, range(len(site.layer.blobs))),
        site.derived("mean", mean, [0, 2]),
        site.derived("variance", variance, [1, 2]),
    ]
    inputs = [site.inputs[0], *tensors]
    return site.op("BatchNormalization", inputs, top, epsilon=site.layer.eps)


def _by_channel(
    site: Site,
    value: str,
    factors: tuple[np.ndarray, np.ndarray | None],
    axes: int,
    top: int | None = None,
    axis: int = 1,
) -> str:
    """value · factor + offset, one of each for each channel."""
    factor, offset = factors
    shape = (-1, *[1] * (axes - axis - 1))
    sources = range(len(site.layer.blobs))
    name = site.derived("factor", factor.reshape(shape), sources)
    value = site.op("Mul", [value, name], top if offset is None else None)
    if offset is None:
        return value
    return site.op("Add", [value, site.derived("offset", offset.reshape(shape), sources)], top)


@writes("BN")
def bn(site: Site) -> None:
    """PSPNet's, SegNet's and CTPN's."""
    layer, shape = site.layer, site.bottom_shapes[0]
    factor, offset = (blob.data.reshape(-1) for blob in layer.blobs[:2])
    if layer.takes_statistics:
        axes = [axis for axis in range(len(shape)) if axis != layer.axis]
        centred, variance, mean = _moments(site, site.inputs[0], axes)
        value = _divided(site, centred, variance, layer.eps)
        for index, number in list(enumerate((mean, variance), 1))[: len(site.outputs) - 1]:
            site.reshape(number, site.top_shapes[index], index)
    else:
        mean, variance, eps = layer.statistics()
        inverse = 1 / np.sqrt(variance + eps)
        value = site.inputs[0]
        factor, offset = factor * inverse, offset - mean * factor * inverse
    _by_channel(site, value, (factor, offset), len(shape), 0, layer.axis)


@writes("LRN")
def lrn(site: Site) -> None:
    """ONNX's across channels; within one, 1 + alpha · the mean of squares to the power of -beta."""
    param = site.layer.param.lrn_param
    if param.norm_region == param.ACROSS_CHANNELS:
        site.op(
            "LRN", site.inputs, 0, size=param.local_size, alpha=param.alpha, beta=param.beta,
            bias=param.k,
        )  # fmt: skip
        return
    value, size, reach = site.inputs[0], param.local_size, param.local_size // 2
    squares = site.op("Mul", [value, value])
    means = site.op(
        "AveragePool", [squares], kernel_shape=[size, size], strides=[1, 1], pads=[reach] * 4,
        count_include_pad=1,
    )  # fmt: skip
    grown = affine(site, means, param.alpha, 1)
    factor = site.op("Pow", [grown, site.constant(-param.beta)])
    site.op("Mul", [value, factor], 0)


@writes("MVN")
def mvn(site: Site) -> None:
    """eps is added to the deviation, which MeanVarianceNormalization does not."""
    param, shape = site.layer.param.mvn_param, site.top_shapes[0]
    value = site.inputs[0]
    if site.bottom_shapes[0] != shape:
        value = site.reshape(value, shape)
    axes = [1, 2, 3] if param.across_channels else [2, 3]
    if not param.normalize_variance:
        site.op("Sub", [value, site.reduce("ReduceMean", value, axes)], 0)
        return
    centred, variance, _ = _moments(site, value, axes)
    std = affine(site, site.op("Sqrt", [variance]), 1, param.eps)
    site.op("Div", [centred, std], 0)


@writes("Normalize")
def normalize(site: Site) -> None:
    """SSD's and NormFace's."""
    layer, value, shape = site.layer, site.inputs[0], site.bottom_shapes[0]
    axes = list(range(1, len(shape))) if layer.across else [1]
    if layer.absolute:
        length = affine(site, site.reduce("ReduceL1", value, axes), 1, layer.added)
    else:
        squares = site.reduce("ReduceSumSquare", value, axes)
        length = site.op("Sqrt", [affine(site, squares, 1, layer.added)])
    if len(site.outputs) > 1:
        site.op("Identity", [length], 1)
    value = site.op("Div", [value, length], None if layer.scaled else 0)
    if layer.scaled:
        count = layer.blobs[0].count
        site.op("Mul", [value, site.parameter(0, (count, *[1] * (len(shape) - 2)))], 0)


def _rows(site: Site, rows: Shape, affine_axes: int) -> None:
    """Normalise each row of a view (…, row); then γ and β, which cover axes of the bottom."""
    layer, shape = site.layer, site.bottom_shapes[0]
    value = site.inputs[0] if rows == shape else site.reshape(site.inputs[0], rows)
    centred, variance, _ = _moments(site, value, [len(rows) - 1])
    straight = rows == shape
    last = 0 if straight and not layer.affine else None
    value = _divided(site, centred, variance, layer.eps, last)
    if not straight:
        value = site.reshape(value, shape, None if layer.affine else 0)
    if layer.affine:
        own = (*layer.blobs[0].shape, *[1] * affine_axes)
        value = site.op("Mul", [value, site.parameter(0, own)])
        site.op("Add", [value, site.parameter(1, own)], 0)


def _count(lengths: Shape) -> int:
    """How many values a row has.

    Raises:
        Cannot: that depends on the batch.
    """
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        raise Cannot("it normalises over the items of the batch", FIXED)
    return math.prod(known)


@writes("LayerNorm")
def layer_norm(site: Site) -> None:
    shape = site.bottom_shapes[0]
    axis = site.layer.settings.axis % len(shape)
    _rows(site, (*shape[:axis], _count(shape[axis:])), 0)


@writes("InstanceNorm")
def instance_norm(site: Site) -> None:
    shape = site.bottom_shapes[0]
    _rows(site, (*shape[:2], _count(shape[2:])), len(shape) - 2)


@writes("GroupNorm")
def group_norm(site: Site) -> None:
    shape, groups = site.bottom_shapes[0], site.layer.settings.num_groups
    _rows(site, (shape[0], groups, _count(shape[1:]) // groups), len(shape) - 2)
