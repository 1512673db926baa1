"""Tile: a blob repeated along an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register


@register("Tile")
class Tile(Layer):
    """Repeats a blob along an axis.

    Shapes: bottom of any shape; top like it, but ``tiles`` times as long on ``axis``.

    Settings: ``tile_param``: tiles, required; axis (1).

    Gradients: dx = Σ dy over the repetitions.

    Raises:
        GraphError: ``tiles`` is missing or below 1.
        ShapeError: there is no such axis.

    Source: tile_layer.cpp (BVLC/caffe).
    """

    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.tile_param
        if param.tiles < 1:
            found = f"tiles is {param.tiles}" if param.HasField("tiles") else "tiles is missing"
            yield GraphError(f"{found}; expected at least 1")

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
