"""What the rows of cases/flow.py do not show: refusals, places where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import GraphError, ShapeError
from tests.layers.harness import Case, Rig

IMAGES = (2, 3, 4, 5)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (Case("FlowWarp", bottoms=[IMAGES, (2, 3, 4, 5)]), "it is 2×2×4×5"),
        (Case("FlowWarp", bottoms=[(2, 3), (2, 2)]), "four axes"),
        (Case("Resample"), "no size is given; write height and width, or add a second bottom"),
        (Case("Resample", "resample_param { width: 3 }"), "no size is given"),
        (Case("Resample", "resample_param { width: 3 height: 2 type: AREA }"), "type is AREA; LIN"),
        (Case("Resample", bottoms=[IMAGES, (2, 3)]), "bottom 1 has shape 2×3; four axes"),
        (Case("Correlation", bottoms=[IMAGES] * 2), "kernel_size is missing"),
        (
            Case("Correlation", "correlation_param { kernel_size: 1 }", [IMAGES] * 2),
            "max_displacement is missing",
        ),
        (
            Case(
                "Correlation",
                "correlation_param { kernel_size: 2 max_displacement: 1 }",
                [IMAGES] * 2,
            ),
            "kernel_size is 2, expected an odd number",
        ),
        (
            Case(
                "Correlation",
                "correlation_param { kernel_size: 1 max_displacement: 1 stride_1: 0 }",
                [IMAGES] * 2,
            ),
            "stride_1 is 0, expected at least 1",
        ),
        (
            Case(
                "Correlation",
                "correlation_param { kernel_size: 1 max_displacement: 2 }",
                [IMAGES] * 2,
            ),
            "4×5 pixels with pad 0 have no room for kernel_size 1 and max_displacement 2",
        ),
        (
            Case(
                "Correlation",
                "correlation_param { kernel_size: 1 max_displacement: 1 }",
                [IMAGES, (2, 3, 4, 6)],
            ),
            "bottom 0 has shape 2×3×4×5, bottom 1 2×3×4×6",
        ),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused(case: Case, says: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=says):
        Rig(case)


def test_where_nothing_is_known_stands_nan_and_no_gradient_comes_back() -> None:
    case = Case("FlowWarp", "flow_warp_param { fill_value: NOT_A_NUMBER }",
                [(1, 2, 2, 3), (1, 2, 2, 3)])  # fmt: skip
    rig = Rig(case)
    image, flow = rig.bottom
    flow.data[...] = 0
    flow.data[0, 0, 0] = [-0.5, 0, 1.5]  # left of the first column; in place; right of the last
    flow.data[0, 1, 1, 1] = np.nan
    rig.layer.forward(rig.bottom, rig.top)
    expected = image.data.copy()
    expected[0, :, 0, [0, 2]] = np.nan
    expected[0, :, 1, 1] = np.nan
    np.testing.assert_array_equal(rig.top[0].data, expected)
    rig.top[0].diff[...] = 1
    flow.diff[...] = 7
    rig.layer.backward(rig.top, [True, True], rig.bottom)
    np.testing.assert_array_equal(image.diff[0], [[[0, 1, 0], [1, 0, 1]]] * 2)
    assert not flow.diff[0, :, 0, [0, 2]].any()
    assert not flow.diff[0, :, 1, 1].any()


def test_the_last_pixel_goes_on_for_less_than_one() -> None:
    rig = Rig(Case("FlowWarp", "", [(1, 1, 2, 3), (1, 2, 2, 3)]))
    image, flow = rig.bottom
    image.data[...] = np.arange(6).reshape(1, 1, 2, 3)
    flow.data[...] = 0
    flow.data[0, 0] = 0.75
    rig.layer.forward(rig.bottom, rig.top)
    np.testing.assert_array_equal(rig.top[0].data[0, 0], [[0.75, 1.75, 2], [3.75, 4.75, 5]])
