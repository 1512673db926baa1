"""What the rows of cases/ohem.py do not show: refusals, ties, and PRE_FIXED in a net's text."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import TRAIN, Net
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from tests.layers.harness import Case, Rig, positive

Shapes = list[tuple[int, ...]]
KEEP = "box_annotator_ohem_param { roi_per_img: 2 }"


@pytest.mark.parametrize(
    ("type_", "param", "shapes", "tops", "error", "says"),
    [
        ("BoxAnnotatorOHEM", "box_annotator_ohem_param { roi_per_img: 0 }",
         [(3, 5), (3,), (3,), (3, 8)], 2, GraphError, "roi_per_img is 0"),
        ("BoxAnnotatorOHEM", KEEP, [(3, 4), (3,), (3,), (3, 8)], 2, ShapeError,
         "the regions have shape 3×4; expected 3×5×1×1"),
        ("BoxAnnotatorOHEM", KEEP, [(3, 5), (2,), (3,), (3, 8)], 2, ShapeError,
         "the losses have shape 2; expected 3×1×1×1"),
        ("BoxAnnotatorOHEM", KEEP, [(3, 5), (3,), (3, 2), (3, 8)], 2, ShapeError,
         "the labels have shape 3×2; expected 3×1×1×1"),
        ("BoxAnnotatorOHEM", KEEP, [(3, 5), (3,), (3,), (4, 8)], 2, ShapeError,
         "the box weights have shape 4×8; expected 3×8×1×1"),
        ("BoxAnnotatorOHEM", KEEP, [(3, 5, 1, 1, 1), (3,), (3,), (3, 8)], 2, ShapeError,
         "the regions have shape 3×5×1×1×1; expected (R, 5)"),
        ("OHEMDataLayer", "python_param { param_str: 'num_classes: 2' }",
         [(3, 2), (3, 8), (3, 5), (3,)], 5, GraphError, "4 bottom(s) and 5 top(s); expected 4 and"),
        ("OHEMDataLayer", "python_param { param_str: 'num_classes: 2' }",
         [(3, 2), (3, 7), (3, 5), (3,)], 2, ShapeError,
         "the offsets have shape 3×7; expected 3×8, as there are 3 regions and num_classes is 2"),
        ("OHEMDataLayer", "python_param { param_str: 'num_classes: 2' }",
         [(3, 2), (3, 8), (3, 6), (3,)], 2, ShapeError, "the regions have shape 3×6; expected 3×5"),
        ("OHEMDataLayer", "python_param { param_str: 'classes: 2' }",
         [(3, 2), (3, 8), (3, 5), (3,)], 2, GraphError, "expected it to say num_classes"),
        ("SmoothL1LossOHEM", "", [(3, 4), (3, 5)], 1, ShapeError,
         "the targets have shape 3×5, the predictions 3×4; the same shape"),
        ("SmoothL1LossOHEM", "", [(3, 4), (3, 2, 2)], 1, ShapeError,
         "the targets have shape 3×2×2, the predictions 3×4; the same shape"),
        ("SmoothL1LossOHEM", "", [(3, 4), (3, 4), (3, 1)], 1, ShapeError,
         "the weights have shape 3×1, the predictions 3×4"),
        ("SmoothL1LossOHEM", "", [(3, 4, 5), (3, 4, 1, 5)], 1, ShapeError,
         "the targets have shape 3×4×1×5, the predictions 3×4×5"),
        ("SmoothL1LossOHEM", "", [(3,), (3,)], 1, ShapeError, "shape 3; expected (N, C)"),
        ("SoftmaxWithLossOHEM", "", [(3, 4), (2,)], 1, ShapeError, "as many items"),
        ("SoftmaxWithLossOHEM", "", [(3, 4), (3,)], 4, GraphError, "at most 3 expected"),
    ],
)  # fmt: skip
def test_refused(
    type_: str, param: str, shapes: Shapes, tops: int, error: type[MinicaffeError], says: str
) -> None:
    with pytest.raises(error) as caught:
        Rig(Case(type_, param, shapes, tops=tops))
    assert says in str(caught.value)


def annotated(images: list[float], losses: list[float]) -> np.ndarray:
    """The labels that are kept, of labels 1, 2, …"""
    count = len(images)
    case = Case("BoxAnnotatorOHEM", KEEP, [(count, 5), (count,), (count,), (count, 4)], tops=2)
    rig = Rig(case)
    rig.bottom[0].data[:, 0] = images
    rig.bottom[1].data[...] = losses
    rig.bottom[2].data[...] = np.arange(count) + 1
    return rig.forward()[0].reshape(-1)


def test_the_first_of_equal_losses_is_kept_and_nan_last() -> None:
    kept = annotated([0, 0, 0, 0], [1, 3, 1, 1])
    np.testing.assert_array_equal(kept, [1, 2, -1, -1])
    kept = annotated([7, 7, 7, 2], [np.nan, -1, -np.inf, np.nan])
    np.testing.assert_array_equal(kept, [-1, 2, 3, 4])
    assert len(annotated([], [])) == 0


@pytest.mark.parametrize("image", [-1, np.nan])
def test_a_region_of_no_image_is_named(image: float) -> None:
    with pytest.raises(DataError, match=r"region 1 is of image .*; expected 0 or more"):
        annotated([0, image], [1, 2])


def test_an_annotators_gradient_is_zero_where_one_is_asked_for() -> None:
    rig = Rig(Case("BoxAnnotatorOHEM", KEEP, [(3, 5), (3,), (3,), (3, 8)], tops=2))
    rig.bottom[0].data[...] = 0
    rig.forward()
    for blob in rig.bottom:
        blob.diff[...] = 1
    rig.backward()
    assert not any(blob.diff.any() for blob in rig.bottom)


@pytest.mark.parametrize("label", [-1, 3, np.nan])
def test_a_label_of_no_class_is_named(label: float) -> None:
    text = "python_param { param_str: 'num_classes: 3' }"
    rig = Rig(Case("OHEMDataLayer", text, [(2, 3), (2, 12), (2, 5), (2,)], positive, tops=2))
    rig.bottom[3].data[...] = [0, label]
    with pytest.raises(DataError, match=r"label .* of region 1 is outside the classes 0 to 2"):
        rig.forward()


def test_odd_numbers_are_ranked() -> None:
    """A probability that is not a number has no loss, and one of 0 the largest."""
    text = "python_param { param_str: '{num_classes: 2, OHEM_USE_NMS: false}' }"
    rig = Rig(Case("OHEMDataLayer", text, [(3, 2), (3, 8), (3, 5), (3,)], positive, tops=2))
    rig.bottom[0].data[...] = [[np.nan, 1], [0, 1], [0.5, 0.5]]
    rig.bottom[2].data[:, 0] = [5, 6, 7]
    rig.bottom[3].data[...] = 0
    regions, _ = rig.forward()
    np.testing.assert_array_equal(regions[:, 0], [6, 7, 5])


NET = """
layer { name: "x" type: "Input" top: "x" top: "t"
        input_param { shape { dim: [3, 4] } shape { dim: [3%s] } } }
