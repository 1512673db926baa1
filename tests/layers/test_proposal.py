"""Proposal: which of its two meanings a text has, values that are no numbers, and mistakes."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2
from tests.layers.cases.proposal import VITIS as CORNERS
from tests.layers.cases.proposal import half_up
from tests.layers.cases.proposal import vitis as vitis_regions
from tests.layers.harness import Case, Rig
from tests.layers.rpn import anchors, proposals, small, uniform

OPENVINO = "ratio: 1 scale: [2, 3, 4]"
VITIS = f"{CORNERS} stride_h: 8 stride_w: 12 nms_iou_th: 0.5"


def bottoms(items: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    sizes = np.array([[60, 70, 1.0]] * items)
    return [uniform(rng, (items, 6, 3, 4)), small(rng, (items, 12, 3, 4)), sizes]


def net(param: str, dialect: str | None = None) -> Net:
    made = caffe_pb2.NetParameter()
    layer = made.layer.add(name="data", type="Input", top=["scores", "offsets", "im_info"])
    for array in bottoms():
        layer.input_param.shape.add(dim=array.shape)
    layer = made.layer.add(name="rois", type="Proposal", top=["rois"])
    layer.bottom.extend(["scores", "offsets", "im_info"])
    text_format.Merge(f"proposal_param {{ {param} }}", layer)
    return Net(made, TEST, dialect=dialect)


@pytest.mark.parametrize("param", [OPENVINO, VITIS])
def test_the_settings_say_whose_it_is(param: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "minicaffe"):
        one = net(param)
    told = "type Proposal read as in Vitis AI, because `stride_h` is given"
    assert (told in caplog.text) == (param is VITIS)
    assert ("read as" in caplog.text) == (param is VITIS)
    for name, array in zip(("scores", "offsets", "im_info"), bottoms(), strict=True):
        one.blobs[name].data[...] = array
    if param is VITIS:
        (want,) = vitis_regions(0.5)(bottoms(), None)
    else:
        found = anchors(ratios=(1,), scales=(2, 3, 4), rounded=half_up)
        want, _ = proposals(bottoms(), found, given=300, drop=False)
    assert one.layers[1].type == "Proposal"
    got = one.forward()["rois"]
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("param", "dialect", "message"),
    [
        ("", None, "ratio is missing; give one for each shape"),
        ("", None, "scale is missing"),
        ("ratio: 0 scale: 1", None, "ratio is 0; expected a number above 0"),
        ("ratio: 1 scale: nan", None, "scale is nan; expected a number above 0"),
        (f"{OPENVINO} feat_stride: 0", None, "feat_stride is 0; expected at least 1"),
        (f"{OPENVINO} post_nms_topn: 0", None, "post_nms_topn is 0; expected at least 1"),
        (f"{OPENVINO} nms_thresh: -1", None, "nms_thresh is -1; expected at least 0"),
        (f"{OPENVINO} min_width: 2", "openvino", "min_width is Vitis AI's; its Proposal is asked"),
        (OPENVINO, "vitis", "anchor is missing; give one for each pair of scores"),
        (OPENVINO, "vitis", "stride_w is missing or 0; expected pixels for each place"),
        (OPENVINO, "vitis", "nms_iou_th is missing; expected 0 to 1"),
        (f"{CORNERS} stride_h: 1 stride_w: 1 nms_iou_th: 2", None, "nms_iou_th is 2; expected 0"),
        ("anchor { left: 3 }", None, "anchor 0 is (3, 0) to (0, 0); expected left ≤ right"),
    ],
)
def test_a_setting_that_is_wrong_is_told(param: str, dialect: str | None, message: str) -> None:
    with pytest.raises(GraphError) as caught:
        net(param, dialect)
    told = [str(problem) for problem in caught.value.problems or [caught.value]]
    assert any(message in line for line in told), told


def rig(param: str, values: list[np.ndarray]) -> Rig:
    makers = [lambda rng, shape, array=array: array for array in values]
    shapes = [array.shape for array in values]
    return Rig(Case("Proposal", f"proposal_param {{ {param} }}", shapes, makers), dtype=np.float32)


@pytest.mark.parametrize("param", [OPENVINO, VITIS])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_values_that_are_no_numbers_are_survived(param: str, value: float, place: int) -> None:
    arrays = [array.astype(np.float32) for array in bottoms()]
    arrays[place].reshape(-1)[:: 5 if place < 2 else 3] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (rois,) = rig(param, arrays).forward()
    assert len(rois) > 0
    assert not np.isnan(rois).any()


@pytest.mark.parametrize(
    ("param", "values", "error", "message"),
    [
        (OPENVINO, bottoms(2), ShapeError, "bottom 0 has shape 2×6×3×4; expected 1×6×H×W"),
        (VITIS, [*bottoms(2)[:2], np.ones((1, 3))], ShapeError, "bottom 2 has shape 1×3; expected"),
        (VITIS, [np.ones((2, 4, 3, 4)), *bottoms(2)[1:]], ShapeError, "expected N×6×H×W, two sco"),
    ],
)
def test_bottoms_that_do_not_fit_are_refused(
    param: str, values: list[np.ndarray], error: type[MinicaffeError], message: str
) -> None:
    with pytest.raises(error) as caught:
        rig(param, values)
    assert message in str(caught.value)


def test_no_place_gives_no_region() -> None:
    none = [np.ones((1, 6, 0, 4)), np.ones((1, 12, 0, 4)), np.ones((1, 3))]
    assert rig(OPENVINO, none).forward()[0].shape == (0, 5)
    assert rig(VITIS, none).forward()[0].tolist() == [[0, 0, 0, 1, 1]]


def test_any_overlap_is_too_much_for_a_threshold_of_nothing() -> None:
    assert len(rig(VITIS.replace("0.5", "0"), bottoms()).forward()[0]) == 1


@pytest.mark.parametrize("param", [OPENVINO, VITIS])
def test_it_passes_no_gradient(param: str) -> None:
    one = rig(param, bottoms())
    one.forward()
    for blob in one.bottom:
        blob.diff[...] = 3
    one.layer.backward(one.top, [True, True, False], one.bottom)
    assert [bool(blob.diff.any()) for blob in one.bottom] == [False, False, True]
