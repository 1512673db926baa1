"""Flatten: several axes become one."""

from __future__ import annotations

import math

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.utility.reshape import View


@register("Flatten")
class Flatten(View):
    """Makes several axes one.

    Shapes: bottom of any shape; top with the axes from ``axis`` to ``end_axis`` as one, by default
    (N, C · H · W). It shares the bottom's memory.

    Settings: ``flatten_param``: axis (1), end_axis (-1); negative ones count from the end.

    Gradients: dx is dy in the bottom's shape; they share their memory.

    Raises:
        ShapeError: there are no such axes, or ``axis`` comes after ``end_axis``.

    Source: flatten_layer.cpp (BVLC/caffe).
    """

    def new_shape(self, shape: tuple[int, ...], bottom: Blobs) -> list[int]:
        param = self.param.flatten_param
        start, end = bottom[0].axis(param.axis), bottom[0].axis(param.end_axis) + 1
        if start > end:
            raise ShapeError(
                f"axis {param.axis} comes after end_axis {param.end_axis} in shape "
                f"{shape_text(shape)}"
            )
        return [*shape[:start], math.prod(shape[start:end]), *shape[end:]]
