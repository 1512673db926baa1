"""Split: one blob for several readers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import Blobs, Layer, register
from minicaffe.syncedmem import SyncedHead


@register("Split")
class Split(Layer):
    """A blob for several readers, whose gradients are added up.

    The net inserts it wherever a blob is read more than once.

    Shapes: bottom of any shape; tops like it. They share the bottom's data (nothing is copied) and
    have diffs of their own.

    Gradients: dx = Σ dy of the tops that have one.

    Source: split_layer.cpp (BVLC/caffe).
    """

    keeps_coordinates = True
    identity_in_test = True
    in_place = False
    exact_bottoms = 1
    min_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        for blob in top:
            blob.reshape_like(bottom[0])
            blob.share_data(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob in top:
            blob.share_data(bottom[0])  # its memory may have been replaced since

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        out = bottom[0].diff
        parts = [blob.diff for blob in top if has_diff(blob)]
        if len(parts) > 1:
            np.add(parts[0], parts[1], out=out)
            for array in parts[2:]:
                out += array
        else:
            out[...] = parts[0] if parts else 0


def has_diff(blob: Blob) -> bool:
    """Whether the diff was written; a reader without a gradient (Accuracy) never does."""
    return blob.diff_memory.head is not SyncedHead.UNINITIALIZED
