"""Vision layers: convolutions, their windows, and crops."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.layers.vision.convolution3d import Convolution3D
from minicaffe.layers.vision.convolution_depthwise import ConvolutionDepthwise
from minicaffe.layers.vision.crop import Crop
from minicaffe.layers.vision.deconvolution import Deconvolution
from minicaffe.layers.vision.deconvolution3d import Deconvolution3D
from minicaffe.layers.vision.depthwise_convolution import DepthwiseConvolution
from minicaffe.layers.vision.geometry import ConvGeometry, Lengths
from minicaffe.layers.vision.im2col import Im2col
from minicaffe.layers.vision.mkl_convolution import MKLConvolution
from minicaffe.layers.vision.nd_convolution import NdConvolution

_FORWARD = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _too_many_axes(layer: ConvolutionBase | Im2col) -> str:
    axes = len(layer.geometry.kernel)
    return f"PyTorch has no windows of {axes} axes" if axes > max(_FORWARD) else ""


def _one_axis(lengths: Lengths, default: int) -> Lengths:
    """A number for each spatial axis, of which PyTorch wants one at least."""
    return lengths or (default,)


def items_of(x: Tensor, geometry: ConvGeometry) -> Tensor:
    """(N, C, …): all batch axes as one; a spatial axis of length 1 where there is none."""
    x = x.reshape(x.shape[: geometry.axis].numel(), *x.shape[geometry.axis :])
    return x if geometry.kernel else x[..., None]


def reached(x: Tensor, geometry: ConvGeometry, grid: Lengths) -> Tensor:
    """Images (N, C, …) with zeros after them, where the last windows reach beyond the padding."""
    sizes = zip(x.shape[2:], geometry.pad, geometry.reach(grid), strict=False)
    beyond = [max(0, reach - size - 2 * pad) for size, pad, reach in sizes]
    if not any(beyond):
        return x
    return F.pad(x, [part for length in reversed(beyond) for part in (0, length)])


@function_for(
    Convolution,
    ConvolutionDepthwise,
    DepthwiseConvolution,
    MKLConvolution,
    NdConvolution,
    Convolution3D,
    Deconvolution,
    Deconvolution3D,
    unless=_too_many_axes,
)
def convolution(
    layer: ConvolutionBase, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Convolution, or Deconvolution (``layer.reverse``), of each bottom."""
    geometry = layer.geometry
    functions = _TRANSPOSED if layer.reverse else _FORWARD
    apply = functions[len(geometry.kernel) or 1]
    weights = params[0] if geometry.kernel else params[0][..., None]
    windows = {
        "stride": _one_axis(geometry.stride, 1),
        "padding": _one_axis(geometry.pad, 0),
        "dilation": _one_axis(geometry.dilation, 1),
        "groups": layer.group,
    }
    offsets = params[1].reshape(-1) if layer.bias_term else None
    tops = []
    for x in bottoms:
        items = items_of(x, geometry)
        if not layer.reverse:
            items = reached(items, geometry, layer.output_size)
        y = apply(items, weights, offsets, **windows)
        tops.append(y.reshape(*x.shape[: geometry.axis], layer.num_output, *layer.output_size))
    return tops


def _not_two_axes(layer: Im2col) -> str:
    axes = len(layer.geometry.kernel)
    return "" if axes == 2 else f"PyTorch unfolds two spatial axes, not {axes}"


@function_for(Im2col, unless=_not_two_axes)
def im2col(
    layer: Im2col, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """The windows as columns."""
    x, of = bottoms[0], layer.geometry
    items = reached(items_of(x, of), of, layer.grid)
    columns = F.unfold(items, of.kernel, of.dilation, of.pad, of.stride)
    rows = x.shape[of.axis] * math.prod(of.kernel)
    return [columns.reshape(*x.shape[: of.axis], rows, *layer.grid)]


@function_for(Crop)
def crop(layer: Crop, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """The part of bottom 0 that has bottom 1's size."""
    return [bottoms[0][layer.window].contiguous()]
