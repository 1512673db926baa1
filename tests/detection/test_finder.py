"""From a picture to boxes in its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.images import resize_linear
from minicaffe.detection import BoxFinder, find_boxes
from minicaffe.detection.rois import boxes_of_rois
from minicaffe.errors import ArgumentError, DataError, GraphError, ShapeError
from tests.detection.nets import SQUARES, picture, write_squares

#: One pixel of the net's input is two of these pictures.
TWICE = picture((0, 20, 40, 40, 60), (2, 100, 0, 120, 20), size=(60, 120))
SCALE = 1 / 255


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write_squares(tmp_path)


def test_boxes_are_in_pixels_of_the_picture(files: tuple[str, str]) -> None:
    found = find_boxes(TWICE, *files, scale=SCALE, threshold=0.5)
    assert found.shape == (2, 6)
    by_label = found[np.argsort(found[:, 0])]
    np.testing.assert_array_equal(by_label[:, 0], [1, 3])
    np.testing.assert_allclose(by_label[:, 1], 1, atol=1e-5)
    corners = [[20, 40, 40, 60], [100, 0, 120, 20]]
    np.testing.assert_allclose(by_label[:, 2:], corners, atol=1e-3)


def test_the_best_comes_first_and_a_threshold_drops_the_others(files: tuple[str, str]) -> None:
    image = TWICE.copy()
    image[40:60, 20:40, 0] = 140  # 30 · (140 / 255 - ½) against 0
    finder = BoxFinder(*files, scale=SCALE)
    found = finder.find(image)
    score = 1 / (1 + np.exp(-30 * (140 / 255 - 0.5)))
    np.testing.assert_array_equal(found[:2, 0], [3, 1])
    np.testing.assert_allclose(found[1, 1], score, rtol=1e-3)
    np.testing.assert_array_equal(finder.find(image, threshold=0.9)[:, 0], [3])


def test_red_first(files: tuple[str, str]) -> None:
    found = BoxFinder(*files, scale=SCALE, rgb=True).find(TWICE, 0.5)
    np.testing.assert_array_equal(sorted(found[:, 0]), [1, 3])
    np.testing.assert_allclose(found[found[:, 0] == 1][0, 2:], [100, 0, 120, 20], atol=1e-3)


def test_the_nets_own_transform(tmp_path: Path) -> None:
    """All channels are the mean: nothing is found; less of it, and everything is."""
    files = write_squares(tmp_path, "transform_param { mean_value: 255 scale: 0.00392157 }")
    finder = BoxFinder(*files)
    assert finder.preparation.origin == files[0]
    assert len(finder.find(TWICE, 0.5)) == 0
    assert len(BoxFinder(*files, mean=0).find(TWICE, 0.5)) == 2
    assert len(BoxFinder(*files, mean=[-255, 255, 255]).find(TWICE, 0.5)) == 18


def test_the_transform_of_the_net_that_was_trained(tmp_path: Path) -> None:
    """train_val.prototxt beside it: what is tested counts, and mirror and crops do not."""
    files = write_squares(tmp_path)
    (tmp_path / "train_val.prototxt").write_text(
        """
layer { name: "data" type: "Data" top: "data" include { phase: TRAIN }
  transform_param { scale: 9 mirror: true } data_param { source: "no" batch_size: 1 } }
layer { name: "data" type: "Data" top: "data" include { phase: TEST }
  transform_param { scale: 0.00392157 crop_size: 7 } data_param { source: "no" batch_size: 1 } }
"""
    )
    finder = BoxFinder(*files)
    assert finder.preparation.origin == str(tmp_path / "train_val.prototxt")
    assert len(finder.find(TWICE, 0.5)) == 2


def test_a_picture_in_the_middle_of_the_input(tmp_path: Path) -> None:
    """60×60 becomes 30×30 of 30×60, and 15 columns are left on each side."""
    files = write_squares(tmp_path)
    (tmp_path / "train_val.prototxt").write_text(
        """
layer { name: "data" type: "AnnotatedData" top: "data" top: "label"
  transform_param { scale: 0.00392157 resize_param { height: 1 width: 1
    resize_mode: FIT_LARGE_SIZE_AND_PAD pad_value: 0 } } }
