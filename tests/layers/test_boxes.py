"""Boxes: areas, overlaps, coding and suppression, each against loops over single boxes."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from minicaffe.errors import DataError
from minicaffe.layers.detection.boxes import (
    areas,
    best_first,
    clip,
    coverages,
    decode,
    encode,
    overlaps,
    suppress,
    suppress_softly,
)
from minicaffe.proto import caffe_pb2

CORNER, CENTER_SIZE, CORNER_SIZE = (
    caffe_pb2.PriorBoxParameter.CORNER,
    caffe_pb2.PriorBoxParameter.CENTER_SIZE,
    caffe_pb2.PriorBoxParameter.CORNER_SIZE,
)


def some(rng: np.random.Generator, count: int, side: float = 0.5) -> np.ndarray:
    low = rng.uniform(-0.2, 0.9, (count, 2))
    return np.concatenate([low, low + rng.uniform(0.02, side, (count, 2))], axis=1)


def jaccard(a: np.ndarray, b: np.ndarray, edge: float = 0) -> float:
    """Intersection over union of two boxes, in plain numbers."""
    sides = [min(a[i + 2], b[i + 2]) - max(a[i], b[i]) + edge for i in (0, 1)]
    if min(sides) <= 0:
        return 0.0
    size = [(box[2] - box[0] + edge) * (box[3] - box[1] + edge) for box in (a, b)]
    return float(sides[0] * sides[1] / (sum(size) - sides[0] * sides[1]))


def greedy(boxes: np.ndarray, threshold: float, eta: float = 1.0) -> list[int]:
    """Suppression as SSD's ApplyNMSFast does it, box by box."""
    kept: list[int] = []
    for index, box in enumerate(boxes):
        if all(jaccard(box, boxes[other]) <= threshold for other in kept):
            kept.append(index)
            if eta < 1 and threshold > 0.5:
                threshold *= eta
    return kept


def test_areas_of_boxes_in_image_sides_and_in_pixels() -> None:
    boxes = np.array([[0, 0, 2, 3], [1, 1, 1, 5], [3, 0, 1, 4]], float)
    assert areas(boxes).tolist() == [6, 0, 0]
    assert areas(boxes, 1).tolist() == [12, 5, 0]


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_overlaps_are_intersection_over_union(edge: float) -> None:
    rng = np.random.default_rng(1)
    left, right = (some(rng, count) * (20 if edge else 1) for count in (7, 5))
    want = [[jaccard(a, b, edge) for b in right] for a in left]
    np.testing.assert_allclose(overlaps(left, right, edge), want, rtol=1e-12)
    assert 0 < np.count_nonzero(want) < 35


def test_coverage_is_the_share_of_a_box_inside_another() -> None:
    boxes = np.array([[0, 0, 2, 2], [0, 0, 1, 1]], float)
    assert coverages(boxes, boxes).tolist() == [[1, 0.25], [1, 1]]


def test_clip_keeps_what_is_inside() -> None:
    boxes = np.array([[-1, 0.5, 2, 7]])
    assert clip(boxes).tolist() == [[0, 0.5, 1, 1]]
    assert clip(boxes, 3, 5).tolist() == [[0, 0.5, 2, 5]]


@pytest.mark.parametrize("code", [CORNER, CENTER_SIZE, CORNER_SIZE])
@pytest.mark.parametrize("varied", [True, False])
def test_decode_is_the_formula_and_encode_undoes_it(code: int, varied: bool) -> None:
    rng = np.random.default_rng(code)
    priors, offsets = some(rng, 6), rng.normal(size=(6, 4))
    variances = rng.uniform(0.1, 0.3, (6, 4)) if varied else np.ones((6, 4))
    got = decode(code, priors, variances if varied else 1, offsets)
    for box, prior, variance, offset in zip(got, priors, variances, offsets, strict=True):
        width, height = prior[2] - prior[0], prior[3] - prior[1]
        moved = variance * offset
        if code == CORNER:
            want = prior + moved
        elif code == CORNER_SIZE:
            want = prior + moved * [width, height, width, height]
        else:
            x = moved[0] * width + (prior[0] + prior[2]) / 2
            y = moved[1] * height + (prior[1] + prior[3]) / 2
            w, h = math.exp(moved[2]) * width / 2, math.exp(moved[3]) * height / 2
            want = np.array([x - w, y - h, x + w, y + h])
        np.testing.assert_allclose(box, want, rtol=1e-12)
    if code == CENTER_SIZE:  # the other two may have turned boxes inside out, which is no matter
        assert (got[:, 2:] > got[:, :2]).all()
    back = encode(code, priors, variances if varied else 1, got)
    np.testing.assert_allclose(back, offsets, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("code", [CENTER_SIZE, CORNER_SIZE])
def test_a_prior_without_width_is_told(code: int) -> None:
    priors = np.array([[0, 0, 1, 1], [0.5, 0, 0.5, 1]])
    with pytest.raises(DataError, match=r"prior box 1 is \(0.5, 0\) to \(0.5, 1\); expected a w"):
        decode(code, priors, 1, np.zeros((2, 4)))


def test_best_first_keeps_the_order_of_equal_scores() -> None:
    scores = np.array([0.5, np.nan, 0.9, 0.5, 0.1, 0.9])
    assert best_first(scores, 0.1).tolist() == [2, 5, 0, 3]
    assert best_first(scores, top_k=3).tolist() == [2, 5, 0]
    assert best_first(scores, 0.9).tolist() == []


@pytest.mark.parametrize("eta", [1.0, 0.9])
@pytest.mark.parametrize("count", [0, 1, 40, 400])
def test_suppression_is_greedy(count: int, eta: float) -> None:
    """400 boxes are more than two of the blocks in which overlaps are computed."""
    boxes = some(np.random.default_rng(count), count)
    threshold = 0.6 if eta < 1 else 0.3
    want = greedy(boxes, threshold, eta)
    assert suppress(boxes, threshold, eta).tolist() == want
    if count == 400:
        assert 130 < len(want) < 399


def test_soft_suppression_loses_the_box_that_is_the_head_by_then() -> None:
    """Worked out by hand for a, b, c, d, of which b overlaps a by 1/3 and the others no one.

    a is kept. b moves back to the end and is kept, and the head removed for it is c. d is kept.
    b's second coming overlaps b itself and is dropped.
    """
    boxes = np.array([[0, 0, 2, 1], [1, 0, 3, 1], [5, 5, 6, 6], [7, 7, 8, 8]], float)
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    assert suppress_softly(boxes, scores, 0.5, 1.0, 0.1).tolist() == [0, 1, 3]


def test_not_numbers_and_huge_numbers_are_survived() -> None:
    boxes = np.array(
        [[0, 0, 1, 1], [np.nan, 0, 1, 1], [-np.inf, -np.inf, np.inf, np.inf], [0, 0, 3e38, 3e38]],
        np.float32,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (overlaps(boxes, boxes)[1] == 0).all()
        assert suppress(boxes, 0.5).tolist()[:2] == [0, 1]
        for code in (CORNER, CENTER_SIZE, CORNER_SIZE):
            decode(code, boxes[:1], 1, np.full((1, 4), 1e30, np.float32))
            decode(code, boxes[:1], 1, np.full((1, 4), np.nan, np.float32))
        assert areas(boxes[:0]).shape == (0,)
        assert overlaps(boxes[:0], boxes).shape == (0, 4)
        assert suppress(boxes[:0], 0.5).tolist() == []
