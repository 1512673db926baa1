"""DetectionEvaluate against loops over single detections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.layers.harness import Case, normal
from tests.layers.test_boxes import jaccard

CLASSES = 3


def detections(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes near four true places in three images, in no order, one row that is none."""
    count = shape[2]
    rows = np.zeros((count, 7))
    rows[:, 0] = rng.permutation(np.resize([0, 1, 2], count))
    rows[:, 1] = rng.permutation(np.resize([1, 2], count))
    rows[:, 2] = rng.uniform(size=count)
    low = np.resize([[0.1, 0.1], [0.6, 0.2]], (count, 2)) + rng.uniform(-0.08, 0.08, (count, 2))
    rows[:, 3:5], rows[:, 5:] = low, low + 0.3
    rows[3, 1:] = -1
    return rows[None, None]


def truths(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """True boxes of images 0 and 2, some difficult, then rows that are none."""
    count = shape[2]
    rows = np.full((count, 8), -1.0)
    for k in range(count - 2):
        low = np.array([[0.1, 0.1], [0.6, 0.2]][k % 2])
        rows[k] = [2 * (k % 4 // 2), 1 + k // 4 % 2, k, *low, *low + 0.3, k % 3 == 0]
    return rows[None, None]


@dataclass
class Judge:
    """What the layer should give; the fields are its settings."""

    threshold: float = 0.5
    difficult: bool = True
    background: int = 0
    logits: bool = False

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        true_rows = [tuple(row) for row in bottoms[1].reshape(-1, 8)]
        none = [k for k, row in enumerate(true_rows) if row[0] == -1]
        true_rows = true_rows[: none[0]] if none else true_rows
        rows = []
        for c in range(CLASSES):
            if c != self.background:
                own = [t for t in true_rows if t[1] == c and (self.difficult or not t[7])]
                rows.append([-1.0, c, len(own), -1, -1, *[-1] * CLASSES * self.logits])
        found = [(k, tuple(r)) for k, r in enumerate(bottoms[0].reshape(-1, 7)) if r[1] != -1]
        for image in sorted({r[0] for _, r in found}):
            for c in sorted({r[1] for _, r in found if r[0] == image}):
                own = [t for t in true_rows if (t[0], t[1]) == (image, c)]
                some = [(k, r) for k, r in found if (r[0], r[1]) == (image, c)]
                rows += self.judge(bottoms, some, own)
        return [np.array(rows)[None, None]]

    def judge(self, bottoms: list[np.ndarray], some: list, own: list) -> list[list[float]]:
        rows, taken = [], set()
        for k, row in sorted(some, key=lambda pair: -pair[1][2]) if own else some:
            pairs = [jaccard(row[3:], t[3:7]) for t in own]
            best = max(range(len(own)), key=lambda j: pairs[j], default=None)
            verdict = [0.0, 1.0]
            if best is not None and pairs[best] >= self.threshold:
                if own[best][7] and not self.difficult:
                    verdict = [0.0, 0.0]
                elif best not in taken:
                    taken.add(best)
                    verdict = [1.0, 0.0]
            logits = list(bottoms[2].reshape(-1, CLASSES)[k]) if self.logits else []
            rows.append([*row[:3], *verdict, *logits])
        return rows


def case(param: str, expected: Judge) -> Case:
    shapes = [(1, 1, 24, 7), (1, 1, 10, 8), (1, 1, 24, CLASSES)][: 2 + expected.logits]
    return Case(
        "DetectionEvaluate", f"detection_evaluate_param {{ num_classes: {CLASSES} {param} }}",
        shapes, [detections, truths, normal], has_gradient=False,
        reference=expected,  # type: ignore[arg-type]
        smaller=[(1, 1, 6, shape[3]) for shape in shapes],
    )  # fmt: skip


CASES = [
    case("", Judge()),
    case("overlap_threshold: 0.7 evaluate_difficult_gt: false",
         Judge(threshold=np.float32(0.7), difficult=False)),
    case("output_logits: true", Judge(logits=True)),
]  # fmt: skip
