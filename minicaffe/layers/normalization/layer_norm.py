"""LayerNorm: each item is normalised by itself, whatever the batch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.channels import channel_dot, channel_sum, fold, row_dot, subtract_row_means
from minicaffe.proto import caffe_pb2

NormParameter = (
    caffe_pb2.LayerNormParameter | caffe_pb2.InstanceNormParameter | caffe_pb2.GroupNormParameter
)

_ONES = caffe_pb2.FillerParameter(type="constant", value=1)


class ItemNorm(Layer):
    """What the three share. A row is a set of n values that are normalised together.

    **Forward**, with mean and var of each row (divided by n)::

        x̂ = (x - mean) / √(var + eps)        y = γ · x̂ + β

    γ and β (``affine``) are blobs[0], filled by ``scale_filler`` (1 without one), and
    blobs[1], filled by ``bias_filler`` (0 without one).

    **Backward**, with g = γ · dy and means over each row::

        dx = (g - mean(g) - x̂ · mean(g · x̂)) / √(var + eps)
        dγ = Σ dy · x̂        dβ = Σ dy        over all values that share them

    TRAIN and TEST are the same; nothing is stored. The layer may run in place.

    Raises:
        ShapeError: the bottom has too few axes, or no longer those that γ and β were made for.
    """

    exact_bottoms = 1
    exact_tops = 1

    #: The axes that γ and β cover: the first one and how many.
    _axis = 1
    _axes = 1
    backward_reads = ()

    @property
    def settings(self) -> NormParameter:
        """The layer's own message."""
        raise NotImplementedError

    def rows(self, shape: tuple[int, ...]) -> int:
        """How many rows a bottom of this shape has.

        Raises:
            ShapeError: the bottom has too few axes.
        """
        raise NotImplementedError

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        settings = self.settings
        self.eps: float = settings.eps
        self.affine: bool = settings.affine
        self.rows(bottom[0].shape)  # says what is wrong with the shape, if anything
        self._shape = self._affine_shape(bottom[0].shape)
        if self.affine:
            filler = settings.scale_filler if settings.HasField("scale_filler") else _ONES
            self.add_param(self._shape, filler)
            self.add_param(self._shape, settings.bias_filler)
        self._normal = Blob(dtype=self.dtype)  # x̂
        self._inv_std = np.ones((1, 1), self.dtype)

    def _affine_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape[self._axis : self._axis + self._axes]

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        self._rows = self.rows(shape)
        if self.affine and self._affine_shape(shape) != self._shape:
            raise ShapeError(
                f"the bottom has shape {shape_text(shape)}, but the factors and offsets were "
                f"made for {shape_text(self._shape)} from axis {self._axis} on"
            )
        top[0].reshape_like(bottom[0])
        self._normal.reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if not bottom[0].count:
            return
        x, normal = (self._as_rows(blob.data) for blob in (bottom[0], self._normal))
        subtract_row_means(x, normal)
        variance = row_dot(normal, normal) / normal.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):  # eps: 0 divides by 0, as BatchNorm
            self._inv_std = 1 / np.sqrt(variance + self.eps)
            normal *= self._inv_std
        if not self.affine:
            np.copyto(top[0].data, self._normal.data)
            return
        scale, shift = (blob.data.reshape(-1, 1) for blob in self.blobs)
        y = self._fold(top[0].data)
        np.multiply(self._fold(self._normal.data), scale, out=y)
        y += shift

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not top[0].count:
            return
        dy = self._fold(top[0].diff)
        if self.affine:
            self._add_gradients(dy)
        if not propagate_down[0]:
            return
        gradient = self._fold(bottom[0].diff)
        if self.affine:
            np.multiply(dy, self.blobs[0].data.reshape(-1, 1), out=gradient)
        else:
            np.copyto(gradient, dy)
        g, normal = self._as_rows(bottom[0].diff), self._as_rows(self._normal.data)
        mean = g.mean(axis=1, keepdims=True)
        slope = row_dot(g, normal) / normal.shape[1]
        g -= mean
        g -= normal * slope
        g *= self._inv_std

    def _add_gradients(self, dy: np.ndarray) -> None:
        if self.wants_gradient(0):
            self.accumulate(0, channel_dot(dy, self._fold(self._normal.data)))
        if self.wants_gradient(1):
            self.accumulate(1, channel_sum(dy))

    def _as_rows(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(self._rows, -1)

    def _fold(self, array: np.ndarray) -> np.ndarray:
        """As (outer, values that have a γ of their own, inner)."""
        return fold(array, self._axis, self._axes)


@register("LayerNorm")
class LayerNorm(ItemNorm):
    """The values from ``axis`` on are normalised together; each has its own γ and β::

        y = γ · (x - mean) / √(var + eps) + β     mean and var (over their count) of a row

    With ``axis: 1`` a row is one item; on (N, T, D), ``axis: -1`` makes each of the N·T vectors
    one.

    Shapes: bottom x of any shape with that axis; top y like x, also in place; with ``affine``
    blobs[0] is γ, of x's shape from ``axis`` on, filled by ``scale_filler`` (1 without one), and
    blobs[1] is β, like γ, filled by ``bias_filler`` (0 without one).

    Settings: ``layer_norm_param``: axis (1), eps (1e-5), affine (true).

    Gradients: with g = γ · dy, x̂ = (x - mean) / √(var + eps) and means over a row::

        dx = (g - mean(g) - x̂ · mean(g · x̂)) / √(var + eps)
        dγ = Σ dy · x̂        dβ = Σ dy        over all values that share them

    Raises:
        ShapeError: there is no such axis; other lengths from ``axis`` on than at set-up.

    Source: minicaffe; Ba, Kiros & Hinton, "Layer normalization", 2016 (arXiv:1607.06450).
    """

    @property
    def settings(self) -> caffe_pb2.LayerNormParameter:
        return self.param.layer_norm_param

    def rows(self, shape: tuple[int, ...]) -> int:
        axis = self.settings.axis
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(
                f"axis {axis} asked for, but the bottom has shape {shape_text(shape)}, that is "
                f"{len(shape)} axes"
            )
        self._axis = axis % len(shape)
        self._axes = len(shape) - self._axis
        return math.prod(shape[: self._axis])
