"""AnnotatedData: images with boxes, which stay on their objects whatever is done to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format

from minicaffe import TEST, TRAIN, Net
from minicaffe.data.backends import new_database, write_datums
from minicaffe.data.colours import add_noise, distort, from_hsv, to_hsv
from minicaffe.data.datum import make_datum
from minicaffe.data.interpolation import resize
from minicaffe.errors import DataError, GraphError
from minicaffe.layers.detection.annotations import Example
from minicaffe.layers.detection.augmentation import draw_jitter, draw_part
from minicaffe.proto import caffe_pb2
from tests.layers.test_boxes import jaccard

HEIGHT, WIDTH = 40, 60
Box = tuple[float, float, float, float]


def annotated(
    boxes: Sequence[Box], label: int = 1, level: int = 255, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> caffe_pb2.AnnotatedDatum:
    """A black image in which each box is bright; the last box is difficult."""
    image = np.zeros((3, *size), np.uint8)
    for x1, y1, x2, y2 in boxes:
        rows = slice(round(y1 * size[0]), round(y2 * size[0]))
        image[:, rows, round(x1 * size[1]) : round(x2 * size[1])] = level
    datum = caffe_pb2.AnnotatedDatum(datum=make_datum(image, 7), type="BBOX")
    group = datum.annotation_group.add(group_label=label)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        box = group.annotation.add(instance_id=number).bbox
        box.xmin, box.ymin, box.xmax, box.ymax = x1, y1, x2, y2
        box.difficult = number == len(boxes) - 1
    return datum


ONE: Box = (0.2, 0.25, 0.75, 0.5)
TWO: Box = (0.05, 0.6, 0.3, 0.9)


def net(
    path: Path,
    datums: Sequence[caffe_pb2.AnnotatedDatum],
    settings: str = "",
    *,
    batch: int = 2,
    phase: int = TEST,
    tops: int = 2,
) -> Net:
    if not (path / "db").exists():
        write_datums(path / "db", datums)
    param = caffe_pb2.NetParameter()
    layer = param.layer.add(name="data", type="AnnotatedData", top=["data", "label"][:tops])
    layer.data_param.source, layer.data_param.batch_size = str(path / "db"), batch
    layer.data_param.backend = caffe_pb2.DataParameter.LMDB
    text_format.Merge(settings, layer)
    return Net(param, phase, seed=3)


def test_boxes_come_as_rows_again_and_again(tmp_path: Path) -> None:
    datums = [annotated([ONE, TWO]), annotated([], 2), annotated([TWO], 3)]
    with net(tmp_path, datums) as made:
        made.forward()
        assert made.blobs["data"].data.shape == (2, 3, HEIGHT, WIDTH)
        assert made.blobs["data"].data[0].max() == 255
        np.testing.assert_allclose(
            made.blobs["label"].data,
            [[[[0, 1, 0, *ONE, 0], [0, 1, 1, *TWO, 1]]]],
            rtol=1e-6,
        )
        made.forward()
        np.testing.assert_allclose(
            made.blobs["label"].data,
            [[[[0, 3, 0, *TWO, 1], [1, 1, 0, *ONE, 0], [1, 1, 1, *TWO, 1]]]],
            rtol=1e-6,
        )


def test_a_batch_without_boxes_has_a_row_of_minus_one(tmp_path: Path) -> None:
    with net(tmp_path, [annotated([])]) as made:
        made.forward()
        assert made.blobs["label"].data.tolist() == [[[[-1] * 8]]]


def test_records_without_a_type_have_labels(tmp_path: Path) -> None:
    datum = annotated([ONE])
    datum.ClearField("type")
    with net(tmp_path, [datum]) as made:
        made.forward()
        assert made.blobs["label"].data.tolist() == [7, 7]
    with net(tmp_path, [datum], "annotated_data_param { anno_type: BBOX }") as made:
        made.forward()
        assert made.blobs["label"].data.shape == (1, 1, 2, 8)
    with net(tmp_path, [datum], tops=1) as made:
        made.forward()


def test_yolos_rows(tmp_path: Path) -> None:
    settings = "annotated_data_param { yolo_data_type: 1 yolo_data_jitter: 0 %s }"
    with net(tmp_path, [annotated([ONE, TWO], 3)], settings % "") as made:
        made.forward()
        label = made.blobs["label"].data
        assert label.shape == (2, 1, 300, 5)
        np.testing.assert_allclose(
            label[1, 0, :3],
            [[2, 0.475, 0.375, 0.55, 0.25], [2, 0.175, 0.75, 0.25, 0.3], [0] * 5],
            rtol=1e-6,
        )
    with net(tmp_path, [], settings % "train_diffcult: false") as made:
        made.forward()
        assert np.count_nonzero(made.blobs["label"].data[0, 0, :, 3]) == 1


SAMPLERS = (
    "batch_sampler { sampler { min_scale: 0.4 max_scale: 1 min_aspect_ratio: 0.5 "
    "max_aspect_ratio: 2 } sample_constraint { min_object_coverage: 0.4 } max_sample: 1 "
    "max_trials: 50 }"
)
CHANGES = {
    "as it is": "",
    "warped": "transform_param { resize_param { height: 50 width: 50 } }",
    "padded": "transform_param { resize_param { height: 64 width: 64 "
    "resize_mode: FIT_LARGE_SIZE_AND_PAD interp_mode: NEAREST } }",
    "shorter side": "transform_param { resize_param { height: 30 width: 30 "
    "resize_mode: FIT_SMALL_SIZE interp_mode: AREA interp_mode: CUBIC interp_mode: LANCZOS4 } }",
    "mirrored": "transform_param { mirror: true }",
    "cropped": "transform_param { crop_size: 32 }",
    "cropped wide": "transform_param { crop_h: 36 crop_w: 48 }",
    "expanded": "transform_param { expand_param { prob: 1 max_expand_ratio: 3 } }",
    "sampled": f"annotated_data_param {{ {SAMPLERS} }} "
    "transform_param { emit_constraint { emit_type: CENTER } }",
    "all": f"annotated_data_param {{ {SAMPLERS} }} transform_param {{ mirror: true "
    "expand_param { max_expand_ratio: 2 } resize_param { height: 90 width: 70 interp_mode: LINEAR "
    "interp_mode: NEAREST } }",
    "jittered": "annotated_data_param { yolo_data_jitter: 0.3 }",
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("phase", [TRAIN, TEST])
def test_a_box_stays_on_its_object(name: str, phase: int, tmp_path: Path) -> None:
    """The bright pixels begin and end where the box does, to a pixel or two of the image's 40."""
    seen = set()
    with net(tmp_path, [annotated([ONE])], CHANGES[name], batch=1, phase=phase) as made:
        for _ in range(25):
            made.forward()
            image, (row,) = made.blobs["data"].data[0, 0], made.blobs["label"].data[0, 0]
            if row[0] == -1:
                continue
            bright = np.argwhere(image > 127)
            (top, left), (bottom, right) = bright.min(axis=0), bright.max(axis=0) + 1
            height, width = image.shape
            want = np.array([left / width, top / height, right / width, bottom / height])
            np.testing.assert_allclose(row[3:7], want, atol=max(0.07, 2.1 / min(image.shape)))
            seen.add(tuple(np.round(row[3:7], 3)))
    drawn = name in ("sampled", "all", "expanded", "mirrored", "jittered") or (
        phase == TRAIN and "cropped" in name
    )
    assert len(seen) > 1 if drawn else len(seen) == 1


