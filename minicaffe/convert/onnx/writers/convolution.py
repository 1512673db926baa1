"""Operators for convolutions and what they are made of (Vision Layers)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.site import Cannot, Shape, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.layers.vision.geometry import ConvGeometry

#: How many spatial axes runtimes have kernels for.
_MOST = 3


def _items(site: Site, value: str, shape: Shape, axis: int) -> str:
    """A value whose axes before that of the channels are one, with a spatial axis at least."""
    wanted = _as_items(shape, axis)
    return value if wanted == shape else site.reshape(value, wanted)


def _as_items(shape: Shape, axis: int) -> Shape:
    before = shape[:axis]
    items = None if None in before else math.prod(n or 0 for n in before)
    spatial = shape[axis + 1 :]
    if len(spatial) > _MOST:
        raise Cannot(f"it has {len(spatial)} spatial axes; up to {_MOST} are ONNX's")
    return (items, shape[axis], *(spatial or (1,)))


def pads(geometry: ConvGeometry, size: Sequence[int], grid: Sequence[int]) -> list[int]:
    """Zeros before and after the image such that there are exactly these windows."""
    reach = geometry.reach(tuple(grid))
    after = [max(p, r - n - p) for n, p, r in zip(size, geometry.pad, reach, strict=True)]
    return [*geometry.pad, *after]


@writes("Convolution")
@writes("ConvolutionDepthwise")
@writes("DepthwiseConvolution")
@writes("Convolution3D")
@writes("NdConvolution")
def convolution(site: Site) -> None:
    """One Conv for each bottom, all with the same weights."""
    layer, geometry = site.layer, site.layer.geometry
    spatial = bool(geometry.kernel)
    for index in range(len(site.inputs)):
        _convolve(
            site, index, "Conv",
            kernel_shape=list(geometry.kernel) if spatial else [1],
            strides=list(geometry.stride) if spatial else [1],
            dilations=list(geometry.dilation) if spatial else [1],
            pads=pads(geometry, layer.size, layer.output_size) if spatial else [0, 0],
            group=layer.group,
        )  # fmt: skip


@writes("Deconvolution")
@writes("Deconvolution3D")
def deconvolution(site: Site) -> None:
    """One ConvTranspose for each bottom: Caffe's weights lie as ONNX's."""
    layer, geometry = site.layer, site.layer.geometry
    spatial = bool(geometry.kernel)
    for index in range(len(site.inputs)):
        _convolve(
            site, index, "ConvTranspose",
            kernel_shape=list(geometry.kernel) if spatial else [1],
            strides=list(geometry.stride) if spatial else [1],
            dilations=list(geometry.dilation) if spatial else [1],
            pads=[*geometry.pad, *geometry.pad] if spatial else [0, 0],
            group=layer.group,
        )  # fmt: skip


def _convolve(site: Site, index: int, op_type: str, *, group: int, **windows: list[int]) -> None:
    """Append the operator between the shapes that it needs and those that the blobs have."""
    layer, shape, top = site.layer, site.bottom_shapes[index], site.top_shapes[index]
    axis = layer.geometry.axis
    value = _items(site, site.inputs[index], shape, axis)
    weights = layer.blobs[0].shape
    kernel = weights if layer.geometry.kernel else (*weights, 1)
    inputs = [value, site.parameter(0, kernel)]
    if layer.bias_term:
        inputs.append(site.parameter(1, (layer.num_output,)))
    as_it_is = _as_items(top, axis) == top
    value = site.op(op_type, inputs, index if as_it_is else None, group=group, **windows)
    if not as_it_is:
        site.reshape(value, top, index)


@writes("Im2col")
def im2col(site: Site) -> None:
    """A Conv whose kernels are each 1 at one place: the windows as channels."""
    layer, shape, top = site.layer, site.bottom_shapes[0], site.top_shapes[0]
    geometry = layer.geometry
    taps = math.prod(geometry.kernel)
    channels = shape[geometry.axis] or 0
    kernels = np.tile(np.eye(taps, dtype=np.float32), (channels, 1))
    kernels = kernels.reshape(channels * taps, 1, *geometry.kernel)
    size = [n or 0 for n in shape[geometry.axis + 1 :]]
    as_it_is = _as_items(top, geometry.axis) == top
    value = site.op(
        "Conv",
        [_items(site, site.inputs[0], shape, geometry.axis), site.constant(kernels)],
        0 if as_it_is else None,
        kernel_shape=list(geometry.kernel),
        strides=list(geometry.stride),
        dilations=list(geometry.dilation),
        pads=pads(geometry, size, layer.grid),
        group=channels,
    )
    if not as_it_is:
        site.reshape(value, top, 0)
