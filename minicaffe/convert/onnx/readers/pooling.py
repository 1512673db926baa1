"""Readers of pooling over windows (Vision Layers)."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite, bounded, freeze
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.readers.convolution import (
    Pads,
    known,
    pads_of,
    spatial,
    zeros_around,
)
from minicaffe.convert.onnx.readers.moving import reshape_to
from minicaffe.convert.onnx.site import Cannot
from minicaffe.errors import MinicaffeError
from minicaffe.layers.vision.geometry import PoolingGeometry
from minicaffe.proto import caffe_pb2

_POOLING = caffe_pb2.PoolingParameter


def _pair(param: caffe_pb2.PoolingParameter, name: str, values: Sequence[int], usual: int) -> None:
    """Write height and width of a quantity, as one where they are alike."""
    if values[0] == values[1]:
        if values[0] != usual:
            setattr(param, "kernel_size" if name == "kernel" else name, values[0])
    else:
        setattr(param, f"{name}_h", values[0])
        setattr(param, f"{name}_w", values[1])


class _Pool:
    """One pooling of two spatial axes.

    Args:
        site: the operator.
        size: of the images.
        blob: that is pooled.
        method: ``MAX`` or ``AVE``.
    """

    def __init__(
        self,
        site: NodeSite,
        size: list[int],
        blob: str,
        method: caffe_pb2.PoolingParameter.PoolMethod,
    ) -> None:
        self.site, self.size, self.blob, self.method = site, size, blob, method
        self.kernel = site.integers("kernel_shape", [1, 1])
        axes = len(self.kernel)
        self.stride = site.integers("strides", [1] * axes)
        dilation = site.integers("dilations", [1] * axes)
        if any(d != 1 and k != 1 for d, k in zip(dilation, self.kernel, strict=True)):
            raise Cannot(f"its windows have dilations {dilation}; Caffe's are of neighbours")
        pads = pads_of(site, size[-axes:], self.kernel, self.stride, dilation)
        if axes == 1:  # one row of pixels
            self.kernel, self.stride, pads = [1, *self.kernel], [1, *self.stride], [(0, 0), *pads]
        self.pads: Pads = pads
        self.included = bool(site.integer("count_include_pad", 0))

    def windows(self, output: list[int]) -> None:
        """Append what gives so many windows along each axis."""
        pads, size = self.pads, self.size
        bounded(max(output), "windows along an axis")
        valid = [self._valid(axis, n) for axis, n in enumerate(output)]
        found = self._fitting([before for before, _ in pads], size, output)
        if found is None:
            self._need_zeros()
            channels = known(self.site.shape()[1:2], "number of channels")[0]
            self.blob = zeros_around(self.site, self.blob, channels, pads, suffix="pad", out=None)
            size = [n + before + after for n, (before, after) in zip(size, pads, strict=True)]
            found = self._fitting([0, 0], size, output)
            if found is None:
                raise Cannot("Caffe's windows cannot lie as its windows do")
        param, there = found
        divided = [self._divisor(axis, n, param, size) for axis, n in enumerate(output)]
        ratios = [d / v for d, v in zip(divided, valid, strict=True)]
        mean = self.method == _POOLING.AVE and any((ratio != 1).any() for ratio in ratios)
        crop = list(there) != list(output)
        layer = self.site.layer("Pooling", [self.blob], suffix="", out=None if mean or crop else 0)
        layer.pooling_param.CopyFrom(param)
        value = str(layer.top[0])
        if crop:
            channels = known(self.site.shape()[1:2], "number of channels")[0]
            cut = [(0, n - m) for n, m in zip(output, there, strict=True)]
            value = zeros_around(
                self.site, value, channels, cut, suffix="crop", out=None if mean else 0
            )
        if mean:
            self._scaled(value, np.multiply.outer(*ratios))

    def _need_zeros(self) -> None:
        """Refuse zeros among values below 0, whose largest is asked for."""
        if self.method == _POOLING.MAX and self.site.maker(self.site.inputs[0], "Relu") is None:
            raise Cannot(
                f"its padding {self.pads} cannot be written, as Caffe pads both sides alike and "
                "zeros would count among its values"
            )

    def _fitting(
        self, pad: Sequence[int], size: Sequence[int], output: Sequence[int]
    ) -> tuple[caffe_pb2.PoolingParameter, tuple[int, int]] | None:
        """Settings whose windows begin at the same pixels, and how many there are of them: as many
        as asked for, if that can be, else more."""
        param = _POOLING(pool=self.method)
        _pair(param, "kernel", self.kernel, 0)
        _pair(param, "stride", self.stride, 1)
        _pair(param, "pad", pad, 0)
        more = None
        for floor in (False, True):
            if floor:
                param.round_mode = _POOLING.FLOOR
            try:
                there = PoolingGeometry.from_param(param, (size[0], size[1])).output
            except MinicaffeError:
                continue
            if list(there) == list(output):
                return param, there
            if all(n >= m for n, m in zip(there, output, strict=True)) and more is None:
                more = _POOLING()
                more.CopyFrom(param)
                most = there
        return (more, most) if more is not None else None

    def _starts(self, axis: int, count: int) -> np.ndarray:
        return np.arange(count) * self.stride[axis] - self.pads[axis][0]

    def _valid(self, axis: int, count: int) -> np.ndarray:
        """By how many values along an axis each window's sum is divided."""
        starts, (_, after) = self._starts(axis, count), self.pads[axis]
        size, kernel = self.size[axis], self.kernel[axis]
        if self.included:
            return np.minimum(starts + kernel, size + after) - starts
        valid: np.ndarray = np.minimum(starts + kernel, size) - np.maximum(starts, 0)
        return np.maximum(valid, 1)

    def _divisor(
        self, axis: int, count: int, param: caffe_pb2.PoolingParameter, size: Sequence[int]
    ) -> np.ndarray:
        """By how many Caffe divides it."""
        pad = (param.pad_h, param.pad_w)[axis] or param.pad
        starts = np.arange(count) * self.stride[axis] - pad
        return np.asarray(np.minimum(starts + self.kernel[axis], size[axis] + pad) - starts)

    def _scaled(self, value: str, factors: np.ndarray) -> None:
        """Another divisor at the borders."""
        layer = self.site.layer("Scale", [value], weights=[factors], suffix="divisor")
        layer.scale_param.axis, layer.scale_param.num_axes = 2, 2
        freeze(layer, 1)


