"""Classifier and Detector."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import minicaffe
from minicaffe import Classifier, Detector, Net, io
from minicaffe.errors import GraphError, ShapeError

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 3 dim: 3 dim: 4 dim: %d } } }
layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc"
  inner_product_param { num_output: 5 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }
"""
MEAN = np.array([10.0, 20.0, 30.0])
SETTINGS = dict(mean=MEAN, input_scale=0.5, raw_scale=255.0, channel_swap=(2, 1, 0))
rng = np.random.default_rng(9)


@pytest.fixture
def files():
    with open("net.prototxt", "w") as stream:
        stream.write(NETWORK % 5)
    with open("square.prototxt", "w") as stream:
        stream.write((NETWORK % 8).replace("dim: 4 dim", "dim: 8 dim"))
    for name in ("net", "square"):
        Net(f"{name}.prototxt", minicaffe.TEST, seed=4).save(f"{name}.caffemodel")
    return ("net.prototxt", "net.caffemodel")


def scores(image: np.ndarray) -> np.ndarray:
    """The net's probabilities of one image of its own size, computed by hand."""
    net = Net("net.prototxt", minicaffe.TEST, weights="net.caffemodel")
    prepared = image.transpose(2, 0, 1)[::-1] * 255 - MEAN[:, None, None]
    net.blobs["data"].data[0] = prepared * 0.5
    return net.forward()["prob"][0].copy()


def test_the_whole_image(files):
    images = [rng.uniform(size=shape).astype(np.float32) for shape in ((4, 5, 3), (9, 6, 3))]
    got = Classifier(*files, **SETTINGS).predict(images, oversample=False)
    assert got.shape == (2, 5)
    for row, image in zip(got, images, strict=True):
        np.testing.assert_allclose(row, scores(io.resize_image(image, (4, 5))), rtol=1e-3)


def test_the_middle(files):
    classifier = Classifier(*files, image_dims=(8, 9), **SETTINGS)
    image = rng.uniform(size=(8, 9, 3)).astype(np.float32)
    got = classifier.predict([image], oversample=False)
    np.testing.assert_allclose(got, [scores(image[2:6, 2:7])], rtol=1e-3)


def test_ten_crops(files):
    classifier = Classifier(*files, image_dims=[6, 7], **SETTINGS)
    images = [rng.uniform(size=(12, 9, 3)) for _ in range(2)]
    got = classifier.predict(iter(images))
    for row, image in zip(got, images, strict=True):
        crops = io.oversample([io.resize_image(image, (6, 7))], (4, 5))
        np.testing.assert_allclose(row, np.mean([scores(crop) for crop in crops], 0), rtol=1e-3)


def test_what_cannot_be_classified(files):
    with pytest.raises(ShapeError, match="crops of 4×5 from images of shape 3×9×3"):
        Classifier(*files, image_dims=(3, 9)).predict([np.zeros((3, 9, 3))])
    with pytest.raises(ShapeError, match="images of one shape are expected, found: none"):
        Classifier(*files).predict([])
    with open("train.prototxt", "w") as stream:
        stream.write('layer { name: "d" type: "DummyData" top: "d" dummy_data_param {'
                     " shape { dim: 2 } } }")  # fmt: skip
    for kind in (Classifier, Detector):
        with pytest.raises(GraphError, match=r"train.prototxt: the net has no input blob"):
            kind("train.prototxt", None)


# ---------------------------------------------------------------------------- Detector


@pytest.fixture
def picture():
    image = pytest.importorskip("PIL.Image")
    pixels = rng.integers(256, size=(12, 14, 3), dtype=np.uint8)
    image.fromarray(pixels).save("x.png")
    return pixels / np.float32(255)


