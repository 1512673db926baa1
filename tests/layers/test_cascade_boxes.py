"""Cascade R-CNN's layers at the edges: what just meets, NaN, empty, huge; and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.blob import Blob
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Layer, layer_class
from minicaffe.layers.detection.pixel_boxes import (
    common_areas,
    common_lines,
    common_pixels,
    compare,
    compare_pairs,
    decode_from,
    encode_from,
)
from minicaffe.proto import caffe_pb2
from tests.layers.cascade_boxes import (
    overlap_of_areas,
    overlap_of_lists,
    overlap_of_sides,
    some_boxes,
)
from tests.layers.harness import set_up

RULES = {
    common_lines: overlap_of_lists,
    common_pixels: overlap_of_sides,
    common_areas: overlap_of_areas,
}


def boxes_that_meet() -> np.ndarray:
    """One box, and others that lie beside it, a little apart, in it, or have no sides."""
    beside = [[9, 0, 19, 9], [9.5, 0, 19, 9], [10, 0, 19, 9], [0, 9, 9, 19], [0, 9.5, 9, 19],
              [0, 10, 9, 19], [2, 3, 5, 6], [0, 0, 9, 9], [5, 5, 4.5, 9], [5, 5, 3, 9]]  # fmt: skip
    return np.array([[0, 0, 9, 9], *beside], float)


@pytest.mark.parametrize("common", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("mode", ["IOU", "IOMU", "IOFU"])
def test_boxes_that_just_meet(common: object, mode: str) -> None:
    for boxes in (boxes_that_meet()[:9], some_boxes(np.random.default_rng(3), 30)):
        want = [[RULES[common](a, b, mode) for b in boxes] for a in boxes]  # type: ignore[index]
        got = compare(boxes, boxes, mode, common)  # type: ignore[arg-type]
        np.testing.assert_allclose(got, want, rtol=1e-12)
        if mode == "IOU":
            pairs = compare_pairs(boxes, boxes[::-1], common)  # type: ignore[arg-type]
            np.testing.assert_allclose(pairs, np.diag(got[:, ::-1]), rtol=1e-12)


def test_boxes_without_sides_overlap_nothing() -> None:
    boxes = boxes_that_meet()
    boxes[0] = np.nan
    for common in RULES:
        for mode in ("IOU", "IOMU", "IOFU"):
            found = compare(boxes[[0, 10]], boxes, mode, common)
            assert not found.any()
            assert np.isfinite(compare(boxes, boxes, mode, common)).all()


def test_encoding_is_decodings_inverse() -> None:
    rng = np.random.default_rng(4)
    start, wanted = some_boxes(rng, 20), some_boxes(rng, 20)
    np.testing.assert_allclose(decode_from(start, encode_from(start, wanted)), wanted, rtol=1e-12)


def made(
    layer_type: str, param: str, bottoms: Sequence[np.ndarray], tops: int = 1, phase: str = "TEST"
) -> tuple[Layer, list[Blob], list[Blob]]:
    """A layer that is set up, with its bottoms and tops."""
    text = text_format.Merge(param, caffe_pb2.LayerParameter(name="x", type=layer_type))
    layer = layer_class(layer_type)(text, caffe_pb2.Phase.Value(phase), dtype=np.float64)
    bottom = [Blob(values.shape, np.float64) for values in bottoms]
    for blob, values in zip(bottom, bottoms, strict=True):
        blob.data[...] = values
    top = [Blob((), np.float64) for _ in range(tops)]
    layer.check_blob_counts(len(bottom), len(top))
    set_up(layer, bottom, top)
    layer.reshape(bottom, top)
    return layer, bottom, top


def run(
    layer_type: str, param: str, bottoms: Sequence[np.ndarray], tops: int = 1, phase: str = "TEST"
) -> list[np.ndarray]:
    layer, bottom, top = made(layer_type, param, bottoms, tops, phase)
    with np.errstate(all="raise"):
        layer.forward(bottom, top)
    return [blob.data for blob in top]


GROUP = "box_group_param { stride: 8 field_w: 24 field_h: 24 }"


def proposals(scores: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
    param = f"box_group_output_param {{ {GROUP} fg_thr: 0.5 }}"
    return run("BoxGroupOutput", param, [scores, offsets], tops=2)


def test_proposals_of_nan_and_of_huge_numbers() -> None:
    """NaN is the least offset, as with C's max(least, x); NaN scores are no box."""
    scores, offsets = np.zeros((1, 2, 2, 2)), np.zeros((1, 4, 2, 2))
    scores[0, 0, 0, 0] = np.nan
    offsets[0, :, 0, 1] = np.nan
    offsets[0, :, 1, 0] = 1e308
    offsets[0, :, 1, 1] = -np.inf
    rois, scored = proposals(scores, offsets)
    assert np.isfinite(rois).all()
    assert rois.shape[1:] == (5, 1, 1)
    assert scored[:, 5].tolist() == [[[1.0]]] * len(rois)
    assert rois[0, 1:3, 0, 0].tolist() != [12 - 12 - 6, 4 - 12 - 6]  # clipped to 0
    assert (rois[:, 1:] >= 0).all()
    assert (rois[:, 1:] <= 16).all()


