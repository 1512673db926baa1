from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.data.data_transformer import DataTransformer
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import write_blob
from tests.data.helpers import random_images

TRAIN, TEST = caffe_pb2.TRAIN, caffe_pb2.TEST
IMAGES = random_images(6, 3, 5, 7)


def transformer(text: str, phase: int = TEST, seed: int = 1, dtype: type = np.float32):
    param = text_format.Parse(text, caffe_pb2.TransformationParameter())
    return DataTransformer(param, phase, np.random.default_rng(seed), dtype)


def run(text: str, images: np.ndarray = IMAGES, **options) -> np.ndarray:
    one = transformer(text, **options)
    out = np.full((len(images), *one.output_shape(images.shape[1:])), np.nan, np.float32)
    before = images.copy()
    one.apply(images, out)
    np.testing.assert_array_equal(images, before)  # a source may hand out its own memory
    return out


def by_the_rule(image, mean, scale, mirror, row, column, crop):
    """Caffe's DataTransformer, pixel by pixel."""
    channels, height, width = image.shape
    high, wide = (crop, crop) if crop else (height, width)
    out = np.empty((channels, high, wide), np.float32)
    for c, h, w in np.ndindex(out.shape):
        value = np.float32(image[c, row + h, column + w])
        target = wide - 1 - w if mirror else w
        out[c, h, target] = (value - mean[c, row + h, column + w]) * np.float32(scale)
    return out


def test_nothing_to_do_only_converts():
    np.testing.assert_array_equal(run(""), IMAGES.astype(np.float32))


def test_scale():
    want = IMAGES.astype(np.float32) * np.float32(1 / 256)
    np.testing.assert_array_equal(run("scale: 0.00390625"), want)


def test_one_mean_value_serves_all_channels():
    want = (IMAGES.astype(np.float32) - np.float32(104.5)) * np.float32(0.5)
    np.testing.assert_array_equal(run("mean_value: 104.5 scale: 0.5"), want)


def test_a_mean_value_for_each_channel():
    mean = np.array([104, 117, 123], np.float32).reshape(3, 1, 1)
    got = run("mean_value: 104 mean_value: 117 mean_value: 123")
    np.testing.assert_array_equal(got, IMAGES.astype(np.float32) - mean)


@pytest.mark.parametrize("mean", ["", "mean_value: 10 mean_value: 20 mean_value: 30"])
def test_std_values_divide_what_the_mean_leaves(mean):
    want = IMAGES.astype(np.float32)
    if mean:
        want = want - np.float32([10, 20, 30]).reshape(3, 1, 1)
    for text, std in (("std_value: 8", [8]), ("std_value: 2 std_value: 4 std_value: 5", [2, 4, 5])):
        got = run(f"{mean} {text} scale: 0.5")
        np.testing.assert_allclose(got, want * 0.5 / np.reshape(std, (-1, 1, 1)), rtol=1e-6)


