"""LabelSpecificAdd: a margin for the true class's score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.activation.label_specific import LabelSpecificLayer
from minicaffe.layers.loss.labels import ClassAxis
from minicaffe.proto import caffe_pb2


@register("LabelSpecificAdd")
class LabelSpecificAdd(LabelSpecificLayer):
    """Adds ``bias`` to the score of each item's true class where that is above -bias; in TRAIN.

    With ``bias_base`` the bias changes: in forward t, counted from ``iteration``, it is
    bias_base + (1 + bias_gamma · t)^bias_power - 1, at least bias_min and at most bias_max. In TEST
    nothing is added, whatever ``transform_test`` says, as in the fork.

    Shapes: bottom 0, scores (N, C); bottom 1, one label an item, cast to int by truncation; top 0
    like bottom 0, also in place; top 1, optional, the bias (1).

    Settings: ``label_specific_add_param``: bias (0), transform_test (false); bias_base (0),
    bias_gamma (0), bias_power (1), bias_min (0), bias_max (0), iteration (0).

    Gradients: dx = dy; none for the labels.

    Raises:
        GraphError: a gradient of the labels is asked for.
        ShapeError: there is not one label an item.
        DataError: a label outside the classes.

    Source: label_specific_add.cpp (happynear/caffe-windows); Wang, Cheng, Liu, Liu, "Additive
    margin softmax for face verification", 2018 (arXiv:1801.05599).
    """

    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.label_specific_add_param
        if param.HasField("bias_base") and param.bias_min > param.bias_max:
            yield GraphError(f"bias_min is {param.bias_min:g}, above bias_max, {param.bias_max:g}")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.iteration = int(self.param.label_specific_add_param.iteration)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data, top[0].data
        if y is not x:
            np.copyto(y, x)
        if self.phase != caffe_pb2.TRAIN:
            return
        bias = self._bias()
        for blob in top[1:]:
            blob.data[...] = bias
        scores = y.reshape(len(y), -1) if y.size else y.reshape(len(y), 0)
        labels = ClassAxis(*scores.shape, 1).read(bottom[1].data)
        true = labels.pick(scores[:, :, None])
        labels.add(scores[:, :, None], np.where(true > -bias, bias, 0).astype(self.dtype))

    def _bias(self) -> float:
        param = self.param.label_specific_add_param
        if not self.changes:
            return param.bias
        growth = (1 + param.bias_gamma * self.iteration) ** param.bias_power
        self.iteration += 1
        return min(max(param.bias_base + growth - 1, param.bias_min), param.bias_max)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if propagate_down[0] and top[0] is not bottom[0]:
            np.copyto(bottom[0].diff, top[0].diff)

    @property
    def changes(self) -> bool:
        """With ``bias_base``."""
        return self.param.label_specific_add_param.HasField("bias_base")