def test_proposals_of_no_images_and_of_no_places() -> None:
    for shape in ((0, 2, 3, 3), (1, 2, 0, 3)):
        rois, scored = proposals(np.zeros(shape), np.zeros((shape[0], 4, *shape[2:])))
        assert rois.reshape(-1).tolist() == [0, 1, 1, 10, 10]
        assert scored.reshape(-1).tolist() == [0] * 6


ONE_MAP = "box_output_param { downsample_rate: 8 field_w: 24 field_h: 24 fg_thr: 0.5 }"


def test_mscnns_proposals_of_nan_of_huge_numbers_and_of_nothing() -> None:
    values = np.zeros((1, 6, 2, 3))
    values[0, 1] = [[np.nan, 1, 1], [np.inf, 1, 0]]
    values[0, 2:, 0, 1], values[0, 2:, 0, 2], values[0, 2:, 1, 1] = np.nan, 1e308, -np.inf
    rois, scored = run("BoxOutput", ONE_MAP, [values], tops=2)
    assert np.isfinite(rois).all()
    assert scored[0, 5, 0, 0] == np.inf
    assert (rois[:, 1:] >= 0).all()
    assert (rois[:, [1, 3]] <= 24).all()
    assert (rois[:, [2, 4]] <= 16).all()
    for shape in ((0, 6, 3, 3), (1, 6, 0, 3)):
        rois, scored = run("BoxOutput", ONE_MAP, [np.zeros(shape)], tops=2)
        assert rois.reshape(-1).tolist() == [0, 1, 1, 10, 10]
        assert scored.reshape(-1).tolist() == [0] * 6


def test_mscnns_last_of_equal_boxes_comes_first() -> None:
    values = np.zeros((1, 6, 4, 9))
    values[0, 1] = 1
    rois = run("BoxOutput", ONE_MAP, [values])[0]
    assert rois[0, :, 0, 0].tolist() == [0, 56, 16, 72, 32]  # of column 8 and row 3, cut


def start_boxes(*rows: Sequence[float]) -> np.ndarray:
    return np.array([[0, *row] for row in rows], float)


def test_no_box_is_left_to_decode() -> None:
    gone = np.array([[0.0] * 6 + [-50, 0]])
    for boxes, offsets in ((start_boxes((0, 0, 9, 9)), gone), (np.zeros((0, 5)), np.zeros((0, 8)))):
        with pytest.raises(DataError, match=f"none of {len(boxes)} box"):
            run("DecodeBBox", "", [offsets, boxes], phase="TRAIN")
    with np.errstate(over="ignore"):
        huge = run("DecodeBBox", "", [gone * -1e300, start_boxes((0, 0, 9, 9))])
    assert huge[0].shape == (1, 5, 1, 1)


def test_true_boxes_are_for_training() -> None:
    bottoms = [np.zeros((2, 8)), start_boxes((0, 0, 9, 9), (1, 1, 5, 5)), np.zeros((2, 6))]
    assert len(run("DecodeBBox", "", bottoms, phase="TRAIN")[0]) == 2
    with pytest.raises(ShapeError, match="third bottom in phase TEST"):
        run("DecodeBBox", "", bottoms)


