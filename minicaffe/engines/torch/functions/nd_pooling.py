"""Pooling over windows of any number of axes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like, with_gradient
from minicaffe.layers.vision.nd_pooling import NdPooling
from minicaffe.layers.vision.nd_windows import NdWindows
from minicaffe.layers.vision.pooling import LOWEST
from minicaffe.layers.vision.pooling3d import Pooling3D


@function_for(NdPooling)
def nd_pooling(
    layer: NdPooling, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Axes of which one window is left are dropped."""
    y = pooled(layer.windows, bottoms[0], mean=layer.takes_mean)
    return [y.reshape(*y.shape[:2], *(n for n in y.shape[2:] if n > 1))]


@function_for(Pooling3D)
def pooling3d(
    layer: Pooling3D, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Windows of frames, rows and columns."""
    return [pooled(layer.windows, bottoms[0], mean=layer.takes_mean)]


def pooled(windows: NdWindows, x: Tensor, *, mean: bool) -> Tensor:
    """The mean of each window, or its largest pixel, all of which get the gradient."""
    if mean:
        return pixels_of(windows, x, 0.0).sum(-1) / like(windows.areas(), x)
    pixels = pixels_of(windows, torch.where(torch.isnan(x), LOWEST, x), LOWEST)
    largest = pixels.detach().amax(-1, keepdim=True).clamp(min=LOWEST)
    # 0, with the gradient of each pixel, also of one that is infinite
    own = with_gradient(pixels, torch.zeros_like(pixels), lambda dy: dy)
    return largest.squeeze(-1) + torch.where(pixels == largest, own, 0).sum(-1)


def pixels_of(windows: NdWindows, x: Tensor, outside: float) -> Tensor:
    """The pixels of each window along one axis after all others, (N, C, …output, pixels).

    Args:
        windows: how they lie.
        x: (N, C, …).
        outside: what counts as the pixels of the padding.
    """
    of, sides = windows, []
    for size, kernel, stride, pad, output in zip(
        of.size, of.kernel, of.stride, of.pad, of.output, strict=True
    ):
        sides.append((pad, (output - 1) * stride + kernel - pad - size))
    padded = F.pad(x, [n for side in reversed(sides) for n in side], value=outside)
    for axis, (kernel, stride) in enumerate(zip(windows.kernel, windows.stride, strict=True), 2):
        padded = padded.unfold(axis, kernel, stride)
    return padded.reshape(*x.shape[:2], *windows.output, math.prod(windows.kernel))
