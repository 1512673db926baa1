"""Layers that join and part blobs: Concat, Slice, Split, Silence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.checks import refuse_in_place
from minicaffe.registry import register


def chosen_axis(param: Any, legacy: str, blob: Blob) -> int:
    """The ``axis`` of a ConcatParameter or SliceParameter, or its old unsigned field."""
    if not param.HasField(legacy):
        return blob.axis(param.axis)
    if param.HasField("axis"):
        raise GraphError(f"both axis and {legacy} are given; keep axis")
    return blob.axis(getattr(param, legacy))


def part(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    """The index of ``start`` to ``stop`` along an axis."""
    return (*[slice(None)] * axis, slice(start, stop))


def share(top: Blob, bottom: Blob) -> None:
    """Let the top show the bottom's memory, data and diff, in its own shape."""
    top.share_data(bottom)
    top.share_diff(bottom)


class _Parts(Layer):
    """The parts of one whole along an axis; a single part shares the whole's memory."""

    axis: int
    _bounds: list[int]
    backward_reads = ()

    def _pieces(self, whole: np.ndarray) -> list[np.ndarray]:
        return [whole[part(self.axis, start, stop)] for start, stop in pairwise(self._bounds)]


@register("Concat")
class Concat(_Parts):
    """Joins bottoms along ``concat_param { axis }`` (1 by default; or the old ``concat_dim``).

    All other axes must agree. One bottom shares its memory with the top.
    """

    min_bottoms = 1
    exact_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        first = bottom[0].shape
        self.axis = axis = chosen_axis(self.param.concat_param, "concat_dim", bottom[0])
        self._bounds = [0]
        for index, blob in enumerate(bottom):
            shape = blob.shape
            others = (*shape[:axis], *shape[axis + 1 :])
            if len(shape) != len(first) or others != (*first[:axis], *first[axis + 1 :]):
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(shape)}, bottom 0 "
                    f"{shape_text(first)}; equal lengths except along axis {axis} are expected"
                )
            self._bounds.append(self._bounds[-1] + shape[axis])
        top[0].reshape(*first[:axis], self._bounds[-1], *first[axis + 1 :])
        if len(bottom) == 1:
            share(top[0], bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) == 1:
            share(top[0], bottom[0])
        else:
            np.concatenate([blob.data for blob in bottom], axis=self.axis, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if len(bottom) == 1:
            return
        pieces = self._pieces(top[0].diff)
        for blob, wanted, piece in zip(bottom, propagate_down, pieces, strict=True):
            if wanted:
                np.copyto(blob.diff, piece)


@register("Slice")
class Slice(_Parts):
    """Cuts a bottom along ``slice_param { axis }`` (1 by default; or the old ``slice_dim``).

    ``slice_point`` lists where the second, third, … top begins; without any, the tops are
    equally long. One top shares its memory with the bottom.
    """

    exact_bottoms = 1
    min_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        points = self.param.slice_param.slice_point
        if points and len(points) != len(top) - 1:
            raise GraphError(
                f"{len(points)} slice_point value(s) for {len(top)} tops; "
                f"{len(top) - 1} are expected, or none for equal parts"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        self.axis = axis = chosen_axis(self.param.slice_param, "slice_dim", bottom[0])
        self._bounds = self._cuts(shape[axis], len(top))
        for blob, (start, stop) in zip(top, pairwise(self._bounds), strict=True):
            blob.reshape(*shape[:axis], stop - start, *shape[axis + 1 :])
        if len(top) == 1:
            share(top[0], bottom[0])

    def _cuts(self, length: int, parts: int) -> list[int]:
        points = list(self.param.slice_param.slice_point)
        if not points:
            if length % parts:
                raise ShapeError(
                    f"axis {self.axis} of length {length} cannot be cut into {parts} equal "
                    "parts; give slice_point values"
                )
            return [index * (length // parts) for index in range(parts + 1)]
        bounds = [0, *points, length]
        rising = all(start < stop for start, stop in pairwise(bounds[:-1]))
        if not rising or points[-1] > length or parts > length:
            raise ShapeError(
                f"slice_point values {points} do not cut axis {self.axis} of length {length} "
                f"into {parts} parts; rising values between 1 and {length - 1} are expected"
            )
        return bounds

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if len(top) == 1:
            share(top[0], bottom[0])
            return
        for blob, piece in zip(top, self._pieces(bottom[0].data), strict=True):
            np.copyto(blob.data, piece)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0] or len(top) == 1:
            return
        for blob, piece in zip(top, self._pieces(bottom[0].diff), strict=True):
            np.copyto(piece, blob.diff)


@register("Split")
class Split(Layer):
    """The same values for several readers; their gradients are added up.

    The net inserts it wherever a blob is read more than once. The tops share the bottom's
    data (nothing is copied) and have diffs of their own.
    """

    exact_bottoms = 1
    min_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)

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
    """Whether anybody wrote the diff; a reader without a gradient (Accuracy) never does."""
    memory = blob.diff_memory
    return memory.allocated or memory.newer is not None


@register("Silence")
class Silence(Layer):
    """Reads its bottoms and does nothing, so that they are no outputs of the net."""

    min_bottoms = 1
    exact_tops = 0
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        for blob, wanted in zip(bottom, propagate_down, strict=True):
            if wanted:
                blob.diff[...] = 0
