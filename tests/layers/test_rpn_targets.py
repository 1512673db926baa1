"""AnchorTargetLayer and ProposalTargetLayer: what they draw, whose they are, what they refuse."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2
from tests.layers.harness import Case, Rig
from tests.layers.rpn import anchor_targets, anchors, overlap, python, region_targets

ANCHORS = "AnchorTargetLayer", "rpn.anchor_target_layer"
REGIONS = "ProposalTargetLayer", "rpn.proposal_target_layer"


def rig(of: tuple[str, str], told: str, values: list[np.ndarray], dtype: type = np.float64) -> Rig:
    makers = [lambda rng, shape, array=array: array for array in values]
    tops = 4 if of is ANCHORS else 5
    shapes = [array.shape for array in values]
    return Rig(Case(of[0], python(told, *of), shapes, makers, tops=tops), dtype=dtype)


def truths(count: int, seed: int = 0) -> np.ndarray:
    """True boxes in an image of 400 by 600 pixels, of classes 1 to 20."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, (400, 200), (count, 2))
    high = low + rng.uniform(60, 180, (count, 2))
    return np.concatenate([low, high, rng.integers(1, 21, (count, 1))], axis=1)


def maps() -> list[np.ndarray]:
    return [np.zeros((1, 18, 25, 38)), truths(5), np.array([[400, 600, 1.0]])]


def regions(count: int) -> np.ndarray:
    """So many regions around true boxes, a third of which overlap them much."""
    rng = np.random.default_rng(count)
    boxes = truths(5)[rng.integers(0, 5, count), :4] + rng.uniform(-1, 1, (count, 4)) * 60
    close = truths(5)[rng.integers(0, 5, len(boxes[::3])), :4]
    boxes[::3] = close + rng.uniform(1, 5, close.shape)
    return np.concatenate([np.zeros((count, 1)), boxes], axis=1)


def test_some_of_many_anchors_are_drawn() -> None:
    """Those that count have the labels that all would have; 1,000s of the others do not count."""
    told = "{feat_stride: 16, scales: [4, 6, 8], RPN_POSITIVE_OVERLAP: 0.3, RPN_BATCHSIZE: 40}"
    one = rig(ANCHORS, told, maps())
    every = anchor_targets(maps(), anchors(scales=(4, 6, 8)), positive=0.3)
    first, second = one.forward(), one.forward()
    assert (every[0] == 1).sum() > 20
    for labels, _, inner, outer in (first, second):
        assert ((labels == 1).sum(), (labels == 0).sum()) == (20, 20)
        counted = labels >= 0
        np.testing.assert_array_equal(labels[counted], every[0][counted])
        assert (inner > 0).sum() == 80
        np.testing.assert_allclose(outer[outer > 0], 1 / 40)
    np.testing.assert_allclose(first[1], every[1], atol=1e-9)
    assert (second[0] != first[0]).any(), "drawn again"
    again = rig(ANCHORS, told, maps()).forward()[0]
    assert (again == first[0]).all(), "by a generator of the same seed"


def test_background_fills_up_where_objects_are_few() -> None:
    labels, *_ = rig(ANCHORS, "'feat_stride': 16", maps()).forward()
    objects = (anchor_targets(maps(), anchors())[0] == 1).sum()
    assert 0 < (labels == 1).sum() == objects < 128
    assert (labels >= 0).sum() == 256


def test_some_of_many_regions_are_drawn() -> None:
    values = [regions(600), truths(5)]
    one = rig(REGIONS, "'num_classes': 21", values)
    rois, labels, offsets, inner, outer = one.forward()
    all_rois, _, all_offsets, *_ = region_targets(values, 21)
    known = {tuple(box): row for box, row in zip(all_rois, all_offsets, strict=True)}
    assert len(rois) == 128
    assert ((labels[:32] > 0).all(), (labels[32:] == 0).all()) == (True, True)
    assert len({tuple(box) for box in rois}) == 128, "none twice"
    np.testing.assert_allclose(offsets, [known[tuple(box)] for box in rois], atol=1e-9)
    assert ((inner > 0).sum(), (outer == 1).sum()) == (128, 128)
    for box, label in zip(rois[:, 1:], labels, strict=True):
        best = max(overlap(tuple(box), tuple(truth[:4])) for truth in truths(5))
        assert best >= 0.5 if label else 0.1 <= best < 0.5


