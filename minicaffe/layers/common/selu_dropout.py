"""SeLuDropout: dropout that keeps mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.proto import caffe_pb2


@register("SeLuDropout")
class SeLuDropout(Neuron):
    """TRAIN: y = a · (x, or alpha with probability ratio) + b; TEST: y = x.

    With q = 1 - ratio, a = (q · (1 + alpha² · ratio))^-½ and b = -a · ratio · alpha keep the mean 0
    and the variance 1 of x.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``selu_dropout_param``: dropout_ratio (0.1), alpha (-1.7581), the least value that
    a SeLu has.

    Gradients: TRAIN: dx = a · dy where x stayed, else 0; TEST: dx = dy.

    Raises:
        GraphError: ``dropout_ratio`` is not at least 0 and below 1.

    Source: selu_dropout_layer.cpp (jolibrain/caffe); Klambauer, Unterthiner, Mayr, Hochreiter,
    "Self-normalizing neural networks", 2017 (arXiv:1706.02515).
    """

    identity_in_test = True
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        ratio = self.param.selu_dropout_param.dropout_ratio
        if not 0 <= ratio < 1:
            yield GraphError(f"dropout_ratio is {ratio:g}, expected at least 0 and below 1")

    def prepare(self) -> None:
        param = self.param.selu_dropout_param
        self._ratio, self._alpha = param.dropout_ratio, param.alpha
        kept = 1 - self._ratio
        self._gain = (kept * (1 + self._alpha**2 * self._ratio)) ** -0.5
        self._offset = -self._gain * self._ratio * self._alpha
        self._mask = np.ones((), bool)

    @property
    def _draws(self) -> bool:
        return self.phase == caffe_pb2.TRAIN

    @property
    def repeatable(self) -> bool:
        """Where no mask is drawn."""
        return not self._draws

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if not self._draws:
            np.copyto(y, x)
            return
        self._mask = self.rng.random(x.shape, dtype=np.float32) >= self._ratio
        np.copyto(y, np.where(self._mask, x, self._alpha))
        y *= self._gain
        y += self._offset

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        if not self._draws:
            np.copyto(dx, dy)
            return
        np.multiply(dy, self._mask, out=dx)
        dx *= self._gain
