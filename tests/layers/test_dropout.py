"""What Dropout's masks are like, and what ratios it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicaffe.blob import Blob
from minicaffe.errors import GraphError
from minicaffe.layers.common.dropout import Dropout
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig, set_up

SHAPE = (40, 50, 3, 2)


def make(ratio: float, phase: int = caffe_pb2.TRAIN) -> tuple[Any, Blob, Blob]:
    param = caffe_pb2.LayerParameter(type="Dropout")
    param.dropout_param.dropout_ratio = ratio
    layer = Dropout(param, phase, rng=np.random.default_rng(1))
    bottom, top = Blob(SHAPE), Blob()
    bottom.data[...] = 3
    set_up(layer, [bottom], [top])
    layer.reshape([bottom], [top])
    return layer, bottom, top


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_each_value_is_dropped_with_the_ratio_or_scaled_up(ratio: float) -> None:
    layer, bottom, top = make(ratio)
    layer.forward([bottom], [top])
    kept = top.data != 0
    np.testing.assert_allclose(top.data[kept], 3 / (1 - ratio), rtol=1e-6)
    deviation = np.sqrt(ratio * (1 - ratio) / kept.size)
    assert abs(kept.mean() - (1 - ratio)) < 5 * deviation


def test_the_gradient_has_the_mask_of_the_last_forward() -> None:
    layer, bottom, top = make(0.5)
    layer.forward([bottom], [top])
    first = top.data.copy()
    layer.forward([bottom], [top])
    assert (top.data != first).any()
    top.diff[...] = 5
    layer.backward([top], [True], [bottom])
    np.testing.assert_allclose(bottom.diff, top.data * 5 / 3, rtol=1e-6)


def test_nothing_is_dropped_in_test() -> None:
    layer, bottom, top = make(0.9, caffe_pb2.TEST)
    layer.forward([bottom], [top])
    np.testing.assert_array_equal(top.data, bottom.data)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, np.nan])
def test_a_ratio_that_is_no_probability_is_refused(ratio: float) -> None:
    with pytest.raises(GraphError, match=r"dropout_ratio is .*between 0 and 1"):
        make(ratio)


def test_dropout_after_a_selu_keeps_mean_and_variance() -> None:
    """What is dropped is the least value of a SeLu, and the rest makes up for it."""
    rig = Rig(Case("SeLuDropout", "selu_dropout_param { dropout_ratio: 0.25 }", [(200, 500)]))
    rig.bottom[0].data[...] = np.random.default_rng(1).normal(size=(200, 500))
    y = rig.forward()[0]
    assert abs(y.mean()) < 0.02
    assert abs(y.std() - 1) < 0.02
    alpha, gain = -1.75809932, (0.75 * (1 + 1.75809932**2 * 0.25)) ** -0.5
    dropped = np.isclose(y, gain * alpha - gain * 0.25 * alpha)
    assert abs(dropped.mean() - 0.25) < 0.01
    rig.top[0].diff[...] = 1
    rig.layer.backward(rig.top, [True], rig.bottom)
    np.testing.assert_allclose(rig.bottom[0].diff, np.where(dropped, 0, gain))
