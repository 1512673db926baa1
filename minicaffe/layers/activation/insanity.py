"""Insanity: the randomised leaky ReLU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2


@register("Insanity")
class Insanity(Layer):
    """y = x where x > 0, else x / a. In TRAIN a is drawn for each value, uniformly from lb to ub;
    in TEST it is (ub - lb) / (log |ub| - log |lb|).

    The fork's gradient in TEST takes the a that the last training pass has left; here it is TEST's.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``insanity_param``: lb (5), ub (10).

    Gradients: dx = dy where x > 0, else dy / a.

    Raises:
        GraphError: ub is not above lb, or one of them is 0.

    Source: insanity_layer.cpp (happynear/caffe-windows); Xu, Wang, Chen, Li, "Empirical evaluation
    of rectified activations in convolutional network", 2015 (arXiv:1505.00853).
    """

    keeps_coordinates = True
    exact_bottoms = 1
    exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.insanity_param
        if not param.lb < param.ub:
            yield GraphError(f"ub is {param.ub:g}, expected above lb, {param.lb:g}")
        elif param.lb * param.ub == 0:
            yield GraphError("lb or ub is 0; negative values are divided by what lies between them")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, param = bottom[0].data, self.param.insanity_param
        if self.phase == caffe_pb2.TRAIN:
            divisor = self.rng.uniform(param.lb, param.ub, x.shape)
        else:
            logs = math.log(abs(param.ub)) - math.log(abs(param.lb))
            divisor = np.float64((param.ub - param.lb) / logs if logs else math.inf)
        self._gain = np.where(x > 0, 1, 1 / divisor).astype(self.dtype)
        np.multiply(x, self._gain, out=top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            np.multiply(top[0].diff, self._gain, out=bottom[0].diff)

    @property
    def repeatable(self) -> bool:
        """In TEST, where nothing is drawn."""
        return self.phase != caffe_pb2.TRAIN
