"""Operators for layers that give images another size (Vision Layers, and forks')."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.convert.onnx.site import Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.common import INT64
from minicaffe.proto import caffe_pb2


def resize(site: Site, value: str, size: tuple[int, int], **how: str) -> None:
    """Append a Resize to a number of rows and columns."""
    if site.opset >= 18:  # where the axes could be said
        sizes = site.constant(size, np.int64)
        site.op("Resize", [value, "", "", sizes], 0, axes=[2, 3], **how)
        return
    items = site.slice(site.op("Shape", [value]), [(0, 0, 2)])
    sizes = site.op("Concat", [items, site.constant(size, np.int64)], axis=0)
    none = "" if site.opset >= 13 else site.constant(np.zeros(0), np.float32)
    site.op("Resize", [value, none, none, sizes], 0, **how)


@writes("Interp")
def interp(site: Site) -> None:
    """Resize with aligned corners; negative pads cut rows and columns off before."""
    param, (height, width) = site.layer.param.interp_param, site.top_shapes[0][2:]
    value = site.inputs[0]
    if param.pad_beg or param.pad_end:
        ends = [(site.bottom_shapes[0][axis] or 0) + param.pad_end for axis in (2, 3)]
        parts = [(axis, -param.pad_beg, end) for axis, end in zip((2, 3), ends, strict=True)]
        value = site.slice(value, parts)
    nearest = param.mode == caffe_pb2.InterpParameter.NEAREST
    how = {"coordinate_transformation_mode": "align_corners"}
    if nearest:
        how |= {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}
    else:
        how |= {"mode": "linear"}
    resize(site, value, (height or 0, width or 0), **how)


@writes("Resample")
def resample(site: Site) -> None:
    """rows · x · columns: FlowNet's weights, which no Resize has for every size."""
    rows, columns = (site.constant(matrix) for matrix in site.layer.matrices)
    turned = site.op("Transpose", [columns], perm=[1, 0])
    site.op("MatMul", [rows, site.op("MatMul", [site.inputs[0], turned])], 0)


@writes("Upsample")
def upsample(site: Site) -> None:
    """YOLO's repeats pixels; SegNet's puts values to where the mask says."""
    if len(site.inputs) > 1:
        put_to_places(site)
        return
    repeat = site.layer.repeat
    scales = site.constant([1, 1, repeat, repeat])
    none = "" if site.opset >= 13 else site.constant(np.zeros(0), np.float32)
    site.op(
        "Resize", [site.inputs[0], none, scales], 0, mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


@writes("Unpooling")
def unpooling(site: Site) -> None:
    """MAX with a mask puts values to it; all else is a ConvTranspose with weights of 1."""
    layer, param = site.layer, site.layer.param.unpooling_param
    if param.unpool == param.MAX and len(site.inputs) > 1:
        put_to_places(site)
        return
    _, channels, height, width = site.bottom_shapes[0]
    grid = (height or 0, width or 0)
    windows, value = layer.windows(grid), site.inputs[0]
    if param.unpool == param.AVE:
        value = site.op("Div", [value, site.constant(layer.areas(grid))])
    ones = site.constant(np.ones((channels or 0, 1, *windows.kernel)))
    value = site.op(
        "ConvTranspose", [value, ones], kernel_shape=list(windows.kernel),
        strides=list(windows.stride), group=channels,
    )  # fmt: skip
    sides = zip(grid, windows.stride, windows.kernel, windows.size, strict=True)
    missing = [max(0, size - (n - 1) * s - k) for n, s, k, size in sides]
    if any(missing):
        counts = [0, 0, 0, 0, 0, 0, *missing]
        value = site.op("Pad", [value, site.constant(counts, np.int64)], mode="constant")
    site.slice(value, [(axis + 2, 0, size) for axis, size in enumerate(windows.size)], 0)


def put_to_places(site: Site) -> None:
    """Values put to their indices in planes of zeros, row after row: ScatterElements."""
    shape, top = site.bottom_shapes[0], site.top_shapes[0]
    flat = (*shape[:2], math.prod(n or 0 for n in shape[2:]))
    pixels = math.prod(n or 0 for n in top[2:])
    values = site.reshape(site.inputs[0], flat)
    places = site.op("Cast", [site.reshape(site.inputs[1], flat)], to=INT64)
    planes = site.slice(site.op("Shape", [values]), [(0, 0, 2)])
    wanted = site.op("Concat", [planes, site.constant([pixels], np.int64)], axis=0)
    zeros = site.op("Expand", [site.constant(0), wanted])
    filled = site.op("ScatterElements", [zeros, places, values], axis=2)
    site.reshape(filled, top, 0)
