"""Poolings in other words: windows rounded up, in two steps, as a convolution."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites
from minicaffe.layers.vision.geometry import PoolingGeometry
from minicaffe.proto import caffe_pb2

Pair = tuple[int, int]


def geometry(site: Site, param: caffe_pb2.PoolingParameter | None = None) -> PoolingGeometry:
    """How the windows of a pooling lie, or those of another one on its bottom."""
    height, width = site.bottoms[0][2:]
    return PoolingGeometry.from_param(param or site.param.pooling_param, (height, width))


def cut(made: Replacement, value: str, channels: int, before: Pair, after: Pair) -> str:
    """The value without some rows and columns at its edges, by a Convolution of each channel.

    Args:
        made: gets the layer.
        value: (N, channels, H, W).
        before, after: how many rows and columns to drop at the two sides.
    """
    kernel = [1 + a + b for a, b in zip(before, after, strict=True)]
    weights = np.zeros((channels, 1, *kernel))
    weights[:, :, before[0], before[1]] = 1
    return made.add(
        "Convolution", value, blobs=[weights], num_output=channels, group=channels,
        bias_term=False, **sides("kernel", kernel, 0),
    )  # fmt: skip


def sides(stem: str, pair: list[int] | Pair, default: int) -> dict[str, int | list[int]]:
    """The settings that say a quantity of a Convolution for both axes."""
    if len(set(pair)) > 1:
        return {f"{stem}_h": pair[0], f"{stem}_w": pair[1]}
    name = "kernel_size" if stem == "kernel" else stem
    return {} if pair[0] == default else {name: [pair[0]]}


def _rounded(site: Site) -> caffe_pb2.PoolingParameter:
    """The pooling's settings with windows rounded up."""
    up = caffe_pb2.PoolingParameter()
    up.CopyFrom(site.param.pooling_param)
    up.ClearField("round_mode")
    return up


@rewrites("Pooling")
def floor_as_ceil(site: Site) -> Iterator[Replacement]:
    """Pooling that rounds down becomes one that rounds up, whose surplus windows are cut off."""
    if site.setting("round_mode") != ["FLOOR"] or len(site.param.top) > 1:
        return
    down, up = geometry(site), geometry(site, _rounded(site))
    surplus = (up.output[0] - down.output[0], up.output[1] - down.output[1])
    made = Replacement(site)
    param = made.same()
    param.pooling_param.CopyFrom(_rounded(site))
    (value,) = made.append(param)
    if not any(surplus):
        yield made.ending(value)
    elif (up.areas() > 0).all():  # else 0 times what is no number would be added
        yield made.ending(cut(made, value, site.bottoms[0][1], (0, 0), surplus))


@rewrites("Pooling")
def floor_with_slice(site: Site) -> Iterator[Replacement]:
    """Pooling that rounds down becomes one that rounds up, and Slice layers."""
    if site.setting("round_mode") != ["FLOOR"] or len(site.param.top) > 1:
        return
    down, up = geometry(site), geometry(site, _rounded(site))
    made = Replacement(site)
    param = made.same()
    param.pooling_param.CopyFrom(_rounded(site))
    (value,) = made.append(param)
    for axis, wanted in enumerate(down.output):
        if up.output[axis] > wanted:
            value, _ = made.add_several(
                "Slice", value, count=2, axis=axis + 2, slice_point=[wanted]
            )
    yield made.ending(value)


def _spans(site: Site) -> bool:
    """Whether there is one window, the image."""
    found = geometry(site)
    return found.kernel == found.size and not any(found.pad) and len(site.param.top) == 1


@rewrites("Pooling")
def kernel_as_global(site: Site) -> Iterator[Replacement]:
    """Pooling whose kernel is the whole image becomes a global one."""
    if _spans(site) and not site.param.pooling_param.global_pooling:
        made = Replacement(site)
        pool = str(site.setting("pool")[0])
        yield made.ending(made.add("Pooling", made.bottom(), pool=pool, global_pooling=True))


