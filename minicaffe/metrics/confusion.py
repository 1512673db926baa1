"""The confusion matrix, and what follows from it for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicaffe.layers.loss.labels import Labels


@dataclass(frozen=True)
class ClassScore:
    """How good predictions are as far as one class is concerned.

    With the items of the class that are predicted right (TP), those that are not (FN), and items
    of other classes that are predicted as this one (FP). What would be 0 / 0 is None.

    Attributes:
        label: the class.
        count: how many items it has, TP + FN.
        recall: TP / (TP + FN), the accuracy of the class.
        precision: TP / (TP + FP).
        f1: 2 TP / (2 TP + FP + FN).
        iou: TP / (TP + FP + FN), the intersection over union of segmentation.
    """

    label: int
    count: int
    recall: float | None
    precision: float | None
    f1: float | None
    iou: float | None


class Confusion:
    """How often which class was predicted for items of which class.

    The predicted class is the one with the largest score, the first of several that are equal.
    (Accuracy counts such an item as wrong.)

    Args:
        classes: how many there are.

    Attributes:
        counts: (true classes, predicted classes), whole numbers.
    """

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes), np.int64)

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.counts)

    def add(self, scores: np.ndarray, labels: Labels) -> None:
        """Count a batch.

        Args:
            scores: (outer, classes, inner).
            labels: (outer, inner); those that are not valid do not count.
        """
        predicted = scores.argmax(axis=1)
        true = labels.values
        if labels.valid is not None:
            predicted, true = predicted[labels.valid], true[labels.valid]
        pairs = true.ravel() * self.classes + predicted.ravel()
        self.counts += np.bincount(pairs, minlength=self.counts.size).reshape(self.counts.shape)

    @property
    def items(self) -> int:
        """How many items were counted."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float | None:
        """The share of items that are predicted right; None without items."""
        return _ratio(self.counts.trace(), self.items)

    def per_class(self) -> list[ClassScore]:
        """Recall, precision and the like of each class, in the order of the labels."""
        scores = []
        for label in range(self.classes):
            right = self.counts[label, label]
            count, predicted = self.counts[label].sum(), self.counts[:, label].sum()
            scores.append(
                ClassScore(
                    label,
                    int(count),
                    recall=_ratio(right, count),
                    precision=_ratio(right, predicted),
                    f1=_ratio(2 * right, count + predicted),
                    iou=_ratio(right, count + predicted - right),
                )
            )
        return scores

    def most_confused(self, most: int) -> list[tuple[int, int, int]]:
        """The commonest mistakes: true class, predicted class, how often; the commonest first."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        places = np.stack(np.unravel_index(order, wrong.shape), axis=1).tolist()
        return [(true, found, int(wrong[true, found])) for true, found in places
                if wrong[true, found]]  # fmt: skip


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
