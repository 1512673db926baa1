"""Average precision: how good detections are, as the VOC challenge counts it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.errors import SolverError

#: How the curve of precision by recall is made one number; the first four are SSD's names.
AP_VERSIONS = ("Integral", "11point", "101point", "MaxIntegral", "AllPoint")

#: How many steps of recall from 0 to 1 a version looks at.
_STEPS = {"11point": 10, "101point": 100}

#: Recalls that differ by less are one.
_SAME = 1e-6


def average_precision(
    scores: np.ndarray, right: np.ndarray, objects: int, version: str = "Integral"
) -> float:
    """The average precision of one class's detections.

    With the detections by falling score, p_k the share of right ones among the first k, and r_k
    their share of all objects:

    Integral
        Σ p_k · (r_k - r_(k-1))
    MaxIntegral
        the same with the largest p from k - 1 on
    AllPoint
        the same with the largest p from k on (VOC 2010 to 2012)
    11point
        the mean of the largest p where r is at least 0, 0.1, …, 1 (VOC 2007)
    101point
        with steps of 0.01 (COCO, and Cascade R-CNN's Caffe)

    Args:
        scores: (n,).
        right: whether each detection is right, (n,).
        objects: how many true boxes there are.
        version: one of :data:`AP_VERSIONS`.

    Raises:
        SolverError: there is no such version.
    """
    if version not in AP_VERSIONS:
        raise SolverError(f'ap_version is "{version}"; expected {", ".join(AP_VERSIONS)}')
    if not (objects and len(scores)):
        return 0.0
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / objects
    best = np.maximum.accumulate(precision[::-1])[::-1]
    if steps := _STEPS.get(version):
        reached = [best[recall >= step / steps] for step in range(steps + 1)]
        return float(sum(values[0] if len(values) else 0 for values in reached) / (steps + 1))
    heights = {
        "MaxIntegral": np.concatenate([best[:1], best[:-1]]), "AllPoint": best,
    }.get(version, precision)  # fmt: skip
    widths = np.diff(recall, prepend=0.0)
    return float((heights * np.where(widths > _SAME, widths, 0)).sum())


def precision_by_class(rows: Sequence[np.ndarray], version: str = "Integral") -> dict[int, float]:
    """The average precision of each class by DetectionEvaluate's tops of several batches.

    Args:
        rows: tops, each (1, 1, rows, at least 5).
        version: one of :data:`AP_VERSIONS`.

    Raises:
        SolverError: there is no such version.
    """
    table = np.concatenate([top.reshape(-1, top.shape[-1])[:, :5] for top in rows])
    counts, found = table[table[:, 0] == -1], table[table[:, 0] != -1]
    counted = found[(found[:, 3] != 0) | (found[:, 4] != 0)]  # difficult ones are neither
    precisions = {}
    for label in np.unique(counts[:, 1]).astype(int).tolist():
        own = counted[counted[:, 1] == label]
        objects = int(counts[counts[:, 1] == label, 2].sum())
        precisions[label] = average_precision(own[:, 2], own[:, 3] == 1, objects, version)
    return precisions
