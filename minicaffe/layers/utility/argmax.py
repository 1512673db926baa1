"""ArgMax: where the largest values are; without a gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, refuse_gradient, register
from minicaffe.layers.loss.labels import ClassAxis


@register("ArgMax")
class ArgMax(Layer):
    """The indices of the ``top_k`` largest values, the larger index first among equals.

    Indices are stored as floating-point numbers.

    Shapes: bottom of any shape. With ``axis`` the top is like the bottom but ``top_k`` long on that
    axis, and holds the values themselves with ``out_max_val``. Without it all values of an item
    compete: the top is (N, 1, top_k), padded with 1s to the bottom's axes, or with ``out_max_val``
    (N, 2, top_k), the indices followed by the values.

    Settings: ``argmax_param``: top_k (1), axis (unset), out_max_val (false).

    Gradients: none; one that is asked for is refused.

    Raises:
        GraphError: top_k is 0; a gradient is asked for.
        ShapeError: there is no such axis, or there are fewer than top_k values.

    Source: argmax_layer.cpp (BVLC/caffe).
    """

    decides = True
    in_place = False
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        if self.param.argmax_param.top_k < 1:
            yield GraphError("top_k is 0, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.argmax_param
        shape = list(bottom[0].shape)
        if param.HasField("axis"):
            axis = bottom[0].axis(param.axis)
            self._split = ClassAxis.of(bottom[0], axis)
            shape[axis] = param.top_k
        else:
            num = shape[bottom[0].axis(0)]
            self._split = ClassAxis(num, math.prod(shape[1:]), 1)
            shape = [num, 2 if param.out_max_val else 1, param.top_k, *[1] * (len(shape) - 3)]
        if param.top_k > self._split.classes:
            raise ShapeError(
                f"top_k is {param.top_k}, but there are only {self._split.classes} values in "
                f"shape {shape_text(bottom[0].shape)}"
            )
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.argmax_param
        values = self._split.view(bottom[0].data)
        backwards = values[:, ::-1]  # so that the larger index comes first among equals
        if param.top_k == 1:
            best = backwards.argmax(axis=1)[:, None]
        else:
            best = np.argsort(-backwards, axis=1, kind="stable")[:, : param.top_k]
        indices = self._split.classes - 1 - best
        if not param.out_max_val:
            top[0].data[...] = indices.reshape(top[0].shape)
            return
        maxima = np.take_along_axis(values, indices, axis=1)
        if param.HasField("axis"):
            top[0].data[...] = maxima.reshape(top[0].shape)
        else:
            both = np.stack([indices, maxima], axis=1)
            top[0].data[...] = both.reshape(top[0].shape)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 0, "what the maximum is searched in")
