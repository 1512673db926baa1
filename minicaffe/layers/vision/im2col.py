"""Im2col: the windows that a convolution sees, as channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, refuse_in_place, register
from minicaffe.layers.vision.columns import Columns
from minicaffe.layers.vision.geometry import ConvGeometry, Windows


@register("Im2col")
class Im2col(Layer):
    """y[n, c·taps + t, i] = x[n, c, i·stride - pad + t·dilation], zeros beyond the image.

    Bottom (N, C, …), top (N, C · taps, …) with the spatial axes of a Convolution of the same
    ``convolution_param``, of which kernel, stride, pad, dilation and ``axis`` count.

    Source: Caffe's rule; the layer shows what its Convolution works on.
    """

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        """Resolve the geometry.

        Raises:
            ShapeError: see :meth:`ConvGeometry.from_param`; or there is no spatial axis.
        """
        refuse_in_place(bottom, top)
        self.geometry = ConvGeometry.from_param(self.param.convolution_param, bottom[0])
        if not self.geometry.kernel:
            raise ShapeError(
                f"bottom of shape {shape_text(bottom[0].shape)} has no axis after the channel "
                f"axis {self.geometry.axis}, expected at least one"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        """Top: the batch axes, C · taps, windows along each spatial axis."""
        shape, axis = bottom[0].shape, self.geometry.axis
        self.geometry.check_axes(shape)
        batch, channels, size = shape[:axis], shape[axis], shape[axis + 1 :]
        grid = self.geometry.output_size(size)
        outputs = channels * math.prod(self.geometry.kernel)
        top[0].reshape(*batch, outputs, *grid)
        self._batch = math.prod(batch)
        windows = Windows(self.geometry, size, grid, channels, outputs, 1, self._batch)
        self._columns = Columns(windows, self.dtype)
        self.limits.check(self._columns.size_in_memory, "the matrix of its windows")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Copy every window."""
        axis = self.geometry.axis
        images = bottom[0].data.reshape(self._batch, *bottom[0].shape[axis:])
        values = top[0].data.reshape(self._batch, *top[0].shape[axis:])
        for part in self._columns.parts(len(images)):
            self._columns.collect(self._columns.gather(images[part]), values[part], None)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx: the sum of what lies over each pixel."""
        if not propagate_down[0]:
            return
        axis = self.geometry.axis
        images = bottom[0].diff.reshape(self._batch, *bottom[0].shape[axis:])
        values = top[0].diff.reshape(self._batch, *top[0].shape[axis:])
        for part in self._columns.parts(len(images)):
            self._columns.scatter(self._columns.spread(values[part]), images[part], None)
