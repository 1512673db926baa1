"""ContinuationIndicator, CtcLoss, LabelsequenceAccuracy."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.layers.harness import Case, labels, normal


def joined(path: tuple[int, ...], blank: int) -> list[int]:
    """Equal neighbours joined, blanks left out."""
    return [key for key, _ in itertools.groupby(path) if key != blank]


def every_way(bottoms: list[np.ndarray], blank: int, steps: int) -> list[np.ndarray]:
    """CTC by its definition: the sum over all paths, one after another."""
    scores, rows = bottoms
    loss = 0.0
    for n in range(scores.shape[1]):
        prob = np.exp(scores[:, n]) / np.exp(scores[:, n]).sum(axis=1, keepdims=True)
        wanted = [int(label) for label in rows[n] if label != blank]
        total = 0.0
        for path in itertools.product(range(scores.shape[2]), repeat=steps):
            if joined(path, blank) == wanted:
                total += math.prod(prob[t, c] for t, c in enumerate(path))
        loss -= math.log(total) if total else 0
    return [np.asarray(loss / scores.shape[1])]


def ctc(param: str, blank: int = 0, steps: int = 4, items: int = 1, **more: object) -> Case:
    """One item, as the gradient is of the sum; the labels are below 3."""
    return Case("CtcLoss", f"ctc_loss_param {{ {param} }}", [(4, items, 3), (items, 2)],
                [normal, labels(3)], gradients=[True, False], loss=True, name=param or "unset",
                reference=lambda b, _: every_way(b, blank, steps), **more)  # type: ignore[arg-type] # fmt: skip


def sequence_accuracy(bottoms: list[np.ndarray], blank: int) -> list[np.ndarray]:
    right = 0
    for scores, row in zip(*bottoms, strict=True):
        found = joined(tuple(int(np.argmax(step)) for step in scores), blank)
        right += found == [int(label) for label in row if label != blank]
    return [np.asarray(right / len(bottoms[0]))]


def indicator(steps: int, count: int) -> np.ndarray:
    return np.array([[0.0] * count] + [[1.0] * count] * (steps - 1))


CASES = [
    ctc(""),
    ctc("alphabet_size: 3 time_step: 4 blank_label: 2", blank=2),
    ctc("time_step: 3", steps=3, has_gradient=False),
    ctc("blank_label: 1", blank=1, items=3, has_gradient=False),
    Case("LabelsequenceAccuracy", bottoms=[(40, 2, 3), (40, 2)], values=[normal, labels(3)],
         has_gradient=False, reference=lambda b, _: sequence_accuracy(b, 0)),
    Case("LabelsequenceAccuracy", "labelsequence_accuracy_param { blank_label: 2 }",
         [(40, 3, 3), (40, 2)], [normal, labels(3)], has_gradient=False,
         reference=lambda b, _: sequence_accuracy(b, 2)),
    Case("ContinuationIndicator", "continuation_indicator_param { time_step: 3 axis: 1 }",
         has_gradient=False, reference=lambda b, _: [indicator(3, 3)]),
    Case("ContinuationIndicator", "continuation_indicator_param { time_step: 2 batch_size: 4 }",
         bottoms=[], has_gradient=False, reference=lambda b, _: [indicator(2, 4)]),
]  # fmt: skip