def test_an_image_without_objects_is_background() -> None:
    none = np.zeros((0, 5))
    labels, *others = rig(ANCHORS, "'feat_stride': 16", [maps()[0], none, maps()[2]]).forward()
    assert (labels == 0).sum() == 256
    assert [float(np.abs(top).sum()) for top in others[:2]] == [0, 0]
    tops = rig(REGIONS, "{num_classes: 21, BG_THRESH_LO: 0}", [regions(9), none]).forward()
    assert [top.shape for top in tops] == [(9, 5), (9,), (9, 84), (9, 84), (9, 84)]
    assert not tops[1].any()
    tops = rig(REGIONS, "'num_classes': 21", [regions(9), none]).forward()
    assert [top.shape for top in tops] == [(0, 5), (0,), (0, 84), (0, 84), (0, 84)]


def test_an_image_too_small_for_any_anchor_counts_for_nothing() -> None:
    values = [maps()[0], truths(2), np.array([[40, 60, 1.0]])]
    labels, *others = rig(ANCHORS, "'feat_stride': 16", values).forward()
    assert (labels == -1).all()
    assert not any(top.any() for top in others)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 0, np.nan, 9, 1], "true box 1 is (0, 0, nan, 9, 1); expected x1, y1, x2, y2"),
        ([0, 0, np.inf, 9, 1], "true box 1 is (0, 0, inf, 9, 1)"),
        ([30, 0, 9, 9, 1], "true box 1 is (30, 0, 9, 9, 1); expected x1, y1, x2, y2 with x1 ≤ x2"),
        ([0, 0, 9, 9, -1], "true box 1 is (0, 0, 9, 9, -1)"),
        ([0, 0, 9, 9, 1.5], "and a class, a whole number of at least 0"),
    ],
)
@pytest.mark.parametrize("of", [ANCHORS, REGIONS])
def test_a_true_box_that_is_none_is_told(
    of: tuple[str, str], row: list[float], message: str
) -> None:
    boxes = np.array([[0, 0, 50, 50, 1], row])
    values = [maps()[0], boxes, maps()[2]] if of is ANCHORS else [regions(9), boxes]
    told = "'feat_stride': 16" if of is ANCHORS else "'num_classes': 21"
    with pytest.raises(DataError) as caught:
        rig(of, told, values).forward()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("of", "values", "error", "message"),
    [
        (ANCHORS, [np.zeros((2, 18, 3, 4)), truths(2), np.ones((1, 3))], ShapeError,
         "bottom 0 has shape 2×18×3×4; expected 1×C×H×W"),
        (ANCHORS, [np.zeros((1, 18, 3, 4)), truths(2), np.ones((1, 2))], ShapeError,
         "bottom 2 has shape 1×2; expected 1×3"),
        (ANCHORS, [np.zeros((1, 18, 3, 4)), np.ones((2, 4)), np.ones((1, 3))], ShapeError,
         "bottom 1 has shape 2×4; expected G×5"),
        (REGIONS, [np.zeros((3, 4)), truths(2)], ShapeError, "bottom 0 has shape 3×4; expected R×"),
        (REGIONS, [np.zeros((3, 5)), np.ones((2, 6))], ShapeError, "bottom 1 has shape 2×6"),
        (REGIONS, [np.ones((3, 5)), truths(2)], DataError, "region 0 is of image 1; expected 0"),
        (REGIONS, [np.zeros((3, 5)), np.array([[0, 0, 9, 9, 21]])], DataError,
         "true box 0 has class 21; expected at most 20, as num_classes is 21"),
    ],
)  # fmt: skip
def test_bottoms_that_do_not_fit_are_refused(
    of: tuple[str, str], values: list[np.ndarray], error: type[MinicaffeError], message: str
) -> None:
    told = "'feat_stride': 16" if of is ANCHORS else "'num_classes': 21"
    with pytest.raises(error) as caught:
        rig(of, told, values).forward()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("of", "told", "message"),
    [
        (REGIONS, "'feat_stride': 16", "expected it to say num_classes, as in \"'num_classes': 21"),
        (REGIONS, "{num_classes: 1}", "'num_classes' is 1; expected a whole number of at least 2"),
        (REGIONS, "{num_classes: 3, FG_FRACTION: 1.5}", "'FG_FRACTION' is 1.5; expected a number"),
        (REGIONS, "{num_classes: 3, FG_THRESH: 0}", "'FG_THRESH' is 0; expected a number of at"),
        (ANCHORS, "{feat_stride: 16, RPN_BATCHSIZE: 0}", "'RPN_BATCHSIZE' is 0; expected a whole"),
        (ANCHORS, "{feat_stride: 16, allowed_border: x}", "'allowed_border' is 'x'; expected a nu"),
    ],
)
def test_a_wrong_param_str_is_told(of: tuple[str, str], told: str, message: str) -> None:
    values = maps() if of is ANCHORS else [regions(3), truths(2)]
    with pytest.raises(GraphError) as caught:
        rig(of, told, values)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
