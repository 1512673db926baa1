"""The Data layer: settings, databases and records that it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe.data.datum import make_datum
from minicaffe.errors import DataError
from minicaffe.proto import caffe_pb2
from minicaffe.weights.blob_proto import write_blob
from tests.data.helpers import (
    IMAGES,
    data_net,
    labels_of,
    layer_net,
    random_images,
    write_database,
    write_raw_database,
)

pytest.importorskip("lmdb", reason="the Data layer needs the package lmdb")


def serialized(*images: np.ndarray) -> list[bytes]:
    return [make_datum(image, 0).SerializeToString() for image in images]


def test_the_other_backend_is_noticed(tmp_path, database):
    with pytest.raises(DataError, match="holds an LMDB; add 'backend: LMDB'"):
        layer_net("Data", f"data_param {{ source: '{database}' batch_size: 2 }}")
    (tmp_path / "levels").mkdir()
    (tmp_path / "levels" / "CURRENT").touch()
    with pytest.raises(DataError, match="holds a LevelDB; write 'backend: LEVELDB'"):
        data_net(str(tmp_path / "levels"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source: 'x'", "batch_size is 0, expected at least 1"),
        ("batch_size: 2", "source is not given"),
        ("source: 'x' batch_size: 2 prefetch: 0", "prefetch is 0"),
    ],
)
def test_settings_that_are_missing(text, message):
    with pytest.raises(DataError, match=message):
        layer_net("Data", f"data_param {{ backend: LMDB {text} }}")


def test_errors_say_which_layer(tmp_path):
    with pytest.raises(DataError, match=r"layer 'reader' \(Data\): there is no LMDB at '.*none'"):
        data_net(str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_no_lmdb(tmp_path):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "data.mdb").write_bytes(b"hello" * 5000)
    with pytest.raises(DataError, match="cannot be opened as an LMDB"):
        data_net(str(tmp_path / "db"))


def test_a_truncated_database_is_noticed_before_it_is_read(tmp_path):
    path = write_database(tmp_path / "db", random_images(40, 3, 20, 20))
    file = tmp_path / "db" / "data.mdb"
    file.write_bytes(file.read_bytes()[:-5000])
    for _ in range(2):
        with pytest.raises(DataError, match=r"is cut short: data.mdb has \d+ bytes"):
            data_net(path)


def test_an_empty_database(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        data_net(write_raw_database(tmp_path / "db", []))


def test_a_damaged_record_is_named_in_forward(tmp_path):
    path = write_raw_database(tmp_path / "db", [*serialized(IMAGES[0], IMAGES[1]), b"\xff\xff"])
    message = r"layer 'reader' .* record '00000002' of LMDB .*Datum"
    with data_net(path, batch_size=1) as net, pytest.raises(DataError, match=message):
        labels_of(net, 3)


def test_a_damaged_jpeg_is_named(tmp_path):
    pytest.importorskip("PIL.Image", reason="decoding needs Pillow")
    datum = caffe_pb2.Datum(encoded=True, data=b"\xff\xd8\xff\xe0 no image")
    path = write_raw_database(tmp_path / "db", [datum.SerializeToString()])
    with pytest.raises(DataError, match=r"record '00000000' .* cannot be decoded as an image"):
        data_net(path)


def test_images_of_several_sizes_in_a_batch(tmp_path):
    path = write_raw_database(tmp_path / "db", serialized(IMAGES[0], IMAGES[1][:, :2]))
    with (
        data_net(path, batch_size=2) as net,
        pytest.raises(
            DataError,
            match=r"record '00000001' .* has size 3×2×6 .* '00000000' .* in the same batch has "
            r"3×4×6",
        ),
    ):
        net.forward()


def test_a_mean_of_another_size(tmp_path, database):
    write_blob(tmp_path / "mean.binaryproto", np.zeros((1, 3, 6, 4), np.float32), legacy=True)
    with pytest.raises(DataError, match=r"has size 3×6×4, but an image has 3×4×6"):
        data_net(database, rest=f"transform_param {{ mean_file: '{tmp_path}/mean.binaryproto' }}")


def test_a_crop_larger_than_the_images(database):
    with pytest.raises(DataError, match="crop_size is 5, but an image has 4×6"):
        data_net(database, rest="transform_param { crop_size: 5 }")


def test_both_colours_forced(database):
    with pytest.raises(DataError, match="both set"):
        data_net(database, rest="transform_param { force_color: true force_gray: true }")
