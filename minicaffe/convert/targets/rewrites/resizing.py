"""Images made larger, padded or cut by convolutions with fixed weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site, values_of, window
from minicaffe.convert.targets.rewrites import rewrites
from minicaffe.convert.targets.rewrites.convolution import with_window
from minicaffe.convert.targets.rewrites.pooling import cut, sides
from minicaffe.layer import find_layer_class
from minicaffe.layers.vision.interp import AlignedAxis

#: Weights of a product that takes the place of a resizing, at most.
_MOST_WEIGHTS = 2**22


def _repeats(site: Site) -> int:
    """How often an Upsample of one bottom repeats its pixels; 0 where it places them by a mask."""
    if len(site.param.bottom) > 1:
        return 0
    return site.tops[0][2] // site.bottoms[0][2]


@rewrites("Upsample")
def nearest_as_deconvolution(site: Site) -> Iterator[Replacement]:
    """Upsample of one bottom becomes a Deconvolution of each channel with weights of 1."""
    repeats, channels = _repeats(site), site.bottoms[0][1]
    if repeats:
        made = Replacement(site)
        yield made.ending(
            made.add(
                "Deconvolution", made.bottom(), blobs=[np.ones((channels, 1, repeats, repeats))],
                num_output=channels, group=channels, bias_term=False, kernel_size=[repeats],
                stride=[repeats],
            )
        )  # fmt: skip


@rewrites("Upsample")
def nearest_in_steps(site: Site) -> Iterator[Replacement]:
    """Upsample of one bottom becomes two whose factors have its factor as product."""
    repeats = _repeats(site)
    for first in range(2, repeats):
        if repeats % first == 0:
            made = Replacement(site)
            value = made.add("Upsample", made.bottom(), scale=float(first))
            yield made.ending(made.add("Upsample", value, scale=float(repeats // first)))


@rewrites("Interp")
def aligned_as_deconvolution(site: Site) -> Iterator[Replacement]:
    """Interp to (H - 1) · factor + 1 rows becomes a Deconvolution of each channel with tents."""
    factors, channels = _ratios(site.tops[0], site.bottoms[0]), site.bottoms[0][1]
    if not factors or not _is_plain(site):
        return
    rows, columns = (_tent(factor) for factor in factors)
    weights = np.tile(np.outer(rows, columns), (channels, 1, 1, 1))
    high, wide = factors
    made = Replacement(site)
    yield made.ending(
        made.add(
            "Deconvolution", made.bottom(), blobs=[weights], num_output=channels, group=channels,
            bias_term=False, kernel_h=2 * high - 1, kernel_w=2 * wide - 1, stride_h=high,
            stride_w=wide, pad_h=high - 1, pad_w=wide - 1,
        )
    )  # fmt: skip


@rewrites("Interp")
def aligned_as_pooling(site: Site) -> Iterator[Replacement]:
    """Interp that leaves rows and columns out becomes a Pooling of single pixels."""
    strides = _ratios(site.bottoms[0], site.tops[0])
    if strides and _is_plain(site):
        made = Replacement(site)
        (high, wide), value = strides, made.bottom()
        yield made.ending(made.add("Pooling", value, kernel_size=1, stride_h=high, stride_w=wide))


@rewrites("Interp")
def resized_as_product(site: Site) -> Iterator[Replacement]:
    """Interp of a small image becomes an InnerProduct over its pixels, and a Reshape."""
    before, after = site.bottoms[0][2:], site.tops[0][2:]
    pads = site.setting("pad_beg") + site.setting("pad_end")
    if any(pads) or prod(before) * prod(after) > _MOST_WEIGHTS:
        return
    nearest = site.setting("mode") == ["NEAREST"]
    rows, columns = (
        AlignedAxis.of(have, want, nearest=nearest).resize(np.eye(have), 0)
        for have, want in zip(before, after, strict=True)
    )
    made = Replacement(site)
    value = made.add(
        "InnerProduct", made.bottom(), blobs=[np.kron(rows, columns)], num_output=prod(after),
        axis=2, bias_term=False,
    )  # fmt: skip
    yield made.ending(made.add("Reshape", value, shape={"dim": [0, 0, *after]}))


def _is_plain(site: Site) -> bool:
    """Whether an Interp takes means of the four pixels around, of the whole bottom."""
    pads = site.setting("pad_beg") + site.setting("pad_end")
    return site.setting("mode") == ["LINEAR"] and not any(pads)


def _ratios(large: Sequence[int], small: Sequence[int]) -> tuple[int, int] | None:
    """How many steps of the large image make one of the small one, if the corners agree."""
    if min(small[2:]) < 2:
        return None
    steps = [divmod(a - 1, b - 1) for a, b in zip(large[2:], small[2:], strict=True)]
    (high, _), (wide, _) = steps
    return (high, wide) if high and wide and not any(rest for _, rest in steps) else None


def _tent(factor: int) -> np.ndarray:
    """The weights of a pixel in the pixels around: 1 at its own place, 0 at the next one's."""
    return 1 - np.abs(np.arange(1 - factor, factor)) / factor


