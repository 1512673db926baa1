"""BatchReindex: items picked by their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.common.embed import add_rows, row_numbers


@register("BatchReindex")
class BatchReindex(Layer):
    """Picks items of bottom 0 by the numbers in bottom 1; items may repeat.

    Shapes: bottom 0 (N, …); bottom 1 (M), numbers from 0 to N - 1, cast to int by truncation; top
    (M, …).

    Gradients: each item of bottom 0 gets the sum of dy over the places that picked it; none for the
    numbers.

    Raises:
        DataError: a number that is no item of bottom 0.
        ShapeError: bottom 1 has not exactly one axis.
        GraphError: a gradient of the numbers is asked for.

    Source: batch_reindex_layer.cpp (BVLC/caffe).
    """

    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom[1].shape) != 1:
            raise ShapeError(
                f"bottom 1 (item numbers) has shape {shape_text(bottom[1].shape)}; "
                "exactly one axis is expected"
            )
        self._rows = bottom[0].shape[bottom[0].axis(0)]
        top[0].reshape(bottom[1].count, *bottom[0].shape[1:])

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return bottom[0].shape[0] if index == 1 else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._numbers = row_numbers(bottom[1].data, self._rows, "item number")
        if top[0].count:
            np.take(bottom[0].data, self._numbers, axis=0, out=top[0].data, mode="clip")

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the item numbers")
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            add_rows(bottom[0].diff, self._numbers, top[0].diff)
