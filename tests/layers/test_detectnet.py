"""DetectNet's layers in nets, and what they refuse."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layers.detection.grouping import group_rectangles
from minicaffe.proto import caffe_pb2
from tests.layers.cases.detectnet import CLUSTERING, MEAN_AP
from tests.layers.harness import Case, Rig
from tests.layers.rpn import python

NET = """
layer {{ name: "x" type: "Input" top: "coverage" top: "bboxes" input_param {{
    shape {{ dim: [1, 1, 4, 4] }} shape {{ dim: [1, 4, 4, 4] }} }} }}
layer {{ name: "cluster" type: "Python" bottom: "coverage" bottom: "bboxes" top: "list"
    {settings} }}
"""


def test_a_net_finds_them_by_module_and_name(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    param = caffe_pb2.NetParameter()
    settings = python("64, 64, 16, 0.6, 3, 0.02, 22, 1", "ClusterDetections", CLUSTERING)
    text_format.Merge(NET.format(settings=settings), param)
    net = Net(param, TEST, allow_python_layers=False)
    assert "the Python module is not on the path, and minicaffe's own code runs" in caplog.text
    net.blobs["coverage"].data[...] = 0.7
    for index, value in enumerate((8, 4, 40, 60)):  # one box, seen from all places
        net.blobs["bboxes"].data[:, index] = value - 16 * np.indices((4, 4))[1 - index % 2]
    found = net.forward()["list"]
    want = np.array([8, 4, 40, 60, np.log(16)], np.float16)
    np.testing.assert_array_equal(found[0, 0], want)
    assert not found[0, 1:].any()


def test_without_a_threshold_rectangles_stay_as_they_are() -> None:
    boxes = np.array([[1, 2, 3, 4], [1, 2, 3, 4]])
    found, counts = group_rectangles(boxes, 0, 0.5)
    np.testing.assert_array_equal(found, boxes)
    np.testing.assert_array_equal(counts, [1, 1])
    assert len(group_rectangles(np.zeros((0, 4), int), 3, 0.5)[0]) == 0


def test_a_small_group_gives_way_to_what_holds_it() -> None:
    large, small = [0, 0, 100, 100], [40, 40, 10, 10]
    for count, kept in ((5, 2), (4, 1)):  # of groups of four, and then of more than four
        boxes = np.array([large] * 5 + [small] * count)
        assert len(group_rectangles(boxes, 1, 0.1)[0]) == kept


SHAPES = [(1, 1, 2, 2), (1, 4, 2, 2)]


def grid(text: str, tops: int = 1, shapes: Sequence[tuple[int, ...]] = SHAPES) -> Case:
    return Case(
        "ClusterDetections", python(text, "ClusterDetections", CLUSTERING), shapes, tops=tops
    )


GOOD = "8, 8, 4, 0.5, 1, 0.2, 5"
REFUSED: list[tuple[Case, type[MinicaffeError], str]] = [
    (grid("8, 8"), GraphError, "param_str has 2 numbers, expected image width, image height"),
    (grid("8, 8, x, 0.5, 1, 0.2, 5"), GraphError, "stride in param_str is 'x', expected a whole"),
    (grid("8, 8, 0, 0.5, 1, 0.2, 5"), GraphError, "stride in param_str is 0, expected at least 1"),
    (grid(GOOD + ", 2"), GraphError, "1 tops for 2 classes"),
    (grid(GOOD, shapes=[(1, 2, 2, 2), (1, 4, 2, 2)]), ShapeError, "with 1 classes"),
    (grid(GOOD, shapes=[(1, 1, 2, 2), (1, 4, 2, 3)]), ShapeError, "expected four edges, 1×4×2×2"),
    (Case("ScoreDetections", bottoms=[(2, 50, 5), (1, 50, 5)]), ShapeError, "as many items"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "error", "says"), REFUSED)
def test_refused(case: Case, error: type[MinicaffeError], says: str) -> None:
    with pytest.raises(error, match=says):
        Rig(case)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
def test_edges_that_are_no_pixels(value: float) -> None:
    rig = Rig(grid(GOOD))
    rig.bottom[0].data[...] = 1
    rig.bottom[1].data[...] = 3
    rig.bottom[1].data[0, 2, 1, 1] = value
    with pytest.raises(DataError, match="no number of pixels"):
        rig.forward()


def test_nothing_to_measure_is_0() -> None:
    rig = Rig(Case("mAP", python("1, 1, 1", "mAP", MEAN_AP), [(1, 50, 5)], tops=3))
    rig.bottom[0].data[...] = 0
    assert [float(top[0]) for top in rig.forward()] == [0, 0, 0]


def test_more_than_fifty_boxes_are_cut_off() -> None:
    settings = python("64, 64, 4", "ClusterGroundtruth", CLUSTERING)
    rig = Rig(Case("ClusterGroundtruth", settings, [(1, 1, 16, 16), (1, 4, 16, 16)]))
    rig.bottom[0].data[...] = 1
    rig.bottom[1].data[...] = 1
    assert rig.forward()[0][0, :, 2].all()
