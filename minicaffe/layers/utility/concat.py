"""Concat: blobs joined along an axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing

SectionsParameter = caffe_pb2.ConcatParameter | caffe_pb2.SliceParameter


def axis_mistakes(param: SectionsParameter, legacy: str) -> Iterator[MinicaffeError]:
    """Whether the axis is given twice: by ``axis`` and by its old unsigned field."""
    if param.HasField(legacy) and param.HasField("axis"):
        yield GraphError(f"both axis and {legacy} are given; keep axis")


def chosen_axis(param: SectionsParameter, legacy: str, blob: Blob) -> int:
    """The ``axis`` of a ConcatParameter or SliceParameter, or its old unsigned field.

    Args:
        param: of a Concat or a Slice.
        legacy: the old field's name.
        blob: has the axis.

    Raises:
        ShapeError: the blob has no such axis.
    """
    return blob.axis(getattr(param, legacy) if param.HasField(legacy) else param.axis)


def part(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    """The index of ``start`` to ``stop`` along an axis."""
    return (*[slice(None)] * axis, slice(start, stop))


def share(top: Blob, bottom: Blob) -> None:
    """Let the top show the bottom's memory, data and diff, in its own shape."""
    top.share_data(bottom)
    top.share_diff(bottom)


class Sections(Layer):
    """The parts of one whole along an axis; a single part shares the whole's memory.

    Attributes:
        axis: along which the parts lie side by side.
        bounds: where each part begins, and where the last one ends.
    """

    axis: int
    bounds: list[int]
    lies_on_bottom = True
    backward_reads = ()

    def pieces(self, whole: np.ndarray) -> list[np.ndarray]:
        """The parts of an array (…, whole, …), as views (…, part, …) in their order."""
        return [whole[part(self.axis, start, stop)] for start, stop in pairwise(self.bounds)]


@register("Concat")
class Concat(Sections):
    """Joins bottoms along an axis.

    Shapes: bottoms of equal lengths except on ``axis``; top like them, on ``axis`` as long as all
    together. One bottom alone shares its memory with the top.

    Settings: ``concat_param``: axis (1); or the old concat_dim.

    Gradients: each bottom gets its part of dy.

    Raises:
        ShapeError: another axis differs, or there is no such axis.
        GraphError: both axis and concat_dim are given.

    Source: concat_layer.cpp (BVLC/caffe).
    """

    in_place = False
    min_bottoms = 1
    fork_fields = changes_nothing("per_fla_fuse")
    exact_tops = 1

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        return axis_mistakes(self.param.concat_param, "concat_dim")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        first = bottom[0].shape
        self.axis = axis = chosen_axis(self.param.concat_param, "concat_dim", bottom[0])
        self.bounds = [0]
        for index, blob in enumerate(bottom):
            shape = blob.shape
            others = (*shape[:axis], *shape[axis + 1 :])
            if len(shape) != len(first) or others != (*first[:axis], *first[axis + 1 :]):
                raise ShapeError(
                    f"bottom {index} has shape {shape_text(shape)}, bottom 0 "
                    f"{shape_text(first)}; equal lengths except along axis {axis} are expected"
                )
            self.bounds.append(self.bounds[-1] + shape[axis])
        top[0].reshape(*first[:axis], self.bounds[-1], *first[axis + 1 :])
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
        pieces = self.pieces(top[0].diff)
        for blob, wanted, piece in zip(bottom, propagate_down, pieces, strict=True):
            if wanted:
                np.copyto(blob.diff, piece)