"""
    )
    image = picture((1, 10, 20, 30, 40), size=(60, 60))
    found = find_boxes(image, *files, threshold=0.5)
    np.testing.assert_array_equal(found[:, 0], [2])
    np.testing.assert_allclose(found[0, 2:], [10, 20, 30, 40], atol=1e-3)


def test_another_size_of_the_input(files: tuple[str, str]) -> None:
    finder = BoxFinder(*files, scale=SCALE, size=(60, 120))
    found = finder.find(TWICE, 0.5)
    assert finder.net.blobs["data"].shape == (1, 3, 60, 120)
    assert len(found) == 8  # each square has four places now, and overlaps none
    assert set(found[:, 0]) == {1, 3}


def test_grey_pictures(files: tuple[str, str], tmp_path: Path) -> None:
    grey = np.zeros((30, 60), np.uint8)
    grey[10:20, 50:] = 255
    found = find_boxes(grey, *files, scale=SCALE, threshold=0.2)  # white is of all classes
    np.testing.assert_array_equal(sorted(found[:, 0]), [1, 2, 3])
    np.testing.assert_allclose(found[:, 1], 1 / 3, rtol=1e-3)
    folder = tmp_path / "grey"
    folder.mkdir()
    text = SQUARES % ""
    (folder / "deploy.prototxt").write_text(text.replace("dim: 1 dim: 3", "dim: 1 dim: 1"))
    finder = BoxFinder(folder / "deploy.prototxt", None, scale=SCALE, seed=1)
    finder.find(picture((2, 0, 0, 10, 10), size=(30, 60)))
    assert finder.net.blobs["data"].data[0, 0, 0, 0] == np.float32(76 * SCALE)  # 0.299 · 255


def test_boxes_are_cut_at_the_edge(files: tuple[str, str]) -> None:
    finder = BoxFinder(*files, scale=SCALE)
    finder.net.params["loc"][1].data[2:] = 10 * np.log(2)  # twice as wide and high
    found = finder.find(TWICE, 0.5)
    np.testing.assert_allclose(found[found[:, 0] == 3][0, 2:], [90, 0, 120, 30], atol=1e-3)


def test_nothing_is_found(files: tuple[str, str]) -> None:
    assert find_boxes(np.zeros((9, 9, 3), np.uint8), *files, scale=SCALE).shape == (0, 6)


@pytest.mark.parametrize(
    ("image", "error", "complaint"),
    [
        ("no.png", DataError, "'no.png': there is no such file"),
        (np.zeros((4, 4, 3)), ArgumentError, "an array of float64, expected a file's name"),
        (7, ArgumentError, "the picture is 7"),
        (np.zeros((4, 4, 4), np.uint8), ShapeError, "shape 4×4×4, expected height×width×3"),
        (np.zeros((0, 4, 3), np.uint8), ShapeError, "shape 0×4×3"),
    ],
)
def test_no_picture(
    image: object, error: type[Exception], complaint: str, files: tuple[str, str]
) -> None:
    pytest.importorskip("PIL.Image")
    with pytest.raises(error, match=complaint):
        find_boxes(image, *files)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 1 dim: 3 dim: 4 '
         "dim: 4 } } }", "this net finds no boxes"),
        ('layer { name: "d" type: "Input" top: "d" input_param { shape { dim: 1 dim: 9 } } }',
         "the net has no input of 1 or 3 channels"),
    ],
)  # fmt: skip
def test_nets_that_find_nothing(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    with pytest.raises(GraphError, match=complaint) as caught:
        BoxFinder(path, None)
    assert caught.value.path == str(path)


# --------------------------------------------------------------------------------- R-CNN's end


def moved(roi: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """py-faster-rcnn's bbox_transform_inv, for one roi."""
    width, height = roi[2] - roi[0] + 1, roi[3] - roi[1] + 1
    x, y = roi[0] + 0.5 * width, roi[1] + 0.5 * height
    x, y = delta[0] * width + x, delta[1] * height + y
    width, height = np.exp(delta[2]) * width, np.exp(delta[3]) * height
    return np.array([x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height])


