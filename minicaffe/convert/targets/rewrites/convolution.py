"""Convolutions in other words: names, groups, dilations, kernels with zeros, products."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site, values_of, window
from minicaffe.convert.targets.rewrites import rewrites
from minicaffe.layer import find_layer_class
from minicaffe.proto import caffe_pb2


@rewrites()
def in_caffes_words(site: Site) -> Iterator[Replacement]:
    """A fork's name for one of Caffe's layers becomes Caffe's name."""
    words = find_layer_class(site.param.type).in_caffes_words(site.param)
    if words.type != site.param.type:
        made = Replacement(site)
        param = made.same()
        top, bottom = list(param.top), list(param.bottom)
        param.CopyFrom(words)
        param.top[:], param.bottom[:] = top, bottom
        yield made.ending(*made.append(param, site.blobs))


@rewrites("Convolution")
def depthwise_by_name(site: Site) -> Iterator[Replacement]:
    """Convolution with a group a channel becomes a ConvolutionDepthwise or DepthwiseConvolution."""
    if any(values_of(site, "depthwise")):
        for name in _depthwise_names():
            made = Replacement(site)
            param = made.same()
            param.type = name
            yield made.ending(*made.append(param, site.blobs))


def _depthwise_names() -> Iterator[str]:
    yield "ConvolutionDepthwise"
    yield "DepthwiseConvolution"


@rewrites("Convolution")
def dilation_as_zeros(site: Site) -> Iterator[Replacement]:
    """Convolution with dilation becomes one with a larger kernel, with zeros between the taps."""
    found = window(site)
    if found is None or len(found.kernel) != 2 or max(found.dilation) == 1:
        return
    weights, *bias = site.blobs
    spread = [(k - 1) * d + 1 for k, d in zip(found.kernel, found.dilation, strict=True)]
    larger = np.zeros((*weights.shape[:2], *spread), weights.dtype)
    larger[:, :, :: found.dilation[0], :: found.dilation[1]] = weights
    made = Replacement(site)
    yield made.ending(*made.append(with_window(made, spread, found.stride, found.pad),
                                   [larger, *bias]))  # fmt: skip


def with_window(
    made: Replacement,
    kernel: tuple[int, ...] | list[int],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
) -> caffe_pb2.LayerParameter:
    """The layer's text with another window, without dilation."""
    param = made.same()
    own = param.convolution_param
    for name in ("kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w",
                 "pad", "pad_h", "pad_w", "dilation"):  # fmt: skip
        own.ClearField(name)
    if len(set(kernel)) == 1:
        own.kernel_size.append(kernel[0])
    else:
        own.kernel_h, own.kernel_w = kernel
    for stem, pair, default in (("stride", stride, 1), ("pad", pad, 0)):
        if len(set(pair)) == 1:
            if pair[0] != default:
                getattr(own, stem).append(pair[0])
        else:
            setattr(own, f"{stem}_h", pair[0])
            setattr(own, f"{stem}_w", pair[1])
    return param


@rewrites("Convolution")
def odd_kernel(site: Site) -> Iterator[Replacement]:
    """Convolution with an even kernel becomes one with a row and column of zeros more."""
    found = window(site)
    if found is None or len(found.kernel) != 2 or max(found.dilation) > 1:
        return
    if all(k % 2 for k in found.kernel) or len(set(found.pad)) > 1:
        return
    weights, *bias = site.blobs
    sides, pads = [(0, 0), (0, 0)], []
    axes = zip(site.bottoms[0][2:], found.kernel, found.stride, found.pad, strict=True)
    for size, kernel, stride, pad in axes:
        before = kernel % 2 == 0 and (size + 2 * pad - kernel) % stride == 0
        if before and stride == 1:
            return  # there would be a window more
        sides.append((int(before), int(kernel % 2 == 0 and not before)))
        pads.append(pad + before)
    made = Replacement(site)
    larger = np.pad(weights, sides)
    param = with_window(made, larger.shape[2:], found.stride, tuple(pads))
    yield made.ending(*made.append(param, [larger, *bias]))


