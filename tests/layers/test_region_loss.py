"""RegionLoss: the differences that go down, the warm-up, and values that are no numbers."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import ShapeError
from tests.layers.cases.region_loss import CASES, PARAM, Loss
from tests.layers.harness import Case, Rig


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_differences_go_down(case: Case) -> None:
    rig = Rig(case)
    bottoms = [blob.data.copy() for blob in rig.bottom]
    rig.forward()
    rig.backward()
    assert isinstance(case.reference, Loss)
    want = case.reference.differences(bottoms).transpose(0, 3, 4, 1, 2) * 0.7 / 2
    np.testing.assert_allclose(rig.bottom[0].diff, want.reshape(2, 16, 4, 5), atol=1e-12)


def test_boxes_are_drawn_to_their_anchors_at_first_only() -> None:
    rig = Rig(CASES[0])
    first = rig.forward()[0]
    state = rig.layer.state()  # type: ignore[attr-defined]
    rig.layer.restore({"seen": 6400})  # type: ignore[attr-defined]
    assert rig.forward()[0] < first
    rig.layer.restore(state)  # type: ignore[attr-defined]
    assert rig.forward()[0] == first


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1.0])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_values_that_are_no_numbers_are_survived(case: Case, place: int, value: float) -> None:
    rig = Rig(case)
    rig.bottom[place].data.reshape(-1)[::3] = value
    with np.errstate(all="ignore"):
        rig.forward()
        rig.backward()


def test_labels_of_another_number_are_refused() -> None:
    shapes = [(2, 16, 4, 5), (2, 100)]
    with pytest.raises(ShapeError, match="bottom 1 has shape 2×100; expected 2×150 or 2×1×300×5"):
        Rig(Case("RegionLoss", PARAM % "", shapes))
