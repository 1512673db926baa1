"""SPP: spatial pyramid pooling."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, Runs, register
from minicaffe.layers.vision.pooling import Pooling
from minicaffe.proto import caffe_pb2


@dataclass
class Level:
    """One of the poolings.

    Attributes:
        blob: what it fills.
        kernel: what runs it: itself, or what an engine puts in its place.
    """

    layer: Pooling
    blob: Blob
    kernel: Runs


@register("SPP")
class SPP(Layer):
    """Pools an image on 1×1, 2×2, 4×4, … windows; the results have one length for all sizes.

    Level l has 2^l windows a side, of ⌈H / 2^l⌉ × ⌈W / 2^l⌉ pixels; what they are too large in all
    is padding, half of it (rounded up) on either side.

    Shapes: bottom x (N, C, H, W); top (N, C · (1 + 4 + … + 4^(pyramid_height - 1))): level after
    level, each flattened; with ``pyramid_height: 1`` it is (N, C, 1, 1), as a pooling layer gives
    it.

    Settings: ``spp_param``: pyramid_height, required; pool (MAX; AVE; STOCHASTIC where no padding
    is needed).

    Gradients: the sum of those of the levels, each as of Pooling.

    Raises:
        GraphError: pyramid_height is missing.
        ShapeError: the bottom does not have 4 axes, or is too small for a level.

    Source: spp_layer.cpp (BVLC/caffe); He, Zhang, Ren & Sun, "Spatial pyramid pooling in deep
    convolutional networks for visual recognition", 2014.
    """

    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.spp_param.pyramid_height < 1:
            yield GraphError("pyramid_height is missing or 0, expected at least 1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.height: int = self.param.spp_param.pyramid_height
        self.levels: list[Level] = []

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: "
                "num, channels, height, width"
            )
        self.levels = [self._level(index, bottom[0]) for index in range(self.height)]
        if self.height == 1:
            top[0].reshape(*self.levels[0].blob.shape)
        else:
            count = sum(math.prod(level.blob.shape[1:]) for level in self.levels)
            top[0].reshape(shape[0], count)

    def _level(self, index: int, bottom: Blob) -> Level:
        param = caffe_pb2.LayerParameter(name=f"{self.param.name}, level {index}", type="Pooling")
        pooling = param.pooling_param
        pooling.pool = self.param.spp_param.pool  # type: ignore[assignment]  # equal enumerations
        bins = 2**index
        for side, size in zip("hw", bottom.shape[2:], strict=True):
            kernel = -(-size // bins)
            pad = (kernel * bins - size + 1) // 2
            if pad >= kernel:
                raise ShapeError(
                    f"level {index} has {bins}×{bins} windows, which do not fit an image of "
                    f"{shape_text(bottom.shape[2:])}: {kernel} pixel(s) long, they need "
                    f"{pad} of padding, which must be less (Caffe refuses this size too); use a "
                    "smaller pyramid_height, or images of another size"
                )
            setattr(pooling, f"kernel_{side}", kernel)
            setattr(pooling, f"stride_{side}", kernel)
            setattr(pooling, f"pad_{side}", pad)
        layer = Pooling(param, self.phase, rng=self.rng, dtype=self.dtype)
        blob = Blob(dtype=self.dtype)
        layer.setup([bottom], [blob])
        layer.reshape([bottom], [blob])
        return Level(layer, blob, layer)

    @property
    def repeatable(self) -> bool:
        """Where all of its poolings are."""
        return all(level.layer.repeatable for level in self.levels)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        target = _rows(top[0].data)
        start = 0
        for level in self.levels:
            level.layer.rng = self.rng
            level.kernel.forward(bottom, [level.blob])
            values = _rows(level.blob.data)
            target[:, start : start + values.shape[1]] = values
            start += values.shape[1]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        source = _rows(top[0].diff)
        total: np.ndarray | None = None
        start = 0
        for level in self.levels:
            values = _rows(level.blob.diff)
            values[...] = source[:, start : start + values.shape[1]]
            start += values.shape[1]
            level.kernel.backward([level.blob], [True], bottom)
            if total is None:
                total = bottom[0].diff.copy() if self.height > 1 else None
            else:
                total += bottom[0].diff
        if total is not None:
            bottom[0].diff[...] = total


def _rows(array: np.ndarray) -> np.ndarray:
    """A row for each image, of which there may be none."""
    return array.reshape(len(array), math.prod(array.shape[1:]))