def _pool(site: NodeSite, method: caffe_pb2.PoolingParameter.PoolMethod) -> None:
    size, output = spatial(site, site.shape()), spatial(site, site.out_shape())
    if len(size) == 2:
        _Pool(site, size, site.blob(), method).windows(output)
    elif len(size) == 1:
        _of_one_row(site, method, size, output)
    else:
        _of_blocks(site, method, size, output)


def _of_blocks(
    site: NodeSite,
    method: caffe_pb2.PoolingParameter.PoolMethod,
    size: list[int],
    output: list[int],
) -> None:
    """Windows of three axes and more: NdPooling, which drops axes of one window; then Reshape."""
    axes = len(size)
    kernel, stride = (site.integers(name, [1] * axes) for name in ("kernel_shape", "strides"))
    dilation, included = (
        site.integers("dilations", [1] * axes),
        site.integer("count_include_pad", 0),
    )
    pads = pads_of(site, size, kernel, stride, dilation)
    counts = [(n + 2 * before - k) // s + 1
              for n, (before, _), k, s in zip(size, pads, kernel, stride, strict=True)]  # fmt: skip
    if counts != output or any(before != after for before, after in pads) or max(dilation) > 1:
        raise Cannot("NdPooling's windows have the same pads on both sides, and no dilation")
    mean = method == _POOLING.AVE and any(before for before, _ in pads) and not included
    dropped = 1 in output
    layer = site.layer("NdPooling", [site.blob()], out=None if mean or dropped else 0)
    param = layer.pooling_param
    param.pool = method
    param.kernel_shape.dim[:], param.stride_shape.dim[:] = kernel, stride
    param.pad_shape.dim[:] = [before for before, _ in pads]
    value, out = str(layer.top[0]), site.out_shape()
    if dropped:
        kept = (*out[:2], *(n for n in output if n > 1))
        value = reshape_to(site, value, kept, out, suffix="reshape", out=None if mean else 0)
    if mean:
        bounded(math.prod(output), "a divisor for each window,")
        ratios = [_ratios(*each) for each in zip(size, pads, kernel, stride, output, strict=True)]
        scale = site.layer("Scale", [value], suffix="divisor",
                           weights=[functools.reduce(np.multiply.outer, ratios)])  # fmt: skip
        scale.scale_param.axis, scale.scale_param.num_axes = 2, axes
        freeze(scale, 1)


def _ratios(n: int, pads: tuple[int, int], kernel: int, stride: int, count: int) -> np.ndarray:
    """For each window along an axis its length over that of its part in the image."""
    starts = np.arange(count) * stride - pads[0]
    inside = np.minimum(starts + kernel, n) - np.maximum(starts, 0)
    return np.asarray(kernel / np.maximum(inside, 1))


def _of_one_row(
    site: NodeSite,
    method: caffe_pb2.PoolingParameter.PoolMethod,
    size: list[int],
    output: list[int],
) -> None:
    """(N, C, L) as an image of one row."""
    shape = site.shape()
    blob = reshape_to(site, site.blob(), shape, (*shape[:2], 1, *shape[2:]), suffix="row", out=None)
    last, site.outputs = site.outputs, [site.text.fresh(f"{site.name}/pooled"), *site.outputs[1:]]
    _Pool(site, [1, *size], blob, method).windows([1, *output])
    blob, site.outputs = site.outputs[0], last
    out = site.out_shape()
    reshape_to(site, blob, (*out[:2], 1, *out[2:]), out, suffix="reshape")


@reads("MaxPool")
def max_pool(site: NodeSite) -> None:
    site.pass_over("storage_order", "ceil_mode")  # the number of windows is known
    _pool(site, _POOLING.MAX)


@reads("AveragePool")
def average_pool(site: NodeSite) -> None:
    """Pooling; where Caffe divides the sum of a window by another number of pixels, then Scale."""
    site.pass_over("ceil_mode")  # the number of windows is known
    _pool(site, _POOLING.AVE)


@reads("GlobalAveragePool")
def global_average_pool(site: NodeSite) -> None:
    global_pooling(site, _POOLING.AVE)


@reads("GlobalMaxPool")
def global_max_pool(site: NodeSite) -> None:
    global_pooling(site, _POOLING.MAX)


def global_pooling(site: NodeSite, method: caffe_pb2.PoolingParameter.PoolMethod) -> None:
    """Pooling over the whole image; of other than two spatial axes, as one row."""
    shape, blob = site.shape(), site.blob()
    rank = len(shape)
    if rank != 4:
        count = int(np.prod(spatial(site, shape)))
        blob = reshape_to(site, blob, shape, (*shape[:2], 1, count), suffix="row", out=None)
    layer = site.layer("Pooling", [blob], out=0 if rank == 4 else None)
    layer.pooling_param.pool, layer.pooling_param.global_pooling = method, True
    if rank != 4:
        reshape_to(
            site, layer.top[0], (*shape[:2], 1, 1), (*shape[:2], *[1] * (rank - 2)),
            suffix="reshape",
        )  # fmt: skip
