"""What all elementwise layers share (Caffe's NeuronLayer)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import Blobs, Layer


class Neuron(Layer):
    """y = f(x) for every element; top and bottom have the same shape.

    A subclass writes :meth:`function` and :meth:`gradient` on plain arrays. Running in
    place, y is x (and dx is dy): both must write an element only after reading it, and a
    gradient then finds y where x was, unless :meth:`right_in_place` says that it needs x.
    """

    keeps_coordinates = True
    exact_bottoms = 1
    exact_tops = 1

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._scratch = Blob(dtype=self.dtype)
        self.prepare()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        with np.errstate(all="ignore"):  # overflow is inf, without a word, as in C
            self.function(bottom[0].data, top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            with np.errstate(all="ignore"):
                self.gradient(bottom[0].data, top[0].data, top[0].diff, bottom[0].diff)

    # --------------------------------------------------------------- to override

    def prepare(self) -> None:
        """Read the layer's settings."""

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        """Write f(x) into y, of the same shape; it may be x itself."""
        raise NotImplementedError(f"{type(self).__name__}.function")

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        """Write dy · f'(x) into dx; all are of one shape. In place y is x, and dx is dy."""
        raise NotImplementedError(f"{type(self).__name__}.gradient")

    # ------------------------------------------------------------- for subclasses

    def scratch(self, like: np.ndarray) -> np.ndarray:
        """An uninitialised array of this shape, the same memory at every call."""
        self._scratch.reshape(*like.shape)
        return self._scratch.data

    def scratch_for(self, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
        """Where to compute f'(x), like dx, before the product with dy: dx, unless that is dy."""
        return self.scratch(dx) if np.may_share_memory(dy, dx) else dx


def step(positive: np.ndarray, below: float | np.ndarray, out: np.ndarray) -> None:
    """Write 1 where ``positive`` holds and ``below`` elsewhere (no branch for each element)."""
    np.multiply(~positive, np.subtract(below, 1, dtype=out.dtype), out=out, dtype=out.dtype)
    out += 1
