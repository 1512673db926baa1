"""Slice: a blob cut into parts along an axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.utility.concat import Sections, axis_mistakes, chosen_axis, share


@register("Slice")
class Slice(Sections):
    """Cuts a bottom into parts along an axis.

    Shapes: bottom of any shape; tops like it, but on ``axis`` as long as their parts. One top alone
    shares its memory with the bottom.

    Settings: ``slice_param``: axis (1), or the old slice_dim; slice_point, where the second, third,
    … top begins; without any the parts are equally long.

    Gradients: each part of dx is the dy of its top.

    Raises:
        ShapeError: the axis cannot be cut so, or there is no such axis.
        GraphError: there is not one ``slice_point`` less than tops; both axis and slice_dim are
            given.

    Source: slice_layer.cpp (BVLC/caffe).
    """

    in_place = False
    exact_bottoms = 1
    min_tops = 1

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from axis_mistakes(self.param.slice_param, "slice_dim")
        points, tops = self.param.slice_param.slice_point, len(self.param.top)
        if points and len(points) != tops - 1:
            yield GraphError(
                f"{len(points)} slice_point value(s) for {tops} tops; "
                f"{tops - 1} are expected, or none for equal parts"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        self.axis = axis = chosen_axis(self.param.slice_param, "slice_dim", bottom[0])
        self.bounds = self._cuts(shape[axis], len(top))
        for blob, (start, stop) in zip(top, pairwise(self.bounds), strict=True):
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
        for blob, piece in zip(top, self.pieces(bottom[0].data), strict=True):
            np.copyto(blob.data, piece)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0] or len(top) == 1:
            return
        for blob, piece in zip(top, self.pieces(bottom[0].diff), strict=True):
            np.copyto(piece, blob.diff)