def test_windows(files, picture):
    windows = [np.array([1, 2, 5, 7]), (0, 0, 12, 14), [3.0, 1.0, 7.0, 6.0], (2, 2, 6, 9)]
    detector = Detector(*files, **SETTINGS)
    got = detector.detect_windows(iter([("x.png", windows), ("x.png", iter(windows[:1]))]))
    assert [value["filename"] for value in got] == ["x.png"] * 5
    assert got[1]["window"] == (0, 0, 12, 14)
    for value in got:
        y0, x0, y1, x1 = map(int, value["window"])
        want = scores(io.resize_image(picture[y0:y1, x0:x1], (4, 5)))
        np.testing.assert_allclose(value["prediction"], want, rtol=1e-3)
    assert detector.detect_windows([("x.png", [])]) == []


def square(**more) -> Detector:
    return Detector("square.prototxt", "square.caffemodel", **more)


def test_context_inside_the_image(files):
    """A window of 4×4 shown in the middle half of 8×8: its surroundings are 4 wider."""
    image = rng.uniform(size=(20, 24, 3)).astype(np.float32)
    got = square(context_pad=2).crop(image, np.array([8, 10, 11, 13]))
    assert got.shape == (8, 8, 3)
    np.testing.assert_allclose(got, io.resize_image(image[6:14, 8:16], (8, 8)), atol=1e-6)


def test_context_beyond_the_image_is_the_mean(files):
    detector = square(context_pad=2, **SETTINGS)
    image = np.full((20, 24, 3), 0.5, np.float32)
    got = detector.crop(image, (0, 0, 3, 3))
    outside = got[:2, :2]
    np.testing.assert_allclose(outside, np.broadcast_to(MEAN[::-1] / 255, (2, 2, 3)), rtol=1e-6)
    np.testing.assert_array_equal(got[2:, 2:], np.full((6, 6, 3), 0.5))
    # what the net sees there is the mean, which is subtracted
    seen = detector.transformer.preprocess("data", got)
    np.testing.assert_allclose(seen[:, :2, :2], 0, atol=1e-4)


def test_the_fill_of_other_means(files):
    assert not square(context_pad=2).crop_mean.any()
    mean = rng.uniform(size=(3, 8, 8))
    filled = square(mean=mean, context_pad=1).crop_mean
    np.testing.assert_allclose(filled, mean.transpose(1, 2, 0), rtol=1e-6)
    grey = square(mean=mean[0], context_pad=1).crop_mean
    np.testing.assert_allclose(grey, mean[0][:, :, None], rtol=1e-6)


def test_windows_that_cannot_be(files, picture):
    for context in (None, 2):
        detector = square(context_pad=context)
        with pytest.raises(ShapeError, match=r"x.png: window \[40.0, .* has nothing of the image"):
            detector.detect_windows([("x.png", [(40, 2, 44, 6)])])
    with pytest.raises(ShapeError, match="context_pad is 4 on each side of an input 8 wide"):
        square(context_pad=4)


@pytest.mark.parametrize(
    "window", [(1, 2, 3), (np.nan, 0, 3, 3), (0, 0, np.inf, 3), (6, 0, 3, 3), (0, 6, 3, 3)]
)
def test_windows_are_four_finite_numbers(files, picture, window):
    for context in (None, 2):
        with pytest.raises(ShapeError, match=r"x\.png: window \[.*expected four finite numbers"):
            square(context_pad=context).detect_windows([("x.png", [window])])


def test_windows_far_beyond_the_image(files, picture):
    found = square().detect_windows([("x.png", [(0, 0, 1e300, 9), (0, 0, 1e9, 1e9)])])
    assert np.isfinite([item["prediction"] for item in found]).all()
    with pytest.raises(ShapeError, match="has nothing of the image"):  # it is less than a pixel
        square(context_pad=2).detect_windows([("x.png", [(0, 0, 1e300, 9)])])


