"""Dropout: in training, some elements become 0 at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import register
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing


@register("Dropout")
class Dropout(Neuron):
    """TRAIN: y = x · mask / (1 - ratio), each mask element 0 with probability ratio, else 1; TEST:
    y = x.

    The expectation is the same in both phases, so nothing needs scaling afterwards. With a ratio of
    1 all is 0.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``dropout_param``: dropout_ratio (0.5).

    Gradients: TRAIN: dx = dy · mask / (1 - ratio); TEST: dx = dy.

    Raises:
        GraphError: ``dropout_ratio`` is not between 0 and 1.

    Source: dropout_layer.cpp (BVLC/caffe); Srivastava, Hinton, Krizhevsky, Sutskever &
    Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """

    identity_in_test = True
    backward_reads = ()
    fork_fields = changes_nothing("random_seed")

    def keeps_signs(self) -> bool:
        return True

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        ratio = self.param.dropout_param.dropout_ratio
        if not 0 <= ratio <= 1:
            yield GraphError(
                f"dropout_ratio is {ratio:g}, expected a probability between 0 and 1 (the part of "
                "the elements that is dropped)"
            )

    def prepare(self) -> None:
        self._ratio = self.param.dropout_param.dropout_ratio
        self.scale = 1 / (1 - self._ratio) if self._ratio < 1 else 0.0
        #: Of the last forward.
        self.mask = np.ones((), bool)

    @property
    def repeatable(self) -> bool:
        """In phase TEST: no mask is drawn."""
        return self.phase == caffe_pb2.TEST

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if self.phase == caffe_pb2.TEST:
            self._copy(x, y)
            return
        self.mask = self.draw(x.shape)
        self._drop(x, y)

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """A new mask: for each element, whether it stays."""
        return self.rng.random(shape, dtype=np.float32) >= self._ratio

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        if self.phase == caffe_pb2.TEST:
            self._copy(dy, dx)
        else:
            self._drop(dy, dx)

    def _drop(self, source: np.ndarray, target: np.ndarray) -> None:
        np.multiply(source, self.mask, out=target)
        target *= self.scale

    @staticmethod
    def _copy(source: np.ndarray, target: np.ndarray) -> None:
        if not np.may_share_memory(source, target):
            np.copyto(target, source)