@rewrites("Convolution")
def groups_as_slices(site: Site) -> Iterator[Replacement]:
    """Convolution with groups becomes a Slice, a Convolution for each group, and a Concat."""
    param = site.param.convolution_param
    group, weights, bias = param.group, site.blobs[0], site.blobs[1:]
    if group < 2 or group > _MOST_GROUPS or len(site.param.bottom) > 1 or param.axis != 1:
        return
    made = Replacement(site)
    parts = made.add_several("Slice", made.bottom(), count=group, axis=1)
    results = []
    for part, own, *offsets in zip(
        parts, *(np.split(blob, group) for blob in (weights, *bias)), strict=True
    ):
        text = made.same(part)
        text.convolution_param.group = 1
        text.convolution_param.num_output = param.num_output // group
        results += made.append(text, [own, *offsets])
    yield made.ending(made.add("Concat", *results, axis=1))


#: More groups would make more layers than one wants: zeros are better then.
_MOST_GROUPS = 8


@rewrites("Convolution", "Deconvolution")
def groups_as_zeros(site: Site) -> Iterator[Replacement]:
    """Convolution or Deconvolution with groups becomes one without, of whose weights most are 0."""
    param = site.param.convolution_param
    group, weights = param.group, np.asarray(site.blobs[0])
    if group < 2 or param.axis != 1:
        return
    rows, columns = (len(weights) // group, weights.shape[1])
    dense = np.zeros((len(weights), columns * group, *weights.shape[2:]), weights.dtype)
    for index in range(group):
        part = slice(index * rows, (index + 1) * rows)
        dense[part, index * columns : (index + 1) * columns] = weights[part]
    made = Replacement(site)
    text = made.same()
    text.convolution_param.group = 1
    yield made.ending(*made.append(text, [dense, *site.blobs[1:]]))


@rewrites("Convolution")
def window_as_product(site: Site) -> Iterator[Replacement]:
    """Convolution whose window is the whole image becomes an InnerProduct and a Reshape."""
    found, param = window(site), site.param.convolution_param
    if found is None or param.group > 1 or param.axis != 1 or len(site.param.bottom) > 1:
        return
    if found.kernel != site.bottoms[0][2:] or any(found.pad) or len(site.bottoms[0]) != 4:
        return
    made, outputs = Replacement(site), param.num_output
    weights, *bias = site.blobs
    rows = made.add(
        "InnerProduct", made.bottom(), blobs=[weights.reshape(outputs, -1), *bias],
        num_output=outputs, bias_term=param.bias_term,
    )  # fmt: skip
    yield made.ending(made.add("Reshape", rows, shape={"dim": [0, outputs, 1, 1]}))


@rewrites("InnerProduct")
def transposed_weights(site: Site) -> Iterator[Replacement]:
    """InnerProduct with transpose becomes one whose weights are transposed."""
    if site.param.inner_product_param.transpose:
        made = Replacement(site)
        text = made.same()
        text.inner_product_param.ClearField("transpose")
        weights, *bias = site.blobs
        yield made.ending(*made.append(text, [np.ascontiguousarray(weights.T), *bias]))


@rewrites("InnerProduct")
def product_as_window(site: Site) -> Iterator[Replacement]:
    """InnerProduct becomes a Convolution whose window is the whole image, and a Reshape."""
    param, shape = site.param.inner_product_param, site.bottoms[0]
    if param.transpose or param.axis not in (1, 1 - len(shape)):
        return
    made, outputs = Replacement(site), param.num_output
    value, size = made.bottom(), shape[2:]
    if len(shape) != 4:
        value, size = made.add("Reshape", value, shape={"dim": [0, -1, 1, 1]}), (1, 1)
    weights, *bias = site.blobs
    weights = weights.reshape(outputs, math.prod(shape[1:]) // math.prod(size), *size)
    kernel = {"kernel_size": [size[0]]} if len(set(size)) == 1 else _sides(size)
    value = made.add(
        "Convolution", value, blobs=[weights, *bias], num_output=outputs,
        bias_term=param.bias_term, **kernel,
    )  # fmt: skip
    yield made.ending(made.add("Reshape", value, shape={"dim": [0, outputs]}))


def _sides(size: tuple[int, ...]) -> dict[str, int]:
    return {"kernel_h": size[0], "kernel_w": size[1]}
