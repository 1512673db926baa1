"""Im2col: the windows that a convolution sees, as channels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from minicaffe.blob import shape_text
from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layer import Blobs, CoordMap, Layer, register
from minicaffe.layers.vision.base_conv_layer import col2im, im2col, window_memory
from minicaffe.layers.vision.geometry import (
    ConvGeometry,
    conv_window_mistakes,
    window_map,
)


@register("Im2col")
class Im2col(Layer):
    """y[n, c·taps + t, i] = x[n, c, i·stride - pad + t·dilation], zeros beyond the image.

    The layer shows what Caffe's Convolution multiplies its weights with.

    Shapes: bottom x (N, C, …); top y (N, C · taps, …) with the spatial axes of a Convolution of the
    same ``convolution_param``; taps is the product of the kernel's sides.

    Settings: ``convolution_param``: kernel_size, stride, pad, dilation and axis, as of Convolution.

    Gradients: each pixel of dx gets the sum of dy over the windows that see it.

    Raises:
        ShapeError: see :meth:`ConvGeometry.from_param`; or there is no spatial axis.

    Source: im2col_layer.cpp (BVLC/caffe); Chellapilla, Puri & Simard, "High performance
    convolutional neural networks for document processing", 2006.
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        return conv_window_mistakes(self.param.convolution_param)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.geometry = ConvGeometry.from_param(self.param.convolution_param, bottom[0])
        if not self.geometry.kernel:
            raise ShapeError(
                f"bottom of shape {shape_text(bottom[0].shape)} has no axis after the channel "
                f"axis {self.geometry.axis}, expected at least one"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, axis = bottom[0].shape, self.geometry.axis
        self.geometry.check_axes(shape)
        self.grid = self.geometry.output_size(shape[axis + 1 :])
        rows = shape[axis] * math.prod(self.geometry.kernel)
        top[0].reshape(*shape[:axis], rows, *self.grid)

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap:
        """A window's middle lies at its place in the top."""
        return window_map(cls.type, params)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = self.geometry.items(bottom[0].data), self.geometry.items(top[0].data)
        size = window_memory(x, self.geometry, self.grid)
        self.limits.check(size, "the matrix of its windows")
        columns = im2col(x, self.geometry, self.grid)
        y[...] = columns.reshape(y.shape[1], len(y), *self.grid).swapaxes(0, 1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            columns = self.geometry.items(top[0].diff).swapaxes(0, 1)
            col2im(columns, self.geometry.items(bottom[0].diff), self.geometry, self.grid)
