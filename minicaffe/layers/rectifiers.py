"""Layers that pass positive values and bend the others: ReLU, PReLU, ELU, and their kin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.channels import channel_dot, fold
from minicaffe.layers.checks import refuse_in_place
from minicaffe.layers.neuron import Neuron, step
from minicaffe.proto import caffe_pb2
from minicaffe.registry import register

_QUARTER = caffe_pb2.FillerParameter(type="constant", value=0.25)


@register("ReLU")
class ReLU(Neuron):
    """y = max(x, 0) + negative_slope · min(x, 0); dx = dy · (1 where x > 0, else the slope).

    Nair & Hinton, 2010; with a slope, Maas, Hannun & Ng, 2013. In place the sign of y
    stands for that of x, which is right for slopes of 0 and above. Without a slope minus infinity
    is 0 · -inf, not a number.
    """

    backward_reads = ("bottoms",)
    reads_signs = True

    def prepare(self) -> None:
        self._slope = self.param.relu_param.negative_slope

    def right_in_place(self) -> bool:
        return self._slope >= 0

    def keeps_signs(self) -> bool:
        return self._slope >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if not self._slope:
            lost = x == -np.inf if np.isneginf(np.fmin.reduce(x, axis=None, initial=0)) else None
            np.maximum(x, 0, out=y)
            if lost is not None:
                y[lost] = np.nan
            return
        negative = np.minimum(x, 0, out=self.room(x))
        negative *= self._slope
        np.maximum(x, 0, out=y)
        y += negative

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        if not self._slope:
            np.multiply(dy, x > 0, out=dx)
            return
        factor = self.room_for_factor(dy, dx)
        step(x > 0, self._slope, factor)
        np.multiply(dy, factor, out=dx)


@register("PReLU")
class PReLU(Neuron):
    """y = max(x, 0) + slope · min(x, 0), the slopes learned: one a channel, or one for all.

    Shapes: bottom N×C, N×C×H or N×C×H×W; blobs[0] is (C), or () with ``channel_shared``,
    filled by ``filler`` (0.25 without one). He et al., 2015 (arXiv:1502.01852). The layer may
    run in place; it keeps the bottom then.

    Gradients: dx = dy · (1 where x > 0, else the slope); dslope = Σ dy · min(x, 0).

    Raises:
        ShapeError: fewer than two axes or, as in Caffe, more than four; another number of
            channels than slopes.
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        _require_two_to_four_axes(bottom[0])
        param = self.param.prelu_param
        shape = () if param.channel_shared else (bottom[0].channels,)
        self.add_param(shape, param.filler if param.HasField("filler") else _QUARTER)
        self._kept = Blob(dtype=self.dtype)  # the bottom's data, while running in place
        self.backward_reads = () if bottom[0] is top[0] else ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        _require_two_to_four_axes(bottom[0])
        slopes = self.blobs[0]
        if slopes.shape and slopes.count != bottom[0].channels:
            raise ShapeError(
                f"the bottom has {bottom[0].channels} channels, but there are {slopes.count} slopes"
            )
        super().reshape(bottom, top)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0] is top[0]:
            self._kept.reshape_like(bottom[0])
            np.copyto(self._kept.data, bottom[0].data)
        super().forward(bottom, top)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        negative = np.minimum(x, 0, out=self.room(x))
        np.maximum(x, 0, out=y)
        negative = fold(negative)
        negative *= self.blobs[0].data.reshape(-1, 1)
        y += negative.reshape(y.shape)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        x = fold(self._kept.data if bottom[0] is top[0] else bottom[0].data)
        dy, dx = fold(top[0].diff), fold(bottom[0].diff)
        if self.wants_gradient(0):
            sums = channel_dot(dy, np.minimum(x, 0, out=self.room(x)))
            diff = self.blobs[0].diff
            diff += sums if diff.shape else sums.sum()
        if propagate_down[0]:
            factor = self.room_for_factor(dy, dx)
            step(x > 0, self.blobs[0].data.reshape(-1, 1), factor)
            np.multiply(dy, factor, out=dx)


@register("ELU")
class ELU(Neuron):
    """y = max(x, 0) + alpha · (exp(min(x, 0)) - 1); dx = dy · (1 where x > 0, else y + alpha).

    Clevert, Unterthiner & Hochreiter, 2016 (arXiv:1511.07289).
    """

    def prepare(self) -> None:
        self._alpha = self.param.elu_param.alpha

    def right_in_place(self) -> bool:
        return self._alpha >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        negative = np.minimum(x, 0, out=self.room(x))
        np.exp(negative, out=negative)
        negative -= 1
        negative *= self._alpha
        np.maximum(x, 0, out=y)
        y += negative

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.room_for_factor(dy, dx)
        np.minimum(y, 0, out=factor)  # below: (y + alpha - 1) + 1 where x <= 0, else 0 + 1
        factor += self._alpha - 1
        factor *= x <= 0
        factor += 1
        np.multiply(dy, factor, out=dx)


@register("AbsVal")
class AbsVal(Neuron):
    """y = |x|; dx = dy · sign(x), where sign(0) is 0. It refuses to run in place.

    Raises:
        GraphError: the top is the bottom.
    """

    backward_reads = ("bottoms",)

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        refuse_in_place(bottom, top)
        super().setup(bottom, top)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.abs(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        np.sign(x, out=dx)
        dx *= dy


@register("Clip")
class Clip(Neuron):
    """y = max(min, min(x, max)); dx = dy where min <= x <= max (edges included), else 0.

    What is not a number becomes min, as in Caffe.

    Raises:
        GraphError: ``min`` or ``max`` is not given.
    """

    backward_reads = ("bottoms",)

    def prepare(self) -> None:
        param = self.param.clip_param
        if not (param.HasField("min") and param.HasField("max")):
            raise GraphError("clip_param needs both min and max")
        self._min, self._max = param.min, param.max

    def right_in_place(self) -> bool:
        return False

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.minimum(x, self._max, out=y)
        np.fmax(y, self._min, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        inside = x >= self._min
        inside &= x <= self._max
        np.multiply(dy, inside, out=dx)


@register("Threshold")
class Threshold(Neuron):
    """y = 1 where x > threshold (strictly), else 0. It has no gradient."""

    backward_reads = ()

    def prepare(self) -> None:
        self._threshold = self.param.threshold_param.threshold

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.copyto(y, x > self._threshold)

    backward = Layer.backward  # refuses


def _require_two_to_four_axes(bottom: Blob) -> None:
    if not 2 <= len(bottom.shape) <= 4:
        raise ShapeError(
            f"the bottom has shape {shape_text(bottom.shape)}; two to four axes (batch, channels, "
            "height, width) are expected; a Reshape layer can merge the others"
        )
