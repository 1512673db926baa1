"""AccuracyRegression: how far predicted numbers are from the true ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.gradients import refuse_gradients
from minicaffe.layers.loss.loss_layer import mean


@register("AccuracyRegression")
class AccuracyRegression(Layer):
    """Σ |a - b| / (2N): half the absolute differences of an item, as a mean over the items.

    Smaller is better, in spite of the name. Its nets predict points, two numbers each.

    Shapes: bottoms a and b (N, …), of the same shape; top (1, 1, 1, 1).

    Settings: ``accuracy_param``: top_k (1), which changes nothing.

    Gradients: none; one that is asked for is refused.

    Raises:
        ShapeError: the bottoms differ in shape.
        GraphError: a gradient is asked for.

    Source: accuracy_regression_layer.cpp (BVLC/caffe), of a fork in its history.
    """

    measures = True
    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ()

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        a, b = (blob.shape for blob in bottom)
        if a != b or not a:
            raise ShapeError(
                f"the bottoms have shapes {shape_text(a)} and {shape_text(b)}; the same one, "
                "(N, …), is expected"
            )
        top[0].reshape(1, 1, 1, 1)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        total = np.abs(bottom[0].data - bottom[1].data).sum(dtype=np.float64)
        top[0].data[...] = mean(float(total), bottom[0].shape[0]) / 2

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradients(propagate_down, "the predictions", "the true numbers")
