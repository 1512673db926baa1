"""Which prior boxes count in a loss: most are background, and easy."""

from __future__ import annotations

import numpy as np

from minicaffe.layers.detection.boxes import areas, best_first, suppress
from minicaffe.layers.detection.matching import NONE
from minicaffe.proto import caffe_pb2

#: Boxes with a smaller area take no part in suppression.
_SMALLEST = 1e-5


def mine(
    param: caffe_pb2.MultiBoxLossParameter,
    losses: np.ndarray,
    matched: np.ndarray,
    overlaps: np.ndarray,
    boxes: np.ndarray,
    allowed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the hardest of one image's prior boxes.

    MAX_NEGATIVE
        all with a true box, and ``neg_pos_ratio`` times as many without one that overlap no true
        box by ``neg_overlap``: those with the largest losses.
    HARD_EXAMPLE
        the ``sample_size`` with the largest losses, with and without a true box.

    With ``nms_param`` doubles are dropped first.

    Args:
        param: ``mining_type`` and what it says besides.
        losses: (P,).
        matched, overlaps: what :func:`minicaffe.layers.detection.matching.match` gave, (P,).
        boxes: which are compared to find doubles, (P, 4).
        allowed: which may be background at all, (P,).

    Returns:
        which priors with a true box count, and which count as background; two masks (P,).
    """
    hard = param.mining_type == param.HARD_EXAMPLE
    eligible = allowed if hard else allowed & (matched == NONE) & (overlaps < param.neg_overlap)
    objects = matched > NONE
    most = param.sample_size if hard else int(np.count_nonzero(objects) * param.neg_pos_ratio)
    candidates = np.flatnonzero(eligible)
    chosen = candidates[_hardest(param, losses[candidates], boxes[candidates])][:most]
    selected = np.zeros(len(matched), bool)
    selected[chosen] = True
    return objects & selected if hard else objects, (matched == NONE) & selected


def _hardest(
    param: caffe_pb2.MultiBoxLossParameter, losses: np.ndarray, boxes: np.ndarray
) -> np.ndarray:
    """The indices by falling loss, without doubles if those are to be dropped."""
    nms = param.nms_param
    if not (param.HasField("nms_param") and nms.nms_threshold > 0):
        return np.argsort(-losses, kind="stable")
    order = best_first(losses, top_k=nms.top_k if nms.HasField("top_k") else -1)
    order = order[areas(boxes[order]) >= _SMALLEST]
    return order[suppress(boxes[order], nms.nms_threshold)]
