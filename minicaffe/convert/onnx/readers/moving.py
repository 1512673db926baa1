"""Readers of operators that move numbers: other shapes, other orders (Utility Layers)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.convert.onnx.node_site import FIX_BATCH, NodeSite, bounded, freeze
from minicaffe.convert.onnx.readers import ends_with, reads
from minicaffe.convert.onnx.readers.convolution import conv_layer, known
from minicaffe.convert.onnx.site import Cannot, Shape


def reshape_to(
    site: NodeSite, blob: str, before: Shape, after: Shape, *, suffix: str = "",
    out: int | None = 0,
) -> str:  # fmt: skip
    """Flatten or Reshape; returns the top.

    Args:
        site: the operator.
        blob: that gets another shape.
        before, after: its shapes; a batch that stays is copied, so that it may change.
        suffix, out: as for :meth:`NodeSite.layer`.

    Raises:
        Cannot: several lengths change with the batch.
    """
    dims = _dims(before, after)
    if len(after) == 2 and dims[0] == 0 and len(before) > 2:
        return str(site.layer("Flatten", [blob], suffix=suffix, out=out).top[0])
    layer = site.layer("Reshape", [blob], suffix=suffix, out=out)
    layer.reshape_param.shape.dim[:] = dims
    return str(layer.top[0])


def _dims(before: Shape, after: Shape) -> list[int]:
    if after.count(None) > 1:
        raise Cannot("several lengths of its result change with the batch", FIX_BATCH)
    if 0 in after:
        raise Cannot("its result has no values")
    dims = [-1 if n is None else n for n in after]
    same = before and after and _rest(before) == _rest(after) and before[0] == after[0]
    if same and None not in before[1:]:
        dims[0] = 0
    return dims


def _rest(shape: Shape) -> int:
    return math.prod(n or 1 for n in shape[1:])


@reads("Reshape", "Squeeze", "Unsqueeze", "Flatten")
def reshape(site: NodeSite) -> None:
    """Flatten or Reshape; none where the shape stays."""
    site.pass_over("allowzero", "axis", "axes")  # the shapes are known
    site.has(1)
    before, after = site.shape(), site.out_shape()
    if before == after:
        site.same(site.blob())
    else:
        reshape_to(site, site.blob(), before, after)


def permute(
    site: NodeSite, blob: str, order: Sequence[int], *, suffix: str = "", out: int | None = 0
) -> str:
    """Permute; returns the top."""
    layer = site.layer("Permute", [blob], suffix=suffix, out=out)
    layer.permute_param.order[:] = order
    return str(layer.top[0])


def along_axis(
    site: NodeSite, blob: str, rank: int, axis: int, matrix: np.ndarray, *, suffix: str = "",
    out: int | None = 0,
) -> str:  # fmt: skip
    """The product of a constant matrix with the values along an axis; returns the top.

    InnerProduct, before and after which Permute turns the axis to the end where it is another.

    Args:
        site: the operator.
        blob: of ``rank`` axes.
        rank, axis: which axis of how many, from 1 on.
        matrix: its rows make the new values.
        suffix, out: as for :meth:`NodeSite.layer`.
    """
    order = [n for n in range(rank) if n != axis] + [axis]
    last = axis == rank - 1
    name = f"{suffix}/" if suffix else ""
    if not last:
        blob = permute(site, blob, order, suffix=f"{name}turned", out=None)
    layer = site.layer(
        "InnerProduct", [blob], weights=[matrix], suffix=suffix if last else f"{name}product",
        out=out if last else None,
    )  # fmt: skip
    param = layer.inner_product_param
    param.num_output, param.bias_term = len(matrix), False
    if rank != 2:
        param.axis = rank - 1
    freeze(layer, 1)
    if last:
        return str(layer.top[0])
    back = [order.index(n) for n in range(rank)]
    return permute(site, layer.top[0], back, suffix=suffix, out=out)


@reads("Transpose")
def transpose(site: NodeSite) -> None:
    rank = len(site.shape())
    order = site.integers("perm", range(rank)[::-1])
    if order == list(range(rank)):
        site.same(site.blob())
    else:
        permute(site, site.blob(), order)


@ends_with("Reshape")
def shuffle_channel(site: NodeSite) -> bool:
    """Reshape to groups, Transpose, Reshape back: ShuffleChannel."""
    turned = site.maker(site.inputs[0], "Transpose")
    split = turned and turned.maker(turned.inputs[0], "Reshape")
    if not turned or not split:
        return False
    groups, before = split.out_shape(), split.shape()
    order = turned.integers("perm", range(len(groups))[::-1])
    good = (
        site.out_shape() == before
        and len(before) >= 2
        and groups == (before[0], *groups[1:3], *before[2:])
        and len(groups) == len(before) + 1
        and order == [0, 2, 1, *range(3, len(groups))]
    )
    if good and groups[1] is not None:
        layer = site.layer("ShuffleChannel", [split.blob()])
        layer.shuffle_channel_param.group = groups[1]
    return good


@reads("DepthToSpace")
def depth_to_space(site: NodeSite) -> None:
    """A Deconvolution of one number a window, which puts each channel in its place."""
    block, mode = site.integer("blocksize", 1), site.word("mode", "DCR")
    channels = known(site.shape()[1:2], "number of channels")[0]
    bounded(channels**2, "a kernel")
    few = channels // block**2
    weights = np.zeros((channels, 1, block, block), np.float32)
    for row in range(block):
        for column in range(block):
            weights[row * block + column :: block**2, 0, row, column] = 1
    if mode == "CRD":  # the channels of one pixel are neighbours
        _one_hot_deconvolution(site, weights, block, few)
        return
    spread = np.zeros((channels, few, block, block), np.float32)
    index = np.arange(few)
    for row in range(block):
        for column in range(block):
            spread[(row * block + column) * few + index, index, row, column] = 1
    _one_hot_deconvolution(site, spread, block, 1)


def _one_hot_deconvolution(site: NodeSite, weights: np.ndarray, block: int, group: int) -> None:
    layer = conv_layer(
        site, site.blob(), [weights], layer_type="Deconvolution", stride=[block, block],
        pad=[0, 0], group=group,
    )  # fmt: skip
    freeze(layer, 1)


@reads("SpaceToDepth")
def space_to_depth(site: NodeSite) -> None:
    """A Convolution of one number a window, which makes a channel of each of its pixels."""
    block, neighbours = site.integer("blocksize", 1), site.word("mode", "DCR") == "CRD"
    channels = known(site.shape()[1:2], "number of channels")[0]
    bounded((channels * block**2) ** 2, "a kernel")
    weights = np.zeros((channels * block**2, channels, block, block), np.float32)
    index = np.arange(channels)
    for number, (row, column) in enumerate(np.ndindex(block, block)):
        places = index * block**2 + number if neighbours else number * channels + index
        weights[places, index, row, column] = 1
    layer = conv_layer(site, site.blob(), [weights], stride=[block, block], pad=[0, 0])
    freeze(layer, 1)


@reads("Expand")
def expand(site: NodeSite) -> None:
    site.has(1)  # the shapes are known
    tile_to(site, site.blob(), site.shape(), site.out_shape())


@reads("Tile")
def tile(site: NodeSite) -> None:
    repeats = [int(n) for n in site.numbers(1, "repeats")]
    _tiles(site, site.blob(), dict(enumerate(repeats)))


def tile_to(
    site: NodeSite, blob: str, before: Shape, after: Shape, *, suffix: str = "",
    out: int | None = 0,
) -> str:  # fmt: skip
    """Repeat a blob along the axes on which it has one value; returns the top."""
    own = (1,) * (len(after) - len(before)) + tuple(before)
    repeats = {}
    for axis, (have, want) in enumerate(zip(own, after, strict=True)):
        if have != want:
            if have != 1 or want is None:
                raise Cannot("a length changes with the batch, which a Tile cannot", FIX_BATCH)
            repeats[axis] = want
    if len(own) != len(before):
        last = suffix if not any(n != 1 for n in repeats.values()) else f"{suffix}reshape"
        blob = reshape_to(site, blob, before, own, suffix=last, out=out if last == suffix else None)
        if last == suffix:
            return blob
    return _tiles(site, blob, repeats, suffix=suffix, out=out)


def _tiles(
    site: NodeSite, blob: str, repeats: dict[int, int], *, suffix: str = "", out: int | None = 0
) -> str:
    wanted = [(axis, n) for axis, n in repeats.items() if n != 1]
    if not wanted and out is not None:
        site.same(blob, out)
    for position, (axis, count) in enumerate(wanted):
        last = position == len(wanted) - 1
        name = suffix if last else f"{suffix}tile{axis}"
        layer = site.layer("Tile", [blob], suffix=name, out=out if last else None)
        layer.tile_param.axis, layer.tile_param.tiles = axis, count
        blob = str(layer.top[0])
    return blob