def test_rois_are_moved_class_by_class() -> None:
    rng = np.random.default_rng(3)
    rois = np.array([[10.0, 20, 29, 49], [60, 5, 99, 34]])
    deltas = rng.normal(0, 0.1, (2, 12))
    scores = np.array([[0.1, 0.8, 0.1], [0.3, 0.04, 0.66]])
    found = boxes_of_rois(rois, scores, deltas, (200, 300))
    np.testing.assert_array_equal(found[:, 0], [1, 2, 2])
    np.testing.assert_array_equal(found[:, 1], [0.8, 0.66, 0.1])
    np.testing.assert_allclose(found[0, 2:], moved(rois[0], deltas[0, 4:8]), rtol=1e-12)
    np.testing.assert_allclose(found[1, 2:], moved(rois[1], deltas[1, 8:]), rtol=1e-12)
    np.testing.assert_allclose(found[2, 2:], moved(rois[0], deltas[0, 8:]), rtol=1e-12)


def test_boxes_of_all_classes_alike_are_cut_and_doubles_dropped() -> None:
    """R-FCN's eight numbers: those of the background count for nothing."""
    rois = np.array([[10.0, 20, 29, 49], [11, 20, 30, 49]])
    deltas = np.array([[9, 9, 9, 9, 0, 0, 0, 0], [9, 9, 9, 9, 2.0, 0, 0, 0]])
    scores = np.array([[0.1, 0.9], [0.2, 0.8]])
    found = boxes_of_rois(rois, scores, deltas, (200, 60))
    np.testing.assert_allclose(found[:, 2:], [[10, 20, 30, 50], [51, 20, 59, 50]], rtol=1e-12)
    deltas[1, 4] = 0
    assert len(boxes_of_rois(rois, scores, deltas, (200, 60))) == 1  # they overlap by 19/21
    with pytest.raises(ShapeError, match="bbox_pred has 14 values for 2 rois of 2 classes"):
        boxes_of_rois(rois, scores, deltas[:, :7], (200, 60))


def test_no_more_than_the_best_hundred() -> None:
    rois = np.array([[30.0 * i, 0, 30 * i + 9, 9] for i in range(150)])
    scores = np.stack([np.zeros(150), np.linspace(0.1, 0.9, 150)], axis=1)
    found = boxes_of_rois(rois, scores, np.zeros((150, 8)), (10, 9999))
    np.testing.assert_array_equal(found[:, 1], scores[:49:-1, 1])


RCNN = """
input: "data" input_shape { dim: 1 dim: 3 dim: 20 dim: 20 }
input: "im_info" input_shape { dim: 1 dim: 3 }
input: "rois" input_shape { dim: 2 dim: 5 }
layer { name: "cls_score" type: "InnerProduct" bottom: "rois" top: "cls_score"
  inner_product_param { num_output: 2 } }
layer { name: "cls_prob" type: "Softmax" bottom: "cls_score" top: "cls_prob" }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "rois" top: "bbox_pred"
  inner_product_param { num_output: 8 } }
layer { name: "silence" type: "Silence" bottom: "data" bottom: "im_info" }
"""


