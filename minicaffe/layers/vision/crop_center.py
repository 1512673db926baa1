"""CropCenter: margins cut off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer, register


@register("CropCenter")
class CropCenter(Layer):
    """Cuts ``crop_size`` off both ends of each axis.

    Shapes: bottom of any shape; top like it, each axis 2 · crop_size shorter.

    Settings: ``crop_center_param``: crop_size, one for each axis.

    Gradients: dx is dy in the centre and 0 in the margins.

    Raises:
        GraphError: there is not one ``crop_size`` for each axis.
        ShapeError: an axis has nothing left.

    Source: crop_center_layer.cpp (lltcggie/caffe).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        sizes, shape = list(self.param.crop_center_param.crop_size), bottom[0].shape
        if len(sizes) != len(shape):
            raise GraphError(
                f"crop_size is given {len(sizes)} times, but the bottom has {len(shape)} axes "
                f"({shape_text(shape)}); give it once for each, 0 where nothing is to be cut"
            )
        for axis, (size, length) in enumerate(zip(sizes, shape, strict=True)):
            if size and 2 * size >= length:
                raise ShapeError(
                    f"axis {axis} of length {length} has nothing left when crop_size {size} is cut "
                    "off both ends"
                )
        self._centre = tuple(slice(s, n - s) for s, n in zip(sizes, shape, strict=True))
        top[0].reshape(*(n - 2 * s for s, n in zip(sizes, shape, strict=True)))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, bottom[0].data[self._centre])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            np.copyto(bottom[0].diff[self._centre], top[0].diff)
