"""DetectionOutput: proposals in pixels, soft suppression, nets, and values that are no numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, Net, engines
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.proto import caffe_pb2
from tests.layers.detections import Expected
from tests.layers.harness import Case, Rig

PARAM = "detection_output_param { num_classes: 3 confidence_threshold: 0.01 %s }"


def rig(bottoms: list[np.ndarray], param: str = "", dtype: type = np.float64) -> Rig:
    shapes = [array.shape for array in bottoms]
    values = [lambda rng, shape, array=array: array for array in bottoms]
    return Rig(Case("DetectionOutput", PARAM % param, shapes, values), dtype=dtype)


def bottoms(priors: int = 30, items: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(priors)
    low = rng.uniform(0, 0.7, (priors, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.1, 0.3, (priors, 2))], axis=1)
    return [
        rng.normal(size=(items, priors * 4)) * 0.3,
        rng.uniform(size=(items, priors * 3)),
        np.stack([boxes.reshape(-1), np.full(priors * 4, 0.1)])[None],
    ]


def test_proposals_are_rows_in_pixels() -> None:
    loc, conf, prior = bottoms(items=1)
    size = np.array([200, 100, 200, 100])
    rows = np.concatenate([np.zeros((30, 1)), prior[0, 0].reshape(-1, 4) * size], axis=1)
    param = (
        "code_type: CENTER_SIZE variance_encoded_in_target: true normalized: false "
        "input_width: 200 input_height: 100"
    )
    (got,) = rig([loc, conf, rows], param).forward()
    (want,) = Expected(classes=3, code="CENTER_SIZE", encoded=True, threshold=0.01)(
        [loc, conf, prior]
    )
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_soft_suppression_is_jolibrains() -> None:
    """The box that test_boxes.py works out by hand to be lost is lost."""
    boxes = np.array([[0, 0, 2, 1], [1, 0, 3, 1], [5, 5, 6, 6], [7, 7, 8, 8]], float)
    scores = np.zeros((1, 12))
    scores[0, 1::3] = [0.9, 0.8, 0.7, 0.6]
    prior = np.stack([boxes.reshape(-1), np.ones(16)])[None]
    nms = "nms_param { soft_nms: true theta: 0.1 nms_threshold: 0.5 }"
    (got,) = rig([np.zeros((1, 16)), scores, prior], nms).forward()
    assert got[0, 0, :, 2].tolist() == [0.9, 0.8, 0.6]


def test_values_of_opencv() -> None:
    """What OpenCV 4.14 gives for the same prototxt and bottoms (rows by falling score there)."""
    rng = np.random.RandomState(4)
    middle, half = rng.uniform(0.2, 0.8, (5, 2)), rng.uniform(0.1, 0.3, (5, 2))
    boxes = np.concatenate([middle - half, middle + half], axis=1).reshape(-1)
    prior = np.stack([boxes, np.tile([0.1, 0.1, 0.2, 0.2], 5)])[None].astype(np.float32)
    loc = rng.normal(size=(1, 20)).astype(np.float32)
    conf = rng.uniform(size=(1, 15)).astype(np.float32)
    (got,) = rig(
        [loc, conf, prior],
        "code_type: CENTER_SIZE keep_top_k: 4 background_label_id: 0 "
        "nms_param { nms_threshold: 0.45 top_k: 3 }",
        np.float32,
    ).forward()
    order = np.argsort(-got[0, 0, :, 2])
    np.testing.assert_allclose(got[0, 0, order], OPENCV, rtol=1e-5, atol=1e-6)


OPENCV = [
    [0, 2, 0.91838306, 0.23767501, 0.1741271, 0.5395769, 0.61794424],
    [0, 2, 0.89550114, 0.5287727, 0.10980967, 0.74691665, 0.55354786],
    [0, 1, 0.6866671, 0.47910082, 0.2454595, 0.9619818, 1.0539732],
    [0, 1, 0.6375571, 0.6302185, -0.03099778, 0.9478215, 0.3527286],
]


@pytest.mark.parametrize("engine", ["numpy", "onednn"])
@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_the_top_grows_and_shrinks_in_a_net(engine: str, keep: str) -> None:
    if reason := engines.why_unavailable(engine):
        pytest.skip(reason)
    param = caffe_pb2.NetParameter()
    for name, values in zip(("loc", "conf", "prior"), bottoms(), strict=True):
        layer = param.layer.add(name=name, type="Input", top=[name])
        layer.input_param.shape.add(dim=values.shape)
    layer = param.layer.add(name="boxes", type="DetectionOutput", top=["boxes"])
    layer.bottom.extend(["loc", "conf", "prior"])
    text_format.Merge(PARAM % "", layer)
    param.layer.add(
        name="twice", type="Power", bottom=["boxes"], top=["twice"]
    ).power_param.scale = 2
    with Net(param, TEST, engine=engine, keep=keep) as net:
        for factor in (0, 1, 0.5, 0):
            values = bottoms()
            values[1] *= factor
            for name, array in zip(("loc", "conf", "prior"), values, strict=True):
                net.blobs[name].data[...] = array
            got = net.forward()["twice"].copy()
            (want,) = Expected(classes=3, threshold=np.float32(0.01))(values)
            assert got.shape == want.shape
            np.testing.assert_allclose(got, 2 * want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("code", ["CORNER", "CENTER_SIZE", "CORNER_SIZE"])
def test_scores_and_offsets_that_are_no_numbers_are_survived(
    value: float, place: int, code: str
) -> None:
    arrays = [array.astype(np.float32) for array in bottoms()]
    arrays[place][:, ::7] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (top,) = rig(arrays, f"code_type: {code}", np.float32).forward()
    assert top.shape[2] > 0
    assert not np.isnan(top[..., :3]).any(), "a score that is no number is above no threshold"


def test_a_prior_that_is_no_number_is_told() -> None:
    arrays = bottoms()
    arrays[2][0, 0, 5] = np.nan
    with pytest.raises(DataError, match="prior box 1 is"):
        rig(arrays, "code_type: CENTER_SIZE").forward()


@pytest.mark.parametrize("shapes", [[(2, 0), (2, 0), (1, 2, 0)], [(0, 8), (0, 6), (1, 2, 8)]])
def test_no_priors_and_no_images_give_no_boxes(shapes: list[tuple[int, ...]]) -> None:
    (top,) = rig([np.zeros(shape) for shape in shapes]).forward()
    assert top.shape == (1, 1, shapes[0][0], 7)
    assert (top[..., 1:] == -1).all()


@pytest.mark.parametrize(
    ("shapes", "param", "error", "message"),
    [
        ([(2, 8), (2, 6), (1, 2, 9)], "", ShapeError, "expected 1×2×4P, prior boxes and their v"),
        ([(2, 8), (2, 6), (1, 1, 8)], "", ShapeError, "shape 1×1×8; expected 1×2×4P"),
        ([(2, 8), (2, 5), (1, 2, 8)], "", ShapeError, "bottom 1 has shape 2×5; expected 2×6 for 2"),
        ([(2, 8), (1, 6), (1, 2, 8)], "", ShapeError, "bottom 1 has shape 1×6; expected 2×6"),
        ([(2, 8), (2, 6), (1, 2, 8), (2, 5)], "", ShapeError, "bottom 3 has shape 2×5"),
        ([(2, 8), (2, 6), (1, 2, 8), (2, 4), (2, 7)], "", ShapeError, "bottom 4 has shape 2×7"),
        ([(2, 24), (2, 6), (1, 2, 8), (2, 4), (2, 8)], "share_location: false", GraphError,
         "need share_location: true"),
        ([(2, 8), (2, 6), (1, 2, 8)] * 2, "", GraphError, "6 bottoms given, at most 5"),
        ([(2, 8), (2, 6), (1, 2, 8)], "output_logits: true", GraphError,
         "there are 1 top(s); expected 2"),
        ([(2, 8), (2, 6), (1, 2, 8)], "nms_param { eta: 0 }", GraphError, "eta is 0; expected abo"),
        ([(2, 8), (2, 6), (1, 2, 8)], "nms_param { theta: 0 }", GraphError, "theta is 0"),
        ([(2, 8), (2, 6), (1, 2, 8)], "nms_threshold: -1", GraphError, "nms_threshold is -1"),
        ([(2, 8), (2, 6), (1, 2, 8)], "num_classes: 0", GraphError, "num_classes is missing"),
        ([(2, 8), (2, 6), (2, 5)], "normalized: false", GraphError, "proposals have no variances"),
        ([(2, 8), (2, 6), (2, 4)], "normalized: false variance_encoded_in_target: true",
         ShapeError, "shape 2×4; expected P×5, proposals"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    shapes: list[tuple[int, ...]], param: str, error: type[MinicaffeError], message: str
) -> None:
    with pytest.raises(error) as caught:
        rig([np.zeros(shape) for shape in shapes], param)
    assert message in str(caught.value)
