"""Readers of convolutions (Vision Layers)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite, bounded, freeze
from minicaffe.convert.onnx.readers import reads
from minicaffe.convert.onnx.site import Cannot, Shape
from minicaffe.proto import caffe_pb2

#: Padding before and after, for each spatial axis.
Pads = list[tuple[int, int]]


def known(lengths: Shape, what: str) -> list[int]:
    """Lengths that do not change with the batch.

    Raises:
        Cannot: one does.
    """
    if any(n is None for n in lengths):
        raise Cannot(f"its {what} changes with the batch", "give the size of the batch: --batch N")
    return [n for n in lengths if n is not None]


def spatial(site: NodeSite, shape: Shape) -> list[int]:
    """The spatial lengths of a value (N, C, …)."""
    if len(shape) < 3:
        raise Cannot(f"it has an input of {len(shape)} axes; expected N×C and at least one more")
    return known(shape[2:], "image's size")


def pads_of(
    site: NodeSite, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
    dilation: Sequence[int],
) -> Pads:  # fmt: skip
    """The padding that ``pads`` or ``auto_pad`` asks for."""
    auto = site.word("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = []
        for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
            total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
            small, large = total // 2, total - total // 2
            pads.append((small, large) if auto == "SAME_UPPER" else (large, small))
        return pads
    axes = len(size)
    if auto == "VALID":
        return [(0, 0)] * axes
    flat = site.integers("pads", [0] * 2 * axes)
    return list(zip(flat[:axes], flat[axes:], strict=True))


def put(
    field: caffe_pb2.ConvolutionParameter, name: str, values: Sequence[int], usual: int
) -> None:
    """Write a quantity of windows as Caffe does: once if all axes have the same."""
    if all(value == usual for value in values):
        return
    same = len(set(values)) == 1
    getattr(field, name).extend(values[:1] if same else values)


def conv_layer(
    site: NodeSite,
    bottom: str,
    weights: Sequence[np.ndarray],
    *,
    layer_type: str = "Convolution",
    stride: Sequence[int],
    pad: Sequence[int],
    dilation: Sequence[int] | None = None,
    group: int = 1,
    suffix: str = "",
    out: int | None = 0,
) -> caffe_pb2.LayerParameter:
    """Append a Convolution or Deconvolution with these weights."""
    layer = site.layer(layer_type, [bottom], weights=weights, suffix=suffix, out=out)
    param = layer.convolution_param
    first = weights[0]
    param.num_output = first.shape[0] if layer_type == "Convolution" else first.shape[1] * group
    if len(weights) < 2:
        param.bias_term = False
    put(param, "kernel_size", first.shape[2:], 0)
    put(param, "stride", stride, 1)
    put(param, "pad", pad, 0)
    put(param, "dilation", dilation or [1] * len(stride), 1)
    if group != 1:
        param.group = group
    return layer


def one_hot(
    site: NodeSite, bottom: str, channels: int, taps: Sequence[tuple[int, int]],
    stride: Sequence[int], pad: Sequence[int], *, suffix: str = "", out: int | None = 0,
) -> str:  # fmt: skip
    """A Convolution of each channel that takes one pixel of each window; returns the top.

    Args:
        site: the operator.
        bottom: a blob (N, C, …).
        channels: C.
        taps: for each spatial axis the place in the window and the window's length.
        stride, pad: of the windows.
    """
    bounded(channels * prod(length for _, length in taps), "a kernel")
    window = np.zeros([length for _, length in taps], np.float32)
    window[tuple(place for place, _ in taps)] = 1
    weights = np.broadcast_to(window, (channels, 1, *window.shape))
    layer = conv_layer(
        site, bottom, [weights], stride=stride, pad=pad, group=channels, suffix=suffix, out=out
    )
    freeze(layer, 1)
    return str(layer.top[0])


def zeros_around(
    site: NodeSite, bottom: str, channels: int, pads: Pads, *, suffix: str = "", out: int | None
) -> str:
    """A blob with zeros added around its images, or pixels cut off; returns the top.

    Padding, where all sides are alike; else a Convolution that shifts.
    """
    if len(pads) == 2 and pads[0] == pads[1] and pads[0][0] * pads[0][1] >= 0:
        layer = site.layer("Padding", [bottom], suffix=suffix, out=out)
        layer.padding_param.pad_beg, layer.padding_param.pad_end = pads[0]
        return str(layer.top[0])
    pad = [max(before, after, 0) for before, after in pads]
    taps = [
        (p - before, 2 * p - before - after + 1)
        for p, (before, after) in zip(pad, pads, strict=True)
    ]
    return one_hot(site, bottom, channels, taps, [1] * len(pad), pad, suffix=suffix, out=out)


def longer(weights: np.ndarray, before: Sequence[int], after: Sequence[int]) -> np.ndarray:
    """A kernel with so many zeros around its taps."""
    lengths = zip(weights.shape[2:], before, after, strict=True)
    count = prod(n + first + last for n, first, last in lengths)
    bounded(weights.shape[0] * weights.shape[1] * count, "a kernel")
    edges = [(0, 0), (0, 0), *zip(before, after, strict=True)]
    return np.pad(weights, edges)


@reads("Conv")
def conv(site: NodeSite) -> None:
    """Convolution; with other padding before than after, a longer kernel with zeros, or Padding."""
    site.pass_over("kernel_shape")  # the kernel has it
    weights = [site.numbers(1, "kernel")]
    if site.has(2):
        weights.append(site.numbers(2, "bias"))
    shape = site.shape()
    size = spatial(site, shape)
    axes, kernel = len(size), weights[0].shape[2:]
    if weights[0].ndim != axes + 2:
        raise Cannot(f"its kernel has {weights[0].ndim} axes, its input {axes + 2}")
    stride = site.integers("strides", [1] * axes)
    dilation = site.integers("dilations", [1] * axes)
    pads = pads_of(site, size, kernel, stride, dilation)
    bottom = site.blob()
    if any(before != after for before, after in pads):
        alike = len(pads) == 2 and pads[0] == pads[1]
        if alike or any(d != 1 for d in dilation) or min(min(pair) for pair in pads) < 0:
            channels = known(shape[1:2], "number of channels")[0]
            bottom = zeros_around(site, bottom, channels, pads, suffix="pad", out=None)
            pads = [(0, 0)] * axes
        else:
            first = [max(0, after - before) for before, after in pads]
            last = [max(0, before - after) for before, after in pads]
            weights[0] = longer(weights[0], first, last)
    conv_layer(
        site, bottom, weights, stride=stride, pad=[max(pair) for pair in pads], dilation=dilation,
        group=site.integer("group", 1),
    )  # fmt: skip


@reads("ConvTranspose")
def conv_transpose(site: NodeSite) -> None:
    """Deconvolution; what is to be added at the end, or cut off at one side only, are zeros in a
    longer kernel."""
    site.pass_over("kernel_shape")  # the kernel has it
    weights = [site.numbers(1, "kernel")]
    if site.has(2):
        weights.append(site.numbers(2, "bias"))
    size = spatial(site, site.shape())
    axes, kernel = len(size), weights[0].shape[2:]
    stride = site.integers("strides", [1] * axes)
    dilation = site.integers("dilations", [1] * axes)
    pads = _transposed_pads(site, size, kernel, stride, dilation)
    pad = [max(0, *pair) for pair in pads]
    first = [p - before for p, (before, _) in zip(pad, pads, strict=True)]
    last = [p - after for p, (_, after) in zip(pad, pads, strict=True)]
    if any((*first, *last)):
        if any(n % d for n, d in zip((*first, *last), (*dilation, *dilation), strict=True)):
            raise Cannot("its padding differs before and after, and its dilation is not 1")
        first = [n // d for n, d in zip(first, dilation, strict=True)]
        last = [n // d for n, d in zip(last, dilation, strict=True)]
        weights[0] = longer(weights[0], first, last)
    conv_layer(
        site, site.blob(), weights, layer_type="Deconvolution", stride=stride, pad=pad,
        dilation=dilation, group=site.integer("group", 1),
    )  # fmt: skip


def _transposed_pads(
    site: NodeSite, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
    dilation: Sequence[int],
) -> Pads:  # fmt: skip
    """What is cut off before and after; less than 0 is added."""
    added = site.integers("output_padding", [0] * len(size))
    auto = site.word("auto_pad", "NOTSET")
    wanted = site.integers("output_shape", [])
    if not wanted and auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [n * s for n, s in zip(size, stride, strict=True)]
    if not wanted:
        pads = pads_of(site, size, kernel, stride, dilation)
        return [(b, a - more) for (b, a), more in zip(pads, added, strict=True)]
    pads = []
    wanted = wanted[-len(size) :]
    for n, k, s, d, w, more in zip(size, kernel, stride, dilation, wanted, added, strict=True):
        total = s * (n - 1) + more + d * (k - 1) + 1 - w
        half = total // 2
        pair = (half, total - half) if auto == "SAME_UPPER" else (total - half, half)
        pads.append((pair[0], pair[1] - more))
    return pads
