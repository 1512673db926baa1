"""Gaussian filters on the permutohedral lattice, and the layers that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from minicaffe.layers.vision.permutohedral import Permutohedral, colours, places
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from minicaffe.proto.upgrade_proto import upgrade_net
from tests.layers.harness import Case, Rig

MEANFIELD = "multi_stage_meanfield_param { num_iterations: 2 %s }"
BOTTOMS = [(1, 2, 3, 4), (1, 2, 3, 4), (1, 3, 3, 4)]


def exact(points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The Gaussian filter itself, each point's weights adding up to 1."""
    distances = np.square(points[:, None] - points).sum(axis=2)
    weights = np.exp(-distances / 2)
    return values @ (weights / weights.sum(axis=1, keepdims=True)).T


@pytest.mark.parametrize("width", [2, 4])
def test_the_lattice_is_near_the_gaussian(width: int) -> None:
    points = places(12, 15) / width
    values = (np.arange(180) % 15 > 6).astype(float)[None] + 0.25 * (np.arange(180) // 15 > 4)
    lattice = Permutohedral(points)
    got = lattice.filter(values) * lattice.normalizer()
    want = exact(points, values)
    assert np.abs(got - want).max() < 0.1
    assert np.corrcoef(got.ravel(), want.ravel())[0, 1] > 0.995


def test_colours_keep_an_edge() -> None:
    image = np.zeros((3, 6, 8))
    image[:, :, 4:] = 200
    points = np.concatenate([places(6, 8) / 40, colours(image) / 10], axis=1)
    lattice = Permutohedral(points)
    values = (np.arange(48) % 8 >= 4).astype(float)[None]
    got = (lattice.filter(values) * lattice.normalizer()).reshape(6, 8)
    np.testing.assert_allclose(got[:, :4], 0, atol=1e-12)
    np.testing.assert_allclose(got[:, 4:], 1, atol=1e-12)


def test_the_other_order_of_directions_is_the_transposed_filter() -> None:
    points = np.random.default_rng(0).normal(size=(40, 5)) * 3
    lattice = Permutohedral(points)
    matrix = lattice.filter(np.eye(40))
    np.testing.assert_allclose(lattice.filter(np.eye(40), reverse=True), matrix.T, atol=1e-12)


def test_no_points() -> None:
    assert Permutohedral(np.zeros((0, 3))).filter(np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_points_that_lie_nowhere(value: float) -> None:
    with pytest.raises(DataError, match="is not a number below a million"):
        Permutohedral(np.array([[0.0, value]]))


def test_points_that_lie_too_far_apart() -> None:
    points = np.zeros((2, 5))
    points[1] = 9e5
    with pytest.raises(DataError, match="spread too far"):
        Permutohedral(points)


def test_weights_start_on_the_diagonal() -> None:
    text = MEANFIELD % 'spatial_filter_weights_str: "1 2" bilateral_filter_weight: 7'
    blobs = Rig(Case("MultiStageMeanfield", text, BOTTOMS)).layer.blobs
    assert [blob.shape for blob in blobs] == [(1, 1, 2, 2)] * 3
    for blob, diagonal in zip(blobs, ([1, 2], [7, 7], [-1, -1]), strict=True):
        np.testing.assert_array_equal(blob.data[0, 0], np.diag(diagonal))


def test_old_texts() -> None:
    text = """
    input: "u" input_dim: [1, 2, 6, 5] input: "i" input_dim: [1, 3, 6, 5]
    input: "s" input_dim: [1, 2, 1, 1]
    layers { type: SPLIT name: 'split' bottom: 'u' top: 'unary' top: 'Q0' }
    layers { name: "m" type: MULTI_STAGE_MEANFIELD bottom: "unary" bottom: "Q0" bottom: "i"
      top: "pred" blobs_lr: 10000 blobs_lr: 10000 blobs_lr: 1000
      multi_stage_meanfield_param { num_iterations: 5 compatibility_mode: POTTS threshold: 2
        theta_alpha: 160 theta_beta: 3 theta_gamma: 3 spatial_filter_weight: 3
        bilateral_filter_weight: 5 } }
    layers { name: "d" type: DENSE_CRF bottom: "pred" bottom: "s" bottom: "i" top: "d"
      dense_crf_param { max_iter: 2 pos_w: 3 pos_xy_std: 3 bi_w: 4 bi_xy_std: 50 bi_rgb_std: 9 } }
    """
    param = caffe_pb2.NetParameter()
    parse(text.encode(), param)
    net = Net(upgrade_net(param, None), TEST)
    net.blobs["s"].data[...] = np.array([6, 5]).reshape(1, 2, 1, 1)
    net.blobs["u"].data[0, 0, :, :2] = 3
    found = net.forward()["d"]
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert found[0, 0, 0, 0] > 0.5


REFUSED: list[tuple[Case, type[MinicaffeError], str]] = [
    (Case("MultiStageMeanfield", "", BOTTOMS), GraphError, "num_iterations is missing"),
    (Case("MultiStageMeanfield", MEANFIELD % "theta_beta: 0", BOTTOMS), GraphError,
     "theta_beta is 0, expected above 0"),
    (Case("MultiStageMeanfield", MEANFIELD % "compatibility_mode: METRIC", BOTTOMS), GraphError,
     "compatibility_mode is not POTTS"),
    (Case("MultiStageMeanfield", MEANFIELD % 'spatial_filter_weights_str: "1 x"', BOTTOMS),
     GraphError, "'1 x', expected 2 numbers"),
    (Case("MultiStageMeanfield", MEANFIELD % "", [(1, 2, 3, 4), (1, 2, 3, 3), (1, 3, 3, 4)]),
     ShapeError, "both N×2×H×W are expected"),
    (Case("MultiStageMeanfield", MEANFIELD % "", [(1, 2, 3, 4), (1, 2, 3, 4), (1, 1, 3, 4)]),
     ShapeError, "images of three colours, 1×3×3×4"),
    (Case("DenseCRF", "dense_crf_param { pos_w: 1 }", [(1, 2, 3, 4), (1, 2)]), GraphError,
     "0 of pos_xy_std for 1 of pos_w"),
    (Case("DenseCRF", "dense_crf_param { pos_w: 1 pos_xy_std: -1 }", [(1, 2, 3, 4), (1, 2)]),
     GraphError, "expected above 0"),
    (Case("DenseCRF", "", BOTTOMS), GraphError, "no bi_w"),
    (Case("DenseCRF", "", [(1, 2, 3, 4), (1, 1)]), ShapeError, "height and width for each of 1"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "error", "says"), REFUSED)
def test_refused(case: Case, error: type[MinicaffeError], says: str) -> None:
    with pytest.raises(error, match=says):
        Rig(case)


def test_a_size_outside_of_the_blob() -> None:
    rig = Rig(Case("DenseCRF", "", [(1, 2, 3, 4), (1, 2)]))
    for size in ((0, 4), (np.nan, 4), (2, 5)):
        rig.bottom[1].data[...] = size
        with pytest.raises(DataError, match="but the scores have 3×4"):
            rig.forward()


def test_pictures_have_no_gradient() -> None:
    rig = Rig(Case("MultiStageMeanfield", MEANFIELD % "", BOTTOMS))
    rig.forward()
    with pytest.raises(GraphError, match="the images"):
        rig.layer.backward(rig.top, [True, True, True], rig.bottom)
    crf = Rig(Case("DenseCRF", "", [(1, 2, 3, 4), (1, 2)]))
    with pytest.raises(GraphError, match="no gradient"):
        crf.layer.backward(crf.top, [True, False], crf.bottom)
