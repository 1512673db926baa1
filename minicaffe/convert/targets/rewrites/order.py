"""Values in another order: channels shuffled, pixels made channels, axes joined."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites


@rewrites("ShuffleChannel")
def shuffle_as_permute(site: Site) -> Iterator[Replacement]:
    """ShuffleChannel becomes a Reshape, a Permute and a Reshape, with four axes throughout."""
    shape, group = site.bottoms[0], site.param.shuffle_channel_param.group
    if len(shape) < 2:
        return
    made = Replacement(site)
    parts = {"dim": [0, group, shape[1] // group, math.prod(shape[2:])]}
    value = made.add("Reshape", made.bottom(), shape=parts)
    value = made.add("Permute", value, order=[0, 2, 1, 3])
    yield made.ending(made.add("Reshape", value, shape={"dim": [0, *shape[1:]]}))


@rewrites("ShuffleChannel")
def shuffle_as_convolution(site: Site) -> Iterator[Replacement]:
    """ShuffleChannel becomes a 1×1 Convolution of which every output takes one channel."""
    shape, group = site.bottoms[0], site.param.shuffle_channel_param.group
    if len(shape) == 4:
        made = Replacement(site)
        order = np.arange(shape[1]).reshape(group, -1).T.reshape(-1)
        weights = np.eye(shape[1])[order].reshape(shape[1], shape[1], 1, 1)
        yield made.ending(
            made.add("Convolution", made.bottom(), blobs=[weights], num_output=shape[1],
                     bias_term=False, kernel_size=[1])
        )  # fmt: skip


def space_to_depth(channels: int, side: int) -> np.ndarray:
    """Weights of a Convolution with that kernel and stride that makes squares of pixels channels.

    Output (i · side + j) · channels + c takes pixel (i, j) of channel c's square, as Focus and
    Reorg layers do on images.

    Args:
        channels: of the image.
        side: of the squares.

    Returns:
        (side² · channels, channels, side, side), one 1 for each output.
    """
    weights = np.zeros((side, side, channels, channels, side, side))
    rows, columns, own = np.meshgrid(
        np.arange(side), np.arange(side), np.arange(channels), indexing="ij"
    )
    weights[rows, columns, own, own, rows, columns] = 1
    return weights.reshape(side * side * channels, channels, side, side)


@rewrites("Reorg")
def reorg_as_convolution(site: Site) -> Iterator[Replacement]:
    """Reorg becomes a Reshape, a Convolution with one weight an output, and a Reshape."""
    param, (_, channels, height, width) = site.param.reorg_param, site.bottoms[0]
    if param.reverse:
        return
    made, side = Replacement(site), param.stride
    few = channels // (side * side)
    value = made.add("Reshape", made.bottom(), shape={"dim": [0, few, height * side, width * side]})
    value = made.add(
        "Convolution", value, blobs=[space_to_depth(few, side)], num_output=channels,
        kernel_size=[side], stride=[side], bias_term=False,
    )  # fmt: skip
    yield made.ending(made.add("Reshape", value, shape={"dim": [0, *site.tops[0][1:]]}))


@rewrites("Reorg")
def reorg_as_permute(site: Site) -> Iterator[Replacement]:
    """Reorg becomes a Reshape, a Permute of six axes, and a Reshape."""
    param, (_, channels, height, width) = site.param.reorg_param, site.bottoms[0]
    made, side = Replacement(site), param.stride
    few = channels // (side * side)
    axes = [0, few, height, side, width, side]
    order = [0, 3, 5, 1, 2, 4]
    if param.reverse:
        axes, order = [0, side, side, few, height, width], [0, 3, 4, 1, 5, 2]
    value = made.add("Reshape", made.bottom(), shape={"dim": axes})
    value = made.add("Permute", value, order=order)
    yield made.ending(made.add("Reshape", value, shape={"dim": [0, *site.tops[0][1:]]}))


@rewrites("Flatten")
def flatten_as_reshape(site: Site) -> Iterator[Replacement]:
    """Flatten that keeps the batch becomes a Reshape."""
    if site.tops[0][0] == site.bottoms[0][0] and len(site.bottoms[0]) > 1:
        made = Replacement(site)
        yield made.ending(made.add("Reshape", made.bottom(), shape={"dim": [0, *site.tops[0][1:]]}))


@rewrites("Reshape")
def reshape_as_flatten(site: Site) -> Iterator[Replacement]:
    """Reshape to one row an item becomes a Flatten."""
    top, bottom = site.tops[0], site.bottoms[0]
    if len(top) == 2 and top[0] == bottom[0]:
        made = Replacement(site)
        yield made.ending(made.add("Flatten", made.bottom()))


@rewrites("Split")
def split_as_power(site: Site) -> Iterator[Replacement]:
    """Split becomes a Power for each top that changes nothing."""
    made = Replacement(site)
    yield made.ending(*[made.affine(made.bottom(), 1.0) for _ in site.tops])


@rewrites("Tile")
def tile_as_concat(site: Site) -> Iterator[Replacement]:
    """Tile becomes a Concat of a blob with itself."""
    param = site.param.tile_param
    made = Replacement(site)
    yield made.ending(made.add("Concat", *["bottom0"] * param.tiles, axis=param.axis))


@rewrites("Transpose")
def transpose_as_permute(site: Site) -> Iterator[Replacement]:
    """Transpose becomes a Permute."""
    made = Replacement(site)
    yield made.ending(
        made.add("Permute", made.bottom(), order=list(site.param.transpose_param.dim))
    )


@rewrites("Permute")
def permute_as_reshape(site: Site) -> Iterator[Replacement]:
    """Permute that moves only axes of length 1 becomes a Reshape."""
    shape, order = site.bottoms[0], list(site.param.permute_param.order)
    order += [axis for axis in range(len(shape)) if axis not in order]
    moved = [axis for axis in order if shape[axis] > 1 or axis == 0]
    if order[0] == 0 and moved == sorted(moved):
        made = Replacement(site)
        yield made.ending(made.add("Reshape", made.bottom(), shape={"dim": [0, *site.tops[0][1:]]}))
