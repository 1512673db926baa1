"""Dropout: in training, some elements become 0 at random."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Layer, register
from minicaffe.layers.activation.neuron_layer import Neuron
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import Reading, changes_nothing, meant


@register("Dropout")
class Dropout(Neuron):
    """TRAIN: y = x · mask / (1 - ratio), each mask element 0 with probability ratio, else 1; TEST:
    y = x.

    The expectation is the same in both phases, so nothing needs scaling afterwards. With a ratio of
    1 all is 0.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``dropout_param``: dropout_ratio (0.5). Of forks: with ``scale_train: false``
    (R-CNN's) TRAIN does not divide and TEST multiplies by 1 - ratio; with ``sample_weights_test:
    true`` (SegNet's) TEST is as TRAIN.

    Gradients: TRAIN: dx = dy · mask / (1 - ratio); TEST: dx = dy.

    Raises:
        GraphError: ``dropout_ratio`` is not between 0 and 1.

    Source: dropout_layer.cpp (BVLC/caffe); Srivastava, Hinton, Krizhevsky, Sutskever &
    Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """

    identity_in_test = True
    backward_reads = ()
    fork_fields = changes_nothing("random_seed") | meant("scale_train", "sample_weights_test")

    @classmethod
    def class_for(cls, param: caffe_pb2.LayerParameter, reading: Reading) -> type[Layer]:
        settings = param.dropout_param
        plain = settings.scale_train and not settings.sample_weights_test
        return cls if plain else DropoutInTest

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
        self.kept = 1 - self._ratio
        self.scale = 1 / (1 - self._ratio) if self._ratio < 1 else 0.0
        #: Of the last forward.
        self.mask = np.ones((), bool)

    @property
    def draws(self) -> bool:
        """Whether elements become 0: in phase TRAIN."""
        return self.phase == caffe_pb2.TRAIN

    @property
    def repeatable(self) -> bool:
        """Where no mask is drawn."""
        return not self.draws

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if not self.draws:
            self._copy(x, y)
            return
        self.mask = self.draw(x.shape)
        self._drop(x, y)

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        """A new mask: for each element, whether it stays."""
        return self.rng.random(shape, dtype=np.float32) >= self._ratio

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        if not self.draws:
            self._copy(dy, dx)
        else:
            self._drop(dy, dx)

    def _drop(self, source: np.ndarray, target: np.ndarray) -> None:
        np.multiply(source, self.mask, out=target)
        target *= self.scale

    def _copy(self, source: np.ndarray, target: np.ndarray) -> None:
        if not np.may_share_memory(source, target):
            np.copyto(target, source)


class DropoutInTest(Dropout):
    """Dropout that does something in phase TEST, too: forks' ``scale_train`` and
    ``sample_weights_test``."""

    identity_in_test = False

    def prepare(self) -> None:
        super().prepare()
        if not self.param.dropout_param.scale_train:
            self.scale = 1.0

    @property
    def draws(self) -> bool:
        """In phase TRAIN, and in TEST with ``sample_weights_test``."""
        return super().draws or self.param.dropout_param.sample_weights_test

    def _copy(self, source: np.ndarray, target: np.ndarray) -> None:
        np.multiply(source, 1 if self.param.dropout_param.scale_train else self.kept, out=target)
