"""SSD's MultiBoxLoss in loops over single prior boxes, and values for its bottoms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.layers.detections import Expected
from tests.layers.test_boxes import greedy
from tests.layers.test_matching import ssd

CLASSES, PRIORS = 3, 12


def true_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes of images 0 and 2, one of them difficult, and a row that is none."""
    count = shape[2]
    middle, half = rng.uniform(0.3, 0.7, (count, 2)), rng.uniform(0.1, 0.3, (count, 2))
    rows = np.zeros((count, 8))
    rows[:, 0] = np.resize([0, 0, 2, 2, -1], count)
    rows[:, 1] = np.resize([1, 2, 2], count)
    rows[:, 3:5], rows[:, 5:7] = middle - half, middle + half
    rows[1, 7] = 1
    return rows[None, None]


@dataclass
class Loss:
    """What the layer should give; the fields are its settings."""

    shared: bool = True
    code: str = "CORNER"
    encoded: bool = False
    l2: bool = False
    logistic: bool = False
    loc_weight: float = 1.0
    bipartite: bool = False
    threshold: float = 0.5
    by_prediction: bool = False
    difficult: bool = True
    mining: str = "MAX_NEGATIVE"
    ratio: float = 3.0
    neg_overlap: float = 0.5
    samples: int = 64
    nms: float | None = None
    top_k: int = 10**9
    nms_by_prior: bool = False
    inside_only: bool = False
    bp_inside: bool = False
    agnostic: bool = False
    objectness: float = 0.01
    normalizer: str = "VALID"
    classes: int = CLASSES

    def __call__(self, bottoms: list[np.ndarray], _: object = None) -> list[np.ndarray]:
        items = len(bottoms[0])
        self.offsets = bottoms[0].reshape(items, -1, 1 if self.shared else self.classes, 4)
        self.scores = bottoms[1].reshape(items, -1, self.classes)
        self.priors, self.variances = bottoms[2].reshape(2, -1, 4)
        self.arm = bottoms[4].reshape(items, -1, 2) if len(bottoms) > 4 else None
        rows = [row for row in bottoms[3].reshape(-1, 8) if row[0] != -1]
        rows = [row for row in rows if self.difficult or not row[7]]
        loc = conf = matches = 0.0
        for item in range(items):
            truths = [row for row in rows if row[0] == item]
            priors = self.priors
            if len(bottoms) > 5:
                priors = self.moved(bottoms[5].reshape(items, -1, 4)[item])
            one = self.image(item, truths, priors)
            loc, conf, matches = loc + one[0], conf + one[1], matches + one[2]
        n = {"VALID": matches, "FULL": items * len(self.priors), "BATCH_SIZE": items, "NONE": 1}
        total = (self.loc_weight * loc + conf) / max(1, n[self.normalizer])
        return [np.asarray(total)]

    def moved(self, moves: np.ndarray) -> np.ndarray:
        """The priors after offsets (P, 4)."""
        coded = zip(self.priors, self.variances, moves, strict=True)
        return np.array([self.decode(*values) for values in coded])

    def predicted(self, item: int, c: int) -> np.ndarray:
        return self.moved(self.offsets[item, :, c])

    def decode(self, prior: np.ndarray, variance: np.ndarray, moves: np.ndarray) -> np.ndarray:
        coder = Expected(code=self.code)
        return np.array(coder.decode(prior, [1] * 4 if self.encoded else variance, moves))

    def image(
        self, item: int, truths: list[np.ndarray], priors: np.ndarray
    ) -> tuple[float, float, int]:
        """L_loc, L_conf and the number of matches of an image."""
        every = range(len(priors))
        if not truths:
            costs = [self.class_loss(item, p, []) for p in every]
            return 0.0, 0.0 if self.mining != "NONE" else sum(costs), 0
        found: dict[int, tuple[list[int], list[float]]] = {}
        for c in [0] if self.shared else range(1, self.classes):
            own = [k for k, row in enumerate(truths) if self.shared or row[1] == c]
            threshold = None if self.bipartite else self.threshold
            boxes = np.array([row[3:7] for row in truths])
            if self.by_prediction:
                predicted = self.predicted(item, c)
                indices, overlap = ssd(predicted, boxes[own], threshold, self.inside_only)
                indices = [own[k] if k > -1 else k for k in indices]
            else:
                indices, overlap = ssd(priors, boxes, threshold, self.inside_only)
                indices = [k if k in own or (self.shared and k == -2) else -1 for k in indices]
            found[c] = (indices, overlap)
        pairs = [(c, p, k) for c, (ks, _) in found.items() for p, k in enumerate(ks) if k > -1]
        negatives: list[int] = []
        if self.mining != "NONE":
            pairs, negatives = self.mine(item, pairs, *found[0], truths, priors)
        loc = sum(self.box_loss(item, c, p, truths[k], priors[p]) for c, p, k in pairs)
        label = {(c, p): self.label(truths[k]) for c, p, k in pairs}
        if self.mining != "NONE":
            conf = sum(self.class_loss(item, p, [v]) for (_, p), v in label.items())
            return loc, conf + sum(self.class_loss(item, p, [0]) for p in negatives), len(pairs)
        own_labels = {p: [v for (_, q), v in label.items() if q == p] for p in every}
        return loc, sum(self.class_loss(item, p, v) for p, v in own_labels.items()), len(pairs)

    def label(self, row: np.ndarray) -> int:
        return 1 if self.agnostic or self.classes == 2 else int(row[1])

    def mine(
        self, item: int, pairs: list[tuple[int, int, int]], indices: list[int],
        overlap: list[float], truths: list[np.ndarray], priors: np.ndarray,
    ) -> tuple[list[tuple[int, int, int]], list[int]]:  # fmt: skip
        """SSD's MineHardExamples."""
        hard = self.mining == "HARD_EXAMPLE"
        loss = {}
        for p, k in enumerate(indices):
            loss[p] = self.class_loss(item, p, [self.label(truths[k]) if k > -1 else 0])
            if hard and k > -1:
                loss[p] += self.box_loss(item, 0, p, truths[k], priors[p])
        left = [
            p for p in loss
            if hard or (indices[p] == -1 and overlap[p] < self.neg_overlap)
        ]  # fmt: skip
        if self.arm is not None:
            left = [p for p in left if self.arm[item, p, 1] >= self.objectness]
        left.sort(key=lambda p: -loss[p])
        if self.nms is not None:
            left = left[: self.top_k]
            boxes = self.priors if self.nms_by_prior else self.predicted(item, 0)
            left = [left[k] for k in greedy(boxes[left], self.nms)]
        selected = left[: self.samples if hard else int(len(pairs) * self.ratio)]
        kept = [pair for pair in pairs if not hard or pair[1] in selected]
        return kept, [p for p in selected if indices[p] == -1]

    def box_loss(self, item: int, c: int, p: int, row: np.ndarray, prior: np.ndarray) -> float:
        """Σ over the four numbers of a box; c is the set of offsets."""
        truth, offsets = row[3:7], self.offsets[item, p, c]
        sides = np.tile(prior[2:] - prior[:2], 2)
        if self.code == "CORNER":
            wanted = truth - prior
        elif self.code == "CORNER_SIZE":
            wanted = (truth - prior) / sides
        else:
            moved = (truth[:2] + truth[2:] - prior[:2] - prior[2:]) / 2 / sides[:2]
            wanted = np.concatenate([moved, np.log((truth[2:] - truth[:2]) / sides[:2])])
        variance = self.variances[p]
        inside = self.decode(prior, variance, offsets) if self.by_prediction else prior
        total = 0.0
        for k in range(4):
            x = offsets[k] - wanted[k] / (1 if self.encoded else variance[k])
            x /= variance[k] if self.encoded else 1
            if self.bp_inside and not 0 <= inside[k] <= 1:
                continue
            total += x * x / 2 if self.l2 or abs(x) < 1 else abs(x) - 0.5
        return total

    def class_loss(self, item: int, p: int, labels: list[int]) -> float:
        """-log softmax, or the sum of the classes' cross entropies."""
        scores = self.scores[item, p]
        if self.logistic:
            return sum(
                -math.log(1 / (1 + math.exp(-x if c in labels else x)))
                for c, x in enumerate(scores)
            )
        label = labels[-1] if labels else 0
        return -math.log(math.exp(scores[label]) / sum(math.exp(x) for x in scores))
