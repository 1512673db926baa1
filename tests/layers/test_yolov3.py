"""Yolov3: the differences that go down, what they are derivatives of, strange values."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layers.detection.overlap_kinds import overlaps_of_kind, rise
from minicaffe.proto import caffe_pb2
from tests.layers.cases.yolov3 import CASES, PARAM, Loss, measure, rises
from tests.layers.harness import Case, Rig

KINDS = ("IOU", "GIOU", "DIOU", "CIOU")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_differences_go_down(case: Case) -> None:
    rig = Rig(case)
    bottoms = [blob.data.copy() for blob in rig.bottom]
    rig.forward()
    rig.backward()
    assert isinstance(case.reference, Loss)
    want = case.reference.run(bottoms)[0] * 0.7 / 2
    np.testing.assert_allclose(rig.bottom[0].diff, want.reshape(2, 16, 4, 5), atol=1e-8)


def log_loss(values: np.ndarray, wanted: np.ndarray) -> float:
    """The cross-entropy of sigmoids with shares between 0 and 1."""
    return float(np.logaddexp(0, values).sum() - (wanted * values).sum())


def test_what_goes_down_is_the_gradient_of_cross_entropies_and_squares() -> None:
    """Of one true box: with d = s - t of the sigmoids, and w - t of the logarithms."""
    case = Case("Yolov3", PARAM % (0, 1, "coord_scale: 1 iou_thresh: 1 label_smooth_eps: 0"),
                [(1, 16, 2, 2), (1, 1, 300, 5)], gradients=[True, False], loss=True)  # fmt: skip
    rig = Rig(case)
    rig.bottom[1].data[...] = 0
    rig.bottom[1].data[0, 0, 0] = 1, 0.3, 0.8, 0.2, 0.4  # in the lower left place
    rig.bottom[0].data[...] *= 0.1
    rig.forward()
    rig.backward()
    sides = np.array([0.2, 0.4])
    moves, sizes = np.array([0.6, 0.6]), np.log(sides * 16 / np.array([4, 6]))

    def loss(x: np.ndarray) -> float:
        v, factor = x.reshape(2, 8, 2, 2)[0, :, 1, 0], 2 - sides.prod()
        return (
            factor * log_loss(v[:2], moves) + factor * np.square(v[2:4] - sizes).sum() / 2
            + log_loss(v[4:5], np.ones(1)) + log_loss(v[5:], np.array([0, 1, 0]))
        )  # fmt: skip

    own = rig.bottom[0].diff.reshape(2, 8, 2, 2)[0, :, 1, 0] / 0.7
    for number in range(8):
        found = []
        for step in (1e-5, -1e-5):
            moved = rig.bottom[0].data.copy()
            moved.reshape(2, 8, 2, 2)[0, number, 1, 0] += step
            found.append(loss(moved))
        assert own[number] == pytest.approx((found[0] - found[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_measures_and_slopes_of_overlaps(kind: str) -> None:
    rng = np.random.default_rng(4)
    boxes = np.column_stack([rng.uniform(0, 1, (40, 2)), rng.uniform(0.1, 0.6, (40, 2))])
    true = np.array([0.5, 0.4, 0.4, 0.3])
    number = caffe_pb2.Yolov3Parameter.IOU_LOSS.Value(kind)
    corners = np.column_stack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
    found = overlaps_of_kind(number, corners, np.array([[0.3, 0.25, 0.7, 0.55]]))
    want = [measure(kind, tuple(box), tuple(true)) for box in boxes.tolist()]
    np.testing.assert_allclose(found[:, 0], want, atol=1e-12)
    assert 5 < sum(value <= 0 for value in want) < 40 or kind == "IOU"  # some are apart
    for box in boxes:
        moved = rises(kind, tuple(box.tolist()), tuple(true.tolist()))  # type: ignore[arg-type]
        np.testing.assert_allclose(rise(number, box, true), moved, atol=1e-7)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("case", [CASES[0], CASES[3], CASES[4], CASES[8]], ids=str)
def test_values_that_are_no_numbers_are_survived(case: Case, place: int, value: float) -> None:
    rig = Rig(case)
    rig.bottom[place].data.reshape(-1)[::3] = value
    rig.forward()
    with np.errstate(all="ignore"):
        rig.backward()


def test_an_image_without_boxes() -> None:
    rig = Rig(CASES[0])
    rig.bottom[1].data[...] = 0
    values = rig.bottom[0].data.reshape(2, 2, 8, 4, 5)
    loss = float(rig.forward()[0])
    assert loss == pytest.approx((1 / (1 + np.exp(-values[:, :, 4])) ** 2).sum() / 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("num: 3 mask: 0 biases: 1 biases: 1", r"mask has 1 value\(s\) for num 3"),
        ("num: 1 mask: 1 biases: 1 biases: 1", r"biases has 2 value.*mask asks for anchor 1"),
        ("num: 1 mask: 0 biases: 1 biases: 1 num_class: 0", "num_class is 0"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_told(settings: str, message: str) -> None:
    with pytest.raises(MinicaffeError, match=message):
        Rig(Case("Yolov3", f"yolov3_param {{ {settings} }}", [(1, 8, 2, 2), (1, 1, 300, 5)]))


def test_labels_of_another_number_are_refused() -> None:
    shapes = [(2, 16, 4, 5), (2, 100)]
    with pytest.raises(ShapeError, match="bottom 1 has shape 2×100; expected 2×1×300×5"):
        Rig(Case("Yolov3", PARAM % (0, 1, ""), shapes))
