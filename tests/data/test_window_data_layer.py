"""WindowData: which windows come, where they go in the square, what is refused."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe import TEST, TRAIN
from minicaffe.data.images import encode_image, resize_linear
from minicaffe.data.window_file import Window, read_window_file
from minicaffe.data.windows import Placement, place
from minicaffe.errors import DataError, GraphError
from minicaffe.weights.blob_proto import write_blob
from tests.data.helpers import layer_net, random_images

IMAGES = random_images(2, 3, 20, 30)

# label, overlap, x1, y1, x2, y2
OBJECTS = [(3, 0.9, 4, 5, 15, 12), (7, 0.5, 2, 1, 11, 18)]
BACKGROUND = [(3, 0.1, 6, 2, 20, 9)]
BETWEEN = [(5, 0.4, 0, 0, 5, 5)]


def window_file(folder, *windows_of_images, channels=3):
    """Images and a window file that lists them; returns its path."""
    lines = []
    for index, windows in enumerate(windows_of_images):
        (folder / f"{index}.png").write_bytes(encode_image(IMAGES[index], "png"))
        lines += [f"# {index}", f"{index}.png", f"{channels} 20 30", str(len(windows))]
        lines += [" ".join(map(str, window)) for window in windows]
    path = folder / "windows.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def window_net(path, param="", transform="crop_size: 8", batch_size=4, **options):
    pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    param = param if "root_folder" in param else f"root_folder: '{path.parent}/' {param}"
    return layer_net(
        "WindowData",
        f"window_data_param {{ source: '{path}' batch_size: {batch_size} {param} }} "
        f"transform_param {{ {transform} }}",
        **options,
    )


def cut(image, window):
    _, _, x1, y1, x2, y2 = window
    return IMAGES[image][:, y1 : y2 + 1, x1 : x2 + 1]


# ---------------------------------------------------------------------- what it delivers


@pytest.mark.parametrize("cache", ["", "cache_images: true"])
def test_background_comes_first_then_objects(tmp_path, cache):
    path = window_file(tmp_path, OBJECTS[:1] + BETWEEN, BACKGROUND + OBJECTS[1:])
    with window_net(path, f"fg_fraction: 0.5 bg_threshold: 0.3 {cache}") as net:
        assert net.blobs["data"].shape == (4, 3, 8, 8)
        seen = set()
        for _ in range(10):
            net.forward()
            labels = net.blobs["label"].data
            np.testing.assert_array_equal(labels[:2], 0)
            seen.update(labels[2:].astype(int))
            want = {
                0: resize_linear(cut(1, BACKGROUND[0]), 8, 8),
                3: resize_linear(cut(0, OBJECTS[0]), 8, 8),
                7: resize_linear(cut(1, OBJECTS[1]), 8, 8),
            }
            for image, label in zip(net.blobs["data"].data, labels, strict=True):
                np.testing.assert_array_equal(image, want[int(label)])
    assert seen == {3, 7}


@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_colours_change_in_training_alone(tmp_path, phase):
    path = window_file(tmp_path, OBJECTS[:1], BACKGROUND)
    transform = "crop_size: 8 noise_param { prob: 1 inverse: true }"
    with window_net(path, "fg_fraction: 0.5", transform, phase=phase) as net:
        net.forward()
        want = resize_linear(cut(0, OBJECTS[0]), 8, 8)
        np.testing.assert_array_equal(
            net.blobs["data"].data[-1], 255 - want if phase == TRAIN else want
        )


def test_turned_windows_are_refused(tmp_path):
    path = window_file(tmp_path, OBJECTS[:1], BACKGROUND)
    with pytest.raises(GraphError, match="max_rotation_angle is a field of"):
        window_net(path, transform="crop_size: 8 max_rotation_angle: 3")


def test_the_share_of_objects_is_rounded_down(tmp_path):
    path = window_file(tmp_path, OBJECTS + BACKGROUND)
    with window_net(path, batch_size=7) as net:  # a quarter by default
        net.forward()
        np.testing.assert_array_equal(net.blobs["label"].data > 0, [0, 0, 0, 0, 0, 0, 1])


def test_mean_and_scale(tmp_path, caplog):
    path = window_file(tmp_path, OBJECTS[:1])
    mean = np.random.default_rng(2).uniform(0, 255, (3, 10, 12)).astype(np.float32)
    write_blob(tmp_path / "mean", mean)
    plain = resize_linear(cut(0, OBJECTS[0]), 8, 8).astype(np.float32)
    half, param = np.float32(0.5), "fg_fraction: 1 scale: 0.5"
    with window_net(path, param, f"crop_size: 8 mean_file: '{tmp_path}/mean'") as net:
        net.forward()
        want = (plain - mean[:, 2:10, 2:10]) * half  # (12 - 8) / 2 on both axes
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)
    values = "mean_value: 1 mean_value: 2 mean_value: 3"
    with window_net(path, param, f"crop_size: 8 scale: 9 {values}") as net:
        net.forward()
        want = (plain - np.array([1, 2, 3], np.float32).reshape(3, 1, 1)) * half
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)
    assert "write window_data_param { scale: 9 }" in caplog.text
    values += " std_value: 2 std_value: 4 std_value: 5"
    with window_net(path, param, f"crop_size: 8 {values}") as net:
        net.forward()
        want /= np.array([2, 4, 5], np.float32).reshape(3, 1, 1)
        np.testing.assert_allclose(net.blobs["data"].data[0], want, rtol=1e-6)


def test_mirroring(tmp_path):
    path = window_file(tmp_path, OBJECTS[:1])
    plain = resize_linear(cut(0, OBJECTS[0]), 8, 8)
    with window_net(path, "fg_fraction: 1", "crop_size: 8 mirror: true", batch_size=40) as net:
        net.forward()
        images = net.blobs["data"].data
        turned = [np.array_equal(image, plain[:, :, ::-1]) for image in images]
        straight = [np.array_equal(image, plain) for image in images]
    assert all(a != b for a, b in zip(turned, straight, strict=True))
    assert 5 < sum(turned) < 35


def test_what_lies_outside_stays_empty(tmp_path):
    path = window_file(tmp_path, [(1, 1, 0, 0, 7, 7)])
    with window_net(path, "fg_fraction: 1 context_pad: 2 scale: 2", "crop_size: 8 mean_value: 5",
                    batch_size=1) as net:  # fmt: skip
        net.forward()
        image = net.blobs["data"].data[0]
    # centre 4, half 4 · 8/(8-4) = 8: from -4 to 12, 17 pixels for 8
    want = np.zeros((3, 8, 8), np.float32)
    want[:, 2:, 2:] = (resize_linear(IMAGES[0][:, :13, :13], 6, 6).astype(np.float32) - 5) * 2
    np.testing.assert_array_equal(image, want)


def test_the_same_seed_gives_the_same_windows(tmp_path):
    path = window_file(tmp_path, OBJECTS + BACKGROUND)
    runs = []
    for _ in range(2):
        with window_net(path, "fg_fraction: 0.9", batch_size=8) as net:
            net.forward()
            state = net.layers[0].state()
            first = net.forward()["label"].copy()
            net.layers[0].restore(state)
            np.testing.assert_array_equal(net.forward()["label"], first)
            runs.append(first)
    np.testing.assert_array_equal(*runs)


# --------------------------------------------------------------------------- where windows go


def placed(x1, y1, x2, y2, **options):
    options = {"size": (20, 30), "crop": 10, **options}
    return place(Window(0, 1, 1.0, x1, y1, x2, y2), **options)


def test_warp_fills_the_square():
    assert placed(3, 4, 9, 6) == Placement(slice(4, 7), slice(3, 10), 10, 10)


def test_context_inside_the_image():
    # centre (15, 10), half (5, 3), scale 10/8: x 8.75 → 9 to 21.25 → 21, y 6.25 → 6 to 13.75 → 14
    got = placed(10, 7, 19, 12, context_pad=1)
    assert got == Placement(slice(6, 15), slice(9, 22), 10, 10)


def test_a_square_keeps_proportions_by_taking_more():
    # half (5, 3): both 5; the rows from 10 - 5 to 10 + 5
    got = placed(10, 7, 19, 12, square=True)
    assert got == Placement(slice(5, 16), slice(10, 21), 10, 10)


@pytest.mark.parametrize(("mirrored", "left"), [(False, 3), (True, 0)])
def test_the_empty_margin_is_mirrored_too(mirrored, left):
    # centre (2, 10), half (2, 4), scale 10/4: x -3 to 7, y 0 to 20, which is beyond the image
    got = placed(0, 6, 3, 13, context_pad=3, mirrored=mirrored)
    assert got == Placement(slice(0, 20), slice(0, 8), 10, 7, 0, left)


def test_halves_are_rounded_away_from_zero():
    # half 0.5, centre 0.5, scale 1: from 0 to 1; with x1 = -3 the centre is -2.5: -3 to -2
    with pytest.raises(DataError, match="has nothing in common with the image of 20×30"):
        placed(-3, 4, -3, 4, square=True)
    assert placed(0, 4, 0, 4, square=True).columns == slice(0, 2)


@pytest.mark.parametrize(
    "corners", [(-1, 0, 4, 5), (0, -1, 4, 5), (0, 0, 30, 5), (0, 0, 4, 20), (5, 5, 4, 6)]
)
def test_windows_outside_the_image(corners):
    with pytest.raises(DataError, match="does not lie in the image of 20×30"):
        placed(*corners)


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# 1\na.png\n3 4 5\n0", r"word 2: found image index 1, expected 0: images are counted"),
        ("0\na.png", r"word 1: found a word of 1 character\(s\), expected '#' before image 0"),
        ("# 0 a.png 3 4 5 2 1 0.5 1 2 3 4 5", "ends where its overlap should be"),
        ("# 0 a.png 3 4 5 x", "word 7: found 'x', expected the number of windows"),
        ("# 0 a.png 3 4 5 1 1 y", "word 9: found 'y', expected its overlap, a number"),
    ],
)
def test_window_files_with_mistakes(tmp_path, text, message):
    path = tmp_path / "windows.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_window_file(str(path))


def test_a_missing_window_file(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the window file '.*none'"):
        read_window_file(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("windows", "param", "transform", "message"),
    [
        (OBJECTS, "", "crop_size: 8", r"no window of background, but 3 of a batch"),
        (BACKGROUND, "", "crop_size: 8", r"no window with an object, but 1 of a batch"),
        ([(0, 0.9, 0, 0, 3, 3)], "", "crop_size: 8", "label 0 that overlaps an object by 0.9"),
        (OBJECTS, "", "", r"transform_param \{ crop_size \} is 0"),
        (OBJECTS, "context_pad: 4", "crop_size: 8", "leaves nothing of crop_size 8"),
        (OBJECTS + BACKGROUND, "", "crop_size: 8 mean_value: 1 mean_value: 2", "2 mean_value"),
        (OBJECTS + BACKGROUND, "", "crop_size: 8 std_value: 1 std_value: 2", "2 std_value"),
    ],
)
def test_settings_that_do_not_fit(tmp_path, windows, param, transform, message):
    with pytest.raises(DataError, match=message):
        window_net(window_file(tmp_path, windows), param, transform)


def test_means_that_do_not_fit(tmp_path):
    path = window_file(tmp_path, OBJECTS + BACKGROUND)
    write_blob(tmp_path / "mean", np.zeros((3, 7, 9), np.float32))
    with pytest.raises(DataError, match="expected 3 channels of at least 8×8"):
        window_net(path, "", f"crop_size: 8 mean_file: '{tmp_path}/mean'")
    with pytest.raises(DataError, match="both set"):
        window_net(path, "", "crop_size: 8 mean_file: 'x' mean_value: 3")


def test_images_must_be_in_colour(tmp_path):
    with pytest.raises(DataError, match=r"says 1 channel\(s\), expected 3"):
        window_net(window_file(tmp_path, OBJECTS + BACKGROUND, channels=1))


@pytest.mark.parametrize("content", [None, b"not an image"])
def test_images_that_cannot_be_read(tmp_path, content, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    path = window_file(tmp_path, OBJECTS + BACKGROUND)
    (tmp_path / "0.png").unlink()
    if content:
        (tmp_path / "0.png").write_bytes(content)
    message = r"image '.*0.png': .*listed in '.*windows.txt'"
    with window_net(path) as net, pytest.raises(DataError, match=message):
        net.forward()
    assert "class 3 has 1 samples" in caplog.text


@pytest.mark.parametrize(
    "colours", ["", "distort_param { brightness_prob: 0.5 brightness_delta: 9 }"]
)
def test_windows_are_named_by_image_and_corners(tmp_path, colours):
    """Those of the batch at hand, though mirrors and colours are drawn in between."""
    path = window_file(tmp_path, OBJECTS, BACKGROUND * 2)
    transform = f"crop_size: 8 mirror: true {colours}"
    with window_net(path, "fg_fraction: 0.75", transform, seed=5) as net:
        for _ in range(4):
            net.forward()
            first, *objects = net.nodes[0].layer.batch_names()
            assert first == f"(6, 2) to (20, 9) of '{tmp_path}/1.png'"
            of = {3: "(4, 5) to (15, 12)", 7: "(2, 1) to (11, 18)"}
            labels = net.blobs["label"].data[1:].astype(int)
            assert objects == [f"{of[label]} of '{tmp_path}/0.png'" for label in labels]