def test_an_end_as_faster_rcnns(tmp_path: Path) -> None:
    """The shorter side becomes 30 pixels; rois are in pixels of that."""
    path = tmp_path / "net.prototxt"
    path.write_text(RCNN)
    finder = BoxFinder(path, None, mean=[1, 2, 3], size=(30, 60), seed=1)
    finder.net.params["cls_score"][1].data[...] = [0, 5]
    rois = np.array([[0, 3, 6, 14, 29], [0, 30, 0, 44, 11]], np.float32)
    finder.net.blobs["rois"].data[...] = rois
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    found = finder.find(image)
    assert finder.net.blobs["data"].shape == (1, 3, 30, 45)
    np.testing.assert_array_equal(finder.net.blobs["im_info"].data[0], [30, 45, 0.5])
    np.testing.assert_array_equal(found[:, 0], [1, 1])
    np.testing.assert_allclose(found[:, 1], 1 / (1 + np.exp(-5)), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2:], [[6, 12, 29, 59], [60, 0, 89, 23]])
    less = image.transpose(2, 0, 1).astype(np.float32) - np.array([[[1]], [[2]], [[3]]], np.float32)
    halves = less.reshape(3, 30, 2, 45, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(finder.net.blobs["data"].data[0], halves, atol=1e-3)


def test_the_longer_side_is_not_too_long(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(RCNN)
    finder = BoxFinder(path, None, size=(30, 60), seed=1)
    finder.find(np.zeros((50, 200, 3), np.uint8))
    assert finder.net.blobs["data"].shape == (1, 3, 15, 60)


def test_floats_are_resized_as_bytes_are() -> None:
    image = np.random.default_rng(1).integers(0, 256, (2, 7, 9), np.uint8)
    for size in ((3, 4), (14, 20), (7, 5), (1, 1)):
        floats = resize_linear(image.astype(np.float32), *size)
        assert floats.dtype == np.float32
        np.testing.assert_allclose(floats, resize_linear(image, *size), atol=1.01)


FASTER = """
input: "data" input_shape { dim: 1 dim: 3 dim: 48 dim: 64 }
input: "im_info" input_shape { dim: 1 dim: 3 }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param {
  num_output: 4 kernel_size: 16 stride: 16 weight_filler { type: "gaussian" std: 0.001 } } }
layer { name: "scores" type: "Convolution" bottom: "conv" top: "scores" convolution_param {
  num_output: 18 kernel_size: 1 weight_filler { type: "gaussian" std: 0.3 } } }
layer { name: "rows" type: "Reshape" bottom: "scores" top: "rows"
  reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 0 } } }
layer { name: "prob" type: "Softmax" bottom: "rows" top: "prob" }
layer { name: "maps" type: "Reshape" bottom: "prob" top: "maps"
  reshape_param { shape { dim: 0 dim: 18 dim: -1 dim: 0 } } }
layer { name: "offsets" type: "Convolution" bottom: "conv" top: "offsets" convolution_param {
  num_output: 36 kernel_size: 1 weight_filler { type: "gaussian" std: 0.05 } } }
layer { name: "proposal" type: "Python" bottom: "maps" bottom: "offsets" bottom: "im_info"
  top: "rois" python_param { module: "rpn.proposal_layer" layer: "ProposalLayer"
  param_str: "'feat_stride': 16" } }
layer { name: "pool" type: "ROIPooling" bottom: "conv" bottom: "rois" top: "pool"
  roi_pooling_param { pooled_w: 2 pooled_h: 2 spatial_scale: 0.0625 } }
layer { name: "cls_score" type: "InnerProduct" bottom: "pool" top: "cls_score"
  inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 1 } } }
layer { name: "cls_prob" type: "Softmax" bottom: "cls_score" top: "cls_prob" }
layer { name: "bbox_pred" type: "InnerProduct" bottom: "pool" top: "bbox_pred"
  inner_product_param { num_output: 12 weight_filler { type: "gaussian" std: 0.1 } } }
"""


def test_faster_rcnn_from_the_picture_to_boxes(tmp_path: Path) -> None:
    """With py-faster-rcnn's means, and its boxes of the blobs that the net leaves."""
    path = tmp_path / "net.prototxt"
    path.write_text(FASTER)
    finder = BoxFinder(path, None, size=(48, 64), seed=4)
    assert finder.preparation.origin == "py-faster-rcnn"
    assert list(finder.preparation.transform.mean_value) == pytest.approx(
        [102.9801, 115.9465, 122.7717]
    )
    image = np.random.default_rng(2).integers(0, 256, (96, 128, 3), np.uint8)
    found = finder.find(image)
    blobs = finder.net.blobs
    np.testing.assert_array_equal(blobs["im_info"].data[0], [48, 64, 0.5])
    assert len(found)
    rois = blobs["rois"].data[:, 1:].astype(np.float64) / 0.5
    scores, deltas = blobs["cls_prob"].data, blobs["bbox_pred"].data.astype(np.float64)
    for label, score, *box in found[:5]:
        place = int(np.argmin(np.abs(scores[:, int(label)] - score)))
        own = deltas[place, 4 * int(label) : 4 * int(label) + 4]
        want = np.clip(moved(rois[place], own), 0, [127, 95, 127, 95])
        np.testing.assert_allclose(box, want, atol=1e-3)
    assert BoxFinder(path, None, mean=0, seed=4).preparation.transform.mean_value == [0]
