"""Silence: blobs that nothing else reads."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import clear_gradients


@register("Silence")
class Silence(Layer):
    """Reads its bottoms and does nothing, so that they are no outputs of the net.

    Shapes: bottoms of any shape; no top.

    Gradients: 0 for every bottom.

    Source: silence_layer.cpp (BVLC/caffe).
    """

    measures = True
    min_bottoms = 1
    exact_tops = 0
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        clear_gradients(propagate_down, bottom)
