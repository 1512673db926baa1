"""ELU: exponential linear units."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant, renamed


@register("ELU")
class ELU(Neuron):
    """y = x where x > 0, else alpha · (exp(x) - 1).

    Shapes: bottom x of any shape; top y like x, also in place.

    With ``lambda``, NVCaffe's, y is times lambda: the net makes a SeLu of such a layer. Its
    gradient is that of the formula; NVCaffe's CPU code has lambda · dy · (y + alpha) where x ≤ 0.

    Settings: ``elu_param``: alpha (1), lambda (1).

    Gradients: dx = dy where x > 0, else dy · (y + alpha).

    Source: elu_layer.cpp (BVLC/caffe, NVIDIA/caffe); Clevert, Unterthiner & Hochreiter, "Fast and
    accurate deep network learning by exponential linear units", 2016 (arXiv:1511.07289).
    """

    fork_fields = meant("elu_param.lambda")

    @classmethod
    def in_caffes_words(cls, param: caffe_pb2.LayerParameter) -> caffe_pb2.LayerParameter:
        """A SeLu, where there is a lambda other than 1."""
        factor = getattr(param.elu_param, "lambda")
        if factor == 1:
            return param
        found = renamed(param, "SeLu")
        found.ClearField("elu_param")
        found.selu_param.alpha = param.elu_param.alpha
        setattr(found.selu_param, "lambda", factor)
        return found

    def prepare(self) -> None:
        self._alpha = self.param.elu_param.alpha

    def right_in_place(self) -> bool:
        return self._alpha >= 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        negative = np.minimum(x, 0, out=self.scratch(x))
        np.exp(negative, out=negative)
        negative -= 1
        negative *= self._alpha
        np.maximum(x, 0, out=y)
        y += negative

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.scratch_for(dy, dx)
        np.minimum(y, 0, out=factor)  # below: (y + alpha - 1) + 1 where x <= 0, else 0 + 1
        factor += self._alpha - 1
        factor *= x <= 0
        factor += 1
        np.multiply(dy, factor, out=dx)
