"""GSTiling: squares of pixels made channels, each channel's square by itself."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer


@register("GSTiling")
class GSTiling(MovingLayer):
    """y[n, c·s² + ty·s + tx, i, j] = x[n, c, i·s + ty, j·s + tx], or with ``reverse`` the opposite.

    Shapes: bottom (N, C, H, W), H and W multiples of s, or with ``reverse`` C a multiple of s²; top
    (N, C·s², H/s, W/s), or with ``reverse`` (N, C/s², H·s, W·s).

    Settings: ``gs_tiling_param``: stride, which is s, required; reverse (false).

    Gradients: dx is dy put back.

    Raises:
        GraphError: stride is missing or below 1.
        ShapeError: the bottom does not have 4 axes, or lengths that do not divide.

    Source: tiling.cpp (Xilinx/Vitis-AI), which has the ``reverse`` form; the layer's own file is
    not public. Huang et al., "DenseBox", 2015 (arXiv:1509.04874) has such maps.
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.gs_tiling_param.stride < 1:
            yield GraphError(
                f"stride is {self.param.gs_tiling_param.stride} or missing; expected at least 1"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, param = bottom[0].shape, self.param.gs_tiling_param
        stride, square = param.stride, param.stride * param.stride
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: num, channels, height, "
                "width"
            )
        num, channels, height, width = shape
        if param.reverse and channels % square:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}; expected channels that {square} divides"
            )
        if not param.reverse and (height % stride or width % stride):
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}; expected a height and width that {stride} "
                "divides"
            )
        if param.reverse:
            self.view = (num, channels // square, stride, stride, height, width)
            self.order = (0, 1, 4, 2, 5, 3)
            top[0].reshape(num, channels // square, height * stride, width * stride)
        else:
            self.view = (num, channels, height // stride, stride, width // stride, stride)
            self.order = (0, 1, 3, 5, 2, 4)
            top[0].reshape(num, channels * square, height // stride, width // stride)
