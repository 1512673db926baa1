"""Arrays as messages and back."""

from __future__ import annotations

import numpy as np
import pytest

from minicaffe import io
from minicaffe.data.images import encode_image
from minicaffe.errors import DataError, ShapeError
from minicaffe.proto import caffe_pb2

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7


def test_blobs_there_and_back():
    proto = io.array_to_blobproto(VALUES.astype(np.float64), -VALUES)
    assert list(proto.shape.dim) == [2, 3, 4]
    assert len(proto.data) == len(proto.diff) == 24  # floats, which every Caffe reads
    assert not proto.double_data
    for got, want in (
        (io.blobproto_to_array(proto), VALUES),
        (io.blobproto_to_array(proto, True), -VALUES),
        (io.blobproto_to_array(proto, return_diff=True), -VALUES),
    ):
        assert got.dtype == np.float64
        np.testing.assert_array_equal(got, want)
    got += 1  # a new, writable array
    assert not io.array_to_blobproto(VALUES).diff


def test_shapes_of_blobs():
    old = caffe_pb2.BlobProto(num=1, channels=2, height=3, width=4, data=range(24))
    assert io.blobproto_to_array(old).shape == (1, 2, 3, 4)
    scalar = io.blobproto_to_array(caffe_pb2.BlobProto(data=[123]))
    assert scalar.shape == ()
    assert scalar == 123
    for proto in (caffe_pb2.BlobProto(data=range(9)), caffe_pb2.BlobProto(num=2, data=[1])):
        with pytest.raises(ValueError, match=r"BlobProto of shape .* values of data"):
            io.blobproto_to_array(proto)
    with pytest.raises(ShapeError, match="0 values of diff"):
        io.blobproto_to_array(io.array_to_blobproto(VALUES), True)
    with pytest.raises(ShapeError, match="diff has shape 3×4, expected the array's own 2×3×4"):
        io.array_to_blobproto(VALUES, VALUES[0])


def test_lists_of_blobs():
    arrays = [VALUES, np.array([5, 6])]
    text = io.arraylist_to_blobprotovector_str(arrays)
    assert isinstance(text, bytes)
    for got, want in zip(io.blobprotovector_str_to_arraylist(text), arrays, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_datums_there_and_back(dtype):
    image = np.arange(24).reshape(2, 3, 4).astype(dtype)
    datum = io.array_to_datum(image, 7)
    assert (datum.channels, datum.height, datum.width, datum.label) == (2, 3, 4, 7)
    assert bool(datum.data) == (dtype == np.uint8)
    again = io.datum_to_array(datum)
    assert again.dtype == (np.uint8 if dtype == np.uint8 else np.float64)
    np.testing.assert_array_equal(again, image)
    again[...] = 0  # writable
    assert not io.array_to_datum(image).HasField("label")
    assert io.array_to_datum(image, 0).HasField("label")


def test_an_encoded_datum_is_decoded():
    pytest.importorskip("PIL")
    image = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    datum = caffe_pb2.Datum(data=encode_image(image, "png"), encoded=True)
    np.testing.assert_array_equal(io.datum_to_array(datum), image)
    with pytest.raises(DataError, match="decoded"):
        io.datum_to_array(caffe_pb2.Datum(data=b"nothing", encoded=True))


def test_datums_that_do_not_fit():
    with pytest.raises(ValueError, match="shape 3×4, expected channels×height×width"):
        io.array_to_datum(np.zeros((3, 4)))
    datum = caffe_pb2.Datum(channels=2, height=3, width=4, data=b"1234")
    with pytest.raises(ValueError, match=r"2×3×4.*with 4 values"):
        io.datum_to_array(datum)
