"""SmoothL1LossOHEM: the smooth L1 loss of boxes, and that of each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import DIVISOR_FIELDS, normalizer
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.loss.smooth_l1_loss import smooth_l1, smooth_l1_slope
from minicaffe.proto import caffe_pb2

_BOTTOMS = ("predictions", "targets", "weights")


@register("SmoothL1LossOHEM")
class SmoothL1LossOHEM(LossLayer):
    """L = 1/n Σ f(w · (a - b)), with f(x) = x²/2 where |x| < 1, |x| - 1/2 elsewhere; a second top
    has the loss of each item, by which BoxAnnotatorOHEM chooses hard regions.

    Shapes: bottom 0, predictions a (N, C, …); bottom 1, targets b, like a; bottom 2, optional,
    weights w, like a, 1 where missing. Top 0, L, a scalar; top 1, optional, the sums over C (N, 1,
    H, W), H and W being 1 where a has fewer axes.

    Settings: ``loss_param``: normalization (VALID and FULL: n = N · H · W; BATCH_SIZE: N; NONE: 1;
    PRE_FIXED: pre_fixed_normalizer (1)), n being at least 1.

    Gradients: of top 0 alone: da = w · f'(w · (a - b)) / n, f' being x and its sign; db = -da; none
    for the weights. The fork leaves the factor w out, which matters only for weights besides 0 and
    1.

    Raises:
        ShapeError: the bottoms differ in shape, or have other than 2 to 4 axes.
        GraphError: a gradient of the weights is asked for.

    Source: smooth_L1_loss_ohem_layer.cu (microsoft/caffe), on CPUs smooth_L1_loss_ohem_layer.cpp
    (intel/caffe); Shrivastava, Gupta, Girshick, "Training region-based object detectors with online
    hard example mining", 2016 (arXiv:1604.03540).
    """

    fork_fields = DIVISOR_FIELDS
    exact_bottoms = None
    min_bottoms = 2
    max_bottoms = 3
    exact_tops = None
    min_tops = 1
    max_tops = 2

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index < 2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        shape = bottom[0].shape
        if not 2 <= len(shape) <= 4:
            raise ShapeError(
                f"the predictions have shape {shape_text(shape)}; expected (N, C), (N, C, H) or "
                "(N, C, H, W)"
            )
        for name, blob in zip(_BOTTOMS, bottom, strict=False):
            if any(blob.legacy_shape(axis) != bottom[0].legacy_shape(axis) for axis in range(4)):
                raise ShapeError(
                    f"the {name} have shape {shape_text(blob.shape)}, the predictions "
                    f"{shape_text(shape)}; the same shape is expected"
                )
        for blob in top[1:]:
            blob.reshape(shape[0], 1, bottom[0].height, bottom[0].width)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the weighted differences for backward."""
        a, b, *weights = (blob.data.reshape(bottom[0].shape) for blob in bottom)
        self._differences = a - b
        for weight in weights:
            self._differences *= weight
        errors = smooth_l1(self._differences)
        top[0].data[...] = float(errors.sum(dtype=np.float64)) / self._divisor(bottom)
        for blob in top[1:]:
            np.copyto(blob.data, errors.sum(axis=1).reshape(blob.shape))

    def _divisor(self, bottom: Blobs) -> float:
        items, positions = bottom[0].shape[0], math.prod(bottom[0].shape[2:])
        return normalizer(
            self.param.loss_param,
            caffe_pb2.LossParameter.VALID,
            batch=items,
            full=items * positions,
            valid=items * positions,
        )

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 2, _BOTTOMS[2])
        slope = smooth_l1_slope(self._differences)
        for blob in bottom[2:]:
            slope *= blob.data.reshape(slope.shape)
        slope *= self.weight(top) / self._divisor(bottom)
        for blob, wanted, sign in zip(bottom[:2], propagate_down, (1, -1), strict=False):
            if wanted:
                np.multiply(slope.reshape(blob.shape), sign, out=blob.diff)
