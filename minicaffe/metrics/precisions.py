"""Average precision of classes: of whole images that are ranked by their scores, or of boxes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minicaffe.layers.detection.precision import average_precision, precision_by_class
from minicaffe.layers.loss.labels import Labels


class ClassPrecisions:
    """Scores and labels of all items, of which average precisions are computed.

    For each class, items are ranked by that class's score; the items of the class are the right
    ones (the classification task of the VOC challenge). All scores are kept: 4 bytes for each item
    and class.
    """

    def __init__(self) -> None:
        self._scores: list[np.ndarray] = []
        self._labels: list[np.ndarray] = []

    def add(self, scores: np.ndarray, labels: Labels) -> None:
        """Take in a batch.

        Args:
            scores: (outer, classes, inner).
            labels: (outer, inner); those that are not valid do not count.
        """
        rows = scores.transpose(0, 2, 1).reshape(-1, scores.shape[1])
        true = labels.values.ravel()
        if labels.valid is not None:
            rows, true = rows[labels.valid.ravel()], true[labels.valid.ravel()]
        self._scores.append(np.array(rows))
        self._labels.append(np.array(true))

    def by_class(self, version: str) -> dict[int, float | None]:
        """The average precision of each class; None for a class without items.

        Args:
            version: see :func:`minicaffe.layers.detection.precision.average_precision`.

        Raises:
            SolverError: there is no such version.
        """
        scores, labels = np.concatenate(self._scores), np.concatenate(self._labels)
        found: dict[int, float | None] = {}
        for label in range(scores.shape[1]):
            right = labels == label
            objects = int(np.count_nonzero(right))
            own = average_precision(scores[:, label], right, objects, version)
            found[label] = own if objects else None
        return found


class BoxPrecisions:
    """What a DetectionEvaluate layer gave, of which average precisions of boxes are computed."""

    def __init__(self) -> None:
        self._tops: list[np.ndarray] = []

    def add(self, top: np.ndarray) -> None:
        """Take in a batch: the layer's top."""
        self._tops.append(np.array(top))

    def by_class(self, version: str) -> dict[int, float | None]:
        """The average precision of each class, 0 for one without true boxes, as SSD has it.

        Raises:
            SolverError: there is no such version.
        """
        return dict(precision_by_class(self._tops, version))


def mean_precision(precisions: Mapping[int, float | None]) -> float | None:
    """The mean of the classes that have one."""
    values = [value for value in precisions.values() if value is not None]
    return sum(values) / len(values) if values else None