def test_accuracy_of_nothing_is_minus_one() -> None:
    for count in (0, 3):
        bottoms = [np.zeros((count, 8)), np.zeros((count, 5)), np.zeros((count, 6))]
        tops = run("BboxAccuracy", "bbox_reg_param { cls_aware: false }", bottoms, tops=2)
        assert [top.tolist() for top in tops] == [[[[[-1.0]]]]] * 2


def test_accuracy_of_nan_is_no_overlap() -> None:
    truths = np.array([[1, 0, 0, 9, 9, 0.5], [1, 0, 0, 9, 9, 0.5]])
    offsets = np.zeros((2, 8))
    offsets[0] = np.nan
    found = run("BboxAccuracy", "", [offsets, start_boxes(*[(0, 0, 9, 9)] * 2), truths], tops=2)
    assert [top.item() for top in found] == [0.5, 1]


def test_accuracy_of_a_class_without_offsets() -> None:
    truths = np.array([[2, 0, 0, 9, 9, 0.5]])
    with pytest.raises(DataError, match=r"label 2, but bottom 0 has offsets of 2 classes"):
        run("BboxAccuracy", "", [np.zeros((1, 8)), start_boxes((0, 0, 9, 9)), truths])


def detections(boxes: np.ndarray, scores: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    size = np.array([[50.0, 60.0]])
    return run("FrcnnOutput", "", [scores, offsets, boxes, size])[0][..., 0, 0]


def test_detections_of_nothing_and_of_nan() -> None:
    assert detections(np.zeros((0, 5)), np.zeros((0, 3)), np.zeros((0, 12))).tolist() == [
        [0, *[-1] * 6]
    ]
    scores, offsets = np.array([[0, np.nan, 0.5]]), np.full((1, 12), np.nan)
    found = detections(start_boxes((5, 5, 9, 9)), scores, offsets)
    assert found.tolist() == [[0, *[-1] * 6], [0, 0, 0, 60, 50, 2, 0.5]]


@pytest.mark.parametrize(
    "row", [[1, 0, 0, 9, 9], [0, 9, 0, 0, 9], [0, 0, 9, 9, 0], [0, 0, 0, 9, np.nan]]
)
def test_detections_of_boxes_that_cannot_be(row: list[float]) -> None:
    with pytest.raises(DataError, match="box 1 in bottom 2 is"):
        detections(np.array([[0, 0, 0, 9, 9], row]), np.zeros((2, 2)), np.zeros((2, 8)))


def test_saving_is_told_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    param = 'frcnn_output_param { save_output_param { output_directory: "there" } }'
    bottoms = [np.zeros((1, 2)), np.zeros((1, 8)), start_boxes((0, 0, 9, 9)), np.ones((1, 2))]
    run("FrcnnOutput", param, bottoms)
    assert "save_output_param is passed over" in caplog.text


def test_no_box_can_pass() -> None:
    for boxes in (np.zeros((0, 5)), start_boxes((5, 5, 1, 1), (np.nan, 0, 9, 9))):
        with pytest.raises(DataError, match="none can pass"):
            run("ScaleRoute", "", [boxes]) if not len(boxes) else run(
                "ScaleRoute", "scale_route_param { low_scale: 4 }", [boxes]
            )


def test_hard_boxes_of_nothing_and_of_images_that_there_are_not() -> None:
    assert run("HardMining", "", [np.zeros((0, 1)), np.zeros((0, 5))])[0].shape == (0, 5)
    for image in (4, -1, np.nan):
        with pytest.raises(DataError, match="expected 0 to 3"):
            run("HardMining", "", [np.zeros((1, 1)), np.array([[image, 0, 0, 9, 9]])])
    with pytest.raises(GraphError, match=r"2 bottom\(s\) and 2 top\(s\)"):
        run("HardMining", "", [np.zeros((1, 1)), np.zeros((1, 5))], tops=2)


BOTTOMS = {
    "BoxOutput": [np.zeros((2, 6, 3, 3)), np.zeros((2, 6, 2, 2))],
    "BoxGroupOutput": [np.zeros((2, 2, 3, 3)), np.zeros((2, 4, 3, 3))],
    "DecodeBBox": [np.zeros((2, 8)), np.zeros((2, 5))],
    "BboxAccuracy": [np.zeros((2, 8)), np.zeros((2, 5)), np.zeros((2, 6))],
    "FrcnnOutput": [np.zeros((2, 2)), np.zeros((2, 8)), np.zeros((2, 5)), np.zeros((1, 2))],
    "ScaleRoute": [np.zeros((2, 5))],
    "HardMining": [np.zeros((2, 1)), np.zeros((2, 5))],
}
PARAMS = {
    "BoxGroupOutput": f"box_group_output_param {{ {GROUP} }}",
    "BoxOutput": "box_output_param { downsample_rate: [8, 16] field_w: [9, 9] field_h: [9, 9] }",
}


@pytest.mark.parametrize("layer_type", BOTTOMS)
def test_every_bottom_must_fit(layer_type: str) -> None:
    """One row or column more in any of them."""
    for index in range(len(BOTTOMS[layer_type])):
        for axis in (0, 1):
            bottoms = list(BOTTOMS[layer_type])
            if layer_type == "ScaleRoute" and axis == 0:
                bottoms.append(np.zeros((3, 1)))
            else:
                pad = [(0, int(at == axis)) for at in range(bottoms[index].ndim)]
                bottoms[index] = np.pad(bottoms[index], pad)
            if (layer_type, index, axis) in {("BoxGroupOutput", 0, 1), ("FrcnnOutput", 2, 1)}:
                continue  # of any number of classes; with scores
            with pytest.raises(ShapeError, match="bottom"):
                made(layer_type, PARAMS.get(layer_type, ""), bottoms, len(bottoms) ** (
                    layer_type == "ScaleRoute"))  # fmt: skip


@pytest.mark.parametrize("layer_type", BOTTOMS)
def test_gradients_are_refused(layer_type: str) -> None:
    layer, bottom, top = made(layer_type, PARAMS.get(layer_type, ""), BOTTOMS[layer_type])
    with pytest.raises(GraphError, match=r"bottom 0 .* has no gradient"):
        layer.backward(top, [True] * len(bottom), bottom)
    layer.backward(top, [False] * len(bottom), bottom)


@pytest.mark.parametrize(
    ("layer_type", "param", "message"),
    [
        ("BoxGroupOutput", "", "0 box_group_param for 1 pair"),
        ("BoxGroupOutput", "box_group_output_param { box_group_param { stride: 8 field_w: 24 } }",
         "field_w has 1 value"),
        ("BoxGroupOutput", "box_group_output_param { box_group_param { field_w: 24 field_h: 9 } }",
         "stride is missing"),
        ("BoxGroupOutput",
         "box_group_output_param { box_group_param { stride: 8 field_w: 0 field_h: 9 } }",
         "field_w or field_h is 0"),
        ("BoxGroupOutput", f'box_group_output_param {{ {GROUP} nms_type: "iou" }}',
         'nms_type is "iou"; expected one of IOU, IOMU, IOFU'),
        ("BoxGroupOutput", f"box_group_output_param {{ {GROUP} field_xyr: 0 }}", "field_xyr is 0"),
        ("BoxOutput", "box_output_param { downsample_rate: 8 field_w: 9 field_h: [9, 9] }",
         "downsample_rate has 1 value"),
        ("BoxOutput", PARAMS["BoxOutput"].replace("16", "0"),
         "downsample_rate is missing"),
        ("DecodeBBox", "bbox_reg_param { bbox_mean: 0 bbox_std: 1 }", "expected 4, for x, y, w"),
        ("FrcnnOutput", 'frcnn_output_param { nms_type: "MAX" }', 'nms_type is "MAX"'),
        ("HardMining", "hard_mining_param { num_image: 0 }", "num_image is 0"),
        ("ScaleRoute", "scale_route_param { low_scale: 0 }", "low_scale is 0"),
        ("ScaleRoute", "scale_route_param { low_scale: 9 high_scale: 8 }", "expected a range"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(layer_type: str, param: str, message: str) -> None:
    with pytest.raises(MinicaffeError, match=message):
        made(layer_type, param, BOTTOMS[layer_type])
