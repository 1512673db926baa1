"""SegAccuracy: pixel accuracy, class accuracy, mean IoU."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case, labels, normal


def measures(bottoms: list[np.ndarray], ignored: tuple[int, ...] = ()) -> list[np.ndarray]:
    scores, true = bottoms
    classes = scores.shape[1]
    hits, there, found = ([0] * classes for _ in range(3))
    for n, h, w in np.ndindex(*scores.shape[:1], *scores.shape[2:]):
        label = int(true[n, 0, h, w])
        if label in ignored:
            continue
        best = max(range(classes), key=lambda c: (scores[n, c, h, w], c))
        there[label] += 1
        found[best] += 1
        hits[label] += label == best
    recalls = [hit / count for hit, count in zip(hits, there, strict=True) if count]
    unions = [a + b - c for a, b, c in zip(there, found, hits, strict=True)]
    overlaps = [hit / union if union else 1 for hit, union in zip(hits, unions, strict=True)]
    total = max(1, sum(there))
    mean = sum(recalls) / len(recalls) if recalls else 0
    return [np.reshape([sum(hits) / total, mean, sum(overlaps) / classes], (1, 1, 1, 3))]


SHAPES = [(2, 3, 4, 5), (2, 1, 4, 5)]

CASES = [
    Case("SegAccuracy", bottoms=SHAPES, values=[normal, labels(3)], has_gradient=False,
         reference=lambda b, _: measures(b)),
    Case("SegAccuracy", "seg_accuracy_param { ignore_label: [1, 9] }", SHAPES,
         [normal, labels(3)], has_gradient=False, reference=lambda b, _: measures(b, (1, 9))),
    Case("SegAccuracy", bottoms=SHAPES, values=[lambda rng, shape: np.ones(shape), labels(2)],
         has_gradient=False, reference=lambda b, _: measures(b), name="ties"),
]  # fmt: skip
