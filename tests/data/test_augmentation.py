"""Augmentation in ``transform_param``: what each part does, and that it goes on after a restore."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.data.clips import ClipTransformer
from minicaffe.data.colours import distort
from minicaffe.data.data_transformer import DataTransformer, transform_mistakes
from minicaffe.data.interpolation import rotated
from minicaffe.data.segments import SegmentTransformer
from minicaffe.errors import DataError, GraphError, MinicaffeError
from minicaffe.proto import caffe_pb2
from tests.data.helpers import random_images

IMAGES = random_images(5, 3, 12, 10)
COLOURS = """distort_param {
  brightness_prob: 1 brightness_delta: 32 contrast_prob: 1 contrast_lower: 0.5 contrast_upper: 1.5
  saturation_prob: 1 saturation_lower: 0.5 saturation_upper: 1.5 hue_prob: 1 hue_delta: 18
}"""
EACH = {
    "colours": COLOURS,
    "noise": "noise_param { prob: 0.5 inverse: true }",
    "contrast": "contrast_brightness_adjustment: true apply_probability: 0.5",
    "shift": "max_color_shift: 30",
    "turned": "max_rotation_angle: 20",
    "turned and cropped": "max_rotation_angle: 20 crop_size: 8",
    "parts": "random_aspect_ratio_param { min_area_ratio: 0.3 aspect_ratio_change: 0.75 }",
    "parts of a size": "random_aspect_ratio_param { min_area_ratio: 0.3 } crop_size: 16",
    "erased": "erase_ratio: 0.5 scale_min: 0.2",
    "all": f"""{COLOURS} max_rotation_angle: 5 max_color_shift: 9 mirror: true crop_size: 7
        random_aspect_ratio_param {{ min_area_ratio: 0.5 }} erase_ratio: 0.5 mean_value: 100
        scale: 0.5""",
}


def settings(text: str) -> caffe_pb2.TransformationParameter:
    return text_format.Parse(text, caffe_pb2.TransformationParameter())


def transformer(text: str, phase: int = TRAIN, seed: int = 1) -> DataTransformer:
    return DataTransformer(settings(text), phase, np.random.default_rng(seed), np.float32)


def applied(one: DataTransformer, images: np.ndarray = IMAGES) -> np.ndarray:
    out = np.full((len(images), *one.output_shape(images.shape[1:])), np.nan, np.float32)
    before = images.copy()
    one.apply(images, out)
    np.testing.assert_array_equal(images, before)  # a source may hand out its own memory
    return out


@pytest.mark.parametrize("text", EACH.values(), ids=EACH)
def test_training_images_change_and_go_on_after_a_restore(text: str) -> None:
    one = transformer(text)
    first = applied(one)
    state = one.state()
    second = applied(one)
    assert np.isfinite(first).all()
    assert not np.array_equal(first, second)
    other = transformer(text, seed=99)
    other.restore(state)
    np.testing.assert_array_equal(applied(other), second)
    np.testing.assert_array_equal(applied(transformer(text)), first)


@pytest.mark.parametrize("text", EACH.values(), ids=EACH)
def test_test_images_are_left_alone(text: str) -> None:
    images = random_images(3, 3, 20, 20)
    param = settings(text)
    plain = caffe_pb2.TransformationParameter(
        crop_size=param.crop_size, scale=param.scale, mean_value=param.mean_value
    )
    rng = np.random.default_rng(0)
    want = applied(DataTransformer(plain, TEST, rng, np.float32), images)
    param.mirror = False
    found = applied(DataTransformer(param, TEST, np.random.default_rng(0), np.float32), images)
    np.testing.assert_array_equal(found, want)


def test_nothing_is_drawn_without_augmentation() -> None:
    """Crops and mirrors of a training that began before this are those that they were."""
    rng = np.random.default_rng(1)
    mirrored = rng.integers(2, size=5).nonzero()[0]
    rows, columns = rng.integers(8, size=5), rng.integers(6, size=5)
    want = np.stack([image[:, r : r + 5, c : c + 5]
                     for image, r, c in zip(IMAGES, rows, columns, strict=True)])  # fmt: skip
    want[mirrored] = want[mirrored, :, :, ::-1]
    np.testing.assert_array_equal(applied(transformer("crop_size: 5 mirror: true")), want)


def test_colours_are_ssds() -> None:
    rng = np.random.default_rng(1)
    param = settings(COLOURS).distort_param
    want = np.stack([distort(image, param, rng) for image in IMAGES])
    np.testing.assert_array_equal(applied(transformer(COLOURS)), want)


def test_contrast_and_brightness_are_a_straight_line() -> None:
    text = """contrast_brightness_adjustment: true apply_probability: 1 min_contrast: 0.5
        max_contrast: 0.5 max_brightness_shift: 10"""
    images = IMAGES // 2 + 60  # so that nothing is clipped
    for image, found in zip(images, applied(transformer(text), images), strict=True):
        shift = found - image * 0.5
        assert shift.max() - shift.min() <= 1  # rounding
        assert -10.5 <= shift.mean() <= 10.5


def test_a_colour_shift_is_the_same_all_over_a_channel() -> None:
    images = np.full((40, 3, 4, 4), 128, np.uint8)
    found = applied(transformer("max_color_shift: 20 apply_probability: 1"), images) - 128
    assert (found.max(axis=(2, 3)) == found.min(axis=(2, 3))).all()
    amounts = found[:, :, 0, 0]
    assert ((amounts >= 0).all(axis=1) | (amounts <= 0).all(axis=1)).all()
    assert (amounts.min(), amounts.max()) == (-20, 20)
    assert len(np.unique(amounts)) > 20


@pytest.mark.parametrize("whole", [False, True])
def test_quarter_turns_are_exact(whole: bool) -> None:
    image = IMAGES[0][:, :10] if not whole else IMAGES[0]
    np.testing.assert_array_equal(rotated(image, 90, whole=whole), np.rot90(image, 1, (1, 2)))
    np.testing.assert_array_equal(rotated(image, 180, whole=whole), np.rot90(image, 2, (1, 2)))
    np.testing.assert_array_equal(rotated(image, 0, whole=whole), image)


def test_a_turn_there_and_back() -> None:
    rows, columns = np.mgrid[:41, :41] / 40.0
    image = np.stack([rows, columns, rows * columns]).astype(np.float32)
    back = rotated(rotated(image, 30, whole=True), -30, whole=False)
    middle = (back.shape[1] - 1) // 2
    inner = slice(middle - 10, middle + 11)
    np.testing.assert_allclose(back[:, inner, inner], image[:, 10:31, 10:31], atol=2e-3)


def test_corners_of_turned_images_are_black() -> None:
    white = np.full((1, 3, 20, 20), 255, np.uint8)
    seen = [applied(transformer("max_rotation_angle: 45", seed=seed), white) for seed in range(9)]
    assert min(image[0, 0, 0, 0] for image in seen) == 0
    assert all(image[0, 0, 10, 10] == 255 for image in seen)


def test_parts_have_the_areas_and_proportions_that_are_asked_for() -> None:
    """Each pixel holds its place, so that a part shows where it was cut out."""
    rows, columns = np.mgrid[:200, :200]
    images = np.repeat(np.stack([rows, columns, rows]).astype(np.uint8)[None], 200, axis=0)
    text = """crop_size: 50 random_aspect_ratio_param {
        min_area_ratio: 0.25 max_area_ratio: 0.5 aspect_ratio_change: 0.8 }"""
    found = applied(transformer(text), images)
    high = found[:, 0].max(axis=(1, 2)) - found[:, 0].min(axis=(1, 2))
    wide = found[:, 1].max(axis=(1, 2)) - found[:, 1].min(axis=(1, 2))
    areas, ratios = high * wide / 200**2, high / wide
    assert 0.22 < areas.min() < 0.28 < 0.45 < areas.max() < 0.52
    assert 0.6 < ratios.min() < 0.75 < 1.35 < ratios.max() < 1.65  # 0.8² to 1 / 0.8²


def test_where_no_part_fits_the_whole_image_is_taken() -> None:
    text = """crop_size: 6 random_aspect_ratio_param {
        min_area_ratio: 1 aspect_ratio_change: 0.5 max_attempt: 0 }"""
    images = np.repeat(np.arange(10, dtype=np.uint8)[None, None, None], 12, axis=2)
    found = applied(transformer(text), images)
    assert found.shape == (1, 1, 6, 6)
    assert found[0, 0, 0, -1] - found[0, 0, 0, 0] >= 7  # nearly the whole width


def test_holes_have_the_sizes_that_are_asked_for() -> None:
    images = np.full((300, 1, 40, 40), 255, np.uint8)  # the bytes of a hole are less
    text = "erase_ratio: 0.5 scale_min: 0.25 scale_max: 0.5 aspect_min: 0.5 aspect_max: 1"
    holes = applied(transformer(text), images)[:, 0] < 255
    erased = holes[holes.any(axis=(1, 2))]
    assert 110 < len(erased) < 190
    wide, high = erased.any(axis=1).sum(axis=1), erased.any(axis=2).sum(axis=1)
    assert (wide.min(), wide.max()) == (10, 19)
    assert high.min() >= 5
    assert (high <= wide).all()
    assert (erased.sum(axis=(1, 2)) == wide * high).all()


def test_holes_are_made_after_the_crop_and_before_the_mean() -> None:
    images = np.full((50, 1, 9, 9), 255, np.uint8)
    text = "erase_ratio: 1 crop_size: 4 mean_value: 255 scale_min: 1 scale_max: 1 aspect_max: 1"
    found = applied(transformer(text), images)
    assert found.shape[2:] == (4, 4)
    assert (found.min(axis=(1, 2, 3)) < 0).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("random_aspect_ratio_param { min_area_ratio: 0 }", "min_area_ratio is 0"),
        ("random_aspect_ratio_param { max_area_ratio: 2 }", "max_area_ratio 2"),
        ("random_aspect_ratio_param { aspect_ratio_change: 0 }", "aspect_ratio_change is 0"),
        ("random_aspect_ratio_param {} mean_file: 'm'", "mean_file does not fit images that are"),
        ("max_rotation_angle: 3 mean_file: 'm'", "mean_file does not fit images that are"),
        ("erase_ratio: 2", "erase_ratio is 2"),
        ("erase_ratio: 0.5 scale_max: 2", "scale_max 2"),
        ("erase_ratio: 0.5 aspect_min: 9", "aspect_min is 9"),
        ("max_color_shift: 1 apply_probability: -1", "apply_probability is -1"),
        ("contrast_brightness_adjustment: true min_contrast: 3", "min_contrast is 3"),
        ("noise_param { jpeg: 50 }", "jpeg is not among"),
    ],
)
def test_settings_that_make_no_sense(text: str, message: str) -> None:
    (mistake,) = transform_mistakes(settings(text))
    assert message in str(mistake)


def test_colours_of_floats_are_refused() -> None:
    with pytest.raises(DataError, match="the images are float32, and colours are changed of"):
        applied(transformer(COLOURS), IMAGES.astype(np.float32))


def test_a_crop_that_is_too_large_after_all() -> None:
    with pytest.raises(DataError, match="crop_size is 30"):
        applied(transformer("max_rotation_angle: 9 crop_size: 30"))


# ------------------------------------------------------------------------------- videos

LENGTH = 4  # frames in a piece


@pytest.mark.parametrize("text", EACH.values(), ids=EACH)
def test_frames_of_a_piece_are_changed_as_one_image_is(text: str) -> None:
    """Pieces of a frame again and again: that frame, changed by the same draws, again and again."""
    pieces = np.repeat(IMAGES, LENGTH, axis=1)  # channel by channel
    clips = ClipTransformer(settings(text), TRAIN, np.random.default_rng(1), np.float32, LENGTH)
    want = applied(transformer(text))
    np.testing.assert_array_equal(applied(clips, pieces), np.repeat(want, LENGTH, axis=1))
    state = clips.state()
    second = applied(clips, pieces)
    assert not np.array_equal(second[:, ::LENGTH], want)
    clips.restore(state)
    np.testing.assert_array_equal(applied(clips, pieces), second)


@pytest.mark.parametrize("text", EACH.values(), ids=EACH)
def test_frames_of_segments_are_changed_alike(text: str) -> None:
    pieces = np.tile(IMAGES, (1, LENGTH, 1, 1))  # frame by frame
    rng = np.random.default_rng(1)
    made = SegmentTransformer(settings(text), TRAIN, rng, np.dtype(np.float32), 3 * LENGTH, LENGTH)
    found = applied(made, pieces)
    frames = found.reshape(len(found), LENGTH, 3, *found.shape[2:])
    np.testing.assert_array_equal(frames, np.repeat(frames[:, :1], LENGTH, axis=1))
    alone = SegmentTransformer(
        settings(text), TRAIN, np.random.default_rng(1), np.dtype(np.float32), 3
    )
    np.testing.assert_array_equal(applied(alone), frames[:, 0])
    assert not np.array_equal(applied(alone), frames[:, 0])


# ------------------------------------------------------------------------------- layers


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six images as files with ``list.txt`` and as the database ``lmdb``."""
    image_module = pytest.importorskip("PIL.Image", reason="image files need Pillow")
    pytest.importorskip("lmdb", reason="LMDB tests need the package lmdb")
    from minicaffe.data.backends import write_datums
    from minicaffe.data.datum import make_datum

    monkeypatch.chdir(tmp_path)
    pixels = random_images(6, 3, 12, 12)
    for index, image in enumerate(pixels):
        image_module.fromarray(image.transpose(1, 2, 0)).save(f"{index}.png")
        image_module.fromarray(image[0]).save(f"label{index}.png")
    Path("list.txt").write_text("".join(f"{index}.png {index}\n" for index in range(6)))
    Path("pairs.txt").write_text("".join(f"{i}.png label{i}.png\n" for i in range(6)))
    write_datums("lmdb", [make_datum(image, 0) for image in pixels])
    return tmp_path


