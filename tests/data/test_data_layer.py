"""The Data layer: what it delivers, where it goes on, and what it keeps."""

from __future__ import annotations

import gc
import logging
import shutil
import subprocess
import sys

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from minicaffe.data.db import DatabaseSource
from minicaffe.data.record_cache import RecordCache
from minicaffe.data.source import Records
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from tests.data.helpers import (
    IMAGES,
    CountedReads,
    data_net,
    labels_of,
    random_images,
    write_database,
)
from tests.data.test_prefetch import left_prefetchers, prefetchers

pytest.importorskip("lmdb", reason="the Data layer needs the package lmdb")

from minicaffe.data.backends import open_database, open_source


def serialized(*images: np.ndarray) -> list[bytes]:
    return [make_datum(image, 0).SerializeToString() for image in images]


# ---------------------------------------------------------------------- what it delivers


@pytest.mark.parametrize("encode", [False, True])
def test_records_come_in_order_and_start_again(tmp_path, encode):
    if encode:
        pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    with data_net(write_database(tmp_path / "db", IMAGES, encode=encode)) as net:
        assert net.blobs["data"].shape == (3, 3, 4, 6)
        assert net.blobs["label"].shape == (3,)
        seen = []
        for _ in range(7):
            net.forward()
            labels = net.blobs["label"].data.astype(int)
            np.testing.assert_array_equal(net.blobs["data"].data, IMAGES[labels])
            seen.extend(labels.tolist())
    assert seen == [i % 5 for i in range(21)]


def test_labels_may_be_left_out(database):
    with data_net(database, tops=("data",)) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, IMAGES[:3])


def test_a_batch_may_be_larger_than_the_database(database):
    with data_net(database, batch_size=12) as net:
        assert labels_of(net, 2) == [i % 5 for i in range(24)]


def test_images_are_transformed(database):
    rest = "transform_param { scale: 0.5 mean_value: 10 crop_size: 2 }"
    with data_net(database, rest=rest) as net:
        net.forward()
        want = (IMAGES[:3, :, 1:3, 2:4].astype(np.float32) - 10) * np.float32(0.5)
        np.testing.assert_array_equal(net.blobs["data"].data, want)


def test_the_seed_decides_about_crops_not_the_threads_timing(database):
    rest = "transform_param { mirror: true crop_size: 2 }"

    def run(depth):
        with data_net(database, rest=rest, data=f"prefetch: {depth}", phase=caffe_pb2.TRAIN) as net:
            return [net.forward()["data"].copy() for _ in range(8)]

    one, other = run(1), run(6)
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one[0], one[5])


def test_float64_nets(database):
    with data_net(database, dtype=np.float64) as net:
        net.forward()
        assert net.blobs["data"].data.dtype == np.float64
        np.testing.assert_array_equal(net.blobs["data"].data, IMAGES[:3])


def test_float_datums(tmp_path):
    values = np.random.default_rng(2).normal(size=(4, 1, 2, 3)).astype(np.float32)
    with data_net(write_database(tmp_path / "db", values)) as net:
        net.forward()
        np.testing.assert_array_equal(net.blobs["data"].data, values[:3])


@pytest.mark.parametrize(
    ("rest", "data", "channels"),
    [
        ("transform_param { force_gray: true }", "", 1),
        ("transform_param { force_color: true }", "", 3),
        ("", "force_encoded_color: true", 3),
    ],
)
def test_forced_colours(tmp_path, rest, data, channels):
    pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    path = write_database(tmp_path / "db", IMAGES if channels == 1 else IMAGES[:, :1], encode=True)
    with data_net(path, rest=rest, data=data) as net:
        net.forward()
        assert net.blobs["data"].shape == (3, channels, 4, 6)


def test_rand_skip_starts_further_on(tmp_path):
    path = write_database(tmp_path / "db", random_images(50, 1, 2, 3))
    starts = set()
    for seed in range(8):
        with data_net(path, data="rand_skip: 10", seed=seed) as net:
            starts.add(labels_of(net, 1)[0])
    assert starts <= set(range(10))
    assert len(starts) > 2


def test_batches_of_one_follow_the_images_sizes(tmp_path):
    images = [random_images(1, 1, 2 + i, 5 - i)[0] for i in range(3)]
    with data_net(write_database(tmp_path / "db", images), batch_size=1) as net:
        for _ in range(2):
            for index, image in enumerate(images):
                net.forward()
                assert net.blobs["data"].shape == (1, *image.shape)
                np.testing.assert_array_equal(net.blobs["data"].data[0], image)
                assert net.blobs["label"].data.tolist() == [index]


