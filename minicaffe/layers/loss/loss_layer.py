"""What losses have in common: two bottoms, a scalar top, a gradient for the first."""

from __future__ import annotations

from typing import ClassVar

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer


class LossLayer(Layer):
    """A loss of predictions (bottom 0) and targets or labels (bottom 1); the top is a scalar.

    The top's ``diff`` holds the loss weight, by which the gradients are multiplied. A loss
    whose top the prototxt leaves out gets an automatic one.

    Raises:
        ShapeError: bottoms 0 and 1 differ in their numbers of items.
    """

    in_place = False
    exact_bottoms: ClassVar[int | None] = 2
    exact_tops: ClassVar[int | None] = 1
    auto_tops = True
    is_loss = True
    backward_reads: tuple[str, ...] = ("bottoms",)

    @classmethod
    def allow_force_backward(cls, index: int) -> bool:
        return index != 1

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        counts = [blob.shape[blob.axis(0)] for blob in bottom[:2]]
        if counts[0] != counts[1]:
            raise ShapeError(
                f"the predictions have shape {shape_text(bottom[0].shape)}, the targets "
                f"{shape_text(bottom[1].shape)}; as many items (axis 0) are expected"
            )
        top[0].reshape()

    def loss_of_chance(self, bottom: Blobs) -> float | None:
        """The loss if all classes are equally likely; None where that is not known."""
        return None

    @staticmethod
    def weight(top: Blobs) -> float:
        """The loss weight, which the first top's diff holds."""
        return float(top[0].diff.item())


def mean(total: float, num: int) -> float:
    """``total / num``; not a number for an empty batch, as in Caffe."""
    return total / num if num else float("nan")


def require_one_label_each(scores: Blob, labels: Blob) -> None:
    """Refuse label blobs that do not hold exactly one label for every item.

    Raises:
        ShapeError: says how many there are.
    """
    if labels.count != scores.shape[0]:
        raise ShapeError(
            f"{labels.count} labels (shape {shape_text(labels.shape)}) for {scores.shape[0]} "
            "items; exactly one label for each item is expected"
        )
