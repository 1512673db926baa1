"""Scale and Bias beyond the generic test: Caffe's overwritten gradients, and refusals."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layer import Layer, layer_class
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig, set_up


def make(kind: str, text: str = "", *shapes: tuple[int, ...]) -> tuple[Layer, list[Blob], Blob]:
    param = caffe_pb2.LayerParameter(name="layer", type=kind)
    text_format.Merge(text, param)
    layer: Any = layer_class(kind)(param, caffe_pb2.TRAIN)
    bottoms = [Blob(shape) for shape in shapes or [(2, 3, 4)]]
    top = Blob()
    set_up(layer, bottoms, [top])
    layer.reshape(bottoms, [top])
    return layer, bottoms, top


@pytest.mark.parametrize(
    ("param", "shape", "overwrites"),
    [
        ("scale_param { axis: 0 num_axes: -1 }", (2, 3, 4), True),  # as many as elements
        ("", (1, 3), True),
        ("", (1, 3, 4), True),  # a batch of one
        ("scale_param { axis: 0 }", (2, 3, 4), True),  # no axis before the scale's
        ("", (2, 3), False),
        ("", (1, 1, 4), False),
        ("scale_param { num_axes: 0 }", (2, 3), False),
        ("scale_param { num_axes: 0 }", (1, 1), True),
    ],
)
def test_where_caffe_overwrites_the_gradient(
    param: str, shape: tuple[int, ...], overwrites: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(Case("Scale", param, bottoms=[shape]))
    rig.forward()
    rig.backward()
    once = rig.layer.blobs[0].diff.copy()
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "minicaffe"):
        rig.backward()
        rig.backward()
    factor = 1 if overwrites else 3
    np.testing.assert_allclose(rig.layer.blobs[0].diff, factor * once)
    assert len(caplog.records) == overwrites  # said once
    assert not overwrites or "overwritten" in caplog.text


def test_the_bias_accumulates_where_the_scale_does_not() -> None:
    rig = Rig(Case("Scale", "scale_param { bias_term: true }", bottoms=[(1, 3)]))
    rig.forward()
    rig.backward()
    rig.layer.blobs[0].diff[...] = 0
    rig.backward()
    np.testing.assert_allclose(rig.layer.blobs[1].diff, 2 * rig.weights[0][0])


def test_default_fillers() -> None:
    layer, _, _ = make("Scale", "scale_param { bias_term: true }")
    np.testing.assert_array_equal(layer.blobs[0].data, [1, 1, 1])
    np.testing.assert_array_equal(layer.blobs[1].data, [0, 0, 0])
    layer, _, _ = make("Bias")
    np.testing.assert_array_equal(layer.blobs[0].data, [0, 0, 0])


def test_a_scale_that_is_a_bottom_has_no_parameters() -> None:
    layer, _, _ = make("Scale", "", (2, 3, 4), (3,))
    assert layer.blobs == []
    layer, _, _ = make("Scale", "scale_param { bias_term: true }", (2, 3, 4), (3, 4))
    assert [blob.shape for blob in layer.blobs] == [(3, 4)]


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
@pytest.mark.parametrize(
    ("param", "shapes", "error", "says"),
    [
        ("num_axes: -2", [(2, 3)], GraphError, "num_axes is -2, expected -1"),
        ("axis: 3", [(2, 3, 4)], ShapeError, "axis 3 is out of range"),
        ("axis: 2 num_axes: 2", [(2, 3, 4)], ShapeError, "2 and num_axes 2 reach beyond"),
        ("", [(2, 3, 4), (4,)], ShapeError, "has shape 4, but the bottom has 3 from axis 1"),
        ("axis: 2", [(2, 3, 4), (4, 5)], ShapeError, "has shape 4×5, but the bottom has 4 from"),
    ],
)
def test_refusals(
    kind: str, param: str, shapes: list[tuple[int, ...]], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        make(kind, f"{kind.lower()}_param {{ {param} }}", *shapes)


def test_another_number_of_channels_is_refused() -> None:
    layer, bottoms, top = make("Scale")
    bottoms[0].reshape(2, 5, 4)
    with pytest.raises(ShapeError, match="the scale has shape 3, but the bottom has 5"):
        layer.reshape(bottoms, [top])


def test_a_bias_made_for_another_scale_is_refused() -> None:
    layer, bottoms, top = make("Scale", "scale_param { bias_term: true }", (2, 3, 4), (3,))
    bottoms[1].reshape(3, 4)
    with pytest.raises(ShapeError, match="scale has shape 3×4, but the bias was made with 3"):
        layer.reshape(bottoms, [top])
