"""ImageSegData and DenseImageData: images with images of labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe.data.image_pairs import resize_nearest
from minicaffe.data.source import epoch_order
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from tests.data.helpers import layer_net, random_images

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")

IMAGES = random_images(3, 4, 6, 3)  # height, width, red-green-blue
LABELS = random_images(3, 4, 6, seed=5) % 7
#: Channels first, blue first, as the layers read them.
DATA = IMAGES[..., ::-1].transpose(0, 3, 1, 2).astype(float)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = []
    for index, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
        Image.fromarray(label).save(tmp_path / f"{index}_label.png")
        lines.append(f"{index}.png {index}_label.png\n")
    (tmp_path / "list").write_text("".join(lines) + "\n")
    (tmp_path / "classes").write_text("0.png 3\n2.png 6\n")
    return tmp_path


def seg(folder: Path, text: str = "", transform: str = "", **options: object) -> Net:
    text = text if "source" in text else f"source: '{folder}/list' {text}"
    kind = "" if "label_type" in text else "label_type: PIXEL"
    return layer_net(
        "ImageSegData",
        f"top: 'dim' image_data_param {{ root_folder: '{folder}/' {text} {kind} }} "
        f"transform_param {{ {transform} }}",
        **options,
    )


def dense(folder: Path, text: str = "", transform: str = "", **options: object) -> Net:
    return layer_net(
        "DenseImageData",
        f"dense_image_data_param {{ source: '{folder}/list' root_folder: '{folder}/' {text} }} "
        f"transform_param {{ {transform} }}",
        **options,
    )


def tops(net: Net) -> list[np.ndarray]:
    net.forward()
    return [blob.data.copy() for blob in net.blobs.values()]


@pytest.mark.parametrize("make", [seg, dense])
def test_images_with_their_labels_in_the_lists_order(make: object, folder: Path) -> None:
    with make(folder, "batch_size: 2", "mean_value: 3 scale: 0.5") as net:  # type: ignore[operator]
        for which in ([0, 1], [2, 0]):
            image, labels, *_ = tops(net)
            np.testing.assert_allclose(image, (DATA[which] - 3) / 2)
            np.testing.assert_array_equal(labels, LABELS[which][:, None])


def test_one_label_for_all_pixels_or_none(folder: Path) -> None:
    classes = f"source: '{folder}/classes' batch_size: 2"
    with seg(folder, classes + " label_type: IMAGE") as net:
        image, labels, dims = tops(net)
        np.testing.assert_array_equal(image, DATA[[0, 2]])
        np.testing.assert_array_equal(labels[:, 0], [np.full((4, 6), 3), np.full((4, 6), 6)])
        np.testing.assert_array_equal(dims, [[[[4, 6]]]] * 2)
    with seg(folder, classes + " label_type: NONE ignore_label: 9") as net:
        assert (tops(net)[1] == 9).all()


def test_a_crop_beyond_the_image_is_filled_up(folder: Path) -> None:
    transform = "crop_height: 6 crop_width: 5 mean_value: [1.5, 2, 3]"
    with seg(folder, "ignore_label: 8", transform, phase=caffe_pb2.TEST) as net:
        image, labels, dims = tops(net)
    mean = np.array([1.5, 2, 3]).reshape(3, 1, 1)
    want, marks = np.zeros((3, 6, 5)), np.full((6, 5), 8)
    want[:, :4], marks[:4] = DATA[0][:, :, :5] - mean, LABELS[0][:, :5]
    np.testing.assert_allclose(image[0], want)
    np.testing.assert_array_equal(labels[0, 0], marks)
    np.testing.assert_array_equal(dims, [[[[4, 5]]]])


def test_crops_and_mirrors_are_those_of_the_labels(folder: Path) -> None:
    """Each pixel keeps its label, wherever it goes; all places come about."""
    seen = set()
    with seg(folder, "", "crop_size: 3 mirror: true", phase=caffe_pb2.TRAIN) as net:
        for number in range(60):
            image, labels, _ = tops(net)
            index = number % 3
            found = [
                (row, column, mirrored)
                for row in range(2)
                for column in range(4)
                for mirrored in (1, -1)
                if np.array_equal(
                    image[0], DATA[index][:, row : row + 3, column : column + 3][:, :, ::mirrored]
                )
            ]
            ((row, column, mirrored),) = found
            part = LABELS[index][row : row + 3, column : column + 3]
            np.testing.assert_array_equal(labels[0, 0], part[:, ::mirrored])
            seen.add((row, column, mirrored))
    assert len(seen) > 12


def test_scales_are_drawn(folder: Path) -> None:
    with seg(folder, "", "scale_factors: [0.5, 1, 2]") as net:
        sizes = {tops(net)[1].shape[2:] for _ in range(40)}
    assert sizes == {(2, 3), (4, 6), (8, 12)}


def test_labels_are_resized_to_the_nearest_pixel_only_by_dense_image_data(folder: Path) -> None:
    size = "new_height: 7 new_width: 3"
    with dense(folder, "batch_size: 1 " + size) as net:
        labels = tops(net)[1][0, 0]
    want = [[LABELS[0][int(h * 4 / 7), int(w * 6 / 3)] for w in range(3)] for h in range(7)]
    np.testing.assert_array_equal(labels, want)
    with seg(folder, size) as net:
        assert not np.array_equal(tops(net)[1][0, 0], want)


def test_nearest_pixels_as_opencv_takes_them() -> None:
    row = np.arange(5)[None]
    np.testing.assert_array_equal(resize_nearest(row, 1, 8), [[0, 0, 1, 1, 2, 3, 3, 4]])
    np.testing.assert_array_equal(resize_nearest(row, 2, 3), [[0, 1, 3]] * 2)


def test_dense_crops_mirrors_and_turns_in_either_phase(folder: Path) -> None:
    text = "batch_size: 1 crop_height: 2 crop_width: 5 mirror: true"
    with dense(folder, text, phase=caffe_pb2.TEST) as net:
        parts = {tuple(tops(net)[1].ravel()) for _ in range(60)}
    assert len(parts) > 20
    square = "batch_size: 1 new_height: 4 new_width: 4 rotate: true"
    with dense(folder, square) as net, dense(folder, square.replace("true", "false")) as plain:
        turned: list[set[int]] = [set(), set(), set()]
        for number in range(36):
            (image, labels), (one, marks) = tops(net), tops(plain)
            turns = [k for k in range(4) if np.array_equal(np.rot90(one[0], k, (1, 2)), image[0])]
            np.testing.assert_array_equal(np.rot90(marks[0, 0], turns[0]), labels[0, 0])
            turned[number % 3].update(turns)
    assert turned == [{0, 1, 2, 3}] * 3


def test_a_channel_for_each_class(folder: Path) -> None:
    with dense(folder, "batch_size: 3 one_hot_nclasses: 7") as net:
        labels = tops(net)[1]
    for n, c, h, w in np.ndindex(labels.shape):
        assert labels[n, c, h, w] == (LABELS[n, h, w] == c)


def test_the_state_brings_back_order_and_crops(folder: Path) -> None:
    options = {"text": "shuffle: true rand_skip: 2", "transform": "crop_size: 2 mirror: true"}
    with seg(folder, phase=caffe_pb2.TRAIN, **options) as net:  # type: ignore[arg-type]
        for _ in range(4):
            tops(net)
        state = net.layers[0].state()  # type: ignore[attr-defined]
        want = [tops(net)[0] for _ in range(8)]
    with seg(folder, phase=caffe_pb2.TRAIN, seed=77, **options) as net:  # type: ignore[arg-type]
        net.layers[0].restore(state)  # type: ignore[attr-defined]
        np.testing.assert_array_equal([tops(net)[0] for _ in range(8)], want)


def test_refused(folder: Path) -> None:
    def mistake(text: str, make: object = seg) -> str:
        with pytest.raises(MinicaffeError) as caught, make(folder, text) as net:  # type: ignore[operator]
            net.forward()
        return str(caught.value)

    (folder / "one").write_text("0.png\n")
    assert "line 1: 1 word(s), expected the image's path and" in mistake(f"source: '{folder}/one'")
    (folder / "text").write_text("0.png dog\n")
    found = mistake(f"source: '{folder}/text' label_type: IMAGE")
    assert "'dog' is no label: with label_type IMAGE" in found
    (folder / "empty").write_text("\n")
    assert "is empty" in mistake(f"source: '{folder}/empty'")
    Image.fromarray(LABELS[0][:3]).save(folder / "1_label.png")
    assert "has 4×6 pixels, its labels" in mistake("batch_size: 2")
    (folder / "1.png").unlink()
    assert "1.png': there is no such file" in mistake("batch_size: 2", dense)
    Image.fromarray(IMAGES[0][:3]).save(folder / "1.png")
    Image.fromarray(LABELS[0][:3]).save(folder / "1_label.png")
    assert "gives 3×3×6, the first of its batch 3×4×6" in mistake("batch_size: 2")
    assert "cannot be cropped to 9×2" in mistake(
        "batch_size: 1 crop_height: 9 crop_width: 2", dense
    )
    with pytest.raises(DataError, match="3 images are to be skipped"):
        epoch_order(3, None, 3, "list")
