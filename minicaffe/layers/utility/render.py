"""Render: a place for the pictures that rtpose draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients


@register("Render")
class Render(Layer):
    """A top of zeros, like the bottom but with num_output channels.

    In its home a program draws a skeleton over the picture there; the layer computes nothing, and
    the nets that have it read its top with a Silence.

    Shapes: bottom (N, C, …); top (N, num_output, …).

    Settings: ``render_param``: num_output, required.

    Gradients: none; one that is asked for is refused, as in the fork.

    Raises:
        GraphError: num_output is missing or 0; a gradient is asked for.
        ShapeError: the bottom has no channels.

    Source: render_layer.cpp (CMU-Perceptual-Computing-Lab/caffe_rtpose), in versions of 2016.
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if not self.param.render_param.num_output:
            yield GraphError("num_output is missing or 0, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) < 2:
            raise ShapeError(f"the bottom has {len(shape)} axis, expected at least 2: (N, C, …)")
        top[0].reshape(shape[0], self.param.render_param.num_output, *shape[2:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = 0

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "what is drawn over")
