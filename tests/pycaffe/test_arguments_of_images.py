"""What Classifier, Detector and Transformer are given besides images."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import minicaffe as caffe
from minicaffe import MinicaffeError

NETWORK = """
layer { name: "data" type: "Input" top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 4 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
"""
IMAGE = np.arange(75.0).reshape(5, 5, 3)


@pytest.fixture
def transformer() -> caffe.io.Transformer:
    return caffe.io.Transformer({"data": (1, 3, 4, 4)})


WRONG: dict[str, tuple[Callable[[caffe.io.Transformer], object], str]] = {
    "no name": (lambda t: t.preprocess(IMAGE, "data"), "the name of an input is expected first"),
    "transpose": (lambda t: t.set_transpose("data", 201), "the transpose order is 201, expected"),
    "transpose text": (lambda t: t.set_transpose("data", "201"), "order is '201', expected whole"),
    "swap": (lambda t: t.set_channel_swap("data", None), "the channel swap is None, expected"),
    "swap by floats": (lambda t: t.set_channel_swap("data", [2.0, 1, 0]), "expected whole numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_kinds_for_a_transformer(transformer, case):
    call, message = WRONG[case]
    with pytest.raises(TypeError, match=message):
        call(transformer)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.set_transpose("data", (0, 0, 1)), "expected each of 0 to 2 once"),
        (lambda t: t.set_channel_swap("data", (1, 2, 3)), "whose channels are 0 to 2"),
        (lambda t: t.set_raw_scale("data", "255"), "the raw scale of input 'data'; real numbers"),
        (lambda t: t.set_input_scale("data", None), "the scale of input 'data'; real numbers"),
        (lambda t: t.deprocess("data", "cat"), "str is given for input 'data'; real numbers"),
    ],
)
def test_wrong_values_for_a_transformer(transformer, call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call(transformer)
    assert isinstance(caught.value, MinicaffeError)


def test_orders_may_be_arrays(transformer):
    transformer.set_transpose("data", np.array([2, 0, 1]))
    transformer.set_channel_swap("data", [2, 1, 0])
    got = transformer.preprocess("data", IMAGE[:4, :4])
    np.testing.assert_array_equal(got, IMAGE[:4, :4].transpose(2, 0, 1)[::-1])
    np.testing.assert_array_equal(transformer.deprocess("data", got), IMAGE[:4, :4])


@pytest.fixture
def detector() -> caffe.Detector:
    pillow = pytest.importorskip("PIL.Image")
    Path("n.prototxt").write_text(NETWORK)
    caffe.Net("n.prototxt", caffe.TEST).save("w.caffemodel")
    for name in "ab":
        pillow.fromarray(IMAGE.astype(np.uint8)).save(f"{name}.png")
    return caffe.Detector("n.prototxt", "w.caffemodel")


@pytest.mark.parametrize("given", [None, 3, "a.png", ["a.png"], [("a.png", None)], [None]])
def test_windows_come_with_their_images(detector, given):
    with pytest.raises(MinicaffeError, match="expected pairs of an image file and") as caught:
        detector.detect_windows(given)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (None, r"expected a list of images: \[image\]"),
        (3, r"expected a list of images: \[image\]"),
        ("a.png", r"'a.png' is given, expected a list of images: \[load_image\(file\)\]"),
        (b"a.png", r"expected a list of images: \[load_image\(file\)\]"),
        (Path("a.png"), r"expected a list of images: \[load_image\(file\)\]"),
        (["a.png"], r"'a.png' is no image; load_image\(file\) makes one of a file's name"),
        ((IMAGE, Path("a.png")), r"is no image; load_image\(file\) makes one"),
    ],
)
def test_a_classifier_takes_a_list_of_images(detector, images, says):
    classifier = caffe.Classifier("n.prototxt", "w.caffemodel")
    with pytest.raises(MinicaffeError, match=says):
        classifier.predict(images)


@pytest.mark.parametrize("window", ["abcd", None, {}, [1, 2, [3], 4]])
def test_a_window_is_four_numbers(detector, window):
    with pytest.raises(ValueError, match=r"window|unequal") as caught:
        detector.crop(IMAGE, window)
    assert isinstance(caught.value, MinicaffeError)


def test_windows_are_taken_one_image_after_the_other(detector):
    """``itertools.groupby`` forgets a group when it is asked for the next one."""
    rows = [("a.png", (0, 0, 4, 4)), ("a.png", (1, 1, 5, 5)), ("b.png", (0, 0, 3, 3))]
    groups = (
        (name, (window for _, window in group))
        for name, group in itertools.groupby(rows, key=lambda row: row[0])
    )
    found = detector.detect_windows(groups)
    assert [(item["filename"], item["window"]) for item in found] == rows
