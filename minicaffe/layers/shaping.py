"""Layers that change shapes: Flatten, Reshape, Crop, Tile."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.checks import refuse_in_place
from minicaffe.layers.joining import share
from minicaffe.registry import register


class _SameMemory(Layer):
    """The top is the bottom's memory, data and diff, in another shape: nothing to compute."""

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)

    def new_shape(self, shape: tuple[int, ...], bottom: Blobs) -> list[int]:
        """The top's shape."""
        raise NotImplementedError

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*self.new_shape(bottom[0].shape, bottom))
        share(top[0], bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        share(top[0], bottom[0])  # the bottom's memory may have been replaced since

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        pass  # the top's diff is the bottom's


@register("Flatten")
class Flatten(_SameMemory):
    """Makes the axes ``axis`` to ``end_axis`` (1 and -1 by default) one; shares memory."""

    def new_shape(self, shape: tuple[int, ...], bottom: Blobs) -> list[int]:
        param = self.param.flatten_param
        start, end = bottom[0].axis(param.axis), bottom[0].axis(param.end_axis) + 1
        if start > end:
            raise ShapeError(
                f"axis {param.axis} lies behind end_axis {param.end_axis} in shape "
                f"{shape_text(shape)}"
            )
        return [*shape[:start], math.prod(shape[start:end]), *shape[end:]]


@register("Reshape")
class Reshape(_SameMemory):
    """Puts ``reshape_param { shape }`` in place of some axes; shares memory.

    A ``dim`` of 0 copies the bottom's axis in that position, one -1 is what the count
    leaves over. The ``num_axes`` axes from ``axis`` on are replaced; by default all (0, -1).
    A negative ``axis`` counts from behind the last axis, so ``axis: -1`` appends.

    Raises:
        ShapeError: the new shape has another count.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        if list(self.param.reshape_param.shape.dim).count(-1) > 1:
            raise GraphError("the new shape has several dim: -1; at most one can be inferred")

    def _replaced(self, axes: int) -> tuple[int, int]:
        """From which axis to which (exclusive) the bottom's are replaced."""
        param = self.param.reshape_param
        start = param.axis if param.axis >= 0 else axes + param.axis + 1
        if not 0 <= start <= axes:
            raise ShapeError(f"axis {param.axis} is out of range for a bottom of {axes} axes")
        if param.num_axes < -1:
            raise ShapeError(f"num_axes is {param.num_axes}, expected -1 (all) or more")
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


@register("Crop")
class Crop(Layer):
    """Cuts bottom 0 to bottom 1's lengths from ``axis`` (2 by default) on.

    ``offset`` says where the part begins: one value for all those axes, or one each; 0 by
    default. Bottom 1 gives only the shape and gets no gradient.
    """

    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        param = self.param.crop_param
        cropped = len(bottom[0].shape) - bottom[0].axis(param.axis)
        if len(param.offset) > 1 and len(param.offset) != cropped:
            raise GraphError(
                f"{len(param.offset)} offset values for {cropped} cropped axes; give one for "
                "each, one for all, or none"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.crop_param
        shape, wanted = bottom[0].shape, bottom[1].shape
        start = bottom[0].axis(param.axis)
        cropped = len(shape) - start
        if len(wanted) < len(shape):
            raise ShapeError(
                f"bottom 1 has shape {shape_text(wanted)}; as many axes as in bottom 0 "
                f"({shape_text(shape)}) are expected"
            )
        offsets = list(param.offset) or [0]
        if len(offsets) == 1:
            offsets *= cropped
        for axis, offset in enumerate(offsets, start):
            if offset + wanted[axis] > shape[axis]:
                raise ShapeError(
                    f"axis {axis} of length {shape[axis]} cannot be cropped to "
                    f"{wanted[axis]} from offset {offset}"
                )
        lengths = wanted[start : len(shape)]
        self._window = (
            *[slice(None)] * start,
            *(slice(o, o + n) for o, n in zip(offsets, lengths, strict=True)),
        )
        top[0].reshape(*shape[:start], *lengths)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, bottom[0].data[self._window])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            np.copyto(bottom[0].diff[self._window], top[0].diff)


@register("Tile")
class Tile(Layer):
    """Repeats the bottom ``tiles`` times along ``axis`` (1 by default)."""

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        param = self.param.tile_param
        if param.tiles < 1:
            found = f"tiles is {param.tiles}" if param.HasField("tiles") else "tiles is missing"
            raise GraphError(f"{found}; expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, tiles = bottom[0].shape, self.param.tile_param.tiles
        axis = bottom[0].axis(self.param.tile_param.axis)
        outer, inner = math.prod(shape[:axis]), math.prod(shape[axis:])
        self._tiled = (outer, tiles, inner)
        self._single = (outer, 1, inner)
        top[0].reshape(*shape[:axis], shape[axis] * tiles, *shape[axis + 1 :])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data.reshape(self._tiled), bottom[0].data.reshape(self._single))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            parts = top[0].diff.reshape(self._tiled)
            np.sum(parts, axis=1, keepdims=True, out=bottom[0].diff.reshape(self._single))