layer { name: "loss" type: "%s" bottom: "x" bottom: "t" top: "l"
        loss_param { normalization: PRE_FIXED pre_fixed_normalizer: 128 } }
"""


@pytest.mark.parametrize(
    ("type_", "shape"),
    [
        ("SoftmaxWithLoss", ""),
        ("SoftmaxWithLossOHEM", ""),
        ("SmoothL1LossOHEM", ", 4"),
        ("SigmoidCrossEntropyLoss", ", 4"),
        ("FocalLoss", ""),
    ],
)
def test_a_fixed_divisor_divides(type_: str, shape: str) -> None:
    losses = []
    for text in (NET, NET.replace("PRE_FIXED", "NONE")):
        param = caffe_pb2.NetParameter()
        parse(text % (shape, type_), param, "")
        net = Net(param, TRAIN)
        net.blobs["x"].data[...] = np.arange(12).reshape(3, 4) / 5
        losses.append(float(net.forward()["l"]))
    assert losses[0] == pytest.approx(losses[1] / 128, rel=1e-6)


def test_layers_without_a_divisor_refuse_the_fixed_one() -> None:
    param = caffe_pb2.NetParameter()
    parse(NET % (", 4", "EuclideanLoss"), param, "")
    with pytest.raises(GraphError, match=r"loss_param.normalization: PRE_FIXED is a value of"):
        Net(param, TRAIN)