def test_parts_keep_to_their_constraint() -> None:
    rng = np.random.default_rng(0)
    example = Example(np.zeros((3, 9, 9), np.uint8), 0, np.ones(1, int), np.zeros(1, int),
                      np.array([ONE]), np.zeros(1, bool))  # fmt: skip
    block = caffe_pb2.BatchSampler()
    text_format.Merge(
        "sampler { min_scale: 0.3 min_aspect_ratio: 0.5 max_aspect_ratio: 2 } "
        "sample_constraint { min_jaccard_overlap: 0.3 max_jaccard_overlap: 0.6 }",
        block,
    )
    for _ in range(20):
        part = draw_part(example, [block], rng)
        assert part is not None
        assert 0.3 <= jaccard(part, np.array(ONE)) <= 0.6
        assert (part >= 0).all()
        assert (part <= 1).all()
        sides = part[2:] - part[:2]
        assert 0.5 - 1e-9 <= sides[0] / sides[1] <= 2 + 1e-9
    block.sample_constraint.min_jaccard_overlap = 0.99
    assert draw_part(example, [block], rng) is None
    block.use_original_image = False
    block.ClearField("sample_constraint")
    assert draw_part(example, [block], rng) is None


def test_jitter_keeps_most_of_each_side() -> None:
    rng = np.random.default_rng(0)
    parts = np.array([draw_jitter(0.3, keep_aspect=False, rng=rng) for _ in range(200)])
    sides = parts[:, 2:] - parts[:, :2]
    assert sides.min() >= 0.7
    assert sides.min() < 0.75
    assert 0 < (sides.min(axis=1) == 1).mean() < 0.4


