"""FrcnnProposalTarget's drawing, and what makefile's frcnn says of its settings."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError
from tests.layers.cases.frcnn import targets
from tests.layers.harness import Case, Rig
from tests.layers.rpn import near, overlap, true_boxes

TARGET = "FrcnnProposalTarget"


def rig(told: str, regions: np.ndarray, truths: np.ndarray, more: str = "") -> Rig:
    values = [regions, truths]
    makers = [lambda rng, shape, array=array: array for array in values]
    param = f'python_param {{ param_str: "{told}" }} {more}'
    return Rig(Case(TARGET, param, [array.shape for array in values], makers, tops=5))


def in_order(tops: list[np.ndarray]) -> list[np.ndarray]:
    """The rows sorted by region, as they are drawn in any order."""
    rows = np.concatenate([top.reshape(len(top), -1) for top in tops], axis=1)
    return [rows[np.lexsort(rows.T[::-1])]]


def test_a_batch_is_filled_up_by_background_in_turn() -> None:
    rng = np.random.default_rng(3)
    regions, truths = near(rng, (20, 5)), true_boxes(rng, (4, 5))
    tops = rig("{num_classes: 4, BATCH_SIZE: 24, FG_FRACTION: 1}", regions, truths).forward()
    want = targets([regions, truths], 4, 24)
    assert 0 < (want[1] > 0).sum() < 24
    np.testing.assert_allclose(in_order(tops[:5])[0], in_order(want)[0], atol=1e-9)
    long = rig("{num_classes: 4, BATCH_SIZE: 60, FG_FRACTION: 1}", regions, truths).forward()
    assert [top.shape for top in long] == [(60, n, 1, 1) for n in (5, 1, 16, 16, 16)]
    background = long[0][long[1].ravel() == 0].reshape(-1, 5)
    cycle = len(np.unique(background, axis=0))
    np.testing.assert_array_equal(background[cycle:], background[: len(background) - cycle])


def test_objects_are_no_more_than_their_share() -> None:
    rng = np.random.default_rng(4)
    regions = np.repeat(near(rng, (1, 5)), 30, axis=0)
    truths = np.concatenate([regions[:1, 1:], [[2]]], axis=1)
    labels = rig("{num_classes: 3, BATCH_SIZE: 9, FG_FRACTION: 0.4}", regions, truths).forward()[1]
    assert labels.ravel().tolist() == [2] * 3  # 3.6, cut; there is no background at all


@pytest.mark.parametrize(("stage", "label"), [(0, 2), (1, 0)])
def test_of_equal_true_boxes_the_last_counts_and_stages_ask_for_more(
    stage: int, label: int
) -> None:
    """The region overlaps both boxes by 3/7, just enough for stage 0."""
    box = [0, 0, 0, 9, 9]
    truths = np.array([[4, 0, 13, 9, 1], [-4, 0, 5, 9, 2.0]])
    shared = overlap((0, 0, 9, 9), (4, 0, 13, 9))
    assert shared == overlap((0, 0, 9, 9), (-4, 0, 5, 9)) < 0.5
    told = f"{{num_classes: 3, BATCH_SIZE: 3, FG_FRACTION: 1, FG_THRESH: {shared - 0.01:.4f}}}"
    more = f"proposal_target_param {{ stage: {stage} }}"
    one = rig(told, np.array([box], float), truths, more)
    rows = {
        tuple(row[1:5]): row for row in np.hstack([t.reshape(3, -1) for t in one.forward()[:2]])
    }
    assert rows[0, 0, 9, 9][5] == label


def test_regions_that_are_the_true_box_are_left_out_of_later_stages() -> None:
    truths = np.array([[10, 10, 29, 29, 1.0]])
    regions = np.array([[0, 10, 10, 29, 29], [0, 10, 10, 29, 24.0]])
    for stage, count in ((0, 3), (1, 2)):
        more = f"proposal_target_param {{ stage: {stage} }}"
        told = "{num_classes: 2, BATCH_SIZE: 8, FG_FRACTION: 1}"
        assert len(rig(told, regions, truths, more).forward()[0]) == count


def test_the_settings_of_voc_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="minicaffe"):
        one = Rig(Case(TARGET, "", [(2, 5), (1, 5)], [near, true_boxes], tops=5))
    (told,) = [record.getMessage() for record in caplog.records]
    assert "JSON file that the net does not name; those of VOC are taken" in told
    config = one.layer.config
    assert (one.layer.settings.num_classes, config.batch_size, config.bg_thresh_lo) == (21, 128, 0)
    assert config.bbox_normalize_targets_precomputed


@pytest.mark.parametrize(
    ("told", "truth", "error", "message"),
    [
        (
            "{num_classes: 3, BATCH_SIZE: -1}",
            1,
            GraphError,
            "'BATCH_SIZE' is -1; expected at least",
        ),
        ("{num_class: 3}", 1, GraphError, "expected it to say num_classes"),
        ("{num_classes: 3}", 0, DataError, "class 0, which is background"),
        ("{num_classes: 2}", 2, DataError, "class 2; expected at most 1"),
    ],
)
def test_what_is_refused(told: str, truth: int, error: type[Exception], message: str) -> None:
    truths = np.array([[10, 10, 29, 29, float(truth)]])
    with pytest.raises(error, match=message):
        rig(told, np.zeros((1, 5)), truths).forward()
