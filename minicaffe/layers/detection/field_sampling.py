"""Which fields and places of a map count in a loss: most are background."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from minicaffe.layers.loss.softmax_with_loss import SMALLEST_FLOAT
from minicaffe.proto import caffe_pb2

#: Draws of a place, for each place; with so many all are drawn.
_ENOUGH = 64


class Candidates(NamedTuple):
    """One image's fields and places, each an entry of flat arrays.

    Attributes:
        labels: whole numbers, (n,).
        overlaps: with true boxes, (n,).
        scores: of the classes, (classes, n).
        probabilities: of the classes, (classes, n).
    """

    labels: np.ndarray
    overlaps: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray

    def background(self, threshold: float) -> np.ndarray:
        """The indices of those with label 0 that overlap an object by less than a threshold."""
        return np.flatnonzero((self.labels == 0) & (self.overlaps < threshold))


def _hardest(scores: np.ndarray, index: np.ndarray, count: int) -> np.ndarray:
    """The indices of the largest scores, as C++ sorts pairs: of equal ones the last first."""
    order = np.lexsort((index, scores[index]))[::-1]
    return index[order[:count]]


def sample_groups(
    param: caffe_pb2.DetectionGroupLossParameter, of: Candidates, rng: np.random.Generator
) -> np.ndarray:
    """Cascade R-CNN's choice of one image's fields and places, a mask (n,).

    Without ``batch_size`` (-1) all objects count, and ``bg_multiple`` times as much of the
    background, but at least ``min_num_neg``. With it round(batch_size / (1 + bg_multiple)) objects
    at most, drawn at random, and as much background as fills up the batch: at random, the hardest
    (bootstrap), or half of each (mixture).
    """
    objects, background = np.flatnonzero(of.labels > 0), of.background(param.bg_threshold)
    most = len(objects)
    count = max(most * param.bg_multiple, param.min_num_neg)
    if param.batch_size > 0:
        most = min(most, math.floor(param.batch_size / (1 + param.bg_multiple) + 0.5))
        count = param.batch_size - most
    if len(objects) > most:
        objects = rng.permutation(objects)[:most]
    if len(background) > count:
        hard = {"random": 0, "bootstrap": count}.get(param.neg_mining_type, (count + 1) // 2)
        chosen = _hardest(_hardness(param, of), background, hard)
        others = background[~np.isin(background, chosen)]
        if count > hard:
            others = rng.permutation(others)[: count - hard]
            chosen = np.concatenate([chosen, others])
        background = chosen
    kept = np.zeros(len(of.labels), bool)
    kept[objects] = kept[background] = True
    return kept


def _hardness(param: caffe_pb2.DetectionGroupLossParameter, of: Candidates) -> np.ndarray:
    """How wrong a net is about each place if it is background."""
    if param.neg_ranking_type == "conf_prob":
        return np.asarray(1 - of.probabilities[0])
    return np.asarray(-np.log(np.fmax(of.probabilities[0], SMALLEST_FLOAT)))


def sample_places(
    param: caffe_pb2.DetectionLossParameter, of: Candidates, rng: np.random.Generator
) -> np.ndarray:
    """MS-CNN's choice of one image's places, a mask (n,).

    All objects count. Of the background, by ``sample_mode``:

    random
        those of objects · bg_multiple draws of a place (at least 4 · (classes - 1)) that hit it,
        with repetition
    bootstrap
        for each class of objects those with its largest scores, as many as its objects ·
        bg_multiple, and at least 4
    mixture
        both, each with half of bg_multiple
    anything else
        all of it
    """
    labels = np.minimum(of.labels, 1) if param.objectness else of.labels
    background = of.background(param.bg_threshold)
    kept = labels != 0
    share = param.bg_multiple * (0.5 if param.sample_mode == "mixture" else 1.0)
    classes = len(of.scores)
    if param.sample_mode in ("random", "mixture") and len(labels):
        draws = max(int(np.count_nonzero(kept) * share), 4 * (classes - 1))
        draws = min(draws, _ENOUGH * len(labels))
        drawn = rng.integers(len(labels), size=draws)
        kept[drawn[np.isin(drawn, background)]] = True
    if param.sample_mode in ("bootstrap", "mixture"):
        for label in range(1, classes):
            count = max(4, int(np.count_nonzero(labels == label) * share))
            kept[_hardest(of.scores[label], background, count)] = True
    if param.sample_mode not in ("random", "bootstrap", "mixture"):
        kept[background] = True
    return kept