@rewrites("Pooling")
def global_as_kernel(site: Site) -> Iterator[Replacement]:
    """Pooling of the whole image becomes one with a kernel of that size."""
    if site.param.pooling_param.global_pooling and len(site.param.top) == 1:
        made = Replacement(site)
        yield made.ending(_pool(made, made.bottom(), *geometry(site).size))


def _pool(made: Replacement, value: str, height: int, width: int) -> str:
    """The layer's pooling over windows that lie side by side."""
    pool = str(made.site.setting("pool")[0])
    return made.add(
        "Pooling", value, pool=pool, kernel_h=height, kernel_w=width, stride_h=height,
        stride_w=width,
    )  # fmt: skip


#: How many ways to halve a global pooling are tried.
_TRIES = 12


@rewrites("Pooling")
def global_in_two(site: Site) -> Iterator[Replacement]:
    """Pooling of the whole image becomes two, the first over windows that tile the image."""
    if not _spans(site) or site.setting("pool") == ["STOCHASTIC"]:
        return
    height, width = geometry(site).size
    divisors = [[n for n in range(1, size + 1) if size % n == 0] for size in (height, width)]
    pairs = [pair for pair in itertools.product(*divisors) if pair not in ((1, 1), (height, width))]
    pairs.sort(key=lambda pair: max(pair[0] * pair[1], height * width // (pair[0] * pair[1])))
    for rows, columns in pairs[:_TRIES]:
        made = Replacement(site)
        value = _pool(made, made.bottom(), rows, columns)
        yield made.ending(_pool(made, value, height // rows, width // columns))


@rewrites("Pooling")
def maximum_in_steps(site: Site) -> Iterator[Replacement]:
    """Pooling MAX of stride 1 that keeps the size becomes two with smaller kernels."""
    found = geometry(site)
    kernel, other = found.kernel
    same = kernel == other and kernel % 2 and found.stride == (1, 1)
    if not same or found.pad != (kernel // 2,) * 2 or site.setting("pool") != ["MAX"]:
        return
    for second in (7, 5, 3):
        if second < kernel and len(site.param.top) == 1:
            made, value = Replacement(site), "bottom0"
            for size in (kernel - second + 1, second):
                value = made.add(
                    "Pooling", value, pool="MAX", kernel_size=size, stride=1, pad=size // 2
                )
            yield made.ending(value)


@rewrites("Pooling")
def padding_before_mean(site: Site) -> Iterator[Replacement]:
    """Pooling AVE with pad becomes a 1×1 Convolution that pads, and a pooling without pad."""
    found = geometry(site)
    if site.setting("pool") != ["AVE"] or not any(found.pad):
        return
    made, channels = Replacement(site), site.bottoms[0][1]
    value = made.add(
        "Convolution", made.bottom(), blobs=[np.ones((channels, 1, 1, 1))], num_output=channels,
        group=channels, bias_term=False, kernel_size=[1], **sides("pad", found.pad, 0),
    )  # fmt: skip
    param = made.same(value)
    for name in ("pad", "pad_h", "pad_w"):
        param.pooling_param.ClearField(name)
    height, width = (n + 2 * p for n, p in zip(found.size, found.pad, strict=True))
    if PoolingGeometry.from_param(param.pooling_param, (height, width)).output == found.output:
        yield made.ending(*made.append(param))


@rewrites("Pooling")
def mean_as_convolution(site: Site) -> Iterator[Replacement]:
    """Pooling AVE whose windows have one area becomes a Convolution of each channel."""
    found, channels = geometry(site), site.bottoms[0][1]
    areas = found.areas()
    whole = all(
        (n + 2 * p - k) // s + 1 == out
        for n, p, k, s, out in zip(
            found.size, found.pad, found.kernel, found.stride, found.output, strict=True
        )
    )
    if site.setting("pool") != ["AVE"] or not whole or not (areas == areas.flat[0]).all():
        return
    made = Replacement(site)
    weights = np.full((channels, 1, *found.kernel), 1 / float(areas.flat[0]))
    yield made.ending(
        made.add(
            "Convolution", made.bottom(), blobs=[weights], num_output=channels, group=channels,
            bias_term=False, **sides("kernel", found.kernel, 0), **sides("stride", found.stride, 1),
            **sides("pad", found.pad, 0),
        )
    )  # fmt: skip
