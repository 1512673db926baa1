"""Pooling layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import like, with_gradient
from minicaffe.layers.vision.geometry import PoolingGeometry
from minicaffe.layers.vision.mkl_pooling import MKLPooling
from minicaffe.layers.vision.pooling import LOWEST, Pooling
from minicaffe.layers.vision.spp import SPP
from minicaffe.proto import caffe_pb2

_METHODS = caffe_pb2.PoolingParameter


@function_for(Pooling, MKLPooling)
def pooling(
    layer: Pooling, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """By the layer's method; MAX gives the winners, too, for a second top."""
    x, geometry = bottoms[0], layer.geometry
    if layer.method == _METHODS.AVE:
        return [average(geometry, x)]
    if layer.method == _METHODS.MAX:
        return maximum(geometry, x)[: len(layer.param.top) or 1]
    if training:
        return [drawn(layer, x)]
    total = window_sums(geometry, x)
    expected = window_sums(geometry, x.square()) / torch.where(total > 0, total, 1)
    return [torch.where(total <= 0, 0, expected)]


@function_for(SPP)
def spp(layer: SPP, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """The levels' results side by side."""
    levels = [pooling(level.layer, bottoms, [], training)[0] for level in layer.levels]
    if layer.height == 1:
        return levels
    return [torch.cat([level.flatten(1) for level in levels], 1)]


# ------------------------------------------------------------------ windows


def _torch_has(geometry: PoolingGeometry) -> bool:
    """Whether PyTorch rounds to the same windows, with ``ceil_mode``, and takes the padding."""
    axes = zip(geometry.size, geometry.kernel, geometry.stride, geometry.pad, geometry.output)  # noqa: B905
    return all(p <= k // 2 and out == _torchs_count(n, k, s, p) for n, k, s, p, out in axes)


def _torchs_count(size: int, kernel: int, stride: int, pad: int) -> int:
    count = -(-(size + 2 * pad - kernel) // stride) + 1
    return count - 1 if (count - 1) * stride >= size + pad else count


def _padded(geometry: PoolingGeometry, x: Tensor, value: float) -> Tensor:
    """Images with so much around them that the windows are those of PyTorch without padding."""
    sides = []
    for axis in (1, 0):
        start = geometry.pad[axis]
        reach = (geometry.output[axis] - 1) * geometry.stride[axis] + geometry.kernel[axis]
        sides += [start, reach - start - geometry.size[axis]]
    return F.pad(x, sides, value=value)


def window_sums(geometry: PoolingGeometry, x: Tensor) -> Tensor:
    """Σ x of each window, (N, C, H', W')."""
    padded = _padded(geometry, x, 0.0)
    return F.avg_pool2d(padded, geometry.kernel, geometry.stride, divisor_override=1)


def average(geometry: PoolingGeometry, x: Tensor) -> Tensor:
    """Σ x of each window by its area, which is clipped to image and padding."""
    if _torch_has(geometry):
        return F.avg_pool2d(x, geometry.kernel, geometry.stride, geometry.pad, ceil_mode=True)
    return window_sums(geometry, x) / like(geometry.areas(), x)


def maximum(geometry: PoolingGeometry, x: Tensor) -> list[Tensor]:
    """The largest x of each window, NaN counting as lowest, and the winners' numbers in the plane.

    A window without a value above :data:`LOWEST` has that, and the winner -1.
    """
    with torch.no_grad():
        images = x.detach().nan_to_num(-torch.inf, torch.inf, -torch.inf)
        whole, pad = _torch_has(geometry), geometry.pad
        if not whole:
            images, pad = _padded(geometry, images, -torch.inf), (0, 0)
        how = (geometry.kernel, geometry.stride, pad, (1, 1), whole)
        y, places = F.max_pool2d(images, *how, return_indices=True)
        found = y > LOWEST
        y = torch.where(found, y, LOWEST)
    shape = images.shape

    def gradient(dy: Tensor) -> Tensor:
        like_images = dy.new_empty(()).expand(shape)
        amounts = torch.where(found, dy, 0)
        dx = torch.ops.aten.max_pool2d_with_indices_backward(amounts, like_images, *how, places)
        return dx if whole else _without_padding(geometry, dx)

    winners = torch.where(found, _in_plane(geometry, places, shape[3], pad), -1)
    return [with_gradient(x, y, gradient), winners.to(x.dtype)]


def _without_padding(geometry: PoolingGeometry, dx: Tensor) -> Tensor:
    """The images of what :func:`_padded` has made, zeros where it has cut them."""
    sides = []
    for axis in (1, 0):
        start, size = geometry.pad[axis], geometry.size[axis]
        sides += [-start, size + start - dx.shape[2 + axis]]
    return F.pad(dx, sides)


def _in_plane(
    geometry: PoolingGeometry, places: Tensor, width: int, pad: tuple[int, int]
) -> Tensor:
    """The numbers of pixels in the image, of those in an image of another width around it."""
    if pad == geometry.pad:
        return places
    rows, columns = places // width - geometry.pad[0], places % width - geometry.pad[1]
    return rows * geometry.size[1] + columns


def to_winners(dy: Tensor, winners: Tensor, shape: torch.Size) -> Tensor:
    """Each window's gradient at its winner, where it has one, in images (N, C, H, W)."""
    dx = dy.new_zeros(shape).flatten(2)
    amounts = torch.where(winners >= 0, dy, 0).flatten(2)
    return dx.scatter_add_(2, winners.clamp(min=0).flatten(2), amounts).view(shape)


def drawn(layer: Pooling, x: Tensor) -> Tensor:
    """An x of each window, drawn by ``layer.rng`` with the probability x / Σ x."""
    geometry, shape = layer.geometry, x.shape
    with torch.no_grad():
        total = window_sums(geometry, x.detach())
        threshold = total * like(1 - layer.rng.random(tuple(total.shape)), x)
        index = torch.as_tensor(geometry.indices(), device=x.device)
        y, sums = torch.zeros_like(total), torch.zeros_like(total)
        winners = torch.full_like(total, -1, dtype=torch.long)
        for windows, pixels in geometry.positions():
            sums[windows] += x[pixels]
            chosen = (sums[windows] >= threshold[windows]) & (winners[windows] < 0)
            y[windows] = torch.where(chosen, x[pixels], y[windows])
            winners[windows] = torch.where(chosen, index[pixels], winners[windows])
    return with_gradient(x, y, lambda dy: to_winners(dy, winners, shape))
