"""Crop: a blob cut to the size of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minicaffe.arguments import whole_number
from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, CoordMap, Layer, register
from minicaffe.layers.vision.geometry import numbers, own_message


@register("Crop")
class Crop(Layer):
    """Cuts a blob to the size of another.

    Shapes: bottom 0 of any shape; bottom 1 with at least as many axes, of which only the shape
    counts; top with bottom 0's lengths before ``axis`` and bottom 1's from there on.

    Settings: ``crop_param``: axis (2); offset (0), where the part begins: one value for all those
    axes, or a value for each.

    Gradients: dx is dy in the part and 0 around it; none for bottom 1.

    Raises:
        ShapeError: there is no such axis; bottom 1 has fewer axes; the part exceeds bottom 0.
        GraphError: there is neither one offset nor one for each cropped axis.

    Source: crop_layer.cpp (BVLC/caffe).
    """

    size_bottoms = frozenset({1})
    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap:
        """A pixel lies ``offset`` further up in the top."""
        axis, offset = crop_params(params)
        return axis - 1, 1, -offset  # maps do not count the batch axis

    def setup(self, bottom: Blobs, top: Blobs) -> None:
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


def crop_params(fields: Mapping[str, object]) -> tuple[int, np.ndarray]:
    """(axis, offset) of a Crop layer in a net specification."""
    params = own_message(fields, "crop_param")
    return whole_number(params.get("axis", 2), "axis"), numbers(params.get("offset", 0))
