"""TSN's VideoData: parts of videos as one image, and how it cuts and mirrors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe.data.segments import SegmentTransformer, cut_sizes
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.data.helpers import labels_of, layer_net, random_images

Image = pytest.importorskip("PIL.Image", reason="frames are image files")

TRAIN, TEST = caffe_pb2.TRAIN, caffe_pb2.TEST

#: Frames 1 to 11 of a video; and its flow in x and y.
FRAMES = random_images(11, 6, 8, 3, seed=1)
FLOW = {letter: random_images(11, 6, 8, seed=seed) for seed, letter in enumerate("xy", 2)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v").mkdir()
    for number in range(11):
        frames = {"image": FRAMES, "flow_x": FLOW["x"], "flow_y": FLOW["y"]}
        for name, images in frames.items():
            path = tmp_path / "v" / f"{name}_{number + 1:04d}.jpg"
            Image.fromarray(images[number]).save(path, "PNG")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/v 11 4\n")
    return tmp_path


def segment_net(folder: Path, text: str, rest: str = "", **options: Any) -> Net:
    return layer_net(
        "VideoData",
        f"video_data_param {{ source: '{folder}/list.txt' batch_size: 1 {text} }} {rest}",
        **options,
    )


def shown(number: int) -> np.ndarray:
    """Frame 1, 2, …: blue, green, red."""
    return FRAMES[number - 1].transpose(2, 0, 1)[::-1]


def test_pictures_are_changed_at_random_and_flow_is_not(folder: Path) -> None:
    grey = "transform_param { max_color_shift: 255 apply_probability: 1 }"
    text = "num_segments: 2 new_length: 2"
    with segment_net(folder, f"{text} modality: RGB", grey, phase=TRAIN) as net:
        net.forward()
        assert net.blobs["data"].data.max() == 255 or net.blobs["data"].data.min() == 0
    with pytest.raises(MinicaffeError, match="max_color_shift changes pictures"):
        segment_net(folder, f"{text} modality: FLOW", grey)


def test_a_test_takes_the_middle_of_each_part(folder: Path) -> None:
    """Three parts of ⌊11 / 3⌋ = 3 frames: frames (3 - 2 + 1) // 2 + 1 = 2 and 3 of each."""
    with segment_net(folder, "modality: RGB num_segments: 3 new_length: 2") as net:
        assert net.blobs["data"].shape == (1, 18, 6, 8)
        net.forward()
        want = np.concatenate([shown(number) for number in (2, 3, 5, 6, 8, 9)])
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)
        assert net.blobs["label"].data.tolist() == [4]


def test_a_training_draws_a_place_in_each_part(folder: Path) -> None:
    found: list[set[int]] = [set(), set(), set()]
    with segment_net(folder, "modality: RGB num_segments: 3 new_length: 2", phase=TRAIN) as net:
        for _ in range(40):
            net.forward()
            for part, own in enumerate(found):
                image = net.blobs["data"].data[0, 6 * part : 6 * part + 6]
                own |= {
                    first for first in range(1, 11)
                    if np.array_equal(image, np.concatenate([shown(first), shown(first + 1)]))
                }  # fmt: skip
    assert found == [{1, 2}, {4, 5}, {7, 8}]


def test_a_part_that_is_too_short_begins_at_the_front(folder: Path) -> None:
    for phase in (TRAIN, TEST):
        with segment_net(
            folder, "modality: RGB num_segments: 6 new_length: 3", phase=phase
        ) as net:  # fmt: skip
            net.forward()
            want = np.concatenate([shown(number) for number in (1, 2, 3)] * 6)
            np.testing.assert_array_equal(net.blobs["data"].data[0], want)


def test_flow_has_two_planes_a_frame(folder: Path) -> None:
    with segment_net(folder, "num_segments: 1 new_length: 3") as net:
        net.forward()  # from (11 - 3 + 1) // 2 + 1 = 5 on
        want = [FLOW[letter][number - 1] for number in (5, 6, 7) for letter in "xy"]
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)


