"""Which prior box is for which true box."""

from __future__ import annotations

import numpy as np

from minicaffe.layers.detection.boxes import overlaps

#: A prior without a true box, and one that counts for nothing.
NONE, IGNORED = -1, -2

#: Overlaps up to this are none.
_LEAST = 1e-6


def match(
    priors: np.ndarray,
    truths: np.ndarray,
    *,
    threshold: float | None,
    inside_only: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Give prior boxes to true boxes.

    First each true box gets the prior that overlaps it most: of all pairs the best one, then the
    best one of the other priors with the other true boxes, and so on. Then, unless ``threshold`` is
    None, each other prior goes to the true box that it overlaps most, if at least so much.

    Args:
        priors: (P, 4).
        truths: (G, 4).
        inside_only: priors with a corner outside the image are IGNORED.

    Returns:
        for each prior the index of its true box, or NONE or IGNORED; and its overlap with that, or
        else the largest overlap with any. Both (P,).
    """
    indices = np.full(len(priors), NONE)
    if not (len(truths) and len(priors)):
        return indices, np.zeros(len(priors), priors.dtype)
    pairs = overlaps(priors, truths)
    pairs = np.where(pairs > _LEAST, pairs, 0)
    if inside_only:
        outside = ~((priors >= 0) & (priors <= 1)).all(axis=1)
        indices[outside] = IGNORED
        pairs[outside] = 0
    best = pairs.max(axis=1)
    if threshold is not None:
        near = (best > 0) & (best >= threshold)
        indices[near] = pairs[near].argmax(axis=1)
    open_pairs = pairs.copy()
    for _ in range(len(truths)):
        prior, truth = np.unravel_index(open_pairs.argmax(), pairs.shape)
        if not open_pairs[prior, truth] > 0:
            break
        indices[prior], best[prior] = truth, pairs[prior, truth]
        open_pairs[prior] = open_pairs[:, truth] = 0
    return indices, best
