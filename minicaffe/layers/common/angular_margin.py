"""Products with class weights in which the true class's angle counts several times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.polynomial.chebyshev import Chebyshev

from minicaffe.blob import shape_text
from minicaffe.data.source import number_in
from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient
from minicaffe.layers.loss.labels import ClassAxis, Labels
from minicaffe.proto import caffe_pb2

MarginParameter = caffe_pb2.LargeMarginInnerProductParameter | caffe_pb2.MarginInnerProductParameter


def stretched(cosine: np.ndarray, times: int) -> tuple[np.ndarray, np.ndarray]:
    """ψ(θ) = (-1)^k · cos(mθ) - 2k, which falls from 1 to 1 - 2m as θ grows to π.

    Args:
        cosine: of θ.
        times: m, from 1 up; k is the number of times that θ holds π/m.

    Returns:
        ψ, and its derivative by the cosine.
    """
    bounds = np.cos(np.pi * np.arange(1, times) / times)
    turns = np.sum(cosine[..., None] < bounds, axis=-1)
    polynomial = Chebyshev.basis(times)  # cos(mθ) as a polynomial of cos θ
    signs = np.where(turns % 2, -1, 1)
    value = signs * polynomial(cosine) - 2 * turns
    slope = signs * polynomial.deriv()(cosine)
    return value.astype(cosine.dtype), slope.astype(cosine.dtype)


class AngularMargin(Layer):
    """y = x · Wᵀ, and for the true class (λ · x·w + |x| |w| ψ(θ)) / (1 + λ).

    A subclass says what becomes of the weights' lengths, and how gradients are taken.

    Attributes:
        classes: the top seen as vectors by classes.
    """

    in_place = False
    exact_bottoms = 2
    min_tops = 1
    max_tops = 2
    backward_reads = ("bottoms",)

    @property
    def settings(self) -> MarginParameter:
        """The layer's own message."""
        raise NotImplementedError("AngularMargin.settings")

    @property
    def times(self) -> int:
        """How often the true class's angle counts."""
        return int(self.settings.type) + 1

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.settings.num_output < 1:
            yield ShapeError("num_output is missing or 0, expected the number of classes")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self._iteration = int(self.settings.iteration)
        self._blend = 0.0
        self._length = math.prod(bottom[0].shape[bottom[0].axis(self.settings.axis) :])
        self.add_param((self.settings.num_output, self._length), self.settings.weight_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape, axis = bottom[0].shape, bottom[0].axis(self.settings.axis)
        length = math.prod(shape[axis:])
        if length != self._length:
            raise ShapeError(
                f"bottom of shape {shape_text(shape)} has {length} elements from axis {axis} on, "
                f"but the weights were made for {self._length}; the input's size must not change"
            )
        top[0].reshape(*shape[:axis], self.settings.num_output)
        for blob in top[1:]:
            blob.reshape(1)
        self.classes = ClassAxis.of(top[0], axis)
        self.classes.check_labels(top[0], bottom[1])

    # ------------------------------------------------------------------ for subclasses

    def vectors(self, array: np.ndarray) -> np.ndarray:
        """A bottom's values or gradients as (M, K)."""
        return array.reshape(self.classes.outer, self._length)

    def true_class(self, bottom: Blobs) -> tuple[Labels, np.ndarray]:
        """The labels, and for each item its own class's weights (M, K)."""
        labels = self.classes.read(bottom[1].data)
        return labels, self.blobs[0].data[labels.values[:, 0]]

    def fall(self) -> float:
        """λ of the next iteration: max(base · (1 + gamma · t)^-power, lambda_min)."""
        param = self.settings
        self._iteration += 1
        with np.errstate(all="ignore"):
            growth = np.power(1 + np.float64(param.gamma) * self._iteration, -param.power)
        self._blend = float(max(param.base * growth, param.lambda_min))
        return self._blend

    def product(self, bottom: Blobs, top: Blobs, margin: np.ndarray, labels: Labels) -> None:
        """Write x · Wᵀ, with the true class's own value blended in.

        Args:
            margin: |x| |w| ψ(θ) of each item, shape (M).
        """
        y = self.classes.view(top[0].data)
        np.matmul(self.vectors(bottom[0].data), self.blobs[0].data.T, out=y[:, :, 0])
        if self.times > 1:
            plain = labels.pick(y)
            labels.add(y, (margin[:, None] - plain) / (1 + self._blend))
        for blob in top[1:]:
            blob.data[...] = self._blend

    def plain_gradient(self, top: Blobs, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
        """dy (M, N) with what the true class gets through x·w alone, and what it gets through
        ψ (M)."""
        dy = self.classes.view(top[0].diff).copy()
        true = labels.pick(dy)
        through = true / (1 + self._blend)
        if self.times > 1:
            labels.add(dy, -through)
        return dy[:, :, 0], through[:, 0]

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        self.gradients(top, propagate_down[0], bottom)

    def gradients(self, top: Blobs, wanted: bool, bottom: Blobs) -> None:
        """Fill bottom 0's diff where it is wanted, and add to the weights'."""
        raise NotImplementedError("AngularMargin.gradients")

    # ------------------------------------------------------------------ what others ask

    def multiply_adds(self, bottom: Blobs, top: Blobs) -> int:
        """All weights for each item."""
        return self.classes.outer * self.blobs[0].count

    @property
    def repeatable(self) -> bool:
        """Whether a forward has the same results again: unless λ falls with each."""
        return self.times == 1 or not self.settings.gamma

    def state(self) -> Mapping[str, object]:
        """How far λ has fallen."""
        return {"iteration": self._iteration}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from where ``state()`` was taken."""
        self._iteration = number_in(state, "iteration")


def lengths(rows: np.ndarray) -> np.ndarray:
    """√(Σ x²) of each row."""
    return np.sqrt(np.einsum("mk,mk->m", rows, rows))
