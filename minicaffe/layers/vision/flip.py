"""Flip: images mirrored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images


@register("Flip")
class Flip(Layer):
    """Mirrors images: y[h, w] = x[h, W - 1 - w], or x[H - 1 - h, w], or both.

    Shapes: bottom x (N, C, H, W); top y like x.

    Settings: ``flip_param``: flip_width (true), flip_height (false).

    Gradients: dx is dy mirrored in the same way.

    Raises:
        ShapeError: there are not four axes.

    Source: flip_layer.cpp (happynear/caffe-windows).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        np.copyto(top[0].data, bottom[0].data[self._mirror])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            np.copyto(bottom[0].diff, top[0].diff[self._mirror])

    @property
    def _mirror(self) -> tuple[slice, slice, slice, slice]:
        param, every = self.param.flip_param, slice(None)
        back = slice(None, None, -1)
        rows, columns = (back if on else every for on in (param.flip_height, param.flip_width))
        return every, every, rows, columns
