"""Top-k: how often the true class is among the k best."""

from __future__ import annotations

import numpy as np

from minicaffe.layers.loss.labels import Labels


class Ranks:
    """The places that the true classes take when scores are sorted.

    The place is the number of other classes that score at least as much as the true one, as in
    Accuracy: ties count against it.

    Args:
        classes: how many there are.

    Attributes:
        counts: how many items of each class take each place, (classes, classes).
    """

    def __init__(self, classes: int) -> None:
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, scores: np.ndarray, labels: Labels) -> None:
        """Count a batch.

        Args:
            scores: (outer, classes, inner).
            labels: (outer, inner); those that are not valid do not count.
        """
        places = np.count_nonzero(scores >= labels.pick(scores)[:, None], axis=1) - 1
        places = places.clip(0, len(self.counts) - 1)  # a NaN is not even as good as itself
        places[np.isnan(labels.pick(scores))] = len(self.counts) - 1
        true = labels.values
        if labels.valid is not None:
            places, true = places[labels.valid], true[labels.valid]
        np.add.at(self.counts, (true.ravel(), places.ravel()), 1)

    def top(self, k: int) -> float | None:
        """The share of items whose true class is among the k best; None without items."""
        total = int(self.counts.sum())
        return float(self.counts[:, :k].sum() / total) if total else None

    def top_by_class(self, k: int) -> list[float | None]:
        """Of each class, the share of its items for which it is among the k best."""
        totals, good = self.counts.sum(axis=1), self.counts[:, :k].sum(axis=1)
        return [
            float(right / total) if total else None
            for right, total in zip(good, totals, strict=True)
        ]
