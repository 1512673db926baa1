"""What the rows of cases/faces.py and cases/sequences.py do not show."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from tests.layers.harness import Case, Rig, labels, normal, numeric_gradient


@pytest.mark.parametrize(("kind", "times"), [("", [1, 1]), ("distance_type: 'L2'", [2, 1])])
def test_centres_follow_their_items(kind: str, times: list[int]) -> None:
    """Class 0 has two items, class 1 one, class 2 none; the loss weight does not count."""
    rig = Rig(Case("CenterLoss", f"center_loss_param {{ num_output: 3 {kind} }}", [(3, 1), (3,)]))
    rig.layer.blobs[0].data[...] = [[1], [2], [3]]
    rig.bottom[0].data[...] = [[5], [8], [2.5]]
    rig.bottom[1].data[...] = [0, 0, 1]
    rig.forward()
    rig.top[0].diff[...] = 7
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    want = [(1 - 5 + 1 - 8) / 3 * times[0], (2 - 2.5) / 2 * times[1], 0]
    np.testing.assert_allclose(rig.layer.blobs[0].diff.ravel(), want)
    np.testing.assert_allclose(rig.bottom[0].diff.ravel(), np.array([4, 7, 0.5]) * 7 / 3)


def test_the_gradient_of_ctc_is_that_of_the_sum_over_items() -> None:
    case = Case("CtcLoss", bottoms=[(4, 3, 3), (3, 2)], values=[normal, labels(3)],
                gradients=[True, False], loss=True)  # fmt: skip
    rig = Rig(case)
    rig.bottom[1].data[...] = [[1, 2], [2, 0], [1, 1]]
    rig.forward()
    rig.backward()
    got = rig.bottom[0].diff.copy()
    np.testing.assert_allclose(got, 3 * numeric_gradient(rig, rig.bottom[0].data), atol=1e-8)


def test_an_item_that_needs_more_steps_counts_nothing() -> None:
    rig = Rig(Case("CtcLoss", bottoms=[(2, 2, 3), (2, 2)], values=[normal, labels(3)]))
    rig.bottom[0].data[...] = 0
    rig.bottom[1].data[...] = [[1, 1], [1, 2]]  # 1 1 needs a blank between, and so three steps
    np.testing.assert_allclose(rig.forward()[0], np.log(9) / 2)
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    assert not rig.bottom[0].diff[:, 0].any()
    assert rig.bottom[0].diff[:, 1].any()


def test_ctc_of_many_steps_stays_finite() -> None:
    rig = Rig(Case("CtcLoss", bottoms=[(800, 1, 40), (1, 30)]), dtype=np.float32)
    rig.bottom[0].data[...] = np.random.default_rng(0).normal(size=(800, 1, 40)) * 30
    rig.bottom[1].data[...] = np.arange(1, 31)
    assert 0 < rig.forward()[0] < np.inf
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    assert np.isfinite(rig.bottom[0].diff).all()
    np.testing.assert_allclose(rig.bottom[0].diff.sum(axis=2), 0, atol=1e-4)


def test_centres_learn_from_their_own_items_only() -> None:
    param = "inner_distance_param { num_output: 2 update_center_only: true }"
    rig = Rig(Case("InnerDistance", param, [(3, 1), (3,)], gradients=[True, False]))
    rig.layer.blobs[0].data[...] = [[1], [2]]
    rig.bottom[0].data[...] = [[5], [8], [2.5]]
    rig.bottom[1].data[...] = [0, 1, 0]
    np.testing.assert_allclose(rig.forward()[0], [[16, 9], [49, 36], [2.25, 0.25]])
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    np.testing.assert_allclose(rig.layer.blobs[0].diff, [[-2 * (4 + 1.5)], [-2 * 6]])
    np.testing.assert_allclose(rig.bottom[0].diff, [[8 + 6], [14 + 12], [3 + 1]])


def test_the_margin_grows_and_its_state_comes_back() -> None:
    param = ("label_specific_add_param { bias_base: -0.5 bias_gamma: 1 bias_power: -1 "
             "bias_min: -0.9 bias_max: -0.5 }")  # fmt: skip
    rig = Rig(Case("LabelSpecificAdd", param, [(1, 2), (1,)], tops=2))
    rig.bottom[0].data[...] = 2
    rig.bottom[1].data[...] = 1
    found = [float(rig.forward()[1][0]) for _ in range(2)]
    state = rig.layer.state()  # type: ignore[attr-defined]
    found += [float(rig.forward()[1][0]) for _ in range(2)]
    np.testing.assert_allclose(found, [-0.5, -0.9, -0.9, -0.9], rtol=1e-6)
    assert rig.layer.repeatable is False
    rig.layer.restore(state)  # type: ignore[attr-defined]
    np.testing.assert_allclose(rig.forward()[0], [[2, 2 - 0.9]], rtol=1e-6)


def test_a_weight_that_falls() -> None:
    param = (
        "label_specific_rescale_param { positive_weight_base: 4 gamma: 1 positive_weight_min: 1 }"
    )
    rig = Rig(Case("LabelSpecificRescale", param, [(1, 2), (1,)], tops=2))
    assert [round(float(rig.forward()[1][0]), 6) for _ in range(4)] == [2, 1.333333, 1, 1]


def test_a_running_mean_multiplies_all() -> None:
    rig = Rig(
        Case("ChannelScale", "channel_scale_param { global_scale: true }", [(2, 3), (2, 1)], tops=2)
    )
    rig.bottom[1].data[...] = [[-2], [4]]
    layer, first = rig.layer, rig.bottom[0].data.copy()
    layer.blobs[0].data[...] = -1
    layer.forward(rig.bottom, rig.top)
    np.testing.assert_allclose(rig.top[0].data, 3 * first)
    rig.bottom[1].data[...] = 5
    layer.forward(rig.bottom, rig.top)
    np.testing.assert_allclose(rig.top[1].data, [0.99 * 3 + 0.01 * 5])
    assert [spec.lr_mult for spec in layer.param.param] == [0]


def test_nan_and_plateau_do_not_count_as_differences() -> None:
    rig = Rig(Case("L1Loss", "l1_loss_param { plateau: 0.5 }", [(1, 1, 1, 4)] * 2))
    rig.bottom[0].data[...] = [[[[1, np.nan, 0.25, -3]]]]
    rig.bottom[1].data[...] = 0
    assert rig.forward()[0] == 4
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True, True], rig.bottom)
    np.testing.assert_array_equal(rig.bottom[0].diff, [[[[1, 0, 0, -1]]]])
    np.testing.assert_array_equal(rig.bottom[1].diff, [[[[-1, 0, 0, 1]]]])
    counted = Rig(
        Case("L1Loss", "l1_loss_param { normalize_by_num_entries: true }", [(1, 1, 1, 4)])
    )
    counted.bottom[0].data[...] = [[[[1, np.nan, 0.25, -3]]]]
    np.testing.assert_allclose(counted.forward()[0], 4.25 / 3)


def test_drawn_slopes_lie_between_the_bounds_and_are_those_of_the_gradient() -> None:
    rig = Rig(Case("Insanity", "insanity_param { lb: 2 ub: 4 }", [(4, 500)]))
    rig.bottom[0].data[...] = -1
    found = -rig.forward()[0]
    assert 0.25 <= found.min() < 0.26
    assert 0.49 < found.max() <= 0.5
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True], rig.bottom)
    np.testing.assert_array_equal(rig.bottom[0].diff, found)


def test_noise_is_repeated_and_its_state_comes_back() -> None:
    param = "rand_vec_param { batch_size: 2 dim: 3 height: 2 width: 2 lower: 5 upper: 6 repeat: 2 }"
    rig = Rig(Case("RandVec", param, []))
    runs = []
    for _ in range(4):
        rig.layer.forward([], rig.top)
        runs.append(rig.top[0].data.copy())
    assert runs[0].shape == (2, 3, 2, 2)
    assert all(((run >= 5) & (run < 6)).all() for run in runs)
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[1] != runs[2]).all()
    rig.layer.forward([], rig.top)
    state = rig.layer.state()  # type: ignore[attr-defined]
    want = rig.top[0].data.copy()
    other = Rig(Case("RandVec", param, []))
    other.layer.restore(state)  # type: ignore[attr-defined]
    other.layer.forward([], other.top)
    np.testing.assert_array_equal(other.top[0].data, want)


def test_a_parameter_with_a_filler() -> None:
    param = "parameter_param { shape { dim: 3 } blob_filler { type: 'constant' value: 4 } }"
    np.testing.assert_array_equal(Rig(Case("Parameter", param, [])).forward()[0], [4, 4, 4])


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (Case("CenterLoss", bottoms=[(2, 3), (2,)]), "num_output is missing"),
        (
            Case("CenterLoss", "center_loss_param { num_output: 2 }", [(2, 3), (3,)]),
            "as many items",
        ),
        (Case("FocalLoss", "focal_loss_param { alpha: 0 }", [(2, 3), (2,)]), "alpha is 0"),
        (Case("TripletLoss", bottoms=[(2, 3), (2, 3), (2, 4)]), "shapes 2×3, 2×3, 2×4; the same"),
        (Case("InnerDistance", bottoms=[(2, 3), (4, 5)]), "vectors of 3 values"),
        (Case("InnerDistance", bottoms=[(2, 3)]), "num_output is missing"),
        (Case("LabelSpecificAdd", bottoms=[(2, 3), (3,)]), "exactly one label for each"),
        (Case("ChannelScale", bottoms=[(2, 3), (2, 3)]), "one number for each pixel"),
        (Case("L1Loss", bottoms=[(2, 3, 4, 5), (2, 3, 4, 4)]), "the same shape is expected"),
        (Case("Insanity", "insanity_param { lb: 3 ub: 3 }"), "ub is 3, expected above lb, 3"),
        (Case("CtcLoss", bottoms=[(4, 2, 3), (3, 2)]), "steps×items×classes and items×labels"),
        (Case("CtcLoss", "ctc_loss_param { time_step: 5 }", [(4, 2, 3), (2, 2)]), "time_step is 5"),
        (
            Case("CtcLoss", "ctc_loss_param { alphabet_size: 4 }", [(4, 2, 3), (2, 2)]),
            "3 classes .*, but alphabet_size is 4",
        ),
        (Case("LabelsequenceAccuracy", bottoms=[(2, 3), (2, 2)]), "items×steps×classes"),
        (Case("ContinuationIndicator"), "time_step is missing"),
        (
            Case("ContinuationIndicator", "continuation_indicator_param { time_step: 2 }", []),
            "batch_size is missing or 0; give the number of sequences",
        ),
        (Case("RandVec", "rand_vec_param { dim: 1 }", []), "batch_size is missing or 0"),
    ],
    ids=str,
)
def test_refused(case: Case, says: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=says):
        Rig(case)


@pytest.mark.parametrize("kind", ["CtcLoss", "CenterLoss", "FocalLoss", "LabelSpecificAdd"])
def test_labels_outside_the_classes(kind: str) -> None:
    bottoms = [(4, 2, 3), (2, 2)] if kind == "CtcLoss" else [(4, 3), (4,)]
    param = "center_loss_param { num_output: 3 }" if kind == "CenterLoss" else ""
    rig = Rig(Case(kind, param, bottoms))
    rig.bottom[1].data[...] = 3
    with pytest.raises(DataError, match=r"label 3 .*outside the 3 classes"):
        rig.forward()
    rig.bottom[1].data[...] = 1
    rig.forward()
    with pytest.raises(MinicaffeError, match="the labels"):
        rig.layer.backward(rig.top, [True, True], rig.bottom)
