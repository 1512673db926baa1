"""CenterLoss: how far features are from the centres of their classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.loss.labels import ClassAxis
from minicaffe.layers.loss.loss_layer import LossLayer, mean, require_one_label_each


@register("CenterLoss")
class CenterLoss(LossLayer):
    """½ Σ ‖x_n - c_y‖² / N: the distances of features from a learned centre of their class y.

    With ``distance_type: "L1"`` it is Σ |x_n - c_y| / N.

    Shapes: bottom 0, features x (N, …) of K values from ``axis`` on; bottom 1, one label an item,
    cast to int by truncation; top, a scalar. blobs[0], the centres (num_output, K), filled by
    ``center_filler``.

    Settings: ``center_loss_param``: num_output, required; axis (1); distance_type, "L2" or "L1".

    Gradients: with the loss weight w, dx = w · (x - c_y) / N, or w · sign(x - c_y) / N. The centres
    do not follow a gradient but their items, whatever w is: a centre with m items gets
    Σ (c - x) / (m + 1), and where ``distance_type`` is given, as happynear's Caffe has it, m times
    that (with signs for L1). None for the labels.

    Raises:
        GraphError: num_output is missing, another distance_type; a gradient of the labels is asked
            for.
        ShapeError: there is not one label an item; K differs from that at set-up.
        DataError: a label outside the classes.

    Source: center_loss_layer.cpp (ydwen/caffe-face); distance_type happynear/caffe-windows. Wen,
    Zhang, Li, Qiao, "A discriminative feature learning approach for deep face recognition", 2016.
    """

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.center_loss_param
        if param.num_output < 1:
            yield GraphError("num_output is missing or 0, expected the number of classes")
        if param.distance_type not in ("L1", "L2"):
            yield GraphError(f"distance_type is '{param.distance_type}', expected L2 or L1")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.center_loss_param
        self._length = math.prod(bottom[0].shape[bottom[0].axis(param.axis) :])
        self.add_param((param.num_output, self._length), param.center_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        shape = bottom[0].shape
        if math.prod(shape[1:]) != self._length:
            raise ShapeError(
                f"the features have shape {shape_text(shape)}; items of {self._length} values, as "
                "at set-up, are expected"
            )
        require_one_label_each(bottom[0], bottom[1])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        centres, x = self.blobs[0].data, bottom[0].data
        items = x.reshape(len(x), self._length)
        split = ClassAxis(len(items), len(centres), 1)
        self._labels = split.read(bottom[1].data).values[:, 0]
        self._distance = items - centres[self._labels]
        if self.param.center_loss_param.distance_type == "L1":
            total = np.abs(self._distance).sum(dtype=np.float64)
            self._distance = np.sign(self._distance)
        else:
            total = 0.5 * np.square(self._distance).sum(dtype=np.float64)
        top[0].data[...] = mean(float(total), len(items))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if self.wants_gradient(0):
            step = np.zeros_like(self.blobs[0].data)
            np.subtract.at(step, self._labels, self._distance)
            count = np.bincount(self._labels, minlength=len(step))[:, None]
            times = count if self.param.center_loss_param.HasField("distance_type") else 1
            self.accumulate(0, step * (times / (count + 1)).astype(step.dtype))
        if propagate_down[0]:
            factor = self.weight(top) / max(1, len(self._distance))
            out = bottom[0].diff.reshape(self._distance.shape)
            np.multiply(self._distance, float(factor), out=out)
