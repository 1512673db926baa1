"""Gather: the parts of a batch that several processes have, as one; here the one there is."""

from __future__ import annotations

from collections.abc import Sequence

from minicaffe.layer import Blobs, Layer, register


@register("Gather")
class Gather(Layer):
    """y = x: TSN's Caffe puts the batches of its processes one after the other, and minicaffe has
    one process.

    Shapes: bottoms of any shape; as many tops, each like its bottom.

    Gradients: dx = dy.

    Source: gather_layer.cpp (yjxiong/caffe).
    """

    in_place = False
    min_bottoms = 1
    equal_bottoms_and_tops = True
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for source, blob in zip(bottom, top, strict=True):
            blob.reshape_like(source)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for source, blob in zip(bottom, top, strict=True):
            blob.data[...] = source.data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for source, blob, wanted in zip(bottom, top, propagate_down, strict=True):
            if wanted:
                source.diff[...] = blob.diff
