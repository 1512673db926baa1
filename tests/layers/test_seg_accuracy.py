"""SegAccuracy over several forwards, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, ShapeError
from tests.layers.harness import Case, Rig

SHAPES = [(1, 2, 1, 4), (1, 1, 1, 4)]


def rig(param: str = "") -> Rig:
    found = Rig(Case("SegAccuracy", param, SHAPES))
    found.bottom[0].data[...] = [[[[1, 1, 0, 0]], [[0, 0, 1, 1]]]]  # predicts 0 0 1 1
    found.bottom[1].data[...] = [[[[0, 1, 1, 1]]]]
    return found


def test_by_hand() -> None:
    np.testing.assert_allclose(
        rig().forward()[0].ravel(), [3 / 4, (1 + 2 / 3) / 2, (1 / 2 + 2 / 3) / 2]
    )


def test_without_reset_all_forwards_count_together_and_a_state_brings_them_back() -> None:
    layer = rig("seg_accuracy_param { reset: false }")
    assert not layer.layer.repeatable
    layer.forward()
    state = layer.layer.state()
    layer.bottom[1].data[...] = [[[[0, 0, 1, 1]]]]
    both = layer.forward()[0].ravel()
    np.testing.assert_allclose(both, [7 / 8, (1 + 4 / 5) / 2, (3 / 4 + 4 / 5) / 2])
    layer.layer.restore(state)
    np.testing.assert_array_equal(layer.forward()[0].ravel(), both)
    assert rig().layer.repeatable


def test_no_pixel_counts() -> None:
    layer = rig("seg_accuracy_param { ignore_label: 0 ignore_label: 1 }")
    np.testing.assert_array_equal(layer.forward()[0].ravel(), [0, 0, 1])


def test_refused() -> None:
    layer = rig()
    layer.bottom[1].data[0, 0, 0, 2] = 255
    with pytest.raises(DataError, match=r"label 255 of item 0, row 0, column 2.*ignore_label: 255"):
        layer.forward()
    with pytest.raises(GraphError, match="scores of an accuracy"):
        layer.backward()
    with pytest.raises(ShapeError, match="labels N×1×H×W are expected"):
        Rig(Case("SegAccuracy", bottoms=[(1, 2, 1, 4), (1, 4)]))
