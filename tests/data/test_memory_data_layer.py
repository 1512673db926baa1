from __future__ import annotations

import logging

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from minicaffe.errors import DataError, ShapeError
from minicaffe.proto import caffe_pb2
from tests.data.helpers import layer_net, random_images

DATA = np.random.default_rng(1).normal(size=(6, 2, 3, 4)).astype(np.float32)
LABELS = np.arange(6, dtype=np.float32)
IMAGES = random_images(4, 2, 5, 6)


def memory_net(text="batch_size: 2 channels: 2 height: 3 width: 4", rest="", **options):
    return layer_net("MemoryData", f"memory_data_param {{ {text} }} {rest}", **options)


def test_batches_follow_each_other_and_start_again():
    net = memory_net()
    assert net.blobs["data"].shape == (2, 2, 3, 4)
    assert net.blobs["label"].shape == (2,)
    net.set_input_arrays(DATA, LABELS)
    for start in (0, 2, 4, 0, 2):
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, DATA[start : start + 2])
        assert net.blobs["label"].shape == (2, 1, 1, 1)  # Caffe's rule
        assert net.blobs["label"].data.ravel().tolist() == [start, start + 1]


def test_resetting_starts_with_the_new_arrays():
    net = memory_net()
    net.set_input_arrays(DATA, LABELS)
    net.forward()
    net.set_input_arrays(DATA[::-1], LABELS.reshape(6, 1, 1, 1))
    net.forward()
    np.testing.assert_array_equal(net.blobs["data"].data, DATA[[5, 4]])


def test_the_callers_array_is_not_copied():
    net = memory_net()
    data = DATA.copy()
    net.set_input_arrays(data, LABELS)
    data[0] = 7
    net.forward()
    assert (net.blobs["data"].data[0] == 7).all()


def test_other_types_are_converted():
    net = memory_net()
    net.set_input_arrays(DATA.astype(np.float64).tolist(), list(range(6)))
    net.forward()
    np.testing.assert_array_equal(net.blobs["data"].data, DATA[:2])


TRANSFORM = "transform_param { scale: 0.5 mean_value: 3 crop_size: 3 }"
SQUARE = "batch_size: 2 channels: 2 height: 3 width: 3"


@pytest.mark.parametrize("as_datums", [True, False])
def test_added_images_are_transformed(as_datums):
    net = memory_net(SQUARE, TRANSFORM)
    layer = net.layers[0]
    if as_datums:
        layer.add_datum_vector([make_datum(image, 9 - i) for i, image in enumerate(IMAGES)])
    else:
        layer.add_mat_vector(list(IMAGES), [9, 8, 7, 6])
    want = (IMAGES[:, :, 1:4, 1:4].astype(np.float32) - 3) * np.float32(0.5)
    for start in (0, 2):
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, want[start : start + 2])
        assert net.blobs["label"].data.ravel().tolist() == [9 - start, 8 - start]


def test_nothing_is_added_before_the_last_is_used_up():
    net = memory_net(SQUARE, TRANSFORM)
    layer = net.layers[0]
    layer.add_mat_vector(IMAGES, [0] * 4)
    net.forward()
    with pytest.raises(DataError, match="cannot add data before"):
        layer.add_mat_vector(IMAGES, [0] * 4)
    with pytest.raises(DataError, match="cannot change batch_size before"):
        layer.set_batch_size(4)
    net.forward()
    layer.add_mat_vector(IMAGES, [0] * 4)


def test_another_batch_size():
    net = memory_net()
    layer = net.layers[0]
    net.set_input_arrays(DATA, LABELS)
    layer.set_batch_size(3)
    assert layer.batch_size == 3
    net.forward()
    assert net.blobs["data"].shape == (3, 2, 3, 4)
    layer.set_batch_size(4)  # 6 items are no multiple of it
    with pytest.raises(DataError, match="no data yet"):
        net.forward()


def test_the_state_brings_back_place_and_generator():
    net = memory_net(SQUARE, "transform_param { mirror: true crop_size: 3 }", phase=caffe_pb2.TRAIN)
    layer = net.layers[0]
    state = layer.state()
    layer.add_mat_vector(IMAGES, range(4))
    want = [net.forward()["data"].copy() for _ in range(2)]
    layer.restore(state)
    layer.add_mat_vector(IMAGES, range(4))
    np.testing.assert_array_equal([net.forward()["data"] + 0 for _ in range(2)], want)
    net.forward()
    position = layer.state()
    net.forward()
    layer.restore(position)
    assert net.forward()["label"].ravel().tolist() == [2, 3]


def test_backward_does_nothing():
    memory_net().layers[0].backward([], [], [])


def test_without_data_it_says_how_to_give_it():
    with pytest.raises(DataError, match=r"layer 'reader' \(MemoryData\).*set_input_arrays"):
        memory_net().forward()


@pytest.mark.parametrize(
    ("data", "labels", "error", "message"),
    [
        (
            DATA[:3],
            LABELS[:3],
            ShapeError,
            r"3 item\(s\) given, expected a multiple of batch_size 2",
        ),
        (DATA[:0], LABELS[:0], ShapeError, r"0 item\(s\) given"),
        (DATA, LABELS[:4], ShapeError, "blob 'label' have shape 4, expected 6: one for each"),
        (DATA, ["x"] * 6, ShapeError, "array of <U1 is given for blob 'label'"),
        ([[1], [1, 2]], LABELS, ShapeError, "for blob 'data' have unequal lengths"),
        (DATA[:, :1], LABELS, ShapeError, "blob 'data' has shape 6×1×3×4, expected count×2×3×4"),
        (DATA[0], LABELS, ValueError, "shape 2×3×4, expected"),
    ],
)
def test_arrays_that_do_not_fit(data, labels, error, message):
    with pytest.raises(error, match=message):
        memory_net().set_input_arrays(data, labels)


def test_images_that_do_not_fit():
    layer = memory_net(SQUARE, TRANSFORM).layers[0]
    with pytest.raises(DataError, match="size 1×3×3 after transformation, expected 2×3×3"):
        layer.add_mat_vector(IMAGES[:, :1], [0] * 4)
    with pytest.raises(DataError, match="image 1 has size"):
        layer.add_mat_vector([IMAGES[0], IMAGES[1][:, :4]], [0, 0])
    with pytest.raises(DataError, match=r"1 label\(s\) for 2 image"):
        layer.add_mat_vector(IMAGES[:2], [0])


def test_sizes_that_are_missing():
    with pytest.raises(DataError, match="width is 0, expected at least 1"):
        memory_net("batch_size: 2 channels: 2 height: 3")


def test_reset_warns_that_it_does_not_transform(caplog):
    net = memory_net(SQUARE, TRANSFORM)
    with caplog.at_level(logging.WARNING, "minicaffe"):
        net.layers[0].reset(DATA[..., :3], LABELS)
    assert "does not transform" in caplog.text