def test_objects_too_far_outside_are_dropped(tmp_path: Path) -> None:
    """A crop of the middle 20 pixels of 60 by 40 shows a tenth of the second box."""
    boxes: list[Box] = [(0.3, 0.3, 0.7, 0.7), (0.05, 0.3, 0.38, 0.7)]
    crop = "crop_size: 20"
    with net(tmp_path, [annotated(boxes)], f"transform_param {{ {crop} }}", batch=1) as made:
        made.forward()
        assert made.blobs["label"].data.shape[2] == 2
    emit = "emit_constraint { emit_type: MIN_OVERLAP emit_overlap: 0.3 }"
    for rule in ("emit_constraint { }", emit):
        with net(tmp_path, [], f"transform_param {{ {crop} {rule} }}", batch=1) as made:
            made.forward()
            assert made.blobs["label"].data.shape[2] == 1


def test_the_mean_is_subtracted_and_fills_the_canvas(tmp_path: Path) -> None:
    settings = (
        "transform_param { mean_value: 10 mean_value: 20 mean_value: 30 scale: 0.5 "
        "expand_param { max_expand_ratio: 3 } }"
    )
    with net(tmp_path, [annotated([ONE])], settings, batch=1) as made:
        made.forward()
        values = np.unique(made.blobs["data"].data[0, 1])
        assert values.tolist() == [-10, 0, 117.5]


def test_the_same_batches_come_after_a_restart(tmp_path: Path) -> None:
    datums = [annotated([ONE], n) for n in range(1, 6)]
    with net(tmp_path, datums, CHANGES["all"], phase=TRAIN) as made:
        layer = made.layers[0]
        for _ in range(2):
            made.forward()
        state = layer.state()
        made.forward()
        image, rows = made.blobs["data"].data.copy(), made.blobs["label"].data.copy()
        made.forward()
        layer.restore(state)
        made.forward()
        np.testing.assert_array_equal(made.blobs["data"].data, image)
        np.testing.assert_array_equal(made.blobs["label"].data, rows)


SIZES = {20: 0.25, 30: 0.75}
SEVERAL = " ".join(
    f"transform_param {{ resize_param {{ height: {side} width: {2 * side} prob: {prob} }} }}"
    for side, prob in SIZES.items()
)


def test_one_of_several_sizes_is_drawn_every_ten_batches(tmp_path: Path) -> None:
    with net(tmp_path, [annotated([ONE])], SEVERAL, phase=TRAIN) as made:
        shapes = [made.blobs["data"].shape]
        for _ in range(400):
            made.forward()
            shapes.append(made.blobs["data"].shape)
        assert shapes[0] == shapes[1]  # what is announced comes
        heights = np.array([shape[2] for shape in shapes[1:]]).reshape(40, 10)
        assert {shape[1:] for shape in shapes} == {(3, side, 2 * side) for side in SIZES}
        assert (heights == heights[:, :1]).all()
        assert 3 <= np.count_nonzero(heights[:, 0] == 20) <= 20  # 10 of 40 are expected
        (row,) = made.blobs["label"].data[0, 0, :1, 3:7]
        np.testing.assert_allclose(row, ONE, atol=1e-6)


def test_the_same_sizes_come_after_a_restart(tmp_path: Path) -> None:
    with net(tmp_path, [annotated([ONE])], SEVERAL, phase=TRAIN) as made:
        for _ in range(15):
            made.forward()
        state, shapes = made.layers[0].state(), []
        for repeated in range(2):
            for _ in range(100):
                made.forward()
                shapes.append(made.blobs["data"].shape)
            if not repeated:
                made.layers[0].restore(state)
        assert shapes[:100] == shapes[100:]
        assert len(set(shapes)) == 2


def test_other_forks_changes_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of ducha-aiki's resize_param and jolibrain's distort_param, which are SSD's messages, too."""
    settings = (
        "transform_param { resize_param { height: 9 width: 9 max_angle: 3 } "
        "distort_param { hue: false hue_prob: 0 all_effects: true } }"
    )
    with net(tmp_path, [annotated([ONE])], settings):
        (told,) = [line for line in caplog.messages if "passed over" in line]
    assert told == (
        "layer 'data' (AnnotatedData): passed over, so images are changed less than there: "
        "resize_param.max_angle (ducha-aiki's Caffe), distort_param.all_effects (jolibrain's Caffe)"
    )