def test_names_and_grey(folder: Path) -> None:
    text = "modality: RGB grayscale: true new_length: 2 name_pattern: 'flow_y_%04d.jpg'"
    with segment_net(folder, text) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data[0], FLOW["y"][5:7])


def test_planes_of_one_colour_together(folder: Path) -> None:
    text = "modality: RGB num_segments: 3 new_length: 2"
    with segment_net(folder, f"{text} length_first: true") as net:
        net.forward()
        pairs = [np.stack([shown(n), shown(n + 1)], axis=1) for n in (2, 5, 8)]
        want = np.concatenate([pair.reshape(6, 6, 8) for pair in pairs])
        np.testing.assert_array_equal(net.blobs["data"].data[0], want)
    with pytest.raises(MinicaffeError, match="length_first is of frames in colour"):
        segment_net(folder, "length_first: true num_segments: 2 modality: FLOW")
    shift = "transform_param { max_color_shift: 9 apply_probability: 1 }"
    with pytest.raises(MinicaffeError, match="max_color_shift wants the planes of a frame"):
        segment_net(folder, f"{text} length_first: true", shift)


def test_mean_values_are_used_in_turn(folder: Path) -> None:
    rest = "transform_param { mean_value: [10, 20] scale: 0.5 crop_size: 4 }"
    with segment_net(folder, "num_segments: 1 new_length: 2", rest) as net:
        net.forward()
        want = np.stack([FLOW[letter][number] for number in (5, 6) for letter in "xy"])
        want = want[:, 1:5, 2:6] - np.array([10, 20, 10, 20]).reshape(4, 1, 1)
        np.testing.assert_array_equal(net.blobs["data"].data[0], want * 0.5)


def test_the_same_images_come_after_a_restart(folder: Path) -> None:
    with (folder / "list.txt").open("a") as file:
        file.write(f"{folder}/v 9 1\n{folder}/v 10 2\n")
    text = "num_segments: 2 new_length: 2 shuffle: true"
    rest = "transform_param { crop_size: 4 mirror: true multi_scale: true fix_crop: true }"
    with segment_net(folder, text, rest, phase=TRAIN) as net:
        labels_of(net, 4)
        state = net.layers[0].state()
        want = [(labels_of(net, 1), net.blobs["data"].data.copy()) for _ in range(9)]
    with segment_net(folder, text, rest, phase=TRAIN, seed=9) as net:
        net.layers[0].restore(state)
        for label, image in want:
            assert labels_of(net, 1) == label
            np.testing.assert_array_equal(net.blobs["data"].data, image)


# ------------------------------------------------------------------------- cuts


def cut(text: str, image: np.ndarray, draws: int, phase: int = TRAIN) -> list[np.ndarray]:
    param = caffe_pb2.TransformationParameter()
    text_format.Merge(text, param)
    rng = np.random.default_rng(3)
    made = SegmentTransformer(param, phase, rng, np.dtype(np.float64), len(image))
    found = []
    for _ in range(draws):
        out = np.empty((1, *made.output_shape(image.shape)))
        made.apply(image[None], out)
        found.append(out[0])
    return found


IMAGE = np.arange(2 * 12 * 16, dtype=np.uint8).reshape(2, 12, 16) % 251


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ("", {(0, 0), (0, 8), (4, 0), (4, 8), (2, 4)}),
        ("more_fix_crop: true",
         {(0, 0), (0, 8), (4, 0), (4, 8), (2, 4), (0, 4), (4, 4), (2, 0), (2, 8), (1, 2), (1, 6),
          (3, 2), (3, 6)}),
    ],
)  # fmt: skip
def test_fixed_places(more: str, places: set[tuple[int, int]]) -> None:
    found = set()
    for image in cut(f"crop_size: 8 fix_crop: true {more}", IMAGE, 150):
        found |= {
            (row, column)
            for row in range(5)
            for column in range(9)
            if np.array_equal(image, IMAGE[:, row : row + 8, column : column + 8])
        }
    assert found == places


