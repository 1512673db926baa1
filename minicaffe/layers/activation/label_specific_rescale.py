"""LabelSpecificRescale: other factors for the true class's score and for the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, refuse_gradient, register
from minicaffe.layers.activation.label_specific import LabelSpecificLayer
from minicaffe.layers.loss.labels import ClassAxis
from minicaffe.proto import caffe_pb2


@register("LabelSpecificRescale")
class LabelSpecificRescale(LabelSpecificLayer):
    """Multiplies each item's score of the true class by ``positive_weight``, the others by
    ``negative_weight``; in TRAIN, and in TEST with ``rescale_test``.

    With ``for_ip`` a true score that is not above 0 stays. With ``bias_fix`` the product gets
    1 - positive_weight besides, so that a score of 1 stays. With ``power_on_positive`` it is
    sign(x) · |x|^positive_weight instead. With ``positive_weight_base`` the weight falls: in
    forward t, counted from ``iteration`` + 1, it is base · (1 + gamma · t)^-power, in TRAIN, at
    least positive_weight_min and at most positive_weight_max where these are given.

    Shapes: bottom 0, scores (N, C); bottom 1, one label an item, cast to int by truncation; top 0
    like bottom 0; top 1, optional, the positive weight (1).

    Settings: ``label_specific_rescale_param``: positive_weight (1), negative_weight (1),
    rescale_test (false), for_ip (false), bias_fix (false), power_on_positive (false);
    positive_weight_base (0), gamma (0), power (1), positive_weight_min (0), positive_weight_max
    (0), iteration (0). positive_lower_bound and negative_upper_bound do nothing, as in the fork.

    Gradients: dy times the same factors; with ``power_on_positive`` times
    positive_weight · |x|^(positive_weight - 1). None for the labels.

    Raises:
        GraphError: a gradient of the labels is asked for.
        ShapeError: there is not one label an item.
        DataError: a label outside the classes.

    Source: label_specific_rescale_layer.cpp (happynear/caffe-windows).
    """

    in_place = False
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.label_specific_rescale_param
        if param.positive_weight_base < 0:
            yield GraphError(
                f"positive_weight_base is {param.positive_weight_base:g}, expected at least 0"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.label_specific_rescale_param
        self.iteration, self._weight = int(param.iteration), float(param.positive_weight)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.label_specific_rescale_param
        if self.changes and self.phase == caffe_pb2.TRAIN:
            self._weight = self._fallen()
        for blob in top[1:]:
            blob.data[...] = self._weight
        x, weight = bottom[0].data, self._weight
        factors, true = self._factors(bottom)
        np.multiply(x, factors, out=top[0].data)
        if self._idle or weight == 1:
            return
        if param.power_on_positive:
            changed = np.sign(x) * np.abs(x) ** float(weight)
            np.copyto(top[0].data, changed, where=true)
        elif param.bias_fix:
            top[0].data[true] += float(1 - weight)

    @property
    def _idle(self) -> bool:
        return (
            self.phase != caffe_pb2.TRAIN
            and not self.param.label_specific_rescale_param.rescale_test
        )

    def _factors(self, bottom: Blobs) -> tuple[np.ndarray, np.ndarray]:
        """What multiplies each score, and which scores are true classes' and change."""
        param, x = self.param.label_specific_rescale_param, bottom[0].data
        scores = x.reshape(len(x), x[0].size if len(x) else 0)
        labels = ClassAxis(*scores.shape, 1).read(bottom[1].data).values
        own = labels == np.arange(scores.shape[1])
        true = own & (scores > 0) if param.for_ip else own
        factors = np.where(own, 1, param.negative_weight)
        factors[true] = self._weight
        if self._idle:
            factors[...] = 1
        return factors.astype(self.dtype).reshape(x.shape), true.reshape(x.shape)

    def _fallen(self) -> float:
        param = self.param.label_specific_rescale_param
        self.iteration += 1
        weight = param.positive_weight_base * (1 + param.gamma * self.iteration) ** -param.power
        if param.HasField("positive_weight_min"):
            weight = max(weight, param.positive_weight_min)
        if param.HasField("positive_weight_max"):
            weight = min(weight, param.positive_weight_max)
        return float(weight)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        refuse_gradient(propagate_down, 1, "the labels")
        if not propagate_down[0]:
            return
        factors, true = self._factors(bottom)
        if self.param.label_specific_rescale_param.power_on_positive and not self._idle:
            with np.errstate(divide="ignore"):
                slope = np.abs(bottom[0].data) ** float(self._weight - 1)
            np.multiply(factors, slope, out=factors, where=true)
        np.multiply(top[0].diff, factors, out=bottom[0].diff)

    @property
    def changes(self) -> bool:
        """With ``positive_weight_base``."""
        return self.param.label_specific_rescale_param.HasField("positive_weight_base")
