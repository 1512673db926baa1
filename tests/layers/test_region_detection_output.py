"""DetectionOutput with one bottom, which is YOLO 2's, and YOLO's values that are no numbers."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.errors import GraphError, ShapeError
from minicaffe.layers.detection.region_detection_output import RegionDetectionOutput
from minicaffe.proto import caffe_pb2
from tests.layers.cases.yolo import CASES, sigmoid
from tests.layers.harness import Case, Rig
from tests.layers.test_boxes import jaccard

BIASES = ((1.5, 1), (0.5, 2))
PARAM = "detection_output_param { num_classes: 3 num_box: 2 biases: 1.5 biases: 1 %s }"


def net(shape: tuple[int, ...], settings: str = "biases: 0.5 biases: 2") -> Net:
    param = caffe_pb2.NetParameter()
    param.layer.add(name="x", type="Input", top=["x"]).input_param.shape.add(dim=shape)
    layer = param.layer.add(name="boxes", type="DetectionOutput", bottom=["x"], top=["boxes"])
    text_format.Merge(PARAM % settings, layer)
    return Net(param, TEST)


def test_one_bottom_is_yolos_by_the_order_of_the_grid() -> None:
    x = np.random.default_rng(1).normal(size=(2, 16, 3, 4)).astype(np.float32)
    want = []
    for b in range(2):
        kept: list[np.ndarray] = []
        for j, i, n in np.ndindex(3, 4, 2):
            v = x[b, n * 8 : n * 8 + 8, j, i].astype(float)
            share = np.exp(v[5:]) / np.exp(v[5:]).sum()
            score = sigmoid(v[4]) * share.max()
            if score < 0.3:
                continue
            w, h = (math.exp(v[2 + k]) * BIASES[n][k] / (4, 3)[k] for k in (0, 1))
            middle = (i + sigmoid(v[0])) / 4, (j + sigmoid(v[1])) / 3
            corners = [middle[0] - w / 2, middle[1] - h / 2, middle[0] + w / 2, middle[1] + h / 2]
            box = np.clip(corners, 0, 1)
            if all(jaccard(box, other) < 0.45 for other in kept):
                kept.append(box)
                want.append([b, int(share.argmax()), score, *middle, w, h])
    with net((2, 16, 3, 4), "biases: 0.5 biases: 2 confidence_threshold: 0.3") as made:
        assert type(made.layers[-1]) is RegionDetectionOutput
        made.blobs["x"].data[...] = x
        np.testing.assert_allclose(made.forward()["boxes"], [[want]], rtol=1e-4, atol=1e-5)


def test_nothing_found_has_a_row_for_each_image() -> None:
    with net((2, 16, 3, 4)) as made:
        made.blobs["x"].data[...] = -50
        assert made.forward()["boxes"].tolist() == [[[[0] + [-1] * 6, [1] + [-1] * 6]]]


def test_too_few_biases_and_other_channels_are_refused() -> None:
    with pytest.raises(
        GraphError, match=r"biases has 2 value\(s\) for num_box 2; expected a width"
    ):
        net((2, 16, 3, 4), "")
    with pytest.raises(ShapeError, match="2×15×3×4; expected N×16×H×W, 2 boxes of 8 numbers"):
        net((2, 15, 3, 4))


OUTPUTS = [case for case in CASES if case.type != "Reorg"]


@pytest.mark.parametrize("case", OUTPUTS, ids=str)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_values_that_are_no_numbers_are_survived(case: Case, value: float) -> None:
    rig = Rig(case, dtype=np.float32)
    for blob in rig.bottom:
        blob.data.reshape(-1)[::5] = value
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        (top,) = rig.forward()
    assert top.shape[3] == 7


@pytest.mark.parametrize("case", OUTPUTS, ids=str)
def test_no_images_and_no_places_give_no_boxes(case: Case) -> None:
    rig = Rig(case)
    for blob in rig.bottom:
        blob.reshape(2, blob.shape[1], 0, 3)
    assert rig.forward()[0].tolist() == [[[[0] + [-1] * 6, [1] + [-1] * 6]]]


@pytest.mark.parametrize(
    "case", [case for case in CASES if len(case.bottoms) > 1], ids=lambda case: case.type
)
def test_bottoms_of_other_images_are_refused(case: Case) -> None:
    rig = Rig(case)
    blob = rig.bottom[1]
    blob.reshape(blob.shape[0] - 1, *blob.shape[1:])
    with pytest.raises(ShapeError, match=r"bottom 1 has \d image\(s\), bottom 0 \d"):
        rig.layer.reshape(rig.bottom, rig.top)