def test_std_values_as_people_know_them_from_torchvision():
    """x / 255, minus a mean, divided by a deviation, both of values from 0 to 1."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    values = [f"mean_value: {255 * m} std_value: {255 * s}" for m, s in zip(mean, std, strict=True)]
    want = (IMAGES / 255 - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)
    np.testing.assert_allclose(run(" ".join(values)), want, atol=1e-6)


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_std_value_that_is_not_above_zero_is_refused(value):
    with pytest.raises(DataError, match=f"std_value is {value}, expected above 0"):
        run(f"std_value: {value}")


def test_std_values_for_other_channels_are_refused():
    with pytest.raises(DataError, match=r"2 std_value\(s\) for images of 3 channel\(s\); give one"):
        run("std_value: 1 std_value: 2")


def test_in_test_the_crop_is_in_the_middle():
    got = run("crop_size: 4")  # 5x7: from row 0, column 1
    np.testing.assert_array_equal(got, IMAGES[:, :, 0:4, 1:5].astype(np.float32))


@pytest.fixture
def mean_file(tmp_path):
    mean = np.random.default_rng(8).uniform(0, 255, (3, 5, 7)).astype(np.float32)
    write_blob(tmp_path / "mean.binaryproto", mean, legacy=True)
    return str(tmp_path / "mean.binaryproto"), mean


@pytest.mark.parametrize("phase", [TRAIN, TEST])
@pytest.mark.parametrize("crop", [0, 3])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("mean", ["none", "values", "file"])
def test_all_settings_together_follow_the_rule(mean_file, phase, crop, mirror, mean):
    path, mean_array = mean_file
    texts = {
        "none": "",
        "values": "mean_value: 1 mean_value: 20 mean_value: 30.5",
        "file": f"mean_file: '{path}'",
    }
    means = {
        "none": np.zeros((3, 5, 7), np.float32),
        "values": np.broadcast_to(np.float32([1, 20, 30.5]).reshape(3, 1, 1), (3, 5, 7)),
        "file": mean_array,
    }
    got = run(
        f"{texts[mean]} scale: 0.3 crop_size: {crop} mirror: {str(mirror).lower()}", phase=phase
    )
    places = [(1, 2)] if phase == TEST else list(np.ndindex(3, 5))
    for image, result in zip(IMAGES, got, strict=True):
        candidates = [
            by_the_rule(image, means[mean], 0.3, turned, row, column, crop)
            for row, column in (places if crop else [(0, 0)])
            for turned in ((False, True) if mirror else (False,))
        ]
        assert any(np.allclose(result, candidate, rtol=1e-6) for candidate in candidates)


def test_mirroring_and_crops_vary_over_all_possibilities():
    ramp = np.arange(35, dtype=np.uint8).reshape(1, 1, 5, 7)
    got = run("mirror: true crop_size: 3", np.repeat(ramp, 2000, 0), phase=TRAIN)
    corners = {(int(image[0, 0, 0]), int(image[0, 0, 2])) for image in got}
    assert len(corners) == 2 * 3 * 5
    turned = np.mean(got[:, 0, 0, 0] > got[:, 0, 0, 2])
    assert 0.4 < turned < 0.6


def test_in_test_mirroring_goes_on():  # Caffe's rule
    got = run("mirror: true", np.repeat(IMAGES[:1], 50, 0))
    assert len(np.unique(got[:, 0, 0, 0])) == 2


def test_the_seed_and_the_state_decide():
    text = "mirror: true crop_size: 2"
    np.testing.assert_array_equal(run(text, phase=TRAIN, seed=3), run(text, phase=TRAIN, seed=3))
    one = transformer(text, TRAIN)
    out = np.empty((6, 3, 2, 2), np.float32)
    one.apply(IMAGES, out)
    state = one.state()
    one.apply(IMAGES, out)
    want = out.copy()
    one.apply(IMAGES, out)
    assert not np.array_equal(out, want)
    one.restore(state)
    one.apply(IMAGES, out)
    np.testing.assert_array_equal(out, want)


def test_float_images_and_float64_results():
    images = np.random.default_rng(0).normal(size=(2, 1, 3, 4)).astype(np.float32)
    one = transformer("scale: 0.1 mean_value: 0.7", dtype=np.float64)
    out = np.empty((2, 1, 3, 4))
    one.apply(images, out)
    np.testing.assert_allclose(out, (images.astype(float) - np.float32(0.7)) * np.float32(0.1))


def test_settings_that_contradict_each_other():
    with pytest.raises(DataError, match="mean_file and mean_value are both set"):
        transformer("mean_file: 'x' mean_value: 3")


def test_a_crop_larger_than_the_image():
    with pytest.raises(DataError, match=r"crop_size is 6, but an image has 5×7"):
        transformer("crop_size: 6").output_shape((3, 5, 7))


def test_a_wrong_number_of_mean_values():
    with pytest.raises(DataError, match=r"2 mean_value\(s\) for images of 3 channel"):
        transformer("mean_value: 1 mean_value: 2").output_shape((3, 5, 7))


def test_a_mean_of_another_size(mean_file):
    path, _ = mean_file
    with pytest.raises(DataError, match=r"has size 3×5×7, but an image has 3×7×5"):
        transformer(f"mean_file: '{path}'").output_shape((3, 7, 5))


def test_a_mean_that_is_no_image(tmp_path):
    path = str(tmp_path / "mean.binaryproto")
    write_blob(path, np.zeros((2, 3, 4, 5), np.float32))
    with pytest.raises(DataError, match=r"has shape 2×3×4×5, expected 1×channels"):
        transformer(f"mean_file: '{path}'")


def test_a_missing_mean_file(tmp_path):
    with pytest.raises(DataError, match=r"none\.binaryproto"):
        transformer(f"mean_file: '{tmp_path / 'none.binaryproto'}'")
