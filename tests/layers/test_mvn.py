"""MVN beyond the generic test: eps, four axes, empty and constant bottoms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import ShapeError
from minicaffe.layers.normalization.mvn import MVN
from minicaffe.proto import caffe_pb2
from tests.layers.harness import set_up


def make(text: str = "", shape: tuple[int, ...] = (2, 3, 4, 5)) -> tuple[Any, Blob, Blob]:
    param = caffe_pb2.LayerParameter(type="MVN")
    text_format.Merge(text, param)
    layer = MVN(param, caffe_pb2.TEST, dtype=np.float64)
    bottom, top = Blob(shape, np.float64), Blob((), np.float64)
    bottom.data[...] = np.random.default_rng(4).normal(size=shape)
    set_up(layer, [bottom], [top])
    layer.reshape([bottom], [top])
    return layer, bottom, top


def test_eps_is_added_to_the_standard_deviation() -> None:
    layer, bottom, top = make("mvn_param { eps: 0.5 }")
    layer.forward([bottom], [top])
    x = bottom.data
    std = x.std(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(top.data, (x - x.mean(axis=(2, 3), keepdims=True)) / (std + 0.5))


def test_the_top_has_four_axes() -> None:
    _, _, top = make(shape=(4, 6))
    assert top.shape == (4, 6, 1, 1)
    with pytest.raises(ShapeError, match="at most 4 axes"):
        make(shape=(2, 3, 4, 5, 6))


def test_constant_values_become_zero() -> None:
    layer, bottom, top = make()
    bottom.data[...] = 7
    layer.forward([bottom], [top])
    np.testing.assert_array_equal(top.data, 0)


def test_an_empty_batch_passes() -> None:
    layer, bottom, top = make(shape=(0, 3, 4, 5))
    layer.forward([bottom], [top])
    layer.backward([top], [True], [bottom])
    assert top.shape == (0, 3, 4, 5)


def test_unwanted_gradients_are_not_written() -> None:
    layer, bottom, top = make()
    layer.forward([bottom], [top])
    bottom.diff[...] = 3
    layer.backward([top], [False], [bottom])
    np.testing.assert_array_equal(bottom.diff, 3)
