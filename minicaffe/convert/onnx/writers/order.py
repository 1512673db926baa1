"""Operators for layers that reshape, reorder, cut or repeat (Utility Layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.site import FIXED, Cannot, Shape, Site
from minicaffe.convert.onnx.writers import writes


@writes("Reshape")
@writes("Flatten")
def reshape(site: Site) -> None:
    """Caffe's 0 and -1 are resolved; what changes with the batch is the -1."""
    site.reshape(site.inputs[0], site.top_shapes[0], 0)


@writes("Permute")
@writes("Transpose")
def permute(site: Site) -> None:
    site.op("Transpose", site.inputs, 0, perm=list(site.layer.order))


@writes("Tile")
def tile(site: Site) -> None:
    param, axes = site.layer.param.tile_param, len(site.bottom_shapes[0])
    repeats = [1] * axes
    repeats[param.axis % axes] = param.tiles
    site.op("Tile", [site.inputs[0], site.constant(repeats, np.int64)], 0)


@writes("Reverse")
def reverse(site: Site) -> None:
    mirror(site, [site.layer.axis])


@writes("Flip")
def flip(site: Site) -> None:
    param = site.layer.param.flip_param
    mirror(site, [2] * param.flip_height + [3] * param.flip_width)


def mirror(site: Site, axes: list[int]) -> None:
    """The bottom with these axes backwards."""
    site.slice(site.inputs[0], [(axis, -1, -(2**31)) for axis in axes], 0, step=-1)


@writes("Crop")
def crop(site: Site) -> None:
    """Of the second bottom only the size is used, which is known."""
    param, shape, wanted = site.layer.param.crop_param, *site.bottom_shapes
    start = param.axis % len(shape)
    offsets = list(param.offset) or [0]
    offsets = offsets * (len(shape) - start) if len(offsets) == 1 else offsets
    parts = []
    for axis, offset in enumerate(offsets, start):
        length = wanted[axis]
        if length != shape[axis] or offset:
            if length is None or shape[axis] is None:
                raise Cannot("it cuts the batch", FIXED)
            parts.append((axis, int(offset), int(offset) + length))
    site.slice(site.inputs[0], parts, 0)


@writes("CropCenter")
def crop_center(site: Site) -> None:
    sizes = site.layer.param.crop_center_param.crop_size
    parts = [(axis, int(size), -int(size)) for axis, size in enumerate(sizes) if size]
    site.slice(site.inputs[0], parts, 0)


@writes("Reorg")
@writes("ShuffleChannel")
@writes("ChannelShuffle")
def shuffle(site: Site) -> None:
    """A view with more axes, in another order, in the top's shape."""
    view = _with_batch(site, site.layer.view)
    value = site.op("Transpose", [site.reshape(site.inputs[0], view)], perm=list(site.layer.order))
    site.reshape(value, site.top_shapes[0], 0)


def _with_batch(site: Site, view: tuple[int, ...]) -> Shape:
    """A view whose first axis is that of the bottom."""
    return (site.bottom_shapes[0][0], *view[1:])


@writes("Padding")
def padding(site: Site) -> None:
    """Margins of zeros, or cut off."""
    param = site.layer.param.padding_param
    value, margins = site.inputs[0], (param.pad_beg, param.pad_end)
    if max(margins) > 0:
        counts = site.constant([0, 0, *[margins[0]] * 2, 0, 0, *[margins[1]] * 2], np.int64)
        site.op("Pad", [value, counts], 0, mode="constant")
        return
    ends = [(site.bottom_shapes[0][axis] or 0) + param.pad_end for axis in (2, 3)]
    cut = any(margins)
    parts = [(axis, -param.pad_beg, end) for axis, end in zip((2, 3), ends, strict=True) if cut]
    site.slice(value, parts, 0)