def test_a_mirrored_flow_goes_the_other_way() -> None:
    image = IMAGE.astype(float)
    turned = image[:, :, ::-1].copy()
    turned[0] = 255 - turned[0]
    found = cut("mirror: true is_flow: true", IMAGE, 30)
    kinds = {
        "as it is" if np.array_equal(one, image) else "turned" for one in found
        if np.array_equal(one, image) or np.array_equal(one, turned)
    }  # fmt: skip
    assert kinds == {"as it is", "turned"}
    assert all(np.array_equal(one, image) or np.array_equal(one, turned) for one in found)


def test_sizes_of_cuts() -> None:
    """Of 12 pixels: 12, 10, 9 and 7; 10 and 9 are taken for 10."""
    assert cut_sizes(12, 10, (1.0, 0.875, 0.75, 0.66), 1) == [
        (10, 10), (10, 10), (10, 10), (10, 10), (10, 10), (10, 10), (10, 10), (10, 7), (7, 10),
        (7, 7),
    ]  # fmt: skip
    assert cut_sizes(100, 50, (1.0, 0.5), 0) == [(100, 100), (50, 50)]
    with pytest.raises(DataError, match=r"scale_ratios has 1\.5"):
        cut_sizes(100, 50, (1.5,), 1)


def test_larger_cuts_are_resized() -> None:
    """A constant image stays what it is; a cut of the whole height has its mean."""
    image = np.full((3, 12, 16), 77, np.uint8)
    for one in cut("crop_size: 6 multi_scale: true max_distort: 3", image, 40):
        np.testing.assert_array_equal(one, np.full((3, 6, 6), 77.0))
    halves = cut("crop_size: 6 multi_scale: true scale_ratios: 1 fix_crop: true", IMAGE, 60)
    wholes = [
        IMAGE[:, :, left : left + 12].astype(float).reshape(2, 6, 2, 6, 2).mean((2, 4))
        for left in (0, 2, 4)
    ]
    assert {
        min(range(3), key=lambda i: np.abs(one - wholes[i]).max()) for one in halves
    } == {0, 1, 2}  # fmt: skip
    for one in halves:
        assert min(np.abs(one - whole).max() for whole in wholes) <= 1


# ------------------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("text", "rest", "message"),
    [
        ("batch_size: 1 num_segments: 0", "", "new_length or num_segments is 0"),
        ("num_segments: 1 batch_size: 0", "", "batch_size is 0"),
        ("batch_size: 1 modality: RGB name_pattern: '%s'", "",
         "name_pattern is '%s', expected one such as"),
        ("batch_size: 1 name_pattern: 'image_%04d.jpg'", "",
         "expected one such as 'flow_%c_%04d.jpg'"),
        ("batch_size: 1 modality: RGB name_pattern: '%999d'", "", "name_pattern is '%999d'"),
        ("batch_size: 1 num_segments: 1 new_length: 2",
         "transform_param { mean_value: [1, 2, 3] }",
         r"3 mean_value\(s\) for images of 4 planes"),
        ("batch_size: 1 num_segments: 1", "transform_param { multi_scale: true mean_file: 'x' }",
         "multi_scale wants mean_value"),
        ("batch_size: 1 num_segments: 1 new_length: 2000000000", "",
         "an image of 4000000000 planes"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(text: str, rest: str, message: str, folder: Path) -> None:
    settings = f"video_data_param {{ source: '{folder}/list.txt' {text} }} {rest}"
    with pytest.raises(MinicaffeError, match=message):
        layer_net("VideoData", settings, max_memory=2**30)


def test_a_missing_frame_is_named(folder: Path) -> None:
    (folder / "v" / "image_0006.jpg").unlink()
    message = r"cannot read image '.*image_0006\.jpg'.*listed in '.*list\.txt'"
    with pytest.raises(DataError, match=message):
        segment_net(folder, "modality: RGB new_length: 2")