LAYERS = {
    "Data": 'data_param { source: "lmdb" batch_size: 4 backend: LMDB }',
    "ImageData": 'image_data_param { source: "list.txt" batch_size: 4 }',
    "DenseImageData": 'dense_image_data_param { source: "pairs.txt" batch_size: 4 }',
    "ImageSegData": 'image_data_param { source: "pairs.txt" batch_size: 4 label_type: PIXEL }',
}


def data_net(kind: str, transform: str, phase: int = TRAIN) -> Net:
    text = f"""layer {{ name: "data" type: "{kind}" top: "data" top: "label"
        transform_param {{ {transform} }} {LAYERS[kind]} }}"""
    Path("net.prototxt").write_text(text)
    return Net("net.prototxt", phase, seed=5)


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_of_all_kinds(kind: str, images: Path) -> None:
    place = kind in ("Data", "ImageData")
    text = EACH["all"] if place else COLOURS
    seen = []
    for phase in (TRAIN, TRAIN, TEST):
        with data_net(kind, text, phase) as net:
            seen.append(net.forward()["data"].copy())
    np.testing.assert_array_equal(seen[0], seen[1])  # the seed decides
    assert not np.array_equal(seen[0], seen[2])


@pytest.mark.parametrize("kind", ["DenseImageData", "ImageSegData"])
def test_labels_would_not_move_along(kind: str, images: Path) -> None:
    with pytest.raises(GraphError, match=r"max_rotation_angle is a field of"):
        data_net(kind, "max_rotation_angle: 5")


def test_a_layer_says_what_is_wrong_with_its_settings(images: Path) -> None:
    with pytest.raises(MinicaffeError, match="erase_ratio is 3"):
        data_net("Data", "erase_ratio: 3")


def test_memory_data(images: Path) -> None:
    text = f"""layer {{ name: "data" type: "MemoryData" top: "data" top: "label"
        transform_param {{ {COLOURS} }}
        memory_data_param {{ batch_size: 5 channels: 3 height: 12 width: 10 }} }}"""
    Path("net.prototxt").write_text(text)
    from minicaffe.data.datum import make_datum

    with Net("net.prototxt", TRAIN, seed=1) as net:
        net.layers[0].add_datum_vector([make_datum(image, 0) for image in IMAGES])
        assert not np.array_equal(net.forward()["data"], IMAGES)
