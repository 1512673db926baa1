"""EvalDetection: boxes worked out by hand, strange values, what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import MinicaffeError
from tests.layers.cases.eval_detection import ANCHORED, BIASES, CASES, GRID, SIZES
from tests.layers.harness import Case, Rig


def test_a_place_worked_out_by_hand() -> None:
    """One place, one class, two boxes: the better one is right, its double wrong."""
    text = "eval_detection_param { side: 1 num_class: 1 num_object: 2 }"
    rig = Rig(Case("EvalDetection", text, [(1, 11), (1, 7)]))
    root = np.sqrt(0.4)
    boxes = [0.5, 0.5, root, root, 0.52, 0.5, root, root]
    rig.bottom[0].data[0] = [0.5, 0.6, 0.8, *boxes]
    rig.bottom[1].data[0] = [0, 1, 0, 0.5, 0.5, 0.4, 0.4]
    want = [1, 0, 0.4, 1, 0, 0, 0.3, 0, 1]
    np.testing.assert_allclose(rig.forward()[0][0], want)
    rig.bottom[1].data[0, 0] = 1  # difficult: nothing is counted
    np.testing.assert_allclose(rig.forward()[0][0], [0, 0, 0.4, 0, 0, 0, 0.3, 0, 0])
    rig.bottom[1].data[0, 1] = 0  # no object: both are wrong
    np.testing.assert_allclose(rig.forward()[0][0], [0, 0, 0.4, 0, 1, 0, 0.3, 0, 1])


@pytest.mark.parametrize("case", CASES[:5], ids=str)
def test_there_are_right_and_wrong_boxes(case: Case) -> None:
    """So that the comparison with the loops means something."""
    rig = Rig(case)
    rows = rig.forward()[0][:, 2:].reshape(-1, 4)
    assert rows[:, 3].any()
    assert rig.forward()[0][:, :2].sum() > 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("case", CASES[:5], ids=str)
def test_values_that_are_no_numbers_are_survived(case: Case, place: int, value: float) -> None:
    rig = Rig(case)
    rig.bottom[place].data.reshape(-1)[::3] = value
    with np.errstate(all="ignore"):
        rig.forward()


@pytest.mark.parametrize(
    ("settings", "shapes", "message"),
    [
        (SIZES, [(2, 100), GRID[1]], r"bottom 0 has shape 2×100; expected 2 items of .* = 108"),
        (SIZES, [GRID[0], (2, 62)], "bottom 1 has shape 2×62; expected 2×63$"),
        (f"{SIZES} {BIASES}", [ANCHORED, (2, 63)], "expected 2×150, or 1×1×G×8"),
        (f"{SIZES} {BIASES}", [(2, 14, 4, 3), (2, 150)], "has shape 2×14×4×3, but side is 3"),
        (f"{SIZES} biases: 1", [ANCHORED, (2, 150)], r"biases has 1 value\(s\) for num_object 2"),
        ("side: 0", GRID, "side is 0"),
    ],
)
def test_what_does_not_fit_is_told(
    settings: str, shapes: list[tuple[int, ...]], message: str
) -> None:
    with pytest.raises(MinicaffeError, match=message):
        Rig(Case("EvalDetection", f"eval_detection_param {{ {settings} }}", shapes))
