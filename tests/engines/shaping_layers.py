"""Python layers that shape their tops while they run, as data layers and detection nets do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import minicaffe as caffe
from minicaffe.layer import Blobs


class Images(caffe.Layer):
    """Images of many sizes, one a batch (``param_str`` is 3), or their label maps (1)."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.channels, self.turn = int(self.param_str), 0
        top[0].reshape(1, self.channels, 8, 6)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        rng = np.random.default_rng([self.turn, self.channels])
        sizes = ((9, 7), (5, 12), (5, 12), (14, 3), (8, 8))
        self.turn += 1
        top[0].reshape(1, self.channels, *sizes[self.turn % len(sizes)])
        shape = top[0].shape
        top[0].data[...] = (
            rng.integers(0, 4, shape) if self.channels == 1 else rng.normal(size=shape)
        )


class Targets(caffe.Layer):
    """A target for each value of the bottom, shaped in forward only."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].data.shape)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        pass

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].data.shape)
        top[0].data[...] = np.sin(np.arange(bottom[0].count)).reshape(top[0].shape)


class Positive(caffe.Layer):
    """Keeps the rows whose first value is positive; reshape has space for all of them."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.reshapes: list[int] = []

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self.reshapes.append(bottom[0].shape[0])
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.rows = np.flatnonzero(bottom[0].data[:, 0] > 0)
        top[0].reshape(len(self.rows), *bottom[0].shape[1:])
        top[0].data[...] = bottom[0].data[self.rows]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        bottom[0].diff[...] = 0
        bottom[0].diff[self.rows] = top[0].diff


class NowAndThen(caffe.Layer):
    """Gives a value only every other time: its top is empty otherwise."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.turn = 0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(0)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.turn += 1
        if self.turn % 2 == 0:
            top[0].reshape(1)
            top[0].data[0] = self.turn


class Negate(caffe.Layer):
    """y = -x, in place or not; counts its forwards."""

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.forwards = 0

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.forwards += 1
        np.negative(bottom[0].data, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        np.negative(top[0].diff, out=bottom[0].diff)
