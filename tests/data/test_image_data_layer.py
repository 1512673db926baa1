from __future__ import annotations

import numpy as np
import pytest

from minicaffe.data.image_list import read_image_list
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from tests.data.helpers import labels_of, layer_net, random_images

Image = pytest.importorskip("PIL.Image", reason="the ImageData layer needs Pillow")

IMAGES = random_images(5, 4, 6, 3)  # height, width, red-green-blue


@pytest.fixture
def folder(tmp_path):
    """Five images; a list whose labels are 10 times their number."""
    lines = []
    for index, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / f"image {index}.png")
        lines.append(f"image {index}.png {10 * index}\n")
    (tmp_path / "list.txt").write_text("".join(lines))
    return tmp_path


def image_net(folder, text="", rest="", batch_size=2, **options):
    return layer_net(
        "ImageData",
        f"image_data_param {{ source: '{folder}/list.txt' root_folder: '{folder}/' "
        f"batch_size: {batch_size} {text} }} {rest}",
        **options,
    )


def test_images_come_in_the_lists_order_blue_first(folder):
    with image_net(folder) as net:
        for start in (0, 2, 4):
            net.forward()
            which = [start % 5, (start + 1) % 5]
            want = IMAGES[which][..., ::-1].transpose(0, 3, 1, 2)
            np.testing.assert_array_equal(net.blobs["data"].data, want)
            assert net.blobs["label"].data.tolist() == [10 * i for i in which]


def test_grey_resized_and_transformed(folder):
    rest = "transform_param { scale: 0.5 crop_size: 3 }"
    with image_net(folder, "is_color: false new_height: 7 new_width: 5", rest) as net:
        assert net.blobs["data"].shape == (2, 1, 3, 3)
        net.forward()
        assert 20 < net.blobs["data"].data.mean() < 110


def test_without_a_root_the_paths_are_taken_as_they_are(folder):
    (folder / "list.txt").write_text(f"{folder}/image 3.png 7")
    with layer_net("ImageData", f"image_data_param {{ source: '{folder}/list.txt' }}") as net:
        assert labels_of(net, 2) == [7, 7]


def test_shuffling_takes_every_image_once_an_epoch(folder):
    with image_net(folder, "shuffle: true", batch_size=5, phase=caffe_pb2.TRAIN) as net:
        epochs = [labels_of(net, 1) for _ in range(12)]
    assert all(sorted(epoch) == [0, 10, 20, 30, 40] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 5


def test_the_state_brings_back_the_shuffled_order(folder):
    options = {"text": "shuffle: true", "rest": "transform_param { mirror: true }"}
    with image_net(folder, **options) as net:
        labels_of(net, 4)
        state = net.layers[0].state()
        want = labels_of(net, 9)
    with image_net(folder, seed=77, **options) as net:
        net.layers[0].restore(state)
        assert labels_of(net, 9) == want


def test_the_state_of_an_unshuffled_list(folder):
    with image_net(folder) as net:
        labels_of(net, 2)
        state = net.layers[0].state()
        labels_of(net, 1)
        net.layers[0].restore(state)
        assert labels_of(net, 1) == [40, 0]


def test_rand_skip(folder):
    starts = set()
    for seed in range(12):
        with image_net(folder, "rand_skip: 3", seed=seed) as net:
            starts.add(labels_of(net, 1)[0])
    assert starts == {0, 10, 20}


def test_more_to_skip_than_there_are(folder):
    (folder / "list.txt").write_text("image 0.png 1\n")

    def skip_something(seed):
        with image_net(folder, "rand_skip: 1000", seed=seed):
            pass

    with pytest.raises(DataError, match=r"are to be skipped, but '.*' has only 1; lower rand_skip"):
        skip_something(1)


def test_batches_of_one_follow_the_images_sizes(folder):
    Image.fromarray(IMAGES[1][:2]).save(folder / "image 1.png")
    with image_net(folder, batch_size=1) as net:
        shapes = []
        for _ in range(3):
            net.forward()
            shapes.append(net.blobs["data"].shape)
    assert shapes == [(1, 3, 4, 6), (1, 3, 2, 6), (1, 3, 4, 6)]


def test_images_of_several_sizes_in_a_batch(folder):
    Image.fromarray(IMAGES[1][:2]).save(folder / "image 1.png")
    message = r"image '.*image 1\.png' has size 3×2×6 .* but image '.*image 0\.png' in the same"
    with image_net(folder) as net, pytest.raises(DataError, match=message):
        net.forward()


def test_a_missing_image_is_named_with_its_list(folder):
    (folder / "image 2.png").unlink()
    message = r"cannot read image '.*image 2\.png'.*listed in '.*list"
    with image_net(folder) as net, pytest.raises(DataError, match=message):
        labels_of(net, 2)


def test_a_relative_path_says_from_where(folder):
    (folder / "list.txt").write_text("no-such-image.png 1\n")
    with pytest.raises(DataError, match=r"no-such-image\.png'.* \(as seen from "):
        layer_net("ImageData", f"image_data_param {{ source: '{folder}/list.txt' }}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("new_height: 5", "new_height is 5 and new_width 0; set both"),
        ("source: 'x' batch_size: 0", "batch_size is 0"),
        ("source: ''", "source is not given"),
    ],
)
def test_settings_that_are_wrong(text, message):
    with pytest.raises(DataError, match=message):
        layer_net("ImageData", f"image_data_param {{ {text} }}")


# ---------------------------------------------------------------------------- list files


def test_names_may_hold_spaces_and_lines_may_end_anyhow(tmp_path):
    (tmp_path / "list").write_bytes(b"a b.png 3\r\n\r\nc.png -1 \nd.png 0")
    want = [("a b.png", 3), ("c.png", -1), ("d.png", 0)]
    assert list(read_image_list(str(tmp_path / "list"))) == want


@pytest.mark.parametrize("line", ["b.png", "b.png one", "b.png 1.5", "17", " 3"])
def test_a_malformed_line_is_named(tmp_path, line):
    (tmp_path / "list").write_text(f"a.png 1\n{line}\n")
    with pytest.raises(DataError, match=rf"line 2: found '{line}', expected the image's path"):
        read_image_list(str(tmp_path / "list"))


def test_a_binary_file_is_shown_in_printable_characters(tmp_path):
    (tmp_path / "list").write_bytes(b"\x89PNG\x1a" + b"\xff" * 200)
    with pytest.raises(
        DataError, match=r"line 1: found '\\udc89PNG.{,999}\.\.\.', expected"
    ) as caught:
        read_image_list(str(tmp_path / "list"))
    assert str(caught.value).isprintable()


def test_an_empty_or_missing_list(tmp_path):
    (tmp_path / "list").write_text("\n \n")
    with pytest.raises(DataError, match="is empty"):
        read_image_list(str(tmp_path / "list"))
    with pytest.raises(DataError, match="cannot read the image list"):
        read_image_list(str(tmp_path / "none"))
