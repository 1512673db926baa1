"""CTPN's ProposalLayer, against loops over single anchors."""

from __future__ import annotations

import logging
import math
import warnings

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import ShapeError
from minicaffe.net.init import layer_class_of
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig
from tests.layers.rpn import cut, python

TOLD = python("'feat_stride': 16", "ProposalLayer", "layers.text_proposal_layer")

#: First and last rows of the anchors that CTPN's program makes (int32, from its own code).
ROWS = [(2, 12), (0, 15), (-3, 18), (-8, 23), (-16, 31), (-26, 41), (-40, 55), (-61, 76),
        (-91, 106), (-133, 148)]  # fmt: skip


def bottoms() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (1, 20, 3, 4)
    return [rng.uniform(size=shape), rng.normal(size=shape) * 0.3, np.array([[45, 60, 1.0]])]


def expected(scores: np.ndarray, offsets: np.ndarray, size: np.ndarray) -> list[np.ndarray]:
    boxes, found = [], []
    for y in range(scores.shape[2]):
        for x in range(scores.shape[3]):
            for a, (first, last) in enumerate(ROWS):
                dy, dh = offsets[0, 2 * a : 2 * a + 2, y, x]
                height = last - first + 1
                middle = (first + last) / 2 + 16 * y + dy * height
                half = math.exp(dh) * height / 2
                box = (16 * x, middle - half, 16 * x + 15, middle + half)
                boxes.append(cut(box, *size[0, :2]))
                found.append([scores[0, 10 + a, y, x]])
    return [np.array(boxes), np.array(found)]


def rig(values: list[np.ndarray], dtype: type = np.float64) -> Rig:
    makers = [lambda rng, shape, array=array: array for array in values]
    shapes = [array.shape for array in values]
    return Rig(Case("Python", TOLD, shapes, makers, tops=2), dtype=dtype)


def test_regions_of_all_places() -> None:
    for got, want in zip(rig(bottoms()).forward(), expected(*bottoms()), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)


def test_a_net_finds_it_by_ctpns_module(caplog: pytest.LogCaptureFixture) -> None:
    made = caffe_pb2.NetParameter()
    layer = made.layer.add(name="data", type="Input", top=["scores", "offsets", "im_info"])
    for array in bottoms():
        layer.input_param.shape.add(dim=array.shape)
    layer = made.layer.add(name="rois", type="Python", top=["rois", "found"])
    layer.bottom.extend(["scores", "offsets", "im_info"])
    layer.python_param.module, layer.python_param.layer = (
        "layers.text_proposal_layer",
        "ProposalLayer",
    )
    layer.python_param.param_str = "'feat_stride': 16"
    assert layer_class_of(layer).__name__ == "TextProposalLayer"
    with caplog.at_level(logging.INFO, "minicaffe"):
        net = Net(made, TEST, allow_python_layers=False)
    assert "type ProposalLayer read as in CTPN" in caplog.text
    assert net.layers[1].type == "ProposalLayer"
    assert net.blobs["rois"].shape == (120, 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_values_that_are_no_numbers_are_survived(value: float, place: int) -> None:
    arrays = [array.astype(np.float32) for array in bottoms()]
    arrays[place].reshape(-1)[::2] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boxes, _ = rig(arrays, np.float32).forward()
    assert boxes.shape == (120, 4)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(1, 18, 3, 4), (1, 20, 3, 4), (1, 3)], "bottom 0 has shape 1×18×3×4; expected 1×20×H×W"),
        ([(1, 20, 3, 4), (1, 40, 3, 4), (1, 3)], "bottom 1 has shape 1×40×3×4; expected 1×20×H×W"),
        ([(2, 20, 3, 4), (2, 20, 3, 4), (2, 3)], "bottom 0 has shape 2×20×3×4"),
        ([(1, 20, 3, 4), (1, 20, 3, 4), (1, 2)], "bottom 2 has shape 1×2; expected 1×3"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        rig([np.zeros(shape) for shape in shapes])
    assert message in str(caught.value)


def test_no_places_give_no_regions() -> None:
    none = [np.zeros((1, 20, 0, 4)), np.zeros((1, 20, 0, 4)), np.ones((1, 3))]
    assert [top.shape for top in rig(none).forward()] == [(0, 4), (0, 1)]
