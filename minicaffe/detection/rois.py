"""Faster R-CNN's last step, which its Python code takes and no layer: scores of rois made boxes."""

from __future__ import annotations

import numpy as np

from minicaffe.errors import ShapeError
from minicaffe.layers.detection.boxes import best_first, clip, suppress
from minicaffe.layers.detection.pixel_boxes import decode_from

#: What py-faster-rcnn's TEST settings say.
THRESHOLD, NMS, MOST = 0.05, 0.3, 100
#: What py-faster-rcnn subtracts of blue, green and red, whatever the net.
MEANS = (102.9801, 115.9465, 122.7717)


def boxes_of_rois(
    rois: np.ndarray, scores: np.ndarray, deltas: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Move each roi by what the net says of each class, and drop doubles class by class.

    A roi of w × h pixels (its last pixel included) with its middle at m becomes a box with its
    middle at m + (dx · w, dy · h) and the sides w · exp(dw), h · exp(dh), cut at the picture's
    edge.
    Scores above 0.05 count, boxes that overlap a better one of their class by more than 0.3 are
    dropped, and the best 100 of all are kept.

    Args:
        rois: (n, 4), in pixels of the picture.
        scores: (n, classes), class 0 being the background.
        deltas: (n, 4 · classes); R-FCN's (n, 8) are of the background and of all others.
        size: the picture's height and width.

    Returns:
        (boxes, 6): class, score, xmin, ymin, xmax, ymax in pixels, by class and falling score.

    Raises:
        ShapeError: the arrays do not fit each other.

    Source: lib/fast_rcnn/test.py and bbox_transform.py (rbgirshick/py-faster-rcnn,
    daijifeng001/caffe-rfcn).
    """
    each = per_class(deltas, *scores.shape)
    boxes = clip(decode_from(rois, each, edge=0.0), size[1] - 1, size[0] - 1)
    return best_of_classes(boxes, scores, NMS)


def best_of_classes(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Of each class the boxes whose score is above 0.05, doubles dropped; of all the best 100.

    Args:
        boxes: (n, classes or 1, 4), xmin, ymin, xmax, ymax in pixels, the last ones included; one
            box is of all classes.
        scores: (n, classes), class 0 being the background.
        overlap: a box that overlaps a better one of its class by more is dropped.

    Returns:
        (boxes, 6): class, score, xmin, ymin, xmax, ymax, by class and falling score.
    """
    rows = [np.empty((0, 6))]
    for label in range(1, scores.shape[1]):
        own = boxes[:, min(label, boxes.shape[1] - 1)]
        best = best_first(scores[:, label], THRESHOLD)
        kept = best[suppress(own[best], overlap, edge=1.0)]
        rows.append(np.column_stack([np.full(len(kept), label), scores[kept, label], own[kept]]))
    found = np.concatenate(rows)
    best = np.sort(best_first(found[:, 1], top_k=MOST))
    return found[best]


def per_class(deltas: np.ndarray, count: int, classes: int) -> np.ndarray:
    """Offsets as (n, classes or 1, 4); one set is of all classes but the background.

    Raises:
        ShapeError: there are neither four for each class nor eight.
    """
    if deltas.size == count * 4 * classes:
        return deltas.reshape(count, classes, 4)
    if deltas.size == count * 8:  # R-FCN's: of the background, of everything else
        return deltas.reshape(count, 2, 4)[:, 1:]
    raise ShapeError(
        f"bbox_pred has {deltas.size} values for {count} rois of {classes} classes; expected "
        f"{4 * classes} for each, or 8"
    )
