"""Matching of prior boxes with true boxes, against SSD's loops; and the reading of true boxes."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError
from minicaffe.layers.detection.ground_truth import read_truths
from minicaffe.layers.detection.matching import match
from tests.layers.test_boxes import jaccard, some


def ssd(
    priors: np.ndarray, truths: np.ndarray, threshold: float | None, inside_only: bool
) -> tuple[list[int], list[float]]:
    """SSD's MatchBBox: pairs by falling overlap, then each prior left by itself."""
    ignored = [inside_only and bool((box < 0).any() or (box > 1).any()) for box in priors]
    indices = [-2 if skip else -1 for skip in ignored]
    pairs = {
        (i, j): jaccard(prior, truth)
        for i, prior in enumerate(priors)
        for j, truth in enumerate(truths)
        if not ignored[i] and jaccard(prior, truth) > 1e-6
    }
    best = [
        max([o for (i, _), o in pairs.items() if i == p], default=0) for p in range(len(priors))
    ]
    pool = set(range(len(truths)))
    while left := {k: o for k, o in pairs.items() if indices[k[0]] == -1 and k[1] in pool}:
        i, j = max(left, key=lambda key: left[key])
        indices[i], best[i] = j, left[i, j]
        pool.remove(j)
    for p in range(len(priors)):
        own = {j: o for (i, j), o in pairs.items() if i == p}
        if indices[p] == -1 and threshold is not None and own and max(own.values()) >= threshold:
            indices[p] = max(own, key=lambda j: own[j])
    return indices, best


@pytest.mark.parametrize("threshold", [None, 0.3, 0.5])
@pytest.mark.parametrize("inside_only", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_matching_is_ssds(threshold: float | None, inside_only: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    priors, truths = some(rng, 40, 0.8), some(rng, 5, 0.8)
    indices, best = match(priors, truths, threshold=threshold, inside_only=inside_only)
    want, overlap = ssd(priors, truths, threshold, inside_only)
    assert indices.tolist() == want
    np.testing.assert_allclose(best, overlap, rtol=1e-12)
    assert max(want) >= 0


def test_a_true_box_gets_its_best_prior_below_the_threshold_too() -> None:
    """Which two true boxes would both have: the nearer one gets it, the other its second best."""
    priors = np.array([[0, 0, 1, 1], [0, 0, 0.2, 0.2]])
    truths = np.array([[0, 0, 0.3, 1], [0, 0, 0.5, 1]])
    assert match(priors, truths, threshold=0.9)[0].tolist() == [1, 0]


def test_nothing_to_match() -> None:
    indices, best = match(np.zeros((3, 4)), np.zeros((0, 4)), threshold=0.5)
    assert indices.tolist() == [-1, -1, -1]
    assert best.tolist() == [0, 0, 0]
    assert len(match(np.zeros((0, 4)), np.ones((2, 4)), threshold=0.5)[0]) == 0
    apart = match(np.array([[0.0, 0, 1, 1]]), np.array([[2.0, 2, 3, 3]]), threshold=None)
    assert apart[0].tolist() == [-1]


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array([[image, label, 0, 0, 0, 1, 1, hard] for image, label, hard in values])


def test_true_boxes_come_by_image() -> None:
    data = rows((1, 2, 0), (-1, 0, 0), (0, 1, 0), (1, 1, 1))
    found = read_truths(data, classes=3, background=0)
    assert {image: truths.labels.tolist() for image, truths in found.items()} == {1: [2, 1], 0: [1]}
    easy = read_truths(data, classes=3, background=0, difficult=False)
    assert easy[1].labels.tolist() == [2]
    assert read_truths(data, classes=2, background=0)[1].labels.tolist() == [1, 1]


@pytest.mark.parametrize(("label", "what"), [(0, "the background's"), (3, "none"), (-1, "none")])
def test_a_class_that_there_is_not_is_told(label: int, what: str) -> None:
    with pytest.raises(DataError, match=f"true box 1 has class {label}, which is {what} of 3"):
        read_truths(rows((0, 1, 0), (0, label, 0)), classes=3, background=0)


def test_rows_of_no_numbers_are_no_boxes() -> None:
    assert read_truths(np.full((2, 8), np.nan), classes=3, background=0) == {}