@pytest.mark.parametrize("shares", [(0.5, 0.4), (1, 1), (-0.5, 1.5), (math.nan, 1)])
def test_shares_of_sizes_that_do_not_add_up_are_told(
    shares: tuple[float, float], tmp_path: Path
) -> None:
    several = " ".join(f"resize_param {{ height: 9 width: 9 prob: {it} }}" for it in shares)
    with pytest.raises(GraphError, match=r"prob of the 2 resize_param is .*add up to 1"):
        net(tmp_path, [annotated([ONE])], f"transform_param {{ {several} }}")


# ------------------------------------------------------------------------- pixels

IMAGE = np.random.RandomState(0).randint(0, 256, (5, 6, 1)).astype(np.uint8).transpose(2, 0, 1)

#: cv2.resize of OpenCV 4.14
RESIZED = [
    ("AREA", [[144, 72, 149, 181], [85, 97, 145, 136], [93, 169, 47, 102]]),
    ("NEAREST", [[172, 47, 192, 67], [195, 103, 211, 21], [58, 193, 39, 87]]),
    ("CUBIC", [[160, 60, 169, 202], [48, 60, 201, 124], [87, 198, 14, 102]]),
    ("CUBIC", [
        [179, 79, 54, 139, 193, 98, 123, 255], [211, 128, 46, 63, 198, 80, 95, 255],
        [159, 130, 46, 24, 212, 96, 77, 225], [32, 70, 77, 85, 210, 138, 93, 144],
        [32, 126, 206, 188, 99, 74, 121, 177], [67, 120, 202, 202, 32, 39, 109, 138],
        [92, 69, 111, 151, 35, 50, 78, 63]]),
    ("LANCZOS4", [[169, 53, 155, 200], [53, 55, 202, 116], [85, 205, 3, 112]]),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "want"), RESIZED)
def test_resizing_is_opencvs(mode: str, want: list[list[int]]) -> None:
    number = caffe_pb2.ResizeParameter.Interp_mode.Value(mode)
    got = resize(IMAGE, len(want), len(want[0]), number)[0].astype(int)
    limit = 1 if mode != "LANCZOS4" else 4  # its table of weights is of another precision
    assert np.abs(got - want).max() <= limit


def test_hue_saturation_and_value_are_opencvs() -> None:
    """cv2.cvtColor of OpenCV 4.14, to one level."""
    colours = np.array([
        [[9, 208, 254, 192], [216, 29, 142, 193], [127, 202, 163, 114]],
        [[148, 243, 79, 82], [177, 147, 167, 9], [32, 244, 254, 183]],
        [[115, 197, 175, 99], [243, 147, 32, 185], [31, 151, 203, 28]]], np.uint8)  # fmt: skip
    hsv = np.array([
        [[37, 67, 136, 125], [162, 30, 84, 149], [120, 76, 47, 77]],
        [[239, 48, 176, 146], [69, 205, 206, 243], [193, 97, 91, 216]],
        [[148, 243, 254, 192], [243, 147, 167, 193], [127, 244, 254, 183]]])  # fmt: skip
    back = np.array([
        [[9, 208, 254, 192], [217, 29, 140, 193], [127, 201, 163, 116]],
        [[148, 243, 79, 82], [177, 147, 167, 9], [31, 244, 254, 183]],
        [[116, 197, 172, 100], [243, 147, 32, 187], [31, 151, 203, 28]]])  # fmt: skip
    assert np.abs(np.array(to_hsv(colours)).astype(int) - hsv).max() <= 1
    assert np.abs(from_hsv(*hsv.astype(np.uint8)).astype(int) - back).max() <= 1


