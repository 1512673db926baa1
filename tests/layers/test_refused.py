"""What layers refuse, and that the message says what was found and expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from tests.layers.harness import Case, Rig

Shapes = Sequence[tuple[int, ...]]

#: type, parameters, bottoms' shapes, number of tops, error, what its message has
REFUSED: list[tuple[str, str, Shapes, int, type[MinicaffeError], str]] = [
    ("SmoothL1Loss", "", [(2, 3), (2, 4)], 1, ShapeError, "the targets have shape 2×4"),
    ("SmoothL1Loss", "", [(2, 3), (2, 3), (2, 3), (2,)], 1, ShapeError,
     "the outside weights have shape 2"),
    ("SmoothL1Loss", "smooth_l1_loss_param { sigma: 0 }", [(2, 3)] * 2, 1, GraphError,
     "sigma is 0"),
    ("Permute", "permute_param { order: 0 order: 2 order: 0 }", [(2, 3, 4)], 1, GraphError,
     "order is [0, 2, 0], which has 0 twice"),
    ("Permute", "permute_param { order: 3 }", [(2, 3, 4)], 1, ShapeError, "axis 3"),
    ("Normalize", "norm_param { } normalize_param { }", [(2, 3)], 1, GraphError, "keep one"),
    ("Normalize", 'normalize_param { normalize_type: "L3" }', [(2, 3)], 1, GraphError,
     'expected "L2" or "L1"'),
    ("Normalize", "norm_param { }", [(2, 3)], 2, GraphError, "has one top, not 2"),
    ("Normalize", "", [(2,)], 1, ShapeError, "shape 2, expected at least 2 axes"),
    ("PriorBox", "", [(1, 1, 2, 2)] * 2, 1, GraphError, "min_size is missing"),
    ("PriorBox", "prior_box_param { min_size: 2 min_size: 0 }", [(1, 1, 2, 2)] * 2, 1, GraphError,
     "min_size is 2, 0; expected sides in pixels, above 0"),
    *(("PriorBox", f"prior_box_param {{ min_size: {wrong} }}", [(1, 1, 2, 2)] * 2, 1, GraphError,
       f"min_size is {wrong}; expected sides in pixels, above 0") for wrong in ("inf", "nan")),
    *(("PriorBox", f"prior_box_param {{ min_size: 2 max_size: {wrong} }}", [(1, 1, 2, 2)] * 2, 1,
       GraphError, f"max_size is {wrong}; expected sides in pixels") for wrong in ("inf", "nan")),
    ("PriorBox", "prior_box_param { min_size: 2 aspect_ratio: inf }", [(1, 1, 2, 2)] * 2, 1,
     GraphError, "aspect_ratio is inf; expected numbers above 0"),
    ("PriorBox", "prior_box_param { min_size: 2 min_size: 3 max_size: 4 }", [(1, 1, 2, 2)] * 2, 1,
     GraphError, "1 max_size value(s) for 2 min_size value(s)"),
    ("PriorBox", "prior_box_param { min_size: 5 max_size: 4 }", [(1, 1, 2, 2)] * 2, 1, GraphError,
     "max_size 4 is not above min_size 5"),
    ("PriorBox", "prior_box_param { min_size: 5 aspect_ratio: 0 }", [(1, 1, 2, 2)] * 2, 1,
     GraphError, "aspect_ratio is 0"),
    ("PriorBox", "prior_box_param { min_size: 5 variance: 1 variance: 2 }", [(1, 1, 2, 2)] * 2, 1,
     GraphError, "variance is 1, 2; expected one number or four"),
    ("PriorBox", "prior_box_param { min_size: 5 img_h: 5 }", [(1, 1, 2, 2)], 1, GraphError,
     "img_h is given, but img_w; expected img_w above 0"),
    ("PriorBox", "prior_box_param { min_size: 5 step: 5 step_h: 2 }", [(1, 1, 2, 2)] * 2, 1,
     GraphError, "step_h and step are given; keep step, or step_h and step_w"),
    ("PriorBox", "prior_box_param { min_size: 5 offset_w: 1 }", [(1, 1, 2, 2)] * 2, 1, GraphError,
     "offset_w value(s): 1, offset_h: 0"),
    ("PriorBox", "prior_box_param { min_size: 5 }", [(1, 1, 2, 2)], 1, GraphError,
     "from img_h and img_w"),
    ("PriorBox", "prior_box_param { min_size: 5 }", [(1, 1, 2, 2), (2, 3)], 1, ShapeError,
     "bottom 1 has shape 2×3, expected 4 axes"),
    ("PriorBox", "prior_box_param { min_size: 5 }", [(1, 1, 2, 2), (2, 3, 0, 4)], 1, ShapeError,
     "an image of 0×4 (height×width) give no boxes"),
    ("PriorBoxClustered", "prior_box_param { width: 5 }", [(1, 1, 2, 2)] * 2, 1, GraphError,
     "width is 5 and height missing"),
    ("SoftmaxWithLoss", "", [(2, 3, 4), (2, 3)], 1, ShapeError,
     "6 labels (shape 2×3) for 8 predictions (shape 2×3×4, 3 classes)"),
    ("SoftmaxWithLoss", "softmax_param { axis: 3 }", [(2, 3), (2,)], 1, ShapeError, "axis 3"),
    ("EuclideanLoss", "", [(2, 3), (3, 2)], 1, ShapeError, "shape 2×3, the targets 3×2"),
    ("EuclideanLoss", "", [(2, 3), (2, 4)], 1, ShapeError, "2×3 and 2×4"),
    ("EuclideanLoss", "", [(), ()], 1, ShapeError, "axis 0"),
    ("EuclideanLoss", "", [(2, 3)], 1, GraphError, "1 bottom given, exactly 2"),
    ("SigmoidCrossEntropyLoss", "", [(2, 3), (2, 4)], 1, ShapeError, "one target for each"),
    ("HingeLoss", "", [(2, 3), (2, 2)], 1, ShapeError, "4 labels (shape 2×2) for 2 items"),
    ("MultinomialLogisticLoss", "", [(2, 3), (2, 3)], 1, ShapeError, "exactly one label"),
    ("InfogainLoss", "", [(2, 3), (2,), (3, 4)], 1, ShapeError, "12 elements; 3×3"),
    ("InfogainLoss", "", [(2, 3), (2,)], 1, GraphError, "give a third bottom"),
    ("InfogainLoss", "loss_param { normalize: true }", [(2, 3), (2,), (3, 3)], 1, GraphError,
     "'normalize'"),
    ("InfogainLoss", 'infogain_loss_param { source: "absent.binaryproto" }', [(2, 3), (2,)], 1,
     DataError, "absent.binaryproto"),
    ("ContrastiveLoss", "", [(2, 3), (2, 4), (2,)], 1, ShapeError, "2×3 and 2×4"),
    ("ContrastiveLoss", "", [(2, 3, 2), (2, 3, 2), (2,)], 1, ShapeError, "N×C (×1×1)"),
    ("ContrastiveLoss", "", [(2, 3), (2, 3), (2, 2)], 1, ShapeError, "exactly one label"),
    ("Accuracy", "", [(2, 3, 4), (2,)], 1, ShapeError, "2 labels"),
    ("Accuracy", "accuracy_param { top_k: 4 }", [(2, 3), (2,)], 1, ShapeError,
     "top_k is 4, but there are only 3 classes"),
    ("ArgMax", "argmax_param { top_k: 0 }", [(2, 3)], 1, GraphError, "top_k is 0"),
    ("ArgMax", "argmax_param { top_k: 7 }", [(2, 3, 2)], 1, ShapeError, "only 6 values"),
    ("ArgMax", "argmax_param { top_k: 4 axis: 1 }", [(2, 3, 5)], 1, ShapeError, "only 3 values"),
    ("Eltwise", "", [(2, 3), (3, 2)], 1, ShapeError, "bottom 1 has shape 3×2, bottom 0 2×3"),
    ("Eltwise", "eltwise_param { coeff: 1 }", [(2,), (2,)], 1, GraphError, "1 coeff values for 2"),
    ("Eltwise", "eltwise_param { operation: PROD coeff: 1 coeff: 1 }", [(2,), (2,)], 1,
     GraphError, "only SUM takes coefficients"),
    ("Concat", "", [(2, 3), (3, 3)], 1, ShapeError, "except along axis 1"),
    ("Concat", "", [(2, 3), (2, 3, 1)], 1, ShapeError, "bottom 1 has shape 2×3×1"),
    ("Concat", "concat_param { axis: 1 concat_dim: 1 }", [(2, 3)], 1, GraphError, "keep axis"),
    ("Concat", "concat_param { concat_dim: 4294967295 }", [(2, 3)], 1, ShapeError, "4294967295"),
    ("Slice", "", [(2, 3)], 2, ShapeError, "cannot be cut into 2 equal parts"),
    ("Slice", "slice_param { slice_point: 1 }", [(2, 3)], 3, GraphError, "2 are expected"),
    ("Slice", "slice_param { slice_point: 2 slice_point: 1 }", [(2, 4)], 3, ShapeError,
     "rising values between 1 and 3"),
    ("Slice", "slice_param { slice_point: 5 }", [(2, 4)], 2, ShapeError, "[5]"),
    ("Slice", "slice_param { slice_point: 0 }", [(2, 4)], 2, ShapeError, "[0]"),
    ("Slice", "slice_param { axis: 1 slice_dim: 1 }", [(2, 4)], 2, GraphError, "keep axis"),
    ("Flatten", "flatten_param { axis: 2 end_axis: 0 }", [(2, 3, 4)], 1, ShapeError,
     "axis 2 comes after end_axis 0"),
    ("Reshape", "reshape_param { shape { dim: -1 dim: -1 } }", [(2, 3)], 1, GraphError, "most one"),
    ("Reshape", "reshape_param { shape { dim: 5 dim: -1 } }", [(2, 3)], 1, ShapeError,
     "count 6 (shape 2×3) is not divisible by 5"),
    ("Reshape", "reshape_param { shape { dim: 5 } }", [(2, 3)], 1, ShapeError, "5 elements"),
    ("Reshape", "reshape_param { shape { dim: 6 dim: 1 dim: 0 } }", [(2, 3)], 1, ShapeError,
     "no axis 2"),
    ("Reshape", "reshape_param { axis: 3 }", [(2, 3)], 1, ShapeError, "axis 3 is out of range"),
    ("Reshape", "reshape_param { axis: 1 num_axes: 2 }", [(2, 3)], 1, ShapeError, "reach beyond"),
    ("Reshape", "reshape_param { num_axes: -2 }", [(2, 3)], 1, ShapeError, "num_axes is -2"),
    ("Crop", "", [(2, 3, 4, 5), (2, 3, 4, 6)], 1, ShapeError, "length 5 cannot be cropped to 6"),
    ("Crop", "", [(2, 3, 4, 5), (2, 3, 4)], 1, ShapeError, "as many axes"),
    ("Crop", "crop_param { offset: 1 offset: 1 offset: 1 }", [(2, 3, 4, 5), (1, 1, 1, 1)], 1,
     GraphError, "3 offset values for 2"),
    ("Tile", "", [(2, 3)], 1, GraphError, "tiles is missing"),
    ("Tile", "tile_param { tiles: 0 }", [(2, 3)], 1, GraphError, "tiles is 0"),
    ("Reduction", "reduction_param { axis: 2 }", [(2, 3)], 1, ShapeError, "axis 2"),
    ("Embed", "embed_param { num_output: 2 }", [(2,)], 1, GraphError, "input_dim is missing or 0"),
    ("BatchReindex", "", [(2, 3), (2, 1)], 1, ShapeError, "exactly one axis"),
    ("Filter", "", [(2, 3), (2,)], 2, GraphError, "2 tops for 2 bottoms"),
    ("Filter", "", [(2, 3), (3,)], 1, ShapeError, "the selector has 3 items"),
    ("Filter", "", [(2, 3), (2, 2)], 1, ShapeError, "one value an item"),
    ("Input", "input_param { shape { dim: 1 } shape { dim: 1 } }", [], 3, GraphError,
     "shape is given 2 times for 3 top"),
    ("DummyData", "", [], 1, GraphError, "shape is missing"),
    ("DummyData", "dummy_data_param { shape { dim: 1 } num: 1 }", [], 1, GraphError, "keep shape"),
    ("DummyData", "dummy_data_param { num: 1 channels: 1 height: 1 }", [], 1, GraphError,
     "width is missing"),
    ("DummyData", 'dummy_data_param { shape { dim: 1 } data_filler { type: "constnt" } }', [], 1,
     GraphError, "constant"),
    ("Softmax", "", [()], 1, ShapeError, "axis 1"),
]  # fmt: skip

CANNOT_RUN_IN_PLACE = [
    "ArgMax", "BatchReindex", "Concat", "Convolution", "Crop", "Deconvolution", "Eltwise",
    "Flatten", "Im2col", "InnerProduct", "Pooling", "Reshape", "Split",
]  # fmt: skip


@pytest.mark.parametrize(("layer", "param", "bottoms", "tops", "error", "text"), REFUSED)
def test_is_refused(
    layer: str, param: str, bottoms: Shapes, tops: int, error: type[MinicaffeError], text: str
) -> None:
    with pytest.raises(error) as caught:
        Rig(Case(layer, param, bottoms, tops=tops))
    assert text in str(caught.value)


@pytest.mark.parametrize("layer", CANNOT_RUN_IN_PLACE)
def test_in_place_is_refused(layer: str) -> None:
    rig = Rig(Case("Split", bottoms=[(2, 3)], tops=1))
    cls = type(Rig(next(c for c in _cases() if c.type == layer)).layer)
    with pytest.raises(GraphError, match="cannot run in place; give its top another name"):
        cls(rig.layer.param, 0).check_places(rig.bottom * 2, rig.bottom)


def _cases() -> list[Case]:
    from tests.layers.test_layers import CASES

    return CASES


@pytest.mark.parametrize(
    ("layer", "param", "shapes", "index"),
    [
        ("SoftmaxWithLoss", "", [(2, 3), (2,)], 1),
        ("SigmoidCrossEntropyLoss", "", [(2, 3), (2, 3)], 1),
        ("HingeLoss", "", [(2, 3), (2,)], 1),
        ("MultinomialLogisticLoss", "", [(2, 3), (2,)], 1),
        ("InfogainLoss", "", [(2, 3), (2,), (3, 3)], 1),
        ("InfogainLoss", "", [(2, 3), (2,), (3, 3)], 2),
        ("ContrastiveLoss", "", [(2, 3), (2, 3), (2,)], 2),
        ("Accuracy", "", [(2, 3), (2,)], 0),
        ("Accuracy", "", [(2, 3), (2,)], 1),
        ("ArgMax", "", [(2, 3)], 0),
        ("Embed", "embed_param { num_output: 2 input_dim: 2 }", [(2,)], 0),
        ("BatchReindex", "", [(2, 3), (2,)], 1),
        ("Filter", "", [(2, 3), (2,)], 1),
    ],
)
def test_gradient_of_a_bottom_without_one_is_refused(
    layer: str, param: str, shapes: Shapes, index: int
) -> None:
    rig = Rig(Case(layer, param, shapes, values=lambda rng, shape: np.ones(shape)))
    rig.forward()
    wanted = [number == index for number in range(len(shapes))]
    with pytest.raises(GraphError, match=rf"bottom {index} \(.*propagate_down"):
        rig.layer.backward(rig.top, wanted, rig.bottom)


@pytest.mark.parametrize(
    ("layer", "index", "allowed"),
    [
        ("SoftmaxWithLoss", 0, True),
        ("SoftmaxWithLoss", 1, False),
        ("EuclideanLoss", 1, True),
        ("ContrastiveLoss", 1, True),
        ("ContrastiveLoss", 2, False),
    ],
)
def test_force_backward_spares_labels(layer: str, index: int, allowed: bool) -> None:
    cls = type(Rig(next(case for case in _cases() if case.type == layer)).layer)
    assert cls.allow_force_backward(index) is allowed