def test_layers_above_follow_too(tmp_path):
    images = [random_images(1, 1, 2 + i, 3)[0] for i in range(2)]
    path = write_database(tmp_path / "db", images)
    rest = '} layer { name: "flat" type: "Flatten" bottom: "data" top: "flat"'
    with data_net(path, batch_size=1, rest=rest) as net:
        shapes = []
        for _ in range(3):
            net.forward()
            shapes.append(net.blobs["flat"].shape)
    assert shapes == [(1, 6), (1, 9), (1, 6)]


def test_the_same_database_serves_two_nets(database):
    with data_net(database) as one, data_net(database, batch_size=2) as other:
        assert labels_of(one, 1) == [0, 1, 2]
        assert labels_of(other, 2) == [0, 1, 2, 3]
        one.close()
        assert labels_of(other, 1) == [4, 0]


def test_one_pass_backward_does_nothing(database):
    with data_net(database) as net:
        net.forward()
        net.layers[0].backward([], [], [])


# ------------------------------------------------------------------------ state and end


def test_reading_goes_on_exactly_where_the_state_was_taken(database):
    options = {
        "rest": "transform_param { mirror: true crop_size: 3 }",
        "phase": caffe_pb2.TRAIN,
    }
    with data_net(database, **options) as net:
        for _ in range(4):
            net.forward()
        state = net.layers[0].state()
        want = [net.forward()["data"].copy() for _ in range(5)]
    with data_net(database, seed=99, **options) as net:
        net.forward()
        net.layers[0].restore(state)
        assert net.layers[0].state() == state
        np.testing.assert_array_equal([net.forward()["data"] + 0 for _ in range(5)], want)


def test_the_start_is_a_state_too(database):
    with data_net(database) as net:
        start = net.layers[0].state()
        first = labels_of(net, 2)
        net.layers[0].restore(start)
        assert labels_of(net, 2) == first


def test_close_ends_the_thread(database):
    net = data_net(database)
    net.forward()
    assert prefetchers()
    net.close()
    assert not left_prefetchers()
    with pytest.raises(DataError, match="closed"):
        net.forward()


def test_a_dropped_net_leaves_no_thread(database):
    net = data_net(database)
    net.forward()
    del net
    gc.collect()
    assert not left_prefetchers()


def test_a_program_with_a_running_thread_ends(database):
    program = (
        "import sys; from tests.data.helpers import data_net; "
        "net = data_net(sys.argv[1]); net.forward(); print(net.blobs['label'].data)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, database],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "[0. 1. 2.]"


# -------------------------------------------------------------------------------- cache


def test_a_small_database_is_decoded_once(database):
    counted = CountedReads(open_database(database))
    source = DatabaseSource(counted)
    first = [source.read(2) for _ in range(3)]
    assert counted.reads == 6
    np.testing.assert_array_equal(first[2].labels, [4, 0])
    np.testing.assert_array_equal(source.peek(), IMAGES[1])
    records = source.read(6)
    np.testing.assert_array_equal(records.labels, [1, 2, 3, 4, 0, 1])
    np.testing.assert_array_equal(records.images, IMAGES[[1, 2, 3, 4, 0, 1]])
    source.restore({"position": 3})
    np.testing.assert_array_equal(source.read(1).labels, [3])
    assert counted.reads == 6


def test_a_large_database_is_not_kept(database):
    counted = CountedReads(open_database(database))
    source = DatabaseSource(counted, cache_bytes=IMAGES.nbytes - 1)
    for _ in range(4):
        source.read(3)
    assert counted.reads == 12


def test_images_of_several_sizes_are_not_kept():
    cache = RecordCache(4, 1000)
    cache.put(0, Records(IMAGES[:1], np.array([7])))
    cache.put(1, Records(IMAGES[:1, :, :2], np.array([8])))
    assert not cache.open
    cache.put(2, Records(IMAGES[:1], np.array([7])))
    assert not cache.complete


def test_restoring_before_everything_is_known(database):
    source = open_source(database)
    source.read(2)
    source.restore({"position": 4})
    np.testing.assert_array_equal(source.read(2).labels, [4, 0])
    assert source.state() == {"position": 1}
    np.testing.assert_array_equal(source.read(4).labels, [1, 2, 3, 4])
    np.testing.assert_array_equal(source.read(5).images, IMAGES)


def test_a_database_is_opened_by_its_file_too(tmp_path, database, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    shutil.copy(f"{database}/data.mdb", tmp_path / "one.mdb")
    with data_net(str(tmp_path / "one.mdb")) as net:
        assert labels_of(net, 1) == [0, 1, 2]
    assert "Opened lmdb" in caplog.text
    assert "output data size: 3,3,4,6" in caplog.text
