"""What LabelSpecificAdd and LabelSpecificRescale have in common: scores, labels, a number that
changes from forward to forward."""

from __future__ import annotations

from collections.abc import Mapping

from minicaffe.data.source import number_in
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.loss.loss_layer import require_one_label_each


class LabelSpecificLayer(Layer):
    """Changes scores (N, C), bottom 0, by their labels, bottom 1; top 1, if there is one, has the
    number that it does so with.

    Attributes:
        iteration: counts the forwards by which the number has changed.

    Raises:
        ShapeError: there is not one label an item.
    """

    exact_bottoms = 2
    min_tops = 1
    max_tops = 2

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_one_label_each(bottom[0], bottom[1])
        top[0].reshape_like(bottom[0])
        for blob in top[1:]:
            blob.reshape(1)

    @property
    def changes(self) -> bool:
        """Whether the number depends on how many forwards there were."""
        raise NotImplementedError(f"{type(self).__name__}.changes")

    @property
    def repeatable(self) -> bool:
        """Unless the number changes."""
        return not self.changes

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.iteration = 0

    def state(self) -> Mapping[str, object]:
        """How far the number has changed."""
        return {"iteration": self.iteration}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from where ``state()`` was taken."""
        self.iteration = number_in(state, "iteration")
