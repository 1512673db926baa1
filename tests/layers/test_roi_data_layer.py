"""RoIDataLayer: the shapes that py-faster-rcnn's nets want, and no training without images."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TRAIN, Net
from minicaffe.errors import DataError, GraphError
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2

LAYER = (
    'layer {{ name: "input-data" type: "Python" {tops} python_param {{ module: '
    '"roi_data_layer.layer" layer: "RoIDataLayer" param_str: "{told}" }} }} layer {{ name: "pool" '
    'type: "Pooling" bottom: "data" top: "pool" pooling_param {{ global_pooling: true }} }}'
)
PROPOSING = "data im_info gt_boxes"
FAST = "data rois labels bbox_targets bbox_inside_weights bbox_outside_weights"


def text(tops: str = PROPOSING, told: str = "'num_classes': 21") -> caffe_pb2.NetParameter:
    named = " ".join(f'top: "{name}"' for name in tops.split())
    param = caffe_pb2.NetParameter()
    return text_format.Merge(LAYER.format(tops=named, told=told), param)


@pytest.mark.parametrize(
    ("tops", "shapes"),
    [
        (PROPOSING, [(1, 3, 608, 1024), (1, 3), (1, 5)]),
        (FAST, [(2, 3, 608, 1024), (1, 5), (1,), (1, 84), (1, 84), (1, 84)]),
        ("data rois labels", [(2, 3, 608, 1024), (1, 5), (1,)]),
    ],
)
def test_its_tops_have_the_shapes_that_nets_want(tops: str, shapes: list[tuple[int, ...]]) -> None:
    summary = summarize_net(text(tops))
    assert list(summary.layers[0].shapes or ()) == shapes
    net = Net(text(tops), TRAIN, allow_python_layers=False)
    assert [net.blobs[name].shape for name in tops.split()] == shapes
    assert net.inputs == tops.split()


@pytest.mark.parametrize("dialect", ["r-fcn", "r-fcn-ohem"])
def test_in_rfcn_its_tops_have_four_axes_and_classes_share_offsets(dialect: str) -> None:
    net = Net(text(FAST), TRAIN, dialect=dialect)
    shapes = [net.blobs[name].shape for name in FAST.split()]
    assert shapes == [(2, 3, 608, 1024), (1, 5, 1, 1), (1, 1, 1, 1), *[(1, 8, 1, 1)] * 3]


def test_a_program_fills_it() -> None:
    net = Net(text(), TRAIN)
    net.blobs["data"].reshape(1, 3, 8, 9)
    net.blobs["data"].data[...] = np.arange(3).reshape(1, 3, 1, 1)
    net.blobs["gt_boxes"].reshape(7, 5)
    assert net.forward()["pool"].reshape(-1).tolist() == [0, 1, 2]
    assert net.blobs["gt_boxes"].shape == (7, 5)


def test_without_an_image_it_does_not_run() -> None:
    with pytest.raises(DataError) as caught:
        Net(text(), TRAIN).forward()
    message = str(caught.value)
    assert "'data' is 0, so there is no image: py-faster-rcnn's imdb is not read here" in message
    assert "fill data, im_info and gt_boxes by net.blobs" in message


@pytest.mark.parametrize(
    ("tops", "told", "message"),
    [
        (PROPOSING, "", "param_str is empty; expected it to say num_classes"),
        ("data im_info", "'num_classes': 21", "2 top(s); expected data, im_info and gt_boxes, or"),
        (FAST + " more", "'num_classes': 21", "7 top(s); expected"),
    ],
)
def test_mistakes_are_told(tops: str, told: str, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        Net(text(tops, told), TRAIN)
    assert message in str(caught.value)
