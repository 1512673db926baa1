"""What Convolution and Deconvolution share: windows as the columns of a matrix.

With W of shape (group, outputs/group, channels/group · taps) and one column a window::

    y  = W · im2col(x) + b        dx = col2im(Wᵀ · dy)        dW = dy · im2col(x)ᵀ        db = Σ dy

Deconvolution is the same with x and y exchanged. Source: Chellapilla, Puri & Simard, "High
performance convolutional neural networks for document processing", 2006.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import EllipsisType
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from minicaffe.blob import shape_text
from minicaffe.errors import MinicaffeError, ShapeError, raised_by
from minicaffe.layer import Blobs, CoordMap, Layer
from minicaffe.layers.channels import ChannelPasses
from minicaffe.layers.vision.geometry import (
    ConvGeometry,
    Lengths,
    conv_window_mistakes,
    window_lines,
    window_map,
    window_params,
    window_text,
)
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing


def window_memory(images: np.ndarray, geometry: ConvGeometry, grid: Lengths) -> int:
    """Bytes of the larger array that :func:`im2col` makes: images with their border, or columns.

    Args:
        images: (N, C, …size).
        geometry: of the windows.
        grid: how many windows there are along each spatial axis.
    """
    sizes = zip(images.shape[2:], geometry.pad, geometry.reach(grid), strict=True)
    border = math.prod(max(n + 2 * p, reach) for n, p, reach in sizes)
    columns = math.prod(geometry.kernel) * math.prod(grid)
    return math.prod(images.shape[:2]) * max(border, columns) * images.itemsize


def im2col(images: np.ndarray, geometry: ConvGeometry, grid: Lengths) -> np.ndarray:
    """The windows as columns: column n · windows + i holds what window i of image n sees.

    Args:
        images: (N, C, …size); zeros are seen beyond them.
        geometry: of the windows.
        grid: how many windows there are along each spatial axis.

    Returns:
        (C · taps, N · windows), a copy.
    """
    axes = range(2, images.ndim)
    reach = geometry.reach(grid)
    far = [max(p, r - n - p) for n, p, r in zip(images.shape[2:], geometry.pad, reach, strict=True)]
    padded = np.pad(images, [(0, 0), (0, 0), *zip(geometry.pad, far, strict=True)])
    windows = sliding_window_view(padded, geometry.extent, axis=tuple(axes))
    starts = tuple(slice(0, n * s, s) for n, s in zip(grid, geometry.stride, strict=True))
    taps = tuple(slice(None, None, d) for d in geometry.dilation)
    windows = windows[_at(*starts, *taps)]  # (N, C, …grid, …kernel)
    spatial = len(grid)
    order = [1, *range(2 + spatial, 2 + 2 * spatial), 0, *range(2, 2 + spatial)]
    rows = images.shape[1] * math.prod(geometry.kernel)
    return windows.transpose(order).reshape(rows, len(images) * math.prod(grid))


def col2im(columns: np.ndarray, images: np.ndarray, geometry: ConvGeometry, grid: Lengths) -> None:
    """Write into images the sum of the columns that lie over each pixel: the adjoint of im2col.

    Args:
        columns: (C · taps, N · windows), in any shape.
        images: (N, C, …size), overwritten.
        geometry, grid: as in :func:`im2col`.
    """
    reach = geometry.reach(grid)
    size = [max(n + p, r) for n, p, r in zip(images.shape[2:], geometry.pad, reach, strict=True)]
    padded = np.zeros((images.shape[1], len(images), *size), images.dtype)
    taps = columns.reshape(images.shape[1], *geometry.kernel, len(images), *grid)
    for tap in np.ndindex(geometry.kernel):
        starts = (t * d for t, d in zip(tap, geometry.dilation, strict=True))
        steps = zip(starts, grid, geometry.stride, strict=True)
        here = _at(*(slice(t, t + (n - 1) * s + 1, s) for t, n, s in steps))
        values = (slice(None), *tap)
        padded[here] += taps[values]
    inside = (slice(p, p + n) for p, n in zip(geometry.pad, images.shape[2:], strict=True))
    images[...] = padded[_at(*inside)].swapaxes(0, 1)


def _at(*index: slice) -> tuple[EllipsisType | slice, ...]:
    """The index of these parts of the last axes."""
    return (..., *index)


def _check_groups(count: int, what: str, group: int) -> None:
    if count % group:
        raise ShapeError(f"{count} {what} cannot be divided into group: {group} parts")


class ConvolutionBase(Layer):
    """Parameters, shapes and products of both layers, with any number of spatial axes.

    Raises:
        ShapeError: :func:`conv_window_mistakes` and :meth:`ConvGeometry.from_param` say which
            windows are refused; num_output is 0; a number of channels cannot be divided into the
            groups, or differs from that at set-up; the bottoms differ; no window fits.

    Attributes:
        geometry: kernel, stride, pad, dilation for each spatial axis.
        channels, num_output, group, bias_term: as the prototxt says.
        size, output_size: the spatial lengths of bottoms and tops.
        reverse: whether the bottom lies on the grid of windows, not the top (and the weights'
            first axis counts its channels).
        passes: over the values of each output, for the bias.
    """

    linear = True
    color = "#FF5050"
    in_place = False
    min_bottoms = 1
    fork_fields = changes_nothing(
        "cudnn_convolution_algo_seeker", "conv_algos_override", "conv_mode", "conv_algorithm",
        "cudnn_flavor", "mem_group_size", "dump_parameter", "dump_activation",
        "parameter_sparsity_pattern_histogram",
    )  # fmt: skip
    min_tops = 1
    equal_bottoms_and_tops = True
    reverse: ClassVar[bool] = False
    passes = ChannelPasses()
    backward_reads = ("bottoms",)

    @classmethod
    def settings(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
        """What a ``LayerParameter`` says of the windows and the outputs."""
        return param.convolution_param

    def bias_shape(self) -> Lengths:
        """The shape of blobs[1]."""
        return (self.num_output,)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.settings(self.param)
        yield from conv_window_mistakes(param)
        if param.num_output < 1:
            yield ShapeError("num_output is missing or 0, expected at least 1")
        if param.group < 1:
            yield ShapeError("group is 0, expected at least 1")
        else:
            yield from raised_by(
                _check_groups, param.num_output, "outputs (num_output)", param.group
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.settings(self.param)
        self.geometry = ConvGeometry.from_param(param, bottom[0])
        self.channels = bottom[0].shape[self.geometry.axis]
        self.num_output: int = param.num_output
        self.group: int = param.group
        self.bias_term: bool = param.bias_term
        _check_groups(self.channels, "channels of the bottom", self.group)
        rows, inner = self.grid_and_image(self.num_output, self.channels)
        self.add_param((rows, inner // self.group, *self.geometry.kernel), param.weight_filler)
        if self.bias_term:
            self.add_param(self.bias_shape(), param.bias_filler)

    def grid_and_image(self, top: int, bottom: int) -> tuple[int, int]:
        """Of two numbers of channels, that on the grid of windows and that of the images."""
        return (bottom, top) if self.reverse else (top, bottom)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, axis = bottom[0].shape, self.geometry.axis
        self.geometry.check_axes(shape)
        if shape[axis] != self.channels:
            raise ShapeError(
                f"bottom of shape {shape_text(shape)} has {shape[axis]} channels on axis {axis}, "
                f"but the weights were made for {self.channels}"
            )
        for index, other in enumerate(bottom):
            if other.shape != shape:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(other.shape)}, bottom 0 "
                    f"{shape_text(shape)}; all bottoms of this layer need the same shape"
                )
        self.size: Lengths = shape[axis + 1 :]
        of = self.geometry
        self.output_size = (of.transposed_size if self.reverse else of.output_size)(self.size)
        for blob in top:
            blob.reshape(*shape[:axis], self.num_output, *self.output_size)

    @classmethod
    def window_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """``3/2+1 64/2``: kernel 3, stride 2, pad 1, 64 outputs in 2 groups."""
        convolution = cls.settings(param)
        text, dilation = window_text(convolution, "1"), "×".join(map(str, convolution.dilation))
        if dilation not in ("", "1"):
            text += f" dilation {dilation}"
        groups = f"/{convolution.group}" if convolution.group != 1 else ""
        return f"{text} {convolution.num_output}{groups}"

    @classmethod
    def window_lines(cls, param: caffe_pb2.LayerParameter) -> list[str]:
        """Kernel size, stride and pad."""
        return window_lines(cls.settings(param))

    @classmethod
    def edge_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """The number of outputs."""
        return str(cls.settings(param).num_output)

    def blobs_hint(self, found: int) -> str:
        if found != 1 or len(self.blobs) != 2:
            return ""
        return (
            "1 parameter blob(s) are stored for it, but it has 2 in this net, weights and bias; "
            "weights without one mostly have BatchNorm after the layer: `minicaffe fold_bn` with "
            "the net that was trained makes weights that fit"
        )

    def multiply_adds(self, bottom: Blobs, top: Blobs) -> int:
        """Each place on the grid of windows is a sum over one filter, or spread over one."""
        weights = self.blobs[0]
        places = sum(blob.count for blob in (bottom if self.reverse else top))
        return places * (weights.count // weights.shape[0])

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap:
        """A window's middle lies at its place on the grid, and the other way round."""
        if not cls.reverse:
            return window_map(cls.type, params)
        axis, stride, kernel, pad = window_params(cls.type, params)
        return axis, stride, (kernel - 1) / 2 - pad

    @property
    def grid(self) -> Lengths:
        """How many windows there are along each spatial axis."""
        return self.size if self.reverse else self.output_size

    @property
    def weights(self) -> np.ndarray:
        """(group, outputs/group, channels/group · taps)."""
        w = self.blobs[0].data
        return w.reshape(self.group, len(w) // self.group, -1)

    def items(self, array: np.ndarray) -> np.ndarray:
        """An array of a bottom or top with all batch axes as one: (N, C, …)."""
        return self.geometry.items(array)

    def _columns(self, images: np.ndarray) -> np.ndarray:
        """The matrix of windows (group, channels/group · taps, N · windows)."""
        items = self.items(images)
        size = window_memory(items, self.geometry, self.grid)
        self.limits.check(size, "the matrix of its windows")
        columns = im2col(items, self.geometry, self.grid)
        return columns.reshape(self.group, len(columns) // self.group, columns.shape[1])

    def _rows(self, values: np.ndarray) -> np.ndarray:
        """What lies on the grid, as (group, channels/group, N · windows)."""
        values = self.items(values).swapaxes(0, 1)
        windows = values.shape[1] * math.prod(self.grid)
        return values.reshape(self.group, len(values) // self.group, windows)

    def gather(self, images: np.ndarray, values: np.ndarray) -> None:
        """values (N, outputs, …grid) = W · im2col(images), of images (N, C, …size)."""
        product = np.matmul(self.weights, self._columns(images))
        out = self.items(values)
        out[...] = product.reshape(out.shape[1], len(out), *out.shape[2:]).swapaxes(0, 1)

    def scatter(self, values: np.ndarray, images: np.ndarray) -> None:
        """images = col2im(Wᵀ · values): the adjoint of :meth:`gather`, in the same shapes."""
        product = np.matmul(self.weights.swapaxes(1, 2), self._rows(values))
        col2im(product, self.items(images), self.geometry, self.grid)

    def _add_gradients(self, images: np.ndarray, values: np.ndarray) -> None:
        if self.wants_gradient(0):
            self.accumulate(0, self._rows(values) @ self._columns(images).swapaxes(1, 2))

    def add_bias_gradient(self, dy: np.ndarray) -> None:
        """Add Σ dy (N, num_output, …) over items and pixels to the bias's diff, where wanted."""
        if self.bias_term and self.wants_gradient(1):
            flat = self.items(dy).reshape(-1, self.num_output, math.prod(self.output_size))
            self.accumulate(1, self.passes.total(flat))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """y = W · im2col(x) + b, or for Deconvolution y = col2im(Wᵀ · x) + b."""
        apply = self.scatter if self.reverse else self.gather
        for x, y in zip(bottom, top, strict=True):
            apply(x.data, y.data)
            if self.bias_term:
                out = self.items(y.data)
                out += self.blobs[1].data.reshape(-1, *[1] * len(self.size))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        adjoint = self.gather if self.reverse else self.scatter
        for wanted, x, y in zip(propagate_down, bottom, top, strict=True):
            images, values = (y.diff, x.data) if self.reverse else (x.data, y.diff)
            self._add_gradients(images, values)
            self.add_bias_gradient(y.diff)
            if wanted:
                adjoint(y.diff, x.diff)
