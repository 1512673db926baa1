"""Convolution and Deconvolution by a column matrix for a few images at a time.

The layers' own formula makes one matrix for the whole batch. Here it is made for as many images
as fit into the processor's cache, in memory that is kept; products of single pixels need none
(:mod:`~minicaffe.engines.numpy.pointwise`), and gradients of a stride of 1 one for both
(:mod:`~minicaffe.engines.numpy.flipped`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.engines.numpy.columns import Columns, Windows, transposed_product
from minicaffe.engines.numpy.flipped import FlippedKernelBackward, flipping_pays
from minicaffe.engines.numpy.kernels import Kernel, kernel_for
from minicaffe.engines.numpy.pointwise import Pointwise
from minicaffe.layer import Blobs
from minicaffe.layers.channels import fold
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.convolution import Convolution
from minicaffe.layers.vision.deconvolution import Deconvolution


class ColumnKernel(Kernel[ConvolutionBase]):
    """What both kernels share: the column matrix for the present shapes.

    Args:
        layer: whose windows they are.
    """

    layer: ConvolutionBase

    def __init__(self, layer: ConvolutionBase) -> None:
        super().__init__(layer)
        self._columns: Columns | None = None

    def columns(self, batch: int) -> Columns:
        """The column matrix of a batch.

        Raises:
            MemoryLimitError: it takes more than the net may.
        """
        layer = self.layer
        rows, inner = layer.grid_and_image(layer.num_output, layer.channels)
        image = layer.output_size if layer.reverse else layer.size
        windows = Windows(layer.geometry, image, layer.grid, inner, rows, layer.group, batch)
        if self._columns is None or self._columns.windows != windows:
            self._columns = Columns(windows, layer.dtype)
            self.choose_ways(windows)
        layer.limits.check(self._columns.size_in_memory, "the matrix of its windows")
        return self._columns

    def choose_ways(self, windows: Windows) -> None:
        """Prepare what is quicker for these windows than the matrix of columns."""

    @property
    def bias(self) -> np.ndarray | None:
        """The bias, if there is one."""
        return self.layer.blobs[1].data if self.layer.bias_term else None

    def add_weight_gradient(self, columns: Columns, rows: np.ndarray, windows: np.ndarray) -> None:
        """Add rows · windowsᵀ to the weights' diff.

        Args:
            columns: how the windows are laid out.
            rows: (group, outputs/group, windows).
            windows: (group, channels/group · taps, windows).
        """
        self.layer.accumulate(0, columns.multiply_transposed(rows, windows))


@kernel_for(Convolution)
class ConvolutionKernel(ColumnKernel):
    """Convolution, image by image, pixel by pixel, or by one matrix for both gradients."""

    pointwise: Pointwise | None
    flipped: FlippedKernelBackward | None

    def choose_ways(self, windows: Windows) -> None:
        """Single pixels for kernels of one tap; one matrix for both gradients where it pays."""
        layer = self.layer
        self.pointwise = self.flipped = None
        if Pointwise.suits(layer.geometry, layer.size):
            self.pointwise = Pointwise(layer.group)
        elif flipping_pays(windows):
            self.flipped = FlippedKernelBackward(windows, layer.dtype)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One matrix product for each part of the batch."""
        layer, bias = self.layer, self.bias
        columns = self.columns(len(layer.items(bottom[0].data)))
        for source, target in zip(bottom, top, strict=True):
            images, values = layer.items(source.data), layer.items(target.data)
            if self.pointwise is not None:
                self.pointwise.multiply(layer.weights, images, values)
                if bias is not None:
                    layer.passes.add(fold(values), bias.reshape(-1))
                continue
            for part in columns.parts(len(images)):
                product = columns.multiply(layer.weights, columns.gather(images[part]))
                columns.collect(product, values[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = Wᵀ·dy scattered back; adds dy·xᵀ to the weights' diff, Σ dy to the bias's."""
        layer = self.layer
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            layer.add_bias_gradient(target.diff)
            if layer.wants_gradient(0) or wanted:
                self._backward_one(
                    layer.items(target.diff),
                    layer.items(source.data) if layer.wants_gradient(0) else None,
                    layer.items(source.diff) if wanted else None,
                )

    def _backward_one(
        self, top_diff: np.ndarray, images: np.ndarray | None, bottom_diff: np.ndarray | None
    ) -> None:
        layer, columns = self.layer, self.columns(len(top_diff))
        if self.pointwise is not None:
            if images is not None:
                diff = layer.blobs[0].diff.reshape(layer.weights.shape)
                self.pointwise.add_weight_gradient(top_diff, images, diff)
            if bottom_diff is not None:
                self.pointwise.multiply(layer.weights.swapaxes(1, 2), top_diff, bottom_diff)
        elif self.flipped is not None and bottom_diff is not None:
            own = None if images is None else layer.blobs[0].diff
            self.flipped.backward(layer.blobs[0].data, top_diff, bottom_diff, images, own)
        else:
            self._backward_by_columns(columns, top_diff, images, bottom_diff)

    def _backward_by_columns(
        self,
        columns: Columns,
        top_diff: np.ndarray,
        images: np.ndarray | None,
        bottom_diff: np.ndarray | None,
    ) -> None:
        for part in columns.parts(len(top_diff)):
            rows = columns.spread(top_diff[part])
            if images is not None:
                self.add_weight_gradient(columns, rows, columns.gather(images[part]))
            if bottom_diff is not None:
                target = bottom_diff[part]
                gradient = transposed_product(self.layer.weights, rows, columns.blank(len(target)))
                columns.scatter(gradient, target, None)


@kernel_for(Deconvolution)
class DeconvolutionKernel(ColumnKernel):
    """Deconvolution: one matrix product for each part of the batch, then overlapping sums."""

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """y = col2im(Wᵀ · x) + b."""
        layer, bias = self.layer, self.bias
        columns = self.columns(len(layer.items(bottom[0].data)))
        for source, target in zip(bottom, top, strict=True):
            values, images = layer.items(source.data), layer.items(target.data)
            for part in columns.parts(len(values)):
                rows = columns.spread(values[part])
                spread = transposed_product(layer.weights, rows, columns.blank(len(values[part])))
                columns.scatter(spread, images[part], bias)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx = W·(windows of dy); adds x·dyᵀ to the weights' diff, Σ dy to the bias's."""
        layer = self.layer
        columns = self.columns(len(layer.items(bottom[0].data)))
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            layer.add_bias_gradient(target.diff)
            if not (layer.wants_gradient(0) or wanted):
                continue
            values, top_diff = layer.items(source.data), layer.items(target.diff)
            for part in columns.parts(len(values)):
                windows = columns.gather(top_diff[part])
                if layer.wants_gradient(0):
                    self.add_weight_gradient(columns, columns.spread(values[part]), windows)
                if wanted:
                    product = columns.multiply(layer.weights, windows)
                    columns.collect(product, layer.items(source.diff)[part], None)
