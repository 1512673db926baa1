"""What the rows of cases/history.py do not show."""

from __future__ import annotations

import numpy as np
import pytest

import minicaffe
from minicaffe.errors import DataError, GraphError, MinicaffeError, ShapeError
from tests.layers.harness import Case, Rig

LOSS = Case("VoxelSoftmaxLoss", bottoms=[(2, 3, 2, 1, 2), (2, 1, 2, 1, 2)])


def test_a_voxel_of_no_class_counts_in_the_mean_and_in_the_gradient() -> None:
    rig = Rig(LOSS)
    rig.bottom[0].data[...] = 0
    rig.bottom[1].data[...] = np.array([0, 1, 2, 3, 255, 0, 1, 2]).reshape(2, 1, 2, 1, 2)
    rig.forward()
    np.testing.assert_allclose(rig.top[0].data, 6 / 8 * np.log(3))
    rig.top[0].diff[...] = 2
    rig.layer.backward(rig.top, [True, False], rig.bottom)
    dx = rig.bottom[0].diff
    np.testing.assert_allclose(dx[1, :, 0, 0, 0], [2 / 8 / 3] * 3)  # the label is 255
    np.testing.assert_allclose(dx[0, :, 0, 0, 1], np.array([1, -2, 1]) * 2 / 8 / 3)


@pytest.mark.parametrize("wrong", [-1, np.nan])
def test_a_voxel_s_label_must_be_one(wrong: float) -> None:
    rig = Rig(LOSS)
    rig.bottom[1].data[...] = 0
    rig.bottom[1].data[0, 0, 1, 0, 1] = wrong
    with pytest.raises(DataError, match="expected a whole number of at least 0"):
        rig.forward()


@pytest.mark.parametrize(
    ("kind", "param", "bottoms", "error", "message"),
    [
        ("Local", "local_param { kernel_size: 2 }", [(1, 2, 3, 4)], GraphError, "num_output is"),
        ("Local", "convolution_param { num_output: 2 kernel_size: 2 group: 2 }", [(1, 2, 3, 4)],
         GraphError, "group is 2, expected 1"),
        ("Local", "local_param { num_output: 2 kernel_size: 2 }", [(1, 2, 3)], ShapeError,
         "the bottom has 3 axes, expected 4"),
        ("Local", "local_param { num_output: 2 kernel_size: 9 }", [(1, 2, 3, 4)], ShapeError,
         "a kernel spanning 9"),
        ("GSTiling", "", [(1, 4, 2, 2)], GraphError, "stride is 0 or missing"),
        ("GSTiling", "gs_tiling_param { stride: -2 }", [(1, 4, 2, 2)], GraphError, "stride is -2"),
        ("GSTiling", "gs_tiling_param { stride: 2 }", [(1, 4, 3, 2)], ShapeError, "that 2 divides"),
        ("GSTiling", "gs_tiling_param { stride: 2 reverse: true }", [(1, 6, 2, 2)], ShapeError,
         "channels that 4 divides"),
        ("GSTiling", "gs_tiling_param { stride: 2 }", [(4, 2)], ShapeError, "expected 4 axes"),
        ("Render", "", [(1, 2, 3)], GraphError, "num_output is missing"),
        ("Render", "render_param { num_output: 2 }", [(3,)], ShapeError, "expected at least 2"),
        ("AccuracyRegression", "", [(2, 3), (2, 4)], ShapeError, "shapes 2×3 and 2×4"),
        ("XCovLoss", "", [(2, 3), (3, 4)], ShapeError, "as many items"),
        ("SegmentationEvaluate", "", [(1, 2, 3, 3)] * 2, GraphError, "num_classes is missing"),
        ("SegmentationEvaluate", "segmentation_evaluate_param { num_classes: 2 }",
         [(1, 2, 3, 3), (1, 2, 6, 6)], ShapeError, "resize the maps by an Interp layer"),
        ("VoxelSoftmaxLoss", "", [(2, 3, 4), (2, 1, 3)], ShapeError, "6 labels"),
    ],
)  # fmt: skip
def test_what_is_refused(
    kind: str,
    param: str,
    bottoms: list[tuple[int, ...]],
    error: type[MinicaffeError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        Rig(Case(kind, param, bottoms))


def test_a_class_without_pixels_overlaps_nothing() -> None:
    param = "segmentation_evaluate_param { num_classes: 2 }"
    rig = Rig(Case("SegmentationEvaluate", param, [(1, 2, 1, 3), (1, 2, 1, 3)]))
    rig.bottom[0].data[...] = [[[[0.6, 0.9, 0.5]], [[0, 0, 0]]]]
    rig.bottom[1].data[...] = [[[[1, 0, 1]], [[0, 0, 0]]]]
    (top,) = rig.forward()
    np.testing.assert_allclose(top.ravel(), [1 / 3, 0])


def test_local_keeps_the_size_of_its_images() -> None:
    rig = Rig(Case("Local", "local_param { num_output: 2 kernel_size: 2 }", [(1, 2, 3, 4)]))
    rig.bottom[0].reshape(2, 2, 3, 4)
    rig.layer.reshape(rig.bottom, rig.top)
    rig.bottom[0].reshape(2, 2, 4, 4)
    with pytest.raises(ShapeError, match="images are 2×4×4, but the weights were made for 2×3×4"):
        rig.layer.reshape(rig.bottom, rig.top)


NET = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 2, 6, 7] } } }
layer { name: "y" type: "%s" bottom: "x" top: "y" convolution_param { num_output: 3 pad: 2
  %s: 2 kernel_size: 3 weight_filler { type: "gaussian" } } }"""


def test_hole_convolution_s_hole_is_the_dilation(tmp_path) -> None:
    found = []
    for kind, field in (("HoleConvolution", "hole"), ("Convolution", "dilation")):
        (tmp_path / "net.prototxt").write_text(NET % (kind, field))
        with minicaffe.Net(tmp_path / "net.prototxt", minicaffe.TEST, seed=1) as net:
            net.blobs["x"].data[...] = np.arange(84).reshape(1, 2, 6, 7)
            found.append(net.forward()["y"].copy())
    assert found[0].shape == (1, 3, 6, 7)
    np.testing.assert_array_equal(*found)
