"""YOLO 1's DetectionLoss: the differences that go down, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import MinicaffeError
from tests.layers.cases.yolo_detection_loss import CASES, PARAM, Loss
from tests.layers.harness import Case, Rig


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_differences_go_down(case: Case) -> None:
    rig = Rig(case)
    bottoms = [blob.data.copy() for blob in rig.bottom]
    rig.forward()
    rig.backward()
    assert isinstance(case.reference, Loss)
    want = case.reference.run(bottoms)[0] * 0.7 / 2
    np.testing.assert_allclose(rig.bottom[0].diff.reshape(2, -1), want, atol=1e-12)


def test_what_goes_down_is_half_the_gradient_of_the_squares() -> None:
    """Without the numbers of boxes, and with the overlap in place of 1."""
    case = Case("DetectionLoss", "detection_loss_param { side: 1 num_class: 2 num_object: 1 }",
                [(1, 7), (1, 7)], gradients=[True, False], loss=True)  # fmt: skip
    rig = Rig(case)
    x = np.array([0.3, 0.6, 0.8, 0.5, 0.5, 0.7, 0.6])
    rig.bottom[0].data[0], rig.bottom[1].data[0] = x, [0, 1, 1, 0.5, 0.5, 0.49, 0.49]
    overlap = 0.49 * 0.36 / 0.49**2

    def half(v: np.ndarray) -> float:
        squares = [v[0] ** 2, (v[1] - 1) ** 2, (v[2] - overlap) ** 2]
        boxes = 5 * np.square(v[3:] - [0.5, 0.5, 0.7, 0.7])
        return 0.5 * (sum(squares) + boxes.sum())

    rig.forward()
    rig.backward()
    for number in range(7):
        step = np.zeros(7)
        step[number] = 1e-5
        slope = (half(x + step) - half(x - step)) / 2e-5
        assert rig.bottom[0].diff[0, number] == pytest.approx(0.7 * slope, abs=1e-9)


def test_without_objects_the_loss_is_not_a_number_but_the_gradient_is_one() -> None:
    rig = Rig(CASES[0])
    rig.bottom[1].data[...] = 0
    assert np.isnan(rig.forward()[0])
    rig.backward()
    want = np.zeros((2, 12, 9))
    want[:, 2:4] = 0.5 * rig.bottom[0].data.reshape(2, 12, 9)[:, 2:4] * 0.7 / 2
    np.testing.assert_allclose(rig.bottom[0].diff.reshape(2, 12, 9), want)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_values_that_are_no_numbers_are_survived(case: Case, value: float) -> None:
    rig = Rig(case)
    rig.bottom[0].data.reshape(-1)[::3] = value
    rig.forward()
    with np.errstate(all="ignore"):
        rig.backward()


@pytest.mark.parametrize("label", [-1, 2, np.nan])
def test_labels_that_are_no_class_are_told(label: float) -> None:
    rig = Rig(CASES[0])
    rig.bottom[1].data[0, 9], rig.bottom[1].data[0, 18] = 1, label
    with pytest.raises(MinicaffeError, match=f"a label is {label:g}; expected a class from 0 to 1"):
        rig.forward()


@pytest.mark.parametrize(
    ("settings", "shapes", "message"),
    [
        ("", [(2, 100), (2, 63)], "bottom 0 has shape 2×100; expected 2×108 for side 3"),
        ("", [(2, 108), (2, 64)], "bottom 1 has shape 2×64; expected 2×63"),
        ("coord_scale: 1 side: 0", [(2, 108), (2, 63)], "side is 0"),
    ],
)
def test_what_does_not_fit_is_told(
    settings: str, shapes: list[tuple[int, ...]], message: str
) -> None:
    text = PARAM % settings if "side" not in settings else "detection_loss_param { side: 0 }"
    with pytest.raises(MinicaffeError, match=message):
        Rig(Case("DetectionLoss", text, shapes))