def test_colours_change_by_their_settings_alone() -> None:
    rng = np.random.default_rng(0)
    image = np.full((3, 4, 5), 100, np.uint8)
    param = caffe_pb2.DistortionParameter
    assert (distort(image, param(), rng) == 100).all()
    brighter = {int(distort(image, param(brightness_prob=1, brightness_delta=20), rng)[0, 0, 0])
                for _ in range(50)}  # fmt: skip
    assert min(brighter) >= 80
    assert max(brighter) <= 120
    assert len(brighter) > 10
    contrast = param(contrast_prob=1, contrast_lower=2, contrast_upper=2)
    assert (distort(image, contrast, rng) == 200).all()
    red = np.stack([np.full((2, 2), level, np.uint8) for level in (50, 50, 200)])
    grey = distort(red, param(saturation_prob=1, saturation_lower=0, saturation_upper=0), rng)
    assert (grey == 200).all()
    turned = {tuple(distort(red, param(hue_prob=1, hue_delta=60), rng)[:, 0, 0].tolist())
              for _ in range(50)}  # fmt: skip
    assert len(turned) > 10
    assert all(max(colour) == 200 for colour in turned)
    orders = {tuple(distort(red, param(random_order_prob=1), rng)[:, 0, 0].tolist())
              for _ in range(50)}  # fmt: skip
    assert orders == {(50, 50, 200), (50, 200, 50), (200, 50, 50)}
    one = distort(image[:1], param(saturation_prob=1, hue_prob=1), rng)
    assert (one == 100).all(), "grey images have no hue"


def test_noise() -> None:
    rng = np.random.default_rng(0)
    image = np.stack([np.full((9, 9), level, np.uint8) for level in (10, 100, 200)])
    noise = caffe_pb2.NoiseParameter
    assert (add_noise(image, noise(prob=0, inverse=True), rng) == image).all()
    assert (add_noise(image, noise(prob=1, inverse=True), rng) == 255 - image).all()
    grey = add_noise(image, noise(prob=1, decolorize=True), rng)
    assert np.unique(grey).tolist() == [round(0.114 * 10 + 0.587 * 100 + 0.299 * 200)]
    fewer = add_noise(image, noise(prob=1, posterize=True), rng)
    assert np.unique(fewer).tolist() == [32, 96, 224]
    param = noise(prob=1, saltpepper=True)
    param.saltpepper_param.fraction = 0.3
    param.saltpepper_param.value.append(255)
    assert 10 <= (add_noise(image, param, rng)[0] == 255).sum() <= 24


# ------------------------------------------------------------------------- faults


def broken(path: Path, value: bytes) -> str:
    """What reading a database of this record says."""
    with new_database(path / "db") as writer:
        writer.put(b"00000000", value)
    with pytest.raises(DataError) as caught, net(path, []) as made:
        made.forward()
    return str(caught.value)


def test_records_that_are_something_else_are_told(tmp_path: Path) -> None:
    assert "3 bytes that are not an AnnotatedDatum" in broken(tmp_path, b"\xff\xff\xff")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("datum { width: 3 }", "record '00000000' of LMDB"),
        ("datum { data: '' encoded: true }", "record '00000000' of LMDB"),
        ("annotation_group { annotation { bbox { xmin: nan } } }", "no finite numbers"),
        ("annotation_group { annotation { bbox { xmax: inf } } }", "no finite numbers"),
        ("type: LANE", "its annotations are LANE, expected BBOX"),
    ],
)
def test_damaged_records_are_told(change: str, message: str, tmp_path: Path) -> None:
    datum = annotated([ONE])
    text_format.Merge(change, datum)
    assert message in broken(tmp_path, datum.SerializeToString())


@pytest.mark.parametrize("name", CHANGES)
def test_strange_boxes_are_survived(name: str, tmp_path: Path) -> None:
    """Beyond the image, turned inside out, huge, and of no size."""
    datum = annotated([ONE])
    for box in ((-3.0, -3, 5, 5), (0.9, 0.9, 0.1, 0.1), (-1e38, 0, 1e38, 1), (0.5, 0.5, 0.5, 0.5)):
        other = datum.annotation_group[0].annotation.add().bbox
        other.xmin, other.ymin, other.xmax, other.ymax = box
    with net(tmp_path, [datum], CHANGES[name], batch=1, phase=TRAIN) as made:
        for _ in range(5):
            made.forward()
            rows = made.blobs["label"].data[0, 0]
            assert np.isfinite(rows).all()
            assert ((rows[:, 3:7] >= 0) & (rows[:, 3:7] <= 1)).all() or (rows[:, 0] == -1).all()


def test_images_of_several_sizes_want_resizing(tmp_path: Path) -> None:
    datums = [annotated([ONE]), annotated([ONE], size=(20, 20))]
    with (
        net(tmp_path, datums) as made,
        pytest.raises(DataError, match="add a resize_param of mode"),
    ):
        made.forward()


def test_a_crop_larger_than_the_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the crop is 41×41, but the image has 40×60"):
        net(tmp_path, [annotated([ONE])], "transform_param { crop_size: 41 }")
