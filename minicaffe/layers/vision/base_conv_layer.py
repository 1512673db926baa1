"""Convolution and Deconvolution, with any number of spatial axes."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, refuse_in_place
from minicaffe.layers.channels import channel_sum
from minicaffe.layers.vision.columns import Columns
from minicaffe.layers.vision.geometry import ConvGeometry, Lengths, Windows


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
