"""Which of a net's predictions SSD's loss counts, and how wrong each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minicaffe.layers.detection.boxes import decode, encode
from minicaffe.layers.detection.ground_truth import Truths
from minicaffe.layers.detection.matching import IGNORED, NONE, match
from minicaffe.layers.detection.mining import mine
from minicaffe.layers.loss.smooth_l1_loss import smooth_l1, smooth_l1_slope
from minicaffe.layers.loss.softmax_with_loss import SMALLEST_FLOAT
from minicaffe.layers.utility.softmax import softmax
from minicaffe.proto import caffe_pb2


class Chosen(NamedTuple):
    """Prior boxes that count, one entry each.

    ``sets`` says which offsets are meant: the class's, 0 where all classes share them.
    """

    images: np.ndarray
    priors: np.ndarray
    sets: np.ndarray
    labels: np.ndarray
    truths: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """What a net says of a batch, beside where its prior boxes are.

    Attributes:
        param: how boxes are coded, matched and chosen.
        offsets: (N, P, sets, 4).
        scores: (N, P, classes).
        priors, variances: (P, 4).
        moved: the priors after RefineDet's first offsets, (N, P, 4).
        objectness: (N, P), or None.
    """

    param: caffe_pb2.MultiBoxLossParameter
    offsets: np.ndarray
    scores: np.ndarray
    priors: np.ndarray
    variances: np.ndarray
    moved: np.ndarray
    objectness: np.ndarray | None

    def choose(self, truths: dict[int, Truths], *, mining: bool) -> tuple[Chosen, Chosen]:
        """The priors with a true box that count, and with ``mining`` those of the background."""
        none = np.empty(0, int)
        empty = Chosen(none, none, none, none, np.empty((0, 4), self.priors.dtype))
        objects, background = [empty], [empty]
        for item in range(len(self.scores)):
            if item in truths:
                own, others = self._choose_of_image(item, truths[item], mining)
                objects.append(own)
                background.append(others)
        return _joined(objects), _joined(background)

    def _choose_of_image(self, item: int, truths: Truths, mining: bool) -> tuple[Chosen, Chosen]:
        matched, overlaps = self._match(item, truths)
        counting, negatives = matched > NONE, np.zeros(len(self.priors), bool)
        if mining:
            losses = self._losses(item, truths, matched[0])
            boxes = self.priors if self.param.use_prior_for_nms else self._predicted(item)[:, 0]
            allowed = ~negatives
            if self.objectness is not None:
                allowed = self.objectness[item] >= self.param.objectness_score
            kept, negatives = mine(self.param, losses, matched[0], overlaps[0], boxes, allowed)
            counting = kept[None]
        sets, priors = np.nonzero(counting)
        objects = self._chosen(item, priors, sets, truths, matched[sets, priors])
        others = np.flatnonzero(negatives)
        zeros = np.zeros_like(others)
        background = self._chosen(item, others, zeros, truths, zeros)
        return objects, background._replace(
            labels=np.full_like(others, self.param.background_label_id)
        )

    def _chosen(
        self, item: int, priors: np.ndarray, sets: np.ndarray, truths: Truths, own: np.ndarray
    ) -> Chosen:
        labels = truths.labels[own]
        if self.param.map_object_to_agnostic:
            labels = np.full_like(labels, self.param.background_label_id + 1)
        return Chosen(np.full_like(priors, item), priors, sets, labels, truths.boxes[own])

    def _match(self, item: int, truths: Truths) -> tuple[np.ndarray, np.ndarray]:
        """For each set and prior its true box and their overlap, (sets, P) each."""
        param, sets = self.param, self.offsets.shape[2]
        threshold = None if param.match_type == param.BIPARTITE else param.overlap_threshold
        inside = param.ignore_cross_boundary_bbox
        predicted = None if param.use_prior_for_matching else self._predicted(item)
        matched = np.full((sets, len(self.priors)), NONE)
        overlaps = np.zeros(matched.shape, self.priors.dtype)
        for index in range(sets):
            if not param.share_location and index == param.background_label_id:
                continue
            of_class = param.share_location | (truths.labels == index)
            own = np.flatnonzero(np.broadcast_to(of_class, truths.labels.shape))
            if predicted is None:  # by place, whatever the class
                found, overlaps[index] = match(
                    self.moved[item], truths.boxes, threshold=threshold, inside_only=inside
                )
                ignored = (found == IGNORED) & param.share_location
                matched[index] = np.where(np.isin(found, own) | ignored, found, NONE)
            else:
                found, overlaps[index] = match(
                    predicted[:, index], truths.boxes[own], threshold=threshold, inside_only=inside
                )
                matched[index] = np.where(found > NONE, np.append(own, NONE)[found], found)
        return matched, overlaps

    def _predicted(self, item: int) -> np.ndarray:
        """The boxes that the offsets mean, (P, sets, 4); first offsets do not count here."""
        return self._decoded(self.priors[:, None], self.variances[:, None], self.offsets[item])

    def _decoded(self, priors: np.ndarray, variances: np.ndarray, moves: np.ndarray) -> np.ndarray:
        encoded = self.param.encode_variance_in_target
        return decode(self.param.code_type, priors, 1.0 if encoded else variances, moves)

    def _losses(self, item: int, truths: Truths, matched: np.ndarray) -> np.ndarray:
        """How wrong the net is about each prior, by which the hardest are chosen, (P,)."""
        priors = np.flatnonzero(matched > NONE)
        labels = np.full(len(self.priors), self.param.background_label_id)
        labels[priors] = truths.labels[matched[priors]]
        scores = self.scores[item]
        losses = class_losses(self.param, scores, one_hot(labels, scores))[0].sum(axis=1)
        if self.param.mining_type == self.param.HARD_EXAMPLE:
            zeros = np.zeros_like(priors)
            chosen = self._chosen(item, priors, zeros, truths, matched[priors])
            losses[priors] += self.box_losses(chosen)[0].sum(axis=1)
        return losses

    def box_losses(self, chosen: Chosen) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each offset, and its derivative by the offset; both (n, 4)."""
        param, variances = self.param, self.variances[chosen.priors]
        offsets = self.offsets[chosen.images, chosen.priors, chosen.sets]
        priors = self.moved[chosen.images, chosen.priors]
        encoded = param.encode_variance_in_target
        wanted = encode(param.code_type, priors, 1.0 if encoded else variances, chosen.truths)
        factor = 1 / variances if encoded else np.ones_like(variances)
        if param.bp_inside:
            inside = priors
            if not param.use_prior_for_matching:
                inside = self._decoded(priors, variances, offsets)
            factor = np.where((inside >= 0) & (inside <= 1), factor, 0)
        differences = np.where(factor != 0, (offsets - wanted) * factor, 0)
        if param.loc_loss_type == param.L2:
            return np.square(differences) / 2, differences * factor
        return smooth_l1(differences), smooth_l1_slope(differences) * factor


def class_losses(
    param: caffe_pb2.MultiBoxLossParameter, scores: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The loss of each score (n, classes), and its derivative by the score.

    Args:
        targets: 1 for the class, 0 for the others; like the scores.
    """
    if param.conf_loss_type == param.LOGISTIC:
        losses = np.log1p(np.exp(-np.abs(scores))) + np.maximum(scores, 0) - scores * targets
        return losses, (np.tanh(scores / 2) + 1) / 2 - targets
    probabilities = np.empty_like(scores)
    softmax(scores, 1, probabilities)
    return -np.log(np.maximum(probabilities, SMALLEST_FLOAT)) * targets, probabilities - targets


def one_hot(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """1 for each row's class, 0 elsewhere; like the scores."""
    targets = np.zeros_like(scores)
    targets[np.arange(len(labels)), labels] = 1
    return targets


def _joined(parts: list[Chosen]) -> Chosen:
    return Chosen(*map(np.concatenate, zip(*parts, strict=True)))
