"""Blobs in the numbering of forks, told by their wire types and read; built from wire bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicaffe import TEST, Net
from minicaffe.errors import SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.wire import write_varint
from minicaffe.weights.blob_proto import StoredBlob, array_of, same_shape

VALUES = np.arange(24, dtype=np.float32) / 8 - 1


def varint(number: int, value: int) -> bytes:
    return write_varint(number << 3) + write_varint(value)


def chunk(number: int, payload: bytes) -> bytes:
    return write_varint(number << 3 | 2) + write_varint(len(payload)) + payload


def c3d(shape: tuple[int, ...], values: np.ndarray, diff: np.ndarray | None = None) -> bytes:
    """C3D's BlobProto: num, channels, length, height, width are 1 to 5, data is 6, diff 7."""
    message = b"".join(varint(number, length) for number, length in enumerate(shape, 1))
    message += chunk(6, values.astype("<f4").tobytes())
    return message + (b"" if diff is None else chunk(7, diff.astype("<f4").tobytes()))


def naibaf7(values: bytes, kind: int | None, gradients: bytes = b"") -> bytes:
    """naibaf7's: shape is 7 as in Caffe, packed_data 11, packed_diff 12, data_type 13."""
    shape = caffe_pb2.BlobShape(dim=[2, 3, 4]).SerializeToString()
    message = chunk(7, shape) + chunk(11, values) + (chunk(12, gradients) if gradients else b"")
    return message + (b"" if kind is None else varint(13, kind))


def test_c3d_has_five_dimensions_and_the_values_under_another_number() -> None:
    stored = StoredBlob(memoryview(c3d((2, 1, 3, 1, 4), VALUES, diff=VALUES + 7)))
    np.testing.assert_array_equal(stored.values(), VALUES)
    np.testing.assert_array_equal(stored.values("diff"), VALUES + 7)
    assert same_shape((2, 1, 3, 1, 4), stored.header)
    assert not same_shape((2, 1, 3, 4), stored.header)
    bias = StoredBlob(memoryview(c3d((1, 1, 1, 1, 24), VALUES)))
    assert same_shape((24,), bias.header)
    assert same_shape((1, 24), bias.header)


def test_a_net_takes_c3ds_weights(tmp_path: Path) -> None:
    """In the old form of layers, with a type's number that means something else in Caffe."""
    text = (
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: [1, 2, 4, 5, 6] } } }'
        'layer { name: "conv" type: "Convolution" bottom: "x" top: "c" convolution_param '
        "{ num_output: 3 kernel_size: 2 kernel_depth: 2 } }"
    )
    (tmp_path / "n.prototxt").write_text(text)
    weights = np.random.default_rng(0).normal(size=(3, 2, 2, 2, 2)).astype(np.float32)
    blobs = chunk(6, c3d(weights.shape, weights)) + chunk(6, c3d((1, 1, 1, 1, 3), VALUES[:3]))
    layer = chunk(4, b"conv") + varint(5, 30) + blobs
    (tmp_path / "w.caffemodel").write_bytes(chunk(2, layer))
    net = Net(str(tmp_path / "n.prototxt"), TEST, weights=str(tmp_path / "w.caffemodel"))
    np.testing.assert_array_equal(net.params["conv"][0].data, weights)
    np.testing.assert_array_equal(net.params["conv"][1].data, VALUES[:3])


@pytest.mark.parametrize(("kind", "dtype"), [(None, "<f4"), (0, "<f4"), (1, "<f2"), (2, "<f8")])
def test_naibaf7s_bytes(kind: int | None, dtype: str) -> None:
    """Its gradients have the number of NVCaffe's values, and are not taken for them."""
    message = naibaf7(VALUES.astype(dtype).tobytes(), kind, (VALUES + 5).astype(dtype).tobytes())
    stored = StoredBlob(memoryview(message))
    np.testing.assert_array_equal(stored.values(), VALUES)
    assert not stored.values("diff").size
    assert same_shape((2, 3, 4), stored.header)


def test_quantised_values_are_refused_by_name() -> None:
    stored = StoredBlob(memoryview(naibaf7(bytes(24), 3)))
    with pytest.raises(SnapshotError, match="naibaf7's Caffe is quantised and cannot be read"):
        stored.values()


def test_nvcaffes_bytes_are_still_its_own() -> None:
    shape = caffe_pb2.BlobShape(dim=[24]).SerializeToString()
    message = chunk(7, shape) + varint(10, 1) + varint(11, 1)
    message += chunk(12, VALUES.tobytes()) + chunk(13, (VALUES * 2).tobytes())
    stored = StoredBlob(memoryview(message))
    np.testing.assert_array_equal(stored.values(), VALUES)
    np.testing.assert_array_equal(stored.values("diff"), VALUES * 2)


def test_caffes_own_are_as_before() -> None:
    proto = caffe_pb2.BlobProto(num=2, channels=3, height=1, width=4, data=VALUES)
    np.testing.assert_array_equal(array_of(proto), VALUES.reshape(2, 3, 1, 4))
