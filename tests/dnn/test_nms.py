"""Non-maximum suppression. The indices and scores are OpenCV 4.14's for these boxes."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import dnn
from minicaffe.errors import ArgumentError, ShapeError

BOXES = [
    [51, 38, 21, 35], [30, 16, 26, 11], [18, 2, 32, 31], [4, 0, 35, 15], [10, 48, 12, 35],
    [38, 54, 10, 26], [30, 36, 12, 18], [58, 43, 24, 22], [37, 32, 22, 10], [33, 56, 10, 13],
    [16, 48, 10, 30], [40, 0, 25, 29],
]  # fmt: skip
SCORES = [0.615, 0.384, 0.997, 0.981, 0.686, 0.65, 0.688, 0.389, 0.135, 0.721, 0.525, 0.31]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ((0.1, 0.3), [2, 3, 9, 6, 4, 5, 0, 1, 11, 8]),
        ((0.1, 0.3, 1.0, 3), [2, 3, 9]),
        ((0.1, 0.9, 0.5), [2, 3, 9, 6, 4, 5, 0, 10, 7, 1, 11, 8]),
        ((0.1, 0.6), [2, 3, 9, 6, 4, 5, 0, 10, 7, 1, 11, 8]),
        ((0.5, 0.3), [2, 3, 9, 6, 4, 5, 0]),
    ],
)
def test_boxes(arguments: tuple[float, ...], want: list[int]) -> None:
    kept = dnn.NMSBoxes(BOXES, SCORES, *arguments)  # type: ignore[arg-type]
    assert kept.dtype == np.int32
    np.testing.assert_array_equal(kept, want)
    as_arrays = dnn.NMSBoxes(np.array(BOXES, float), np.array(SCORES), *arguments)  # type: ignore[arg-type]
    np.testing.assert_array_equal(as_arrays, want)


def test_eta_lowers_the_threshold() -> None:
    """Two boxes overlap by 0.6, which is less than 0.9 and more than 0.9 · 0.5."""
    boxes = [[0, 0, 100, 100], [25, 0, 100, 100], [200, 0, 9, 9]]
    scores = [0.9, 0.8, 0.7]
    np.testing.assert_array_equal(dnn.NMSBoxes(boxes, scores, 0.1, 0.9), [0, 1, 2])
    np.testing.assert_array_equal(dnn.NMSBoxes(boxes, scores, 0.1, 0.9, 0.5), [0, 2])


def test_boxes_of_several_classes() -> None:
    classes = [index % 2 for index in range(12)]
    kept = dnn.NMSBoxesBatched(BOXES, SCORES, classes, 0.1, 0.3)
    np.testing.assert_array_equal(kept, [2, 3, 9, 6, 4, 5, 0, 7, 1, 11, 8])


def test_soft_suppression() -> None:
    scores, kept = dnn.softNMSBoxes(BOXES, SCORES, 0.1, 0.3)
    np.testing.assert_array_equal(kept, [2, 3, 9, 6, 4, 0, 5, 10, 1, 7, 11, 8])
    want = [
        0.997, 0.89091843, 0.721, 0.688, 0.686, 0.615, 0.6000256, 0.42038715, 0.35218793,
        0.31593925, 0.26456404, 0.13318188,
    ]  # fmt: skip
    np.testing.assert_allclose(scores, want, rtol=1e-5)
    scores, kept = dnn.softNMSBoxes(BOXES, SCORES, 0.1, 0.3, 3, 0.5, 2)
    np.testing.assert_array_equal(kept, [2, 3, 9])
    linear = dnn.SOFT_NMSMETHOD_SOFTNMS_LINEAR
    scores, kept = dnn.softNMSBoxes(BOXES, SCORES, 0.1, 0.3, method=linear)
    np.testing.assert_array_equal(kept, [2, 3, 9, 6, 4, 5, 0, 1, 10, 11, 7, 8])
    np.testing.assert_allclose(scores[[8, 10]], [0.35, 0.26354241], rtol=1e-5)


def test_boxes_without_an_area_are_all_alike() -> None:
    boxes = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 3, 3]]
    np.testing.assert_array_equal(dnn.NMSBoxes(boxes, [0.9, 0.8, 0.7], 0.1, 0.3), [0, 2])
    boxes = [[0, 0, -5, 5], [0, 0, 5, 5]]
    np.testing.assert_array_equal(dnn.NMSBoxes(boxes, [0.9, 0.8], 0.1, 0.3), [0])


def test_nothing() -> None:
    for boxes, scores in (([], []), ([[0, 0, 4, 4]], [0.5]), ([[0, 0, 4, 4]], [np.nan])):
        assert dnn.NMSBoxes(boxes, scores, 0.5, 0.3).shape == (0,)
    assert dnn.NMSBoxesBatched([], [], [], 0.5, 0.3).shape == (0,)
    assert dnn.softNMSBoxes([], [], 0.5, 0.3)[1].shape == (0,)


@pytest.mark.parametrize(
    ("boxes", "arguments", "error", "complaint"),
    [
        (BOXES, (-0.1, 0.3), ArgumentError, "score_threshold is -0.1"),
        (BOXES, (0.1, 0.3, 0.0), ArgumentError, "eta is 0, expected above 0"),
        (BOXES[:3], (0.1, 0.3), ShapeError, "boxes of shape 3×4 with 12 scores"),
        ([b[:3] for b in BOXES], (0.1, 0.3), ShapeError, "boxes of shape 12×3"),
        (["a"] * 12, (0.1, 0.3), ShapeError, "boxes and scores of numbers"),
    ],
)
def test_mistakes(
    boxes: list, arguments: tuple[float, ...], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        dnn.NMSBoxes(boxes, SCORES, *arguments)  # type: ignore[arg-type]


def test_classes_and_methods_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="12 boxes with 1 classes"):
        dnn.NMSBoxesBatched(BOXES, SCORES, [1], 0.1, 0.3)
    with pytest.raises(ArgumentError, match="method 3"):
        dnn.softNMSBoxes(BOXES, SCORES, 0.1, 0.3, method=3)