def test_grey_images_for_a_net_of_one_channel(files, picture):
    text = (NETWORK % 8).replace("dim: 4 dim", "dim: 8 dim").replace("dim: 3 dim: 8", "dim: 8")
    with open("grey.prototxt", "w") as stream:
        stream.write(text.replace("dim: 3", "dim: 2 dim: 1"))
    grey = io.load_image("x.png", color=False)
    for context in (None, 1):
        detector = Detector("grey.prototxt", None, context_pad=context)
        found = detector.detect_windows([("x.png", [(2, 3, 9, 10)])])
        crop = detector.transformer.preprocess("data", detector.crop(grey, (2, 3, 9, 10)))
        assert crop.shape == (1, 8, 8)
        want = detector.forward_all(data=crop[None])["prob"][0]
        np.testing.assert_allclose(found[0]["prediction"], want, rtol=1e-5)
    with pytest.raises(ShapeError, match=r"shape 12×14×3, expected height×width×1: the net's"):
        detector.crop(picture, (2, 3, 9, 10))


def test_context_needs_a_square_input(files):
    with pytest.raises(ShapeError, match="context_pad needs a square input, and 'data' is 4×5"):
        Detector(*files, context_pad=1)


def test_selective_search(files, picture, monkeypatch):
    detector = Detector(*files)
    with pytest.raises(minicaffe.MinicaffeError, match="MATLAB; give windows of your own"):
        detector.detect_selective_search(["x.png"])
    search = types.ModuleType("selective_search_ijcv_with_python")
    search.get_windows = lambda names, cmd: [[(1, 2, 5, 7)] for _ in names]
    monkeypatch.setitem(sys.modules, search.__name__, search)
    got = detector.detect_selective_search(["x.png"])
    assert [value["window"] for value in got] == [(1, 2, 5, 7)]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            np.zeros((4, 5, 3), np.float32),
            r"one array of shape 4×5×3 .* a list of images: \[image\]",
        ),
        (np.zeros((4, 5), np.float32), "a list of images"),
        (
            [np.zeros((3, 4, 5), np.float32)],
            r"channels come first; give image.transpose\(1, 2, 0\)",
        ),
        ([np.zeros((4, 5, 1), np.float32)], r"it is grey; load it with load_image\(file\)"),
        ([np.zeros((4, 5), np.float32)], r"third axis of length 1, image\[:, :, np.newaxis\]"),
        ([np.zeros((4, 5, 4), np.float32)], "leave out its alpha channel"),
        ([np.zeros((4, 5, 3)), np.zeros((4, 5, 7))], "image 1: .*4×5×7, expected height×width×3"),
    ],
)
def test_what_is_wrong_with_an_image(files, inputs, message):
    with pytest.raises(ShapeError, match=message):
        Classifier(*files, **SETTINGS).predict(inputs)


def test_a_coloured_image_for_a_grey_net():
    with open("grey.prototxt", "w") as stream:
        stream.write((NETWORK % 5).replace("dim: 3 dim: 3", "dim: 3 dim: 1"))
    classifier = Classifier("grey.prototxt", None)
    with pytest.raises(ShapeError, match=r"takes grey images; .*color=False"):
        classifier.predict([np.zeros((4, 5, 3), np.float32)])


def test_a_transformer_says_what_is_wrong_with_an_image():
    transformer = io.Transformer({"data": (1, 3, 4, 5)})
    transformer.set_transpose("data", (2, 0, 1))
    assert transformer.preprocess("data", np.zeros((4, 5, 1))).shape == (1, 4, 5)  # as in Caffe
    with pytest.raises(ShapeError, match=r"input 'data': .* third axis of length 1"):
        transformer.preprocess("data", np.zeros((4, 5)))
    transformer.set_channel_swap("data", (2, 1, 0))
    with pytest.raises(ShapeError, match=r"input 'data': .* it is grey"):
        transformer.preprocess("data", np.zeros((4, 5, 1)))
    for mean in (3.0, "mean.npy"):
        with pytest.raises(ShapeError, match=r"the mean is .* expected an array of 3 values"):
            transformer.set_mean("data", mean)
    transformer.set_mean("data", [1, 2, 3])
    assert transformer.mean["data"].shape == (3, 1, 1)
