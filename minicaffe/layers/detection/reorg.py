"""Reorg: squares of pixels made channels, in darknet's order."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.moving import MovingLayer


@register("Reorg")
class Reorg(MovingLayer):
    """Makes s·s times as many channels of images s times smaller, or the reverse.

    The values are darknet's, whose order is no square's: the bottom's memory is read as (N, C/s²,
    H, s, W, s), whatever it holds, and its two axes of s come first: (N, s, s, C/s², H, W); that
    memory is the top. ``reverse`` does the opposite.

    Shapes: bottom (N, C, H, W), C a multiple of s², and without ``reverse`` H and W multiples of s;
    top (N, C·s², H/s, W/s), or with ``reverse`` (N, C/s², H·s, W·s).

    Settings: ``reorg_param``: stride, which is s, required; reverse (false).

    Gradients: dx is dy put back. The fork's CPU code puts back what was never written.

    Raises:
        GraphError: stride is missing or 0.
        ShapeError: the bottom does not have 4 axes, or lengths that do not divide.

    Source: reorg_layer.cpp (eric612/MobileNet-YOLO); Redmon & Farhadi, "YOLO9000: better, faster,
    stronger", 2017 (arXiv:1612.08242), section 2.
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.reorg_param.stride:
            yield GraphError("stride is missing or 0; expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, stride = bottom[0].shape, self.param.reorg_param.stride
        reverse = self.param.reorg_param.reverse
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: num, channels, height, "
                "width"
            )
        num, channels, height, width = shape
        square = stride * stride
        if channels % square or (not reverse and (height % stride or width % stride)):
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}; expected channels that {square} divides"
                + ("" if reverse else f", and a height and width that {stride} divides")
            )
        few = (num, channels // square, height, stride, width, stride)
        self.order = (0, 3, 5, 1, 2, 4)
        self.view = few
        top_shape = (num, channels * square, height // stride, width // stride)
        if reverse:
            self.view = (num, stride, stride, channels // square, height, width)
            self.order = (0, 3, 4, 1, 5, 2)
            top_shape = (num, channels // square, height * stride, width * stride)
        top[0].reshape(*top_shape)
