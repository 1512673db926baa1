"""Pooling over windows of any number of axes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like
from minicaffe.layers.vision.nd_pooling import NdPooling
from minicaffe.layers.vision.nd_windows import NdWindows
from minicaffe.layers.vision.pooling import LOWEST
from minicaffe.layers.vision.pooling3d import Pooling3D


@function_for(NdPooling, Pooling3D)
def nd_pooling(
    layer: NdPooling | Pooling3D, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The mean of each window, or its largest pixel, all of which get the gradient."""
    x, windows = bottoms[0], layer.windows
    if layer.takes_mean:
        y = pixels_of(windows, x, 0.0).sum(-1) / like(windows.areas(), x)
    else:
        pixels = pixels_of(windows, torch.where(torch.isnan(x), LOWEST, x), LOWEST)
        largest = pixels.detach().amax(-1, keepdim=True).clamp(min=LOWEST)
        own = pixels - pixels.detach()  # 0, with the gradient of each pixel
        y = largest.squeeze(-1) + torch.where(pixels == largest, own, 0).sum(-1)
    kept = [n for n in windows.output if n > 1 or isinstance(layer, Pooling3D)]
    return [y.reshape(*x.shape[:2], *kept)]


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