def test_regions_and_sizes_that_are_no_numbers_are_survived(value: float) -> None:
    rows = regions(30)
    rows[::4, 1:] = value
    rows[1::4, 3:] = value
    size = np.array([[value, 600, 1.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for tops in (
            rig(
                REGIONS, "{num_classes: 21, BG_THRESH_LO: 0}", [rows, truths(5)], np.float32
            ).forward(),
            rig(ANCHORS, "'feat_stride': 16", [*maps()[:2], size], np.float32).forward(),
        ):
            assert all(np.isfinite(top).all() for top in tops[1:])


RFCN = """
layer { name: "data" type: "Input" top: "rois" top: "gt_boxes" top: "maps" input_param {
    shape { dim: 600 dim: 5 } shape { dim: 5 dim: 5 } shape { dim: [1, 8, 5, 5] } } }
layer { name: "roi-data" type: "Python" bottom: "rois" bottom: "gt_boxes" top: "r" top: "labels"
    top: "targets" top: "inside" top: "outside"
    python_param { module: "rpn.proposal_target_layer" layer: "ProposalTargetLayer"
        param_str: "'num_classes': 2" } }
layer { name: "pool" type: "PSROIPooling" bottom: "maps" bottom: "r" top: "pool"
    psroi_pooling_param { spatial_scale: 0.0625 output_dim: 2 group_size: 2 } }
"""


@pytest.mark.parametrize("dialect", [None, "fast-rcnn", "r-fcn-ohem"])
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_nets_of_rfcn_have_four_axes(
    dialect: str | None, phase: int, caplog: pytest.LogCaptureFixture
) -> None:
    param = caffe_pb2.NetParameter()
    text_format.Merge(RFCN, param)
    with caplog.at_level(logging.INFO, "minicaffe"):
        net = Net(param, phase, dialect=dialect)
    net.blobs["rois"].data[...] = regions(600)
    net.blobs["gt_boxes"].data[...] = truths(5)
    net.forward(end="roi-data")
    rest = () if dialect == "fast-rcnn" else (1, 1)
    count = len(net.blobs["r"].data)
    assert count > 128 if dialect == "r-fcn-ohem" else count == 128
    assert net.blobs["r"].shape == (count, 5, *rest)
    assert net.blobs["labels"].shape == ((count, 1, 1, 1) if rest else (count,))
    assert net.blobs["targets"].shape == (count, 8, *rest)
    assert net.blobs["labels"].data.max() > 2, "labels are classes though the offsets are shared"
    assert ("the net has PSROIPooling" in caplog.text) == (dialect is None)
