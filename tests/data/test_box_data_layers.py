"""EvalData, DetectionData and ImageGtData: images, boxes and label maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.box_file import read_box_file
from minicaffe.data.images import resize_linear
from minicaffe.errors import DataError, MemoryLimitError, MinicaffeError
from minicaffe.layers.detection.scene_sizes import SceneSizes, arrange
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.data.box_scenes import BOXES, REGIONS, Expected, window_file

pytest.importorskip("PIL.Image", reason="decoding needs Pillow")

SIZE = (32, 64)
FIELDS = [(24, 16, 8), (16, 16, 8), (32, 16, 16)]

STRIDES = "".join(f" stride: {s} field_w: {w} field_h: {h}" for w, h, s in FIELDS)
RATES = STRIDES.replace("stride", "downsample_rate")
MEAN = "mean_value: [10, 20, 30]"
MEANS = np.array([10, 20, 30]).reshape(3, 1, 1)


def net_of(layer_type: str, file: Path, param: str, tops: int, transform: str = MEAN,
           seed: int = 3) -> Net:  # fmt: skip
    own = {"EvalData": "eval_data", "DetectionData": "detection_data"}.get(
        layer_type, "image_gt_data"
    )
    text = (
        f'layer {{ name: "data" type: "{layer_type}" '
        + "".join(f'top: "top{index}" ' for index in range(tops))
        + f"{own}_param {{ source: '{file}' root_folder: '{file.parent}/' {param} }} "
        f"transform_param {{ {transform} }} }}"
    )
    net = caffe_pb2.NetParameter()
    from google.protobuf import text_format

    text_format.Merge(text, net)
    return Net(net, caffe_pb2.TRAIN, seed=seed)


def tops(net: Net) -> list[np.ndarray]:
    net.forward()
    return [blob.data.copy() for blob in net.blobs.values()]


# ------------------------------------------------------------------------------- EvalData


def test_images_to_test_with(tmp_path: Path) -> None:
    """In order; sides are multiples of 32, and boxes go along."""
    file, images = window_file(tmp_path, [(32, 64), (32, 64), (40, 100)])
    with net_of("EvalData", file, "batch_size: 1", 3, f"{MEAN} scale: 0.5") as net:
        for index in (0, 1, 2, 0):
            data, rows, sizes = tops(net)
            height, width = [(32, 64), (32, 64), (32, 96)][index]
            want = (resize_linear(images[index], height, width).astype(float) - MEANS) * 0.5
            np.testing.assert_allclose(data, want[None], rtol=1e-6)
            assert sizes.reshape(-1).tolist() == [height, width]
            scale = np.array([width / images[index].shape[2], height / images[index].shape[1]] * 2)
            true = [[0, *(box[3:] * scale), *box[:3]] for box in map(np.array, BOXES[index])]
            np.testing.assert_allclose(rows[..., 0, 0], true or [[-1] * 8], rtol=1e-6)


def test_sides_of_images_to_test_with(tmp_path: Path) -> None:
    """60 pixels become 100, which round to 96; 200 become 333, of which 240 are allowed: 256."""
    file, _ = window_file(tmp_path, [(60, 200)])
    with net_of("EvalData", file, "batch_size: 1 short_size: 100 long_size: 240", 3) as net:
        assert net.blobs["top0"].data.shape == (1, 3, 240, 100)
        assert tops(net)[2].reshape(-1).tolist() == [96, 256]
    param = "batch_size: 3 resize_width: 70 resize_height: 40"
    with net_of("EvalData", file, param, 2) as net:
        assert tops(net)[0].shape == (3, 3, 32, 64)
        assert net.blobs["top1"].data[:, 0, 0, 0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


# ------------------------------------------------------------------- label maps, nothing drawn


def expected_maps(index: int, boxes: np.ndarray, ignored: list[bool], regions: np.ndarray,
                  want: Expected) -> list[np.ndarray]:  # fmt: skip
    return want.maps(boxes, [row[0] for row in BOXES[index]], ignored, regions)


@pytest.mark.parametrize(
    ("param", "settings"),
    [
        ("", {}),
        ("fg_threshold: 0.75 pickup_iou_thr: 0.5", {"threshold": 0.75, "pickup": 0.5}),
        ("ignore_fg_threshold: 0.125", {"region": 0.125}),
        ("anchor_ignore_margin_ratio: 0.5", {"margin": 0.5}),
        ("anchor_ignore_iou_thr: 0.75", {"inside": 0.75}),
        ("min_gt_width: 20 min_gt_height: 12", {}),
    ],
)
def test_label_maps_of_whole_images(tmp_path: Path, param: str, settings: dict[str, float]) -> None:
    """An image that the net sees whole has its label maps where it is."""
    file, images = window_file(tmp_path, [SIZE] * 3)
    text = f"batch_size: 3 output_gt_boxes: true {STRIDES} {param}"
    with net_of("DetectionData", file, text, 5) as net:
        data, *maps, rows = tops(net)
    np.testing.assert_allclose(data, np.stack(images) - MEANS, rtol=1e-6)
    want = Expected(FIELDS, SIZE, (0, 0, 64, 32), **settings)  # type: ignore[arg-type]
    true = []
    for index in range(3):
        boxes = np.array([row[3:] for row in BOXES[index]], float).reshape(-1, 4)
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        small = (sides < [20, 12]).any(axis=1) if "min_gt" in param else np.zeros(len(boxes), bool)
        ignored = [bool(row[1] or few) for row, few in zip(BOXES[index], small, strict=True)]
        regions = np.array(REGIONS[index], float).reshape(-1, 4)
        for got, table in zip(maps, expected_maps(index, boxes, ignored, regions, want),
                              strict=True):  # fmt: skip
            np.testing.assert_allclose(got[index], table, rtol=1e-5, atol=1e-6)
        true += [[index, *row[3:], row[0], ignore, row[2]]
                 for row, ignore in zip(BOXES[index], ignored, strict=True)]  # fmt: skip
    np.testing.assert_array_equal(rows[..., 0, 0], true)
    assert any((table[:, 0] > 0).any() for table in maps)


def test_mscnns_label_maps_of_whole_images(tmp_path: Path) -> None:
    file, images = window_file(tmp_path, [SIZE] * 3, difficult=False)
    text = f"batch_size: 3 output_gt_boxes: true scale: 0.5 {RATES}"
    with net_of("ImageGtData", file, text, 5, f"{MEAN} scale: 9") as net:
        data, *maps, rows = tops(net)
    np.testing.assert_allclose(data, (np.stack(images) - MEANS) * 0.5, rtol=1e-6)
    want = Expected(FIELDS, SIZE, (0, 0, 64, 32), cascade=False)
    for index in range(3):
        boxes = np.array([row[3:] for row in BOXES[index]], float).reshape(-1, 4)
        regions = np.array(REGIONS[index], float).reshape(-1, 4)
        ignored = [bool(row[1]) for row in BOXES[index]]
        for got, table in zip(maps, expected_maps(index, boxes, ignored, regions, want),
                              strict=True):  # fmt: skip
            np.testing.assert_allclose(got[index], table, rtol=1e-5, atol=1e-6)
    assert rows.shape == (5, 7, 1, 1)
    assert rows[0, :, 0, 0].tolist() == [0, 4, 6, 27, 21, 1, 0]


def test_batches_without_true_boxes(tmp_path: Path) -> None:
    """Cascade R-CNN's row is -1, MS-CNN's a box of one pixel that is to be ignored."""
    text = "batch_size: 1 output_gt_boxes: true"
    for layer_type, fields, row in (
        ("DetectionData", STRIDES, [-1] * 8), ("ImageGtData", RATES, [0, 1, 1, 2, 2, 1, 1]),
    ):  # fmt: skip
        folder = tmp_path / layer_type
        folder.mkdir()
        file, _ = window_file(folder, [SIZE] * 2, difficult=layer_type == "DetectionData")
        with net_of(layer_type, file, f"{text} {fields}", 5) as net:
            tops(net)
            assert tops(net)[4][..., 0, 0].tolist() == [row]


# ---------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize(
    ("layer_type", "size", "crop"),
    [
        ("DetectionData", (48, 80), (32, 64)),
        ("DetectionData", (32, 64), (48, 80)),
        ("ImageGtData", (48, 80), (32, 64)),
    ],
)
def test_cuts_and_mirrors(
    tmp_path: Path, layer_type: str, size: tuple[int, int], crop: tuple[int, int]
) -> None:
    """A part of the image, or the whole one with zeros around; boxes and labels go along."""
    cascade = layer_type == "DetectionData"
    file, images = window_file(tmp_path, [size], difficult=cascade)
    text = (
        f"batch_size: 1 output_gt_boxes: true {STRIDES if cascade else RATES} "
        f"crop_height: {crop[0]} crop_width: {crop[1]}"
    )
    places = set()
    with net_of(layer_type, file, text, 5, f"{MEAN} mirror: true") as net:
        for _ in range(12):
            data, *maps, rows = tops(net)
            boxes, columns = rows[:, 1:5, 0, 0], rows[:, 5:, 0, 0]
            plain = np.array([row[3:] for row in BOXES[0]], float)
            mirrored = np.stack([size[1] - plain[:, 2], plain[:, 1], size[1] - plain[:, 0],
                                 plain[:, 3]], axis=1)  # fmt: skip
            turned = not np.allclose(boxes - boxes[0], plain - plain[0])
            image = images[0][:, :, ::-1] if turned else images[0]
            x, y = (boxes - (mirrored if turned else plain))[0, :2].astype(int)
            np.testing.assert_allclose(boxes, (mirrored if turned else plain) + [x, y, x, y])
            want = np.zeros((3, *crop))
            left, top = max(0, x), max(0, y)
            part = image[:, max(0, -y) :, max(0, -x) :][:, : crop[0] - top, : crop[1] - left]
            height, width = part.shape[1:]
            want[:, top : top + height, left : left + width] = part - MEANS
            np.testing.assert_allclose(data[0], want, rtol=1e-6)
            places.add((turned, x, y))
            regions = np.array(REGIONS[0], float)
            if turned:
                regions = np.stack([size[1] - regions[:, 2], regions[:, 1],
                                    size[1] - regions[:, 0], regions[:, 3]], axis=1)  # fmt: skip
            expected = Expected(FIELDS, crop, (left, top, width, height), cascade=cascade)
            ignored = [bool(value) for value in columns[:, 1]]
            for got, table in zip(
                maps, expected_maps(0, boxes, ignored, regions + np.array([x, y, x, y]), expected),
                strict=True,
            ):  # fmt: skip
                np.testing.assert_allclose(got[0], table, rtol=1e-5, atol=1e-5)
    assert len(places) > 4
    assert {turned for turned, _, _ in places} == {True, False}


@pytest.mark.parametrize(
    ("layer_type", "param"),
    [
        ("DetectionData", "multiscale_prob: 1 low_scale_ratio: 0.5 high_scale_ratio: 3 "
                          "min_whaspect: 0.5 max_whaspect: 2"),
        ("DetectionData", "multiscale_prob: 1 min_scale: 10 max_scale: 60"),
        ("ImageGtData", "do_multiple_scale: true min_scale: 10 max_scale: 80 min_whaspect: 0.5 "
                        "max_whaspect: 2"),
    ],
)  # fmt: skip
def test_scales(tmp_path: Path, layer_type: str, param: str) -> None:
    """Boxes go along with an image that is rescaled: what was white in them still is."""
    cascade = layer_type == "DetectionData"
    file, _ = window_file(tmp_path, [(64, 96)] * 2, difficult=cascade)
    from minicaffe.data.images import encode_image

    for index in range(2):
        image = np.zeros((3, 64, 96), np.uint8)
        for row in BOXES[index]:
            x1, y1, x2, y2 = row[3:]
            image[:, y1 : y2 + 1, x1 : x2 + 1] = 255
        (tmp_path / f"{index}.png").write_bytes(encode_image(image, "png"))
    text = f"batch_size: 2 output_gt_boxes: true {STRIDES if cascade else RATES} {param}"
    text += " crop_height: 64 crop_width: 96"
    sizes = set()
    with net_of(layer_type, file, text, 5, "") as net:
        for _ in range(15):
            data, *_, rows = tops(net)
            for row in rows[..., 0, 0]:
                sizes.add(tuple(np.round(row[3:5] - row[1:3], 3)))
                x, y = np.floor((row[1:3] + row[3:5]) / 2).astype(int)
                if 0 <= x < 96 and 0 <= y < 64:
                    assert data[int(row[0]), 0, y, x] > 200
    assert len(sizes) > 6


def test_what_the_net_sees_of_batches(tmp_path: Path) -> None:
    """short_size and long_size, upright or not by the first image; ratios drawn for each batch."""
    file, _ = window_file(tmp_path, [(64, 128), (128, 64)])
    with net_of("DetectionData", file, "batch_size: 1 short_size: 64 long_size: 128 stride: 8 "
                "field_w: 16 field_h: 16", 2) as net:  # fmt: skip
        assert [tops(net)[0].shape[2:] for _ in range(2)] == [(64, 128), (128, 64)]
        assert net.blobs["top1"].data.shape == (1, 6, 16, 8)
    param = "batch_size: 1 short_size: 64 long_size: 128 template_ratio: [0.5, 1] stride: 8 "
    with net_of("DetectionData", file, f"{param} field_w: 16 field_h: 16", 2) as net:
        seen = {tops(net)[0].shape[2:] for _ in range(16)}
    assert seen == {(64, 128), (128, 64), (32, 64), (64, 32)}


def settings(text: str) -> caffe_pb2.DetectionDataParameter:
    from google.protobuf import text_format

    return text_format.Merge(text, caffe_pb2.DetectionDataParameter())


@pytest.mark.parametrize(
    ("text", "first", "resized", "seen"),
    [
        ("", (60, 90), (50, 100), (50, 100)),
        ("resize_ratio: 0.5", (30, 45), (25, 50), (25, 50)),
        ("resize_width: 70 resize_height: 40", (40, 70), (40, 70), None),
        ("short_size: 600 long_size: 1000", (1000, 600), (608, 1216), (608, 992)),
        ("crop_width: 30 crop_height: 20", (20, 30), (50, 100), None),
        ("crop_short_size: 30 crop_long_size: 40", (40, 30), (50, 100), (30, 40)),
    ],
)
def test_sizes(
    text: str, first: tuple[int, int], resized: tuple[int, int], seen: tuple[int, int] | None
) -> None:
    """Of a file whose last image has 60×90, and an image of 50×100 (height×width)."""
    sizes = SceneSizes(settings(text))
    assert sizes.first((60, 90)) == first
    assert sizes.resized((50, 100), 1) == resized
    assert sizes.seen(resized, 1) == seen


def test_orders_by_aspect() -> None:
    upright = np.array([True, False, True, False, True, False, False])
    for shuffle, size in (("random_aspect", 64), ("random_mix_aspect", 2)):
        param = settings(f'shuffle: "{shuffle}" mix_group_size: {size}')
        orders = {tuple(arrange(param, upright, np.random.default_rng(s))) for s in range(20)}
        assert len(orders) > 5
        for order in orders:
            assert sorted(order) == list(range(7))
            kinds = "".join("u" if upright[index] else "w" for index in order)
            assert kinds in {
                "random_aspect": ("uuuwwww", "wwwwuuu"),
                "random_mix_aspect": ("uuwwuww", "wwuuwwu"),
            }[shuffle]  # fmt: skip


@pytest.mark.parametrize(
    ("layer_type", "param"),
    [
        ("DetectionData", f'{STRIDES} shuffle: "random_mix_aspect" multiscale_prob: 0.5 '
         "low_scale_ratio: 0.5 high_scale_ratio: 2 crop_height: 32 crop_width: 32 "
         "distort_param { brightness_prob: 1 brightness_delta: 20 }"),
        ("ImageGtData", f"{RATES} shuffle: true do_multiple_scale: true min_scale: 8 "
         "max_scale: 40 crop_height: 32 crop_width: 32 fg_img_multiple: 2"),
        ("EvalData", ""),
    ],
)  # fmt: skip
def test_reading_goes_on_where_it_was(tmp_path: Path, layer_type: str, param: str) -> None:
    """Batch after batch from the same state, though batches are made ahead."""
    difficult = layer_type != "ImageGtData"
    file, _ = window_file(tmp_path, [(40, 64), (64, 40), (48, 48)], difficult=difficult)
    batch = 1 if layer_type == "EvalData" else 2
    count = 3 if layer_type == "EvalData" else 5
    text = f"batch_size: {batch} {param}" + " output_gt_boxes: true" * (layer_type != "EvalData")
    with net_of(layer_type, file, text, count, f"{MEAN} mirror: true") as net:
        for _ in range(3):
            tops(net)
        layer = net.layers[0]
        state = layer.state()  # type: ignore[attr-defined]
        later = [tops(net) for _ in range(5)]
        layer.restore(state)  # type: ignore[attr-defined]
        again = [tops(net) for _ in range(5)]
    with net_of(layer_type, file, text, count, f"{MEAN} mirror: true", seed=99) as other:
        other.layers[0].restore(state)  # type: ignore[attr-defined]
        elsewhere = [tops(other) for _ in range(5)]
    for one, two, three in zip(later, again, elsewhere, strict=True):
        for first, second, third in zip(one, two, three, strict=True):
            np.testing.assert_array_equal(first, second)
            np.testing.assert_array_equal(first, third)


# -------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# 1\n", "image index 1, expected 0"),
        ("# 0 a.png 1 3 4 0 0", r"found 1 channel\(s\), expected 3"),
        ("# 0 a.png 3 3 4 1 0 0 0 1 1 2 2 0", "found a box of label 0, expected labels from 1"),
        ("# 0 a.png 3 3 4 1 1 0 0 1 1 2", "ends where a box's label"),
        ("# 0 a.png 3 3 4 1 1 0 0 1 1 2 x 0", "found 'x'"),
        ("# 0 a.png 3 3 4 0", "ends where the number of rows: a region's"),
    ],
)
def test_window_files_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "boxes.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_box_file(str(file), "", difficult=True)
    with pytest.raises(DataError, match="cannot read the window file"):
        read_box_file(str(tmp_path / "none"), "", difficult=True)


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    file, _ = window_file(tmp_path, [SIZE])
    (tmp_path / "0.png").write_bytes(b"no image")
    for message in (r"0\.png.*listed in", "cannot read image"):
        net = net_of("EvalData", file, "batch_size: 1", 2)
        with net, pytest.raises(DataError, match=message):
            net.forward()
        (tmp_path / "0.png").unlink(missing_ok=True)


def test_images_of_a_batch_that_differ(tmp_path: Path) -> None:
    file, _ = window_file(tmp_path, [(32, 64), (32, 96)])
    text = "batch_size: 2 stride: 8 field_w: 16 field_h: 16"
    with net_of("DetectionData", file, text, 2) as net:
        assert net.forward() is not None  # the second one is cut
    with pytest.raises(DataError, match="expected 1 unless resize_width"):
        net_of("EvalData", file, "batch_size: 2", 2)


@pytest.mark.parametrize(
    ("layer_type", "param", "message"),
    [
        ("EvalData", "", "batch_size is 0"),
        ("DetectionData", "batch_size: 1 stride: 8", "1 stride, 0 field_w and 0 field_h"),
        ("DetectionData", "batch_size: 1 stride: 0 field_w: 8 field_h: 8", "is 0, expected pixels"),
        ("DetectionData", "batch_size: 1 output_gt_boxes: true", "2 tops, expected 2|source"),
        ("DetectionData", "batch_size: 1 short_size: 8", "expected short_size and long_size"),
        ("DetectionData", "batch_size: 1 short_size: 9 long_size: 8", "to be the smaller one"),
        ("DetectionData", "batch_size: 1 resize_ratio: 0", "resize_ratio is 0"),
        ("DetectionData", "batch_size: 1 resize_ratio: 1 resize_width: 8 resize_height: 8",
         "resize_width and resize_ratio are given"),
        ("DetectionData", 'batch_size: 1 shuffle: "all"', 'shuffle is "all"'),
        ("DetectionData", "batch_size: 1 coord_num: 5", "coord_num is 5"),
        ("DetectionData", "batch_size: 1 fg_threshold: 0", "fg_threshold is 0"),
        ("DetectionData", "batch_size: 1 mix_group_size: 0", "mix_group_size is 0"),
        ("DetectionData", "batch_size: 1 template_ratio: -1", "template_ratio is -1"),
        ("ImageGtData", "batch_size: 1 do_multiple_scale: true min_scale: 9 max_scale: 8",
         "min_scale is 9 and max_scale 8"),
        ("DetectionData", "batch_size: 1 template_ratio: inf", "template_ratio is inf"),
        ("DetectionData", "batch_size: 1 resize_ratio: nan", "resize_ratio is nan"),
        ("DetectionData", "batch_size: 1 low_scale_ratio: 1 high_scale_ratio: inf",
         "low_scale_ratio or high_scale_ratio is not above 0 and finite"),
        ("ImageGtData", "batch_size: 1 min_whaspect: 1 max_whaspect: inf", "max_whaspect inf"),
        ("ImageGtData", "batch_size: 1 min_whaspect: 1", "min_whaspect is 1 and max_whaspect 0"),
        ("ImageGtData", f"batch_size: 1 fg_img_multiple: 4294967295 {RATES}",
         "a list of 4294967295 times 1 images takes"),
        ("ImageGtData", "batch_size: 1 resize_width: 8 resize_height: 8 crop_width: 9",
         "crop_width is 9, expected at most resize_width, 8"),
        ("ImageGtData", "batch_size: 1 downsample_rate: 8 field_w: 9 field_h: 9 crop_width: 99",
         "crop_height and crop_width are 32 and 99"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(tmp_path: Path, layer_type: str, param: str, message: str) -> None:
    file, _ = window_file(tmp_path, [SIZE], difficult=layer_type != "ImageGtData")
    if "output_gt_boxes" in param:
        param += " stride: 8 field_w: 8 field_h: 8"
        message = "2 tops, expected 3"
    count = 4 if "fg_img_multiple" in param else 2
    with pytest.raises(MinicaffeError, match=message):
        net_of(layer_type, file, param, count)


@pytest.mark.parametrize(
    ("layer_type", "param"),
    [
        ("DetectionData", "short_size: 128 long_size: 256 template_ratio: 1e6"),
        ("DetectionData", "multiscale_prob: 1 low_scale_ratio: 1e30 high_scale_ratio: 1e30"),
    ],
)
def test_images_that_take_too_much_memory(tmp_path: Path, layer_type: str, param: str) -> None:
    """They are refused before anything of them is made."""
    file, _ = window_file(tmp_path, [SIZE])
    text = f"batch_size: 1 {param} output_gt_boxes: true"
    with pytest.raises(MemoryLimitError, match="takes"), net_of(layer_type, file, text, 2) as net:
        net.forward()


def test_a_mean_that_is_an_image_is_refused(tmp_path: Path) -> None:
    file, _ = window_file(tmp_path, [SIZE])
    with pytest.raises(DataError, match="use mean_value"):
        net_of("EvalData", file, "batch_size: 1", 2, 'mean_file: "mean.binaryproto"')
    with pytest.raises(DataError, match=r"2 mean_value\(s\)"):
        net_of("EvalData", file, "batch_size: 1", 2, "mean_value: [1, 2]")
