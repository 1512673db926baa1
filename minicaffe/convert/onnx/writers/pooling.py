"""Operators for pooling over windows (Vision Layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.site import Cannot, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.convert.onnx.writers.activation import FLOAT
from minicaffe.layers.vision.geometry import Windows
from minicaffe.layers.vision.pooling import LOWEST
from minicaffe.proto import caffe_pb2

_POOLING = caffe_pb2.PoolingParameter


def _beyond(windows: Windows) -> list[int]:
    """How far the last window reaches beyond the image along each axis; 0 if it does not.

    Caffe has rounded their number up, and dropped a last one that would not begin in the image or
    the padding before it; with so much padding after the image ONNX finds the same number.
    """
    axes = zip(
        windows.output, windows.stride, windows.kernel, windows.size, windows.pad, strict=True
    )
    return [max(0, (n - 1) * s + k - size - p) for n, s, k, size, p in axes]


def _is_global(windows: Windows) -> bool:
    """Whether there is one window, which is the image."""
    return windows.kernel == windows.size and not any((*windows.pad, *_beyond(windows)))


def _padded(site: Site, value: str, before: list[int], after: list[int], number: float) -> str:
    """The value with its spatial axes padded by a Pad of its own."""
    counts = [0, 0, *before, 0, 0, *after]
    inputs = [value, site.constant(counts, np.int64), site.constant(number)]
    return site.op("Pad", inputs, mode="constant")


def maximum(site: Site, value: str, windows: Windows, top: int | None = None) -> str:
    """The largest pixel of each window."""
    if _is_global(windows):
        return site.op("GlobalMaxPool", [value], top)
    before, after = list(windows.pad), _beyond(windows)
    if any(a >= k for a, k in zip(after, windows.kernel, strict=True)):
        # a window wholly outside: runtimes refuse so much padding
        value = _padded(site, value, before, after, LOWEST)
        before = after = [0] * len(before)
    return site.op("MaxPool", [value], top, **_window(windows), pads=[*before, *after])


def _window(windows: Windows) -> dict[str, list[int]]:
    return {"kernel_shape": list(windows.kernel), "strides": list(windows.stride)}


def mean(site: Site, value: str, windows: Windows, top: int | None = None) -> str:
    """The sum of each window by its area, of which the padding, but not what is beyond, is part.

    Raises:
        Cannot: a window is wholly outside.
    """
    if _is_global(windows):
        return site.op("GlobalAveragePool", [value], top)
    before, after = list(windows.pad), _beyond(windows)
    if any(a - p >= k for a, p, k in zip(after, before, windows.kernel, strict=True)):
        raise Cannot(
            "a window lies wholly outside of the image and its padding, so that its mean is no "
            "number",
            "another stride, kernel or round_mode",
        )
    included = any(before)
    if included and any(a > p for a, p in zip(after, before, strict=True)):
        value = _padded(site, value, before, before, 0.0)  # becomes part of the image
        after = [max(0, a - p) for a, p in zip(after, before, strict=True)]
        before, included = [0] * len(before), False
    return site.op(
        "AveragePool", [value], top, **_window(windows), pads=[*before, *after],
        count_include_pad=int(included),
    )  # fmt: skip


def expected(site: Site, value: str, windows: Windows, top: int | None = None) -> str:
    """Σ x² / Σ x, 0 where Σ x is not above 0: STOCHASTIC in a net in use."""
    total = mean(site, value, windows)
    squares = mean(site, site.op("Mul", [value, value]), windows)
    zero = site.constant(0)
    ratio = site.op("Div", [squares, total])
    return site.op("Where", [site.op("Greater", [total, zero]), ratio, zero], top)


def _with_mask(site: Site, windows: Windows) -> None:
    """The maxima, and where in the plane each of them is: ONNX counts through the whole blob."""
    before, after = list(windows.pad), _beyond(windows)
    if any(a >= k for a, k in zip(after, windows.kernel, strict=True)):
        raise Cannot("a window lies wholly outside of the image, so that it has no index")
    pads = [*before, *after]
    _, places = site.ops("MaxPool", site.inputs, [0, None], **_window(windows), pads=pads)
    plane = site.constant(int(np.prod(windows.size)), np.int64)
    site.op("Cast", [site.op("Mod", [places, plane])], 1, to=FLOAT)


#: What writes each method of Pooling.
_METHODS = {_POOLING.MAX: maximum, _POOLING.AVE: mean, _POOLING.STOCHASTIC: expected}


@writes("Pooling")
def pooling(site: Site) -> None:
    if len(site.outputs) > 1:
        _with_mask(site, site.layer.geometry)
    else:
        _METHODS[site.layer.method](site, site.inputs[0], site.layer.geometry, 0)


@writes("Pooling3D")
@writes("NdPooling")
def pooling_of_any_axes(site: Site) -> None:
    """Axes on which one window is left are missing in NdPooling's top."""
    windows, shape = site.layer.windows, site.top_shapes[0]
    write = mean if site.layer.takes_mean else maximum
    if len(shape) == len(windows.output) + 2:
        write(site, site.inputs[0], windows, 0)
    else:
        site.reshape(write(site, site.inputs[0], windows), shape, 0)


@writes("SPP")
def spp(site: Site) -> None:
    """A pooling for each level of the pyramid, each as one row an item, side by side."""
    levels = site.layer.levels
    if len(levels) == 1:
        layer = levels[0].layer
        _METHODS[layer.method](site, site.inputs[0], layer.geometry, 0)
        return
    rows = []
    for level in levels:
        value = _METHODS[level.layer.method](site, site.inputs[0], level.layer.geometry)
        rows.append(site.op("Flatten", [value], axis=1))
    site.op("Concat", rows, 0, axis=1)
