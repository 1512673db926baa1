"""Labels: what is refused, ignored, truncated; and the edges of losses and accuracies."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError
from minicaffe.layers.loss.labels import ClassAxis
from minicaffe.weights.blob_proto import write_blob
from tests.layers.harness import Case, Maker, Rig, labels, normal

TAKES_LABELS = ["SoftmaxWithLoss", "HingeLoss", "MultinomialLogisticLoss", "Accuracy"]


def fixed(values: object) -> Maker:
    return lambda rng, shape: np.array(values, float).reshape(shape)


@pytest.mark.parametrize("layer", TAKES_LABELS)
@pytest.mark.parametrize(
    ("label", "text"), [(3, "3"), (-1, "-1"), (255, "255"), (np.nan, "nan"), (np.inf, "inf")]
)
def test_label_outside_the_classes(layer: str, label: float, text: str) -> None:
    case = Case(layer, bottoms=[(4, 3), (4,)], values=[normal, fixed([0, 2, label, 1])])
    with pytest.raises(DataError) as caught:
        Rig(case).forward()
    message = str(caught.value)
    assert f"label {text} at index 2 is outside the 3 classes (0 to 2)" in message
    assert ("ignore_label" in message) == (label in (-1, 255))


def test_label_outside_the_classes_in_space() -> None:
    case = Case(
        "SoftmaxWithLoss", bottoms=[(2, 3, 2), (2, 2)], values=[normal, fixed([0, 2, 1, 7])]
    )
    with pytest.raises(DataError, match=r"label 7 at index \(1, 1\)"):
        Rig(case).forward()


def test_label_just_below_zero_truncates_to_zero() -> None:
    rigs = [
        Rig(Case("SoftmaxWithLoss", bottoms=[(1, 3), (1,)], values=[normal, fixed(label)]))
        for label in (-0.9, 0)
    ]
    assert rigs[0].forward() == rigs[1].forward()


def test_infogain_refuses_labels_outside_the_classes() -> None:
    case = Case("InfogainLoss", bottoms=[(1, 3), (1,), (3, 3)], values=[normal, fixed(3), normal])
    with pytest.raises(DataError, match="label 3 at index 0"):
        Rig(case).forward()


@pytest.mark.parametrize("layer", ["SoftmaxWithLoss", "InfogainLoss"])
def test_everything_ignored_costs_nothing(layer: str) -> None:
    case = Case(
        layer,
        "loss_param { ignore_label: 1 }",
        [(4, 3), (4,), (3, 3)][: 3 if layer == "InfogainLoss" else 2],
        values=[normal, fixed([1] * 4), normal],
        gradients=[True, False, False],
    )
    rig = Rig(case)
    rig.bottom[0].diff[...] = 9
    assert rig.forward()[0] == 0
    rig.backward()
    assert not rig.bottom[0].diff.any()


def test_ignored_prediction_may_be_anything() -> None:
    scores = [[1, 2, 3], [np.nan, np.nan, np.nan]]
    case = Case(
        "SoftmaxWithLoss",
        "loss_param { ignore_label: 255 }",
        [(2, 3), (2,)],
        values=[fixed(scores), fixed([2, 255])],
        gradients=[True, False],
    )
    rig = Rig(case)
    assert np.isfinite(rig.forward()[0])
    rig.backward()
    assert rig.bottom[0].diff[0].any()
    assert not rig.bottom[0].diff[1].any()


def test_largest_softmax_loss_is_that_of_the_smallest_float() -> None:
    case = Case("SoftmaxWithLoss", bottoms=[(1, 2), (1,)], values=[fixed([0, 999]), fixed(0)])
    assert Rig(case).forward()[0] == pytest.approx(87.3365, abs=1e-4)


def test_gradient_is_scaled_by_what_the_tops_diff_holds() -> None:
    case = Case("SoftmaxWithLoss", bottoms=[(4, 3), (4,)], values=[normal, labels(3)])
    rig = Rig(case)
    rig.forward()
    diffs = []
    for weight in (1, 3):
        rig.top[0].diff[...] = weight
        rig.layer.backward(rig.top, [True, False], rig.bottom)
        diffs.append(rig.bottom[0].diff.copy())
    np.testing.assert_allclose(diffs[1], 3 * diffs[0])


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        ("SoftmaxWithLoss", [(4,)]),
        ("SigmoidCrossEntropyLoss", [(4, 3)]),
        ("HingeLoss", [(4,)]),
        ("MultinomialLogisticLoss", [(4,)]),
        ("InfogainLoss", [(4,), (3, 3)]),
        ("ContrastiveLoss", [(4, 3), (4,)]),
    ],
)
def test_backward_leaves_unwanted_diffs_alone(layer: str, shapes: list) -> None:
    rig = Rig(Case(layer, bottoms=[(4, 3), *shapes], values=labels(3)))
    rig.forward()
    rig.bottom[0].diff[...] = 9
    rig.layer.backward(rig.top, [False] * len(rig.bottom), rig.bottom)
    assert (rig.bottom[0].diff == 9).all()


def test_hinge_has_no_gradient_at_the_hinge() -> None:
    case = Case(
        "HingeLoss",
        bottoms=[(1, 3), (1,)],
        values=[fixed([1, -1, 0]), fixed(0)],
        gradients=[True, False],
    )
    rig = Rig(case)
    assert rig.forward()[0] == 1
    rig.backward()
    assert (rig.bottom[0].diff != 0).tolist() == [[False, False, True]]


@pytest.mark.parametrize("layer", ["EuclideanLoss", "HingeLoss", "MultinomialLogisticLoss"])
def test_empty_batch_has_no_mean(layer: str) -> None:
    shape = (0, 3) if layer == "EuclideanLoss" else (0,)
    rig = Rig(Case(layer, bottoms=[(0, 3), shape]))
    assert np.isnan(rig.forward()[0])


@pytest.mark.parametrize("layer", ["SoftmaxWithLoss", "Accuracy"])
def test_empty_batch_of_normalised_loss_is_zero(layer: str) -> None:
    assert Rig(Case(layer, bottoms=[(0, 3), (0,)])).forward()[0] == 0


def test_infogain_matrix_from_a_file(tmp_path: object) -> None:
    path = f"{tmp_path}/matrix.binaryproto"
    matrix = np.random.default_rng(1).normal(size=(3, 3))
    write_blob(path, matrix, legacy=True)
    values = [normal, labels(3), fixed(matrix)]
    shapes = [(4, 3), (4,), (3, 3)]
    from_file = Rig(
        Case("InfogainLoss", f'infogain_loss_param {{ source: "{path}" }}', shapes[:2], values)
    )
    assert from_file.forward() == Rig(Case("InfogainLoss", "", shapes, values)).forward()


def test_ties_count_against_the_true_class() -> None:
    scores, label = fixed([[1, 1, 0], [0, 2, 1]]), fixed([0, 1])
    case = Case("Accuracy", bottoms=[(2, 3), (2,)], values=[scores, label])
    assert Rig(case).forward()[0] == 0.5


def test_accuracy_without_labels_is_zero() -> None:
    case = Case(
        "Accuracy",
        "accuracy_param { ignore_label: 1 }",
        [(2, 3), (2,)],
        values=[normal, fixed([1, 1])],
        tops=2,
    )
    total, by_class = Rig(case).forward()
    assert total == 0
    assert by_class.tolist() == [0, 0, 0]


@pytest.mark.parametrize("top_k", [1, 2])
def test_argmax_prefers_the_larger_index(top_k: int) -> None:
    param = f"argmax_param {{ axis: 1 top_k: {top_k} }}"
    case = Case("ArgMax", param, [(1, 4)], values=fixed([[5, 7, 7, 1]]))
    assert Rig(case).forward()[0].tolist() == [[2, 1][:top_k]]


def test_no_classes_and_only_ignored_labels() -> None:
    """Nothing is picked and nothing added; found by the fuzz run as an IndexError."""
    found = ClassAxis(outer=2, classes=0, inner=3).read(np.full((2, 1, 3), 5.0), ignore=5)
    assert found.count == 0
    scores = np.zeros((2, 0, 3), np.float32)
    np.testing.assert_array_equal(found.pick(scores), np.zeros((2, 3)))
    found.add(scores, 1.0)