@rewrites("Deconvolution")
def deconvolution_as_nearest(site: Site) -> Iterator[Replacement]:
    """Deconvolution of each channel that repeats its pixels becomes an Upsample, and a Scale."""
    found, weights = window(site), site.blobs[0]
    if found is None or not any(values_of(site, "depthwise")) or len(site.blobs) > 1:
        return
    flat = weights.reshape(len(weights), -1)
    factor = found.kernel[0]
    plain = found.kernel == found.stride == (factor, factor) and not any(found.pad)
    if not plain or max(found.dilation) > 1 or not (flat == flat[:, :1]).all():
        return
    made = Replacement(site)
    value = made.add("Upsample", made.bottom(), scale=float(factor))
    if (flat != 1).any():
        value = made.add("Scale", value, blobs=[flat[:, 0]])
    yield made.ending(value)


@rewrites("Padding")
def padding_as_convolution(site: Site) -> Iterator[Replacement]:
    """Padding becomes a Convolution of each channel that pads, and drops what is too much."""
    param, channels = site.param.padding_param, site.bottoms[0][1]
    made, beg, end = Replacement(site), param.pad_beg, param.pad_end
    most = max(beg, end, 0)
    before, after = most - beg, most - end
    weights = np.zeros((channels, 1, 1 + before + after, 1 + before + after))
    weights[:, :, before, before] = 1
    yield made.ending(
        made.add(
            "Convolution", made.bottom(), blobs=[weights], num_output=channels, group=channels,
            bias_term=False, kernel_size=[1 + before + after], **sides("pad", (most, most), 0),
        )
    )  # fmt: skip


@rewrites("Convolution")
def unequal_pads(site: Site) -> Iterator[Replacement]:
    """Convolution with another pad for rows than for columns becomes one with the larger of the
    two, and zeros in its kernel."""
    found = window(site)
    if found is None or len(found.kernel) != 2 or max(found.dilation) > 1:
        return
    if len(set(found.pad)) == 1:
        return
    most, (weights, *bias) = max(found.pad), site.blobs
    more = [most - pad for pad in found.pad]
    larger = np.pad(weights, [(0, 0), (0, 0), *((n, n) for n in more)])
    made = Replacement(site)
    param = with_window(made, larger.shape[2:], found.stride, (most, most))
    yield made.ending(*made.append(param, [larger, *bias]))


@rewrites("Crop")
def crop_as_convolution(site: Site) -> Iterator[Replacement]:
    """Crop of rows and columns becomes a Convolution of each channel that drops them."""
    shape, wanted = site.bottoms[0], site.tops[0]
    if len(shape) != 4 or shape[:2] != wanted[:2]:
        return
    param = site.param.crop_param
    if find_layer_class(site.param.type).aligns(site.param):
        return  # the net finds the offset
    given = [0, 0] if not param.offset else list(param.offset)
    offsets = (given * 2)[-2:] if len(given) == 1 else given[-2:]
    if param.axis not in (2, -2) and len(given) > 1 and any(given[:-2]):
        return
    if param.axis in (3, -1):
        offsets = [0, given[-1]]
    before = (int(offsets[0]), int(offsets[1]))
    after = (shape[2] - wanted[2] - before[0], shape[3] - wanted[3] - before[1])
    if min(*before, *after) >= 0:
        made = Replacement(site)
        yield made.ending(cut(made, made.bottom(), shape[1], before, after))
