"""Filter: items passed on where a selector says so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register


@register("Filter")
class Filter(Layer):
    """Passes on those items whose selector is not 0.

    Shapes: bottoms (N, …), the last one being the selector with one value an item; a top for each
    other bottom, (M, …), where M items are selected, possibly none. After set-up the tops have all
    N items, since the selector has no values yet.

    Gradients: selected items get their dy, the others 0; none for the selector.

    Raises:
        GraphError: there is not exactly one top less than bottoms; a gradient of the selector is
            asked for.
        ShapeError: the numbers of items differ, or the selector has more than one value an item.

    Source: filter_layer.cpp (BVLC/caffe).
    """

    decides = True
    in_place = False
    min_bottoms = 2
    min_tops = 1
    reshapes_always = True  # the shapes depend on the selector's values
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        bottoms, tops = len(self.param.bottom), len(self.param.top)
        if tops != bottoms - 1:
            yield GraphError(
                f"{tops} tops for {bottoms} bottoms; one for each bottom but the last (the "
                "selector) is expected"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._first = True

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        *items, selector = bottom
        num = selector.shape[selector.axis(0)]
        if math.prod(selector.shape[1:]) != 1:
            raise ShapeError(
                f"the selector has shape {shape_text(selector.shape)}; one value an item is "
                "expected"
            )
        for index, blob in enumerate(items):
            if blob.shape[blob.axis(0)] != num:
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(blob.shape)}, but the selector "
                    f"has {num} items; as many items are expected"
                )
        self._chosen = np.flatnonzero(selector.data)
        count = num if self._first else len(self._chosen)
        self._first = False
        for blob, result in zip(items, top, strict=True):
            result.reshape(count, *blob.shape[1:])

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return 2 if index == len(bottom) - 1 else None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        for blob, result in zip(bottom, top, strict=False):
            if result.count:
                np.take(blob.data, self._chosen, axis=0, out=result.data, mode="clip")

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, len(bottom) - 1, "the selector")
        for blob, result, wanted in zip(bottom, top, propagate_down, strict=False):
            if wanted:
                blob.diff[...] = 0
                blob.diff[self._chosen] = result.diff
