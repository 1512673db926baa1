"""Layers that pick rows by number: Embed, BatchReindex, Filter."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import DataError, GraphError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.channels import channel_sum, fold
from minicaffe.layers.checks import refuse_gradient, refuse_in_place
from minicaffe.layers.labels import truncated
from minicaffe.registry import register


def row_numbers(values: np.ndarray, rows: int, what: str) -> np.ndarray:
    """Flat row numbers, cast to int by truncation.

    Raises:
        DataError: one that is no row.
    """
    flat = values.reshape(-1)
    numbers = truncated(flat)
    outside = (numbers < 0) | (numbers >= rows)
    if outside.any():
        place = int(np.flatnonzero(outside)[0])
        raise DataError(
            f"{what} {flat[place]:g} at index {place} is out of range; 0 to {rows - 1} are expected"
        )
    return numbers


def add_rows(target: np.ndarray, numbers: np.ndarray, rows: np.ndarray) -> None:
    """``target[numbers[i]] += rows[i]`` for all i, also where numbers repeat."""
    if not numbers.size:
        return
    # Equal numbers side by side can be summed at once; np.add.at is many times slower.
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    target[present] += np.add.reduceat(rows[order], starts, axis=0)


@register("Embed")
class Embed(Layer):
    """Turns whole numbers below ``input_dim`` into learned vectors of ``num_output`` values.

    The bottom's shape (…) becomes (…, num_output): y = W[x] + b with W of shape
    (input_dim, num_output) and b (num_output), the latter with ``bias_term`` (the default).
    It equals InnerProduct on one-hot vectors.

    Raises:
        DataError: a number that is not below ``input_dim``.
    """

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        param = self.param.embed_param
        for name in ("num_output", "input_dim"):
            if getattr(param, name) < 1:
                raise GraphError(f"embed_param {{ {name} }} is 0 or missing; expected at least 1")
        self.add_param((param.input_dim, param.num_output), param.weight_filler)
        if param.bias_term:
            self.add_param((param.num_output,), param.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape, self.param.embed_param.num_output)

    def _numbers(self, bottom: Blobs) -> np.ndarray:
        return row_numbers(bottom[0].data, self.param.embed_param.input_dim, "number")

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        out = top[0].data.reshape(-1, self.param.embed_param.num_output)
        # The numbers are in range; "clip" only spares numpy a buffer.
        np.take(self.blobs[0].data, self._numbers(bottom), axis=0, out=out, mode="clip")
        if self.param.embed_param.bias_term:
            out += self.blobs[1].data

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 0, "the numbers to look up")
        diff = top[0].diff.reshape(-1, self.param.embed_param.num_output)
        if self.wants_gradient(0):
            add_rows(self.blobs[0].diff, self._numbers(bottom), diff)
        if self.param.embed_param.bias_term and self.wants_gradient(1):
            self.blobs[1].diff += channel_sum(fold(diff))


@register("BatchReindex")
class BatchReindex(Layer):
    """Picks items of bottom 0 by the numbers in bottom 1 (of one axis); items may repeat.

    Raises:
        DataError: a number that is no item of bottom 0.
    """

    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom[1].shape) != 1:
            raise ShapeError(
                f"bottom 1 (item numbers) has shape {shape_text(bottom[1].shape)}; "
                "exactly one axis is expected"
            )
        self._rows = bottom[0].shape[bottom[0].axis(0)]
        top[0].reshape(bottom[1].count, *bottom[0].shape[1:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._numbers = row_numbers(bottom[1].data, self._rows, "item number")
        if top[0].count:
            np.take(bottom[0].data, self._numbers, axis=0, out=top[0].data, mode="clip")

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the item numbers")
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            add_rows(bottom[0].diff, self._numbers, top[0].diff)


@register("Filter")
class Filter(Layer):
    """Passes on those items whose selector (the last bottom) is not 0.

    The selector has one value an item, every other bottom one top. After set-up the tops
    have all items, since the selector has no values yet; from the first forward on, as
    many as are selected, possibly none.
    """

    min_bottoms = 2
    min_tops = 1
    reshapes_always = True  # the shapes depend on the selector's values
    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        if len(top) != len(bottom) - 1:
            raise GraphError(
                f"{len(top)} tops for {len(bottom)} bottoms; one for each bottom but the "
                "last (the selector) is expected"
            )
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
