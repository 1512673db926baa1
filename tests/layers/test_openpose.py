"""What the rows of cases/openpose.py do not show."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from tests.layers.harness import Case, Rig


def test_a_pixel_that_lies_on_a_pixel_is_kept() -> None:
    rig = Rig(Case("ImResize", "imresize_param { factor: 3 }", [(1, 2, 5, 4)]))
    np.testing.assert_allclose(rig.forward()[0][:, :, 1::3, 1::3], rig.bottom[0].data)


def test_each_map_gives_its_highest_pixel_and_how_many_there_are() -> None:
    rig = Rig(Case("Nms", "nms_param { threshold: 0 max_peaks: 2 num_parts: 1 }", [(1, 1, 9, 30)]))
    maps = rig.bottom[0].data
    maps[...] = 0
    for column in (5, 14, 23):
        maps[0, 0, 4, column] = column
    maps[0, 0, 0, 10] = 99  # at the edge
    found = rig.forward()[0][0, 0]
    np.testing.assert_allclose(found, [[3, 0, 0], [5, 4, 5], [14, 4, 14]])


def test_nan_is_no_peak() -> None:
    rig = Rig(Case("Nms", "nms_param { num_parts: 1 }", [(1, 1, 5, 5)]))
    rig.bottom[0].data[...] = 0
    rig.bottom[0].data[0, 0, 2, 2] = np.nan
    assert not rig.forward()[0].any()


REFUSED: list[tuple[Case, type[MinicaffeError], str]] = [
    (Case("ImResize", bottoms=[(2, 3)]), ShapeError, "expected N×C×H×W"),
    (Case("ImResize", "imresize_param { factor: 0.1 }"), ShapeError, "at least 1 is needed"),
    (Case("ImResize", "imresize_param { start_scale: 1.5 }"), ShapeError, "item 0 would be at"),
    (Case("ImResize", "imresize_param { scale_gap: 1.5 }"), ShapeError, "item 1 would be at scale"),
    (Case("ImResize", "imresize_param { scale_gap: inf }"), ShapeError, "would be at scale nan"),
    (Case("ImResize", "imresize_param { start_scale: nan }"), ShapeError, "would be at scale nan"),
    (Case("Nms", "nms_param { num_parts: 0 }"), GraphError, "num_parts is 0"),
    (Case("Nms"), ShapeError, "at least num_parts, 15, maps"),
]


@pytest.mark.parametrize(("case", "error", "says"), REFUSED)
def test_refused(case: Case, error: type[MinicaffeError], says: str) -> None:
    with pytest.raises(error, match=says):
        Rig(case)


def test_peaks_have_no_gradient() -> None:
    rig = Rig(Case("Nms", "nms_param { num_parts: 3 }"))
    rig.forward()
    with pytest.raises(GraphError, match="no gradient"):
        rig.layer.backward(rig.top, [True], rig.bottom)
