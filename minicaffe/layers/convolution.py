"""Convolution and Deconvolution, with any number of spatial axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.channels import channel_sum
from minicaffe.layers.checks import refuse_in_place
from minicaffe.layers.columns import Columns, transposed_product
from minicaffe.layers.conv_geometry import ConvGeometry, Lengths, Windows
from minicaffe.layers.pointwise import Pointwise
from minicaffe.layers.turned import Turned, turning_pays
from minicaffe.registry import register


class _ConvolutionBase(Layer):
    """What Convolution and Deconvolution share: parameters, shapes, several bottoms.

    Attributes:
        geometry: kernel, stride, pad, dilation for each spatial axis.
        channels, num_output, group, bias_term: as the prototxt says.
        size, output_size: the spatial lengths of bottoms and tops.
    """

    min_bottoms = 1
    min_tops = 1
    equal_bottoms_and_tops = True
    #: Whether the weights' first axis counts the bottom's channels rather than the top's.
    reverses: ClassVar[bool] = False
    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Resolve the geometry; make the weights and the bias (num_output,).

        Raises:
            ShapeError: see :meth:`ConvGeometry.from_param`; or num_output is 0, or a number
                of channels cannot be divided into the groups.
        """
        refuse_in_place(bottom, top)
        param = self.param.convolution_param
        self.geometry = ConvGeometry.from_param(param, bottom[0])
        self.channels = bottom[0].shape[self.geometry.axis]
        self.num_output: int = param.num_output
        self.group: int = param.group
        self.bias_term: bool = param.bias_term
        if self.num_output < 1:
            raise ShapeError("num_output is missing or 0, expected at least 1")
        if self.group < 1:
            raise ShapeError("group is 0, expected at least 1")
        for what, count in (
            ("channels of the bottom", self.channels),
            ("outputs (num_output)", self.num_output),
        ):
            if count % self.group:
                raise ShapeError(f"{count} {what} cannot be divided into group: {self.group} parts")
        rows, inner = self._weight_sides()
        shape = (rows, inner // self.group, *self.geometry.kernel)
        self.add_param(shape, param.weight_filler)
        if self.bias_term:
            self.add_param((self.num_output,), param.bias_filler)
        self._columns: Columns | None = None

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Tops: the batch axes, num_output, then the output's spatial axes.

        Raises:
            ShapeError: the number of axes or channels differs from that at set-up, the
                bottoms differ, or no window fits.
        """
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
        self.output_size: Lengths = self._size_of_top()
        for blob in top:
            blob.reshape(*shape[:axis], self.num_output, *self.output_size)
        self._prepare_columns(math.prod(shape[:axis]))

    def _prepare_columns(self, batch: int) -> None:
        image, grid = self.size, self.output_size
        if self.reverses:
            image, grid = grid, image
        rows, inner = self._weight_sides()
        windows = Windows(self.geometry, image, grid, inner, rows, self.group, batch)
        if self._columns is None or self._columns.windows != windows:
            self._columns = Columns(windows, self.dtype)
            self._choose_ways(windows)

    def _choose_ways(self, windows: Windows) -> None:
        """Prepare what is quicker for these windows than the matrix of columns."""

    def _weight_sides(self) -> tuple[int, int]:
        """Channels on the grid of windows, and of the images that the windows slide over."""
        if self.reverses:
            return self.channels, self.num_output
        return self.num_output, self.channels

    def _size_of_top(self) -> Lengths:
        raise NotImplementedError

    @property
    def columns(self) -> Columns:
        """The column matrix for the present shapes; asked for by whoever needs its memory.

        Raises:
            MemoryLimitError: it takes more than the net may.
        """
        assert self._columns is not None, "reshape comes first"
        self.limits.check(self._columns.size_in_memory, "the matrix of its windows")
        return self._columns

    @property
    def weights(self) -> np.ndarray:
        """The weights as (group, rows/group, columns)."""
        return self.blobs[0].data.reshape(self.group, self._weight_sides()[0] // self.group, -1)

    @property
    def bias(self) -> np.ndarray | None:
        """The bias, if there is one."""
        return self.blobs[1].data if self.bias_term else None

    def _by_image(self, array: np.ndarray) -> np.ndarray:
        """All batch axes as one."""
        axis = self.geometry.axis
        return array.reshape(math.prod(array.shape[:axis]), *array.shape[axis:])

    def _add_bias_gradient(self, top_diff: np.ndarray) -> None:
        if self.bias_term and self.wants_gradient(1):
            flat = top_diff.reshape(len(top_diff), self.num_output, math.prod(self.output_size))
            self.blobs[1].diff += channel_sum(flat)

    def _add_weight_gradient(self, rows: np.ndarray, columns: np.ndarray) -> None:
        product = self.columns.multiply_transposed(rows, columns)
        diff = self.blobs[0].diff
        diff += product.reshape(diff.shape)


@register("Convolution")
class Convolution(_ConvolutionBase):
    """Cross-correlation: y[n,o,i] = b[o] + Σ_ct w[o,c,t] · x[n,c,i·stride - pad + t·dilation].

    Bottoms (N, C, …) of one shape, as many tops (N, num_output, …), where each spatial axis
    has (size + 2·pad - dilation·(kernel-1) - 1) / stride + 1 elements; ``axis`` names the
    channel axis. Weights (num_output, C/group, …kernel), bias (num_output,). With no spatial
    axes it is an inner product over the channels. ``engine`` and ``force_nd_im2col`` choose
    among Caffe's own implementations and change nothing here.

    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """

    def _size_of_top(self) -> Lengths:
        return self.geometry.output_size(self.size)

    def _choose_ways(self, windows: Windows) -> None:
        fits = Pointwise.suits(self.geometry, self.size)
        self._pointwise = Pointwise(self.group) if fits else None
        self._turned = Turned(windows, self.dtype) if turning_pays(windows) else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product for each part of the batch."""
        columns, weights, bias = self.columns, self.weights, self.bias
        for source, target in zip(bottom, top, strict=True):
            images, values = self._by_image(source.data), self._by_image(target.data)
            if self._pointwise is not None:
                self._pointwise.multiply(weights, images, values)
                if bias is not None:
                    values += bias.reshape(-1, *[1] * len(self.size))
                continue
            for part in columns.parts(len(images)):
                product = columns.multiply(weights, columns.gather(images[part]))
                columns.collect(product, values[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = Wᵀ·dy scattered back; adds dy·xᵀ to the weights' diff, Σ dy to the bias's."""
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            top_diff = self._by_image(target.diff)
            self._add_bias_gradient(top_diff)
            if self.wants_gradient(0) or wanted:
                self._backward_one(
                    top_diff,
                    self._by_image(source.data) if self.wants_gradient(0) else None,
                    self._by_image(source.diff) if wanted else None,
                )

    def _backward_one(
        self, top_diff: np.ndarray, images: np.ndarray | None, bottom_diff: np.ndarray | None
    ) -> None:
        if self._pointwise is not None:
            if images is not None:
                diff = self.blobs[0].diff.reshape(self.weights.shape)
                self._pointwise.add_weight_gradient(top_diff, images, diff)
            if bottom_diff is not None:
                self._pointwise.multiply(self.weights.swapaxes(1, 2), top_diff, bottom_diff)
            return
        if self._turned is not None and bottom_diff is not None:
            own = None if images is None else self.blobs[0].diff
            self._turned.backward(self.blobs[0].data, top_diff, bottom_diff, images, own)
            return
        columns, weights = self.columns, self.weights
        for part in columns.parts(len(top_diff)):
            rows = columns.spread(top_diff[part])
            if images is not None:
                self._add_weight_gradient(rows, columns.gather(images[part]))
            if bottom_diff is not None:
                target = bottom_diff[part]
                gradient = transposed_product(weights, rows, columns.blank(len(target)))
                columns.scatter(gradient, target, None)


@register("Deconvolution")
class Deconvolution(_ConvolutionBase):
    """The transpose of Convolution: every bottom pixel adds its kernel to the top.

    y[n,o,i·stride - pad + t·dilation] += w[c,o,t] · x[n,c,i]. Bottoms (N, C, …), tops
    (N, num_output, …) with stride·(size-1) + dilation·(kernel-1) + 1 - 2·pad elements on
    each spatial axis. Weights (C, num_output/group, …kernel), the reverse of Convolution's;
    bias (num_output,).

    Source: Zeiler et al., "Deconvolutional networks", 2010; Long, Shelhamer, Darrell, "Fully
    convolutional networks for semantic segmentation", 2015.
    """

    reverses = True

    def _size_of_top(self) -> Lengths:
        return self.geometry.transposed_size(self.size)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product for each part of the batch, then overlapping sums."""
        columns, weights, bias = self.columns, self.weights, self.bias
        for source, target in zip(bottom, top, strict=True):
            values, images = self._by_image(source.data), self._by_image(target.data)
            for part in columns.parts(len(values)):
                rows = columns.spread(values[part])
                spread = transposed_product(weights, rows, columns.blank(len(values[part])))
                columns.scatter(spread, images[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = W·(windows of dy); adds x·dyᵀ to the weights' diff, Σ dy to the bias's."""
        columns, weights = self.columns, self.weights
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            top_diff = self._by_image(target.diff)
            self._add_bias_gradient(top_diff)
            if not (self.wants_gradient(0) or wanted):
                continue
            values = self._by_image(source.data)
            for part in columns.parts(len(values)):
                windows = columns.gather(top_diff[part])
                if self.wants_gradient(0):
                    self._add_weight_gradient(columns.spread(values[part]), windows)
                if wanted:
                    product = columns.multiply(weights, windows)
                    columns.collect(product, self._by_image(source.diff)[part], None)
