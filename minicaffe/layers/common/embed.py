"""Embed: numbers of words become learned vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.channels import channel_sum, fold
from minicaffe.layers.loss.labels import truncated


def row_numbers(values: np.ndarray, rows: int, what: str) -> np.ndarray:
    """Row numbers, cast to int by truncation.

    Args:
        values: of any shape.
        rows: how many rows there are.
        what: the number is called in messages.

    Returns:
        int64, flat: (values.size,).

    Raises:
        DataError: a number that is no row; names the first.
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
    """``target[numbers[i]] += rows[i]`` for all i, also where numbers repeat.

    Args:
        target: (R, …), changed in place.
        numbers: (n,), from 0 to R - 1.
        rows: (n, …).
    """
    if not numbers.size:
        return
    # Equal numbers side by side can be summed at once; np.add.at is many times slower.
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    target[present] += np.add.reduceat(rows[order], starts, axis=0)


@register("Embed")
class Embed(Layer):
    """y = W[x] + b: whole numbers become learned vectors.

    It equals InnerProduct on one-hot vectors. Numbers are cast to int by truncation.

    Shapes: bottom x (…), numbers from 0 to input_dim - 1; top y (…, num_output); blobs[0] is W
    (input_dim, num_output), filled by ``weight_filler``; blobs[1] is b (num_output), with
    ``bias_term``, filled by ``bias_filler``.

    Settings: ``embed_param``: num_output and input_dim, both required; bias_term (true).

    Gradients: dW[x] += dy; db = Σ dy; none for x.

    Raises:
        DataError: a number that is not below ``input_dim``.
        GraphError: num_output or input_dim is missing; a gradient of the numbers is asked for.

    Source: embed_layer.cpp (BVLC/caffe).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        for name in ("num_output", "input_dim"):
            if getattr(self.param.embed_param, name) < 1:
                yield GraphError(f"{name} is missing or 0, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.embed_param
        self.add_param((param.input_dim, param.num_output), param.weight_filler)
        if param.bias_term:
            self.add_param((param.num_output,), param.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape, self.param.embed_param.num_output)

    def numbers_below(self, index: int, bottom: Blobs) -> int | None:
        return self.param.embed_param.input_dim

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
            self.accumulate(1, channel_sum(fold(diff)))
