"""What the losses of MS-CNN's and Cascade R-CNN's proposals have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.layer import Blobs
from minicaffe.layers.detection.field_layer import FieldLayer
from minicaffe.layers.detection.field_predictions import FieldPredictions, Fields
from minicaffe.layers.detection.field_sampling import Candidates
from minicaffe.layers.loss.labels import ignore_label
from minicaffe.layers.loss.loss_layer import LossLayer
from minicaffe.layers.loss.smooth_l1_loss import smooth_l1, smooth_l1_slope
from minicaffe.layers.loss.softmax_with_loss import SMALLEST_FLOAT
from minicaffe.layers.utility.softmax import softmax


class Slopes(NamedTuple):
    """The derivatives of a loss by scores and by offsets, shaped like them."""

    scores: np.ndarray
    offsets: np.ndarray


class FieldLossLayer(FieldLayer, LossLayer):
    """L = L_cls + λ · L_box over the fields and places that are chosen.

    Raises:
        DataError: a label is below 0, or of a class that there is not.
    """

    def sample(self, of: Candidates) -> np.ndarray:
        """Which of one image's fields and places count, a mask (n,)."""
        raise NotImplementedError(f"{type(self).__name__}.sample")

    def weights(self, of: FieldPredictions, kept: np.ndarray) -> np.ndarray:
        """What the class loss of each field and place is multiplied by, (I, H, W).

        Args:
            kept: which are chosen, like the labels.
        """
        raise NotImplementedError(f"{type(self).__name__}.weights")

    def bounded(self, offsets: np.ndarray, fields: Fields) -> np.ndarray:
        """A net's offsets (I, 4, H, W) within what they may be."""
        raise NotImplementedError(f"{type(self).__name__}.bounded")

    def box_losses(self, differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each difference between offsets, and its derivative."""
        return smooth_l1(differences), smooth_l1_slope(differences)

    @property
    def repeatable(self) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        super().reshape(bottom, top)
        top[0].reshape(1, 1, 1, 2)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keeps the derivatives for backward."""
        of, fields = self.predictions(bottom), self.fields()
        probabilities = np.empty_like(of.scores)
        softmax(of.scores, 1, probabilities)
        labels = of.labels
        own = np.minimum(labels, 1) if self.settings.objectness else labels
        kept = self._kept(of, probabilities, len(fields.sizes))
        weights = self.weights(of, kept)
        ignored = ignore_label(self.param.loss_param)
        counted = kept & (own != ignored) if ignored is not None else kept
        class_loss, of_scores = self._class_loss(probabilities, own, weights, counted)
        boxes = kept & (labels != 0)
        if ignored is not None:
            boxes &= labels != ignored
        box_loss, of_offsets = self._box_loss(of, fields, boxes)
        top[0].data[0, 0, 0] = [class_loss + box_loss, box_loss]
        self.slopes = Slopes(of_scores, of_offsets)

    def _kept(self, of: FieldPredictions, probabilities: np.ndarray, fields: int) -> np.ndarray:
        """Which fields and places are chosen, image by image; a mask (I, H, W)."""
        labels, classes = of.labels, of.scores.shape[1]
        kept = np.zeros(labels.shape, bool)
        for start in range(0, len(labels), fields):
            item = slice(start, start + fields)
            scores, likely = (
                np.moveaxis(part[item], 1, 0).reshape(classes, -1)
                for part in (of.scores, probabilities)
            )
            flat = labels[item].reshape(-1), of.overlaps[item].reshape(-1)
            kept[item] = self.sample(Candidates(*flat, scores, likely)).reshape(kept[item].shape)
        return kept

    def _class_loss(
        self,
        probabilities: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
        counted: np.ndarray,
    ) -> tuple[float, np.ndarray]:
        """The mean of -log p of the labels, and its derivatives by the scores."""
        classes = probabilities.shape[1]
        wrong = counted & ~((labels >= 0) & (labels < classes))
        if wrong.any():
            raise DataError(
                f"a place has the label {labels[wrong][0]}; expected 0 to {classes - 1} for "
                f"{classes} classes"
            )
        item, row, column = np.nonzero(counted)
        at = item, labels[counted], row, column
        likely = np.fmax(probabilities[at], SMALLEST_FLOAT)
        count = max(1, len(item))
        slopes = probabilities.copy()
        slopes[at] -= 1
        slopes *= np.where(counted, weights, 0)[:, None] / count
        np.copyto(slopes, 0, where=~counted[:, None])
        return float(-(np.log(likely) * weights[counted]).sum() / count), slopes

    def _box_loss(
        self, of: FieldPredictions, fields: Fields, boxes: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """λ times the mean loss of offsets, and its derivatives by the offsets."""
        item, row, column = np.nonzero(boxes)
        at = item, slice(None), row, column
        moved = self.bounded(of.offsets, fields)[at] - of.targets(fields)[at]
        losses, own = self.box_losses(moved)
        factor = getattr(self.settings, "lambda") / max(1, losses.size)
        slopes = np.zeros_like(of.offsets)
        slopes[at] = own * factor
        return float(losses.sum() * factor), slopes

    @staticmethod
    def weight(top: Blobs) -> float:
        """The loss weight, which the first number of the top's diff holds."""
        return float(top[0].diff.reshape(-1)[0])


def choice_mistakes(name: str, value: str, known: tuple[str, ...]) -> Iterator[MinicaffeError]:
    """What is wrong with a setting that is one of a few words."""
    if value not in known:
        yield GraphError(f'{name} is "{value}"; expected one of {", ".join(known)}')


def bounds_of(fields: Fields) -> np.ndarray:
    """The least and the largest offset (x or y, width or height) that a net should give, (2, 2).

    Both axes have one: the limits minus the mean of the two means, divided by the geometric mean
    of the two factors.
    """
    mean, std = fields.normalizer.mean.reshape(2, 2), fields.normalizer.std.reshape(2, 2)
    most = np.array([1 / fields.limits.xyr, np.log(fields.limits.whr)])
    middle, unit = mean.mean(axis=1), np.sqrt(std.prod(axis=1))
    return np.stack([(-most - middle) / unit, (most - middle) / unit])


def bound(offsets: np.ndarray, fields: Fields) -> np.ndarray:
    """Offsets (I, 4, H, W) within :func:`bounds_of`; NaN is the least."""
    least, most = (
        np.repeat(ends, 2).astype(offsets.dtype).reshape(4, 1, 1) for ends in bounds_of(fields)
    )
    return np.minimum(np.fmax(offsets, least), most)
