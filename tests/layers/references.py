"""Vision layers in their slowest and most obvious form: one Python loop for each index."""

from __future__ import annotations

import itertools
import math

import numpy as np

Lengths = tuple[int, ...]


def convolution(
    x: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Lengths,
    pad: Lengths,
    dilation: Lengths,
    group: int = 1,
) -> np.ndarray:
    """y[n,o,i] = b[o] + Σ w[o,c,t] · x[n, c, i·stride - pad + t·dilation], zeros outside."""
    outputs, per_group, *kernel = weights.shape
    size = x.shape[2:]
    grid = [
        int((n + 2 * p - d * (k - 1) - 1) / s) + 1
        for n, p, d, k, s in zip(size, pad, dilation, kernel, stride, strict=True)
    ]
    y = np.zeros((len(x), outputs, *grid))
    for n, o, c in itertools.product(range(len(x)), range(outputs), range(per_group)):
        channel = o // (outputs // group) * per_group + c
        for i, t in itertools.product(np.ndindex(*grid), np.ndindex(*kernel)):
            at = pixel(i, t, stride, pad, dilation)
            if inside(at, size):
                y[(n, o, *i)] += weights[(o, c, *t)] * x[(n, channel, *at)]
    return y if bias is None else y + bias.reshape(-1, *[1] * len(grid))


def deconvolution(
    x: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray | None = None,
    *,
    stride: Lengths,
    pad: Lengths,
    dilation: Lengths,
    group: int = 1,
) -> np.ndarray:
    """y[n, o, i·stride - pad + t·dilation] += w[c,o,t] · x[n,c,i]."""
    channels, per_group, *kernel = weights.shape
    grid = x.shape[2:]
    size = tuple(
        s * (n - 1) + d * (k - 1) + 1 - 2 * p
        for n, p, d, k, s in zip(grid, pad, dilation, kernel, stride, strict=True)
    )
    y = np.zeros((len(x), per_group * group, *size))
    for n, c, o in itertools.product(range(len(x)), range(channels), range(per_group)):
        output = c // (channels // group) * per_group + o
        for i, t in itertools.product(np.ndindex(*grid), np.ndindex(*kernel)):
            at = pixel(i, t, stride, pad, dilation)
            if inside(at, size):
                y[(n, output, *at)] += weights[(c, o, *t)] * x[(n, c, *i)]
    return y if bias is None else y + bias.reshape(-1, *[1] * len(size))


def im2col(
    x: np.ndarray, *, kernel: Lengths, stride: Lengths, pad: Lengths, dilation: Lengths
) -> np.ndarray:
    """A convolution with one kernel for each channel and tap, which picks just that."""
    taps = math.prod(kernel)
    outputs = x.shape[1] * taps
    weights = np.zeros((outputs, x.shape[1], *kernel))
    for output, (c, *t) in enumerate(np.ndindex(x.shape[1], *kernel)):
        weights[(output, c, *t)] = 1
    return convolution(x, weights, stride=stride, pad=pad, dilation=dilation)


def pool_windows(
    size: Lengths, kernel: Lengths, stride: Lengths, pad: Lengths, *, floor: bool = False
) -> list[int]:
    """How many windows Caffe has along each axis."""
    counts = []
    for n, k, s, p in zip(size, kernel, stride, pad, strict=True):
        steps = (n + 2 * p - k) / s
        count = int(math.floor(steps) if floor else math.ceil(steps)) + 1
        if any(pad) and (count - 1) * s >= n + p:
            count -= 1
        counts.append(count)
    return counts


def pooling(
    x: np.ndarray,
    method: str,
    *,
    kernel: Lengths,
    stride: Lengths,
    pad: Lengths = (0, 0),
    floor: bool = False,
) -> list[np.ndarray]:
    """The pooled values, and for MAX also the index of the maximum in its plane."""
    rows, columns = pool_windows(x.shape[2:], kernel, stride, pad, floor=floor)
    y = np.zeros((*x.shape[:2], rows, columns))
    mask = np.full(y.shape, -1.0)
    for n, c, i, j in np.ndindex(y.shape):
        top, left = i * stride[0] - pad[0], j * stride[1] - pad[1]
        bottom = min(top + kernel[0], x.shape[2] + pad[0])
        right = min(left + kernel[1], x.shape[3] + pad[1])
        values, best = [], -float(np.finfo(np.float32).max)
        for h, w in itertools.product(range(top, bottom), range(left, right)):
            if not inside((h, w), x.shape[2:]):
                continue
            values.append(x[n, c, h, w])
            if x[n, c, h, w] > best:
                best, mask[n, c, i, j] = x[n, c, h, w], h * x.shape[3] + w
        if method == "MAX":
            y[n, c, i, j] = best
        elif method == "AVE":
            y[n, c, i, j] = sum(values) / ((bottom - top) * (right - left))
        else:  # STOCHASTIC in the phase TEST
            y[n, c, i, j] = sum(v * v for v in values) / sum(values) if sum(values) > 0 else 0
    return [y, mask]


def lrn(
    x: np.ndarray, *, size: int, alpha: float, beta: float, k: float, within: bool
) -> np.ndarray:
    """x · (k + alpha/m · Σ x²)^-beta over m neighbours; k is 1 within a channel."""
    reach, y = size // 2, np.zeros_like(x)
    for n, c, h, w in np.ndindex(x.shape):
        if within:
            near = x[n, c, max(0, h - reach) : h + reach + 1, max(0, w - reach) : w + reach + 1]
            scale = 1 + alpha / size**2 * (near**2).sum()
        else:
            near = x[n, max(0, c - reach) : c + reach + 1, h, w]
            scale = k + alpha / size * (near**2).sum()
        y[n, c, h, w] = x[n, c, h, w] * scale**-beta
    return y


def pixel(
    window: Lengths, tap: Lengths, stride: Lengths, pad: Lengths, dilation: Lengths
) -> Lengths:
    """Where a tap of a window lies."""
    return tuple(
        i * s - p + t * d for i, t, s, p, d in zip(window, tap, stride, pad, dilation, strict=True)
    )


def inside(at: Lengths, size: Lengths) -> bool:
    """Whether a pixel belongs to the image."""
    return all(0 <= a < n for a, n in zip(at, size, strict=True))
