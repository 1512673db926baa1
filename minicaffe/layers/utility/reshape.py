"""Reshape: the same values in another shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.utility.concat import share


class View(Layer):
    """The top is the bottom's memory, data and diff, in another shape: nothing to compute."""

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def new_shape(self, shape: tuple[int, ...], bottom: Blobs) -> list[int]:
        """The top's shape.

        Args:
            shape: that of bottom 0.
            bottom: all bottoms.

        Raises:
            ShapeError: the settings do not fit the shape.
        """
        raise NotImplementedError

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*self.new_shape(bottom[0].shape, bottom))
        share(top[0], bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        share(top[0], bottom[0])  # the bottom's memory may have been replaced since

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # the top's diff is the bottom's


@register("Reshape")
class Reshape(View):
    """Puts other axes in the place of some.

    Shapes: bottom of any shape; top of the same count, with the dims of ``shape`` instead of the
    ``num_axes`` axes from ``axis`` on. A ``dim`` of 0 copies the bottom's axis in that position,
    one -1 is what the count leaves over. It shares the bottom's memory.

    Settings: ``reshape_param``: shape; axis (0), num_axes (-1: all that follow). A negative
    ``axis`` counts from after the last axis, so ``axis: -1`` appends.

    Gradients: dx is dy in the bottom's shape; they share their memory.

    Raises:
        ShapeError: the new shape has another count; there are no such axes.
        GraphError: several dims are -1.

    Source: reshape_layer.cpp (BVLC/caffe).
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.reshape_param
        if list(param.shape.dim).count(-1) > 1:
            yield GraphError("the new shape has several dim: -1; at most one can be inferred")
        if param.num_axes < -1:
            yield ShapeError(f"num_axes is {param.num_axes}, expected -1 (all) or more")

    def _replaced(self, axes: int) -> tuple[int, int]:
        """From which axis to which (exclusive) the bottom's are replaced."""
        param = self.param.reshape_param
        start = param.axis if param.axis >= 0 else axes + param.axis + 1
        if not 0 <= start <= axes:
            raise ShapeError(f"axis {param.axis} is out of range for a bottom of {axes} axes")
        end = axes if param.num_axes == -1 else start + param.num_axes
        if end > axes:
            raise ShapeError(
                f"axis {param.axis} and num_axes {param.num_axes} reach beyond the bottom's "
                f"{axes} axes"
            )
        return start, end

    def new_shape(self, shape: tuple[int, ...], bottom: Blobs) -> list[int]:
        start, end = self._replaced(len(shape))
        dims = list(self.param.reshape_param.shape.dim)
        for index, dim in enumerate(dims):
            if dim == 0:
                if start + index >= len(shape):
                    raise ShapeError(
                        f"dim {index} of the new shape is 0 (copy), but the bottom has no axis "
                        f"{start + index}; its shape is {shape_text(shape)}"
                    )
                dims[index] = shape[start + index]
        new = [*shape[:start], *dims, *shape[end:]]
        if -1 in dims:
            known = -math.prod(new)
            if known <= 0 or bottom[0].count % known:
                raise ShapeError(
                    f"the bottom's count {bottom[0].count} (shape {shape_text(shape)}) is not "
                    f"divisible by {known}, the product of the new shape's other dims"
                )
            new[start + dims.index(-1)] = bottom[0].count // known
        if math.prod(new) != bottom[0].count:
            raise ShapeError(
                f"the new shape {shape_text(tuple(new))} has {math.prod(new)} elements, the "
                f"bottom {bottom[0].count} (shape {shape_text(shape)}); equal counts are "
                "expected (a dim of -1 is inferred)"
            )
        return new
