"""YoloSeg: the differences that go down, and bottoms that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import ShapeError
from tests.layers.cases.yolo_seg import CASES, SHAPE, differences
from tests.layers.harness import Case, Rig


@pytest.mark.parametrize(("case", "scale"), [(CASES[0], 5), (CASES[1], 0.25)])
def test_the_differences_go_down(case: Case, scale: float) -> None:
    rig = Rig(case)
    bottoms = [blob.data.copy() for blob in rig.bottom]
    rig.forward()
    rig.backward()
    want = differences(bottoms, scale) * 0.7 / 2
    np.testing.assert_allclose(rig.bottom[0].diff, want, atol=1e-12)


def test_what_goes_down_is_the_gradient_of_cross_entropies() -> None:
    case = Case("YoloSeg", "yolo_seg_param { object_scale: 1 }", [(1, 2, 1, 2)] * 2,
                gradients=[True, False], loss=True)  # fmt: skip
    rig = Rig(case)
    rig.bottom[1].data[...] = [[[[0, 1]], [[1, 0.25]]]]
    x, t = rig.bottom[0].data.copy(), rig.bottom[1].data
    rig.forward()
    rig.backward()
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-5
        up, down = (
            float((np.logaddexp(0, moved) - t * moved).sum()) for moved in (x + step, x - step)
        )
        assert rig.bottom[0].diff[place] == pytest.approx(0.7 * (up - down) / 2e-5, abs=1e-9)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 20.0])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_values_that_are_no_numbers_are_survived(place: int, value: float) -> None:
    rig = Rig(CASES[1])
    rig.bottom[place].data[...] = value
    rig.forward()
    with np.errstate(all="ignore"):
        rig.backward()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([SHAPE, (2, 3, 4, 4)], "the labels 2×3×4×4; expected one shape"),
        ([SHAPE, SHAPE, (2, 4)], "bottom 2 has shape 2×4; expected 2×3"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(
    shapes: list[tuple[int, ...]], message: str
) -> None:  # fmt: skip
    with pytest.raises(ShapeError, match=message):
        Rig(Case("YoloSeg", "", shapes))
