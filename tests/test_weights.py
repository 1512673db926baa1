"""Weights: arrays as messages, files in and out, and what does not fit."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from minicaffe.errors import DataError, MissingExtraError, SnapshotError
from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.weights import caffemodel as weights
from minicaffe.weights import hdf5
from minicaffe.weights.blob_proto import (
    array_of,
    blob_proto,
    read_blob,
    same_shape,
    shape_of,
    values_of,
    write_blob,
)
from minicaffe.weights.hdf5 import open_hdf5

NET = """
name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 5 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "h" param { name: "w" }
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "b" type: "InnerProduct" bottom: "h" top: "g" param { name: "w" }
  inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "g" bottom: "label" top: "loss" }
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make_net(text=NET, seed=1):
    Path("net.prototxt").write_text(text)
    net = Net("net.prototxt", caffe_pb2.TRAIN, seed=seed)
    rng = np.random.default_rng(seed)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = rng.normal(size=blob.shape)
            blob.diff[...] = rng.normal(size=blob.shape)
    return net


def assert_same(a, b, what="data"):
    for name, blobs in a.params.items():
        for x, y in zip(blobs, b.params[name], strict=True):
            np.testing.assert_array_equal(getattr(x, what), getattr(y, what))


# ------------------------------------------------------------- arrays, messages


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (7,), (), (0, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_trip(shape, dtype):
    rng = np.random.default_rng(0)
    data, diff = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    proto = blob_proto(data, diff)
    assert tuple(proto.shape.dim) == shape
    np.testing.assert_array_equal(array_of(proto), data)
    np.testing.assert_array_equal(array_of(proto, "diff"), diff)
    assert array_of(proto).dtype == (dtype if data.size else np.float32)


def test_fields_are_those_that_caffe_fills():
    data = np.array([[1, 2, 3]], np.float32)
    assert blob_proto(data) == caffe_pb2.BlobProto(
        shape=caffe_pb2.BlobShape(dim=[1, 3]), data=[1, 2, 3]
    )
    assert blob_proto(data.astype(float), data.astype(float)) == caffe_pb2.BlobProto(
        shape=caffe_pb2.BlobShape(dim=[1, 3]), double_data=[1, 2, 3], double_diff=[1, 2, 3]
    )
    assert blob_proto(data, legacy=True) == caffe_pb2.BlobProto(
        num=1, channels=1, height=1, width=3, data=[1, 2, 3]
    )


def test_a_new_array_can_be_written():
    array = array_of(blob_proto(np.ones((300, 2), np.float32)))
    array += 1
    assert array.sum() == 1200


def test_legacy_shapes():
    proto = caffe_pb2.BlobProto(num=1, channels=1, height=2, width=3, data=range(6))
    assert shape_of(proto) == (1, 1, 2, 3)
    assert array_of(proto).shape == (1, 1, 2, 3)
    assert same_shape((2, 3), proto)
    assert same_shape((1, 1, 2, 3), proto)
    assert not same_shape((3, 2), proto)
    assert not same_shape((1, 1, 1, 2, 3), proto)
    assert not same_shape((1, 2, 3), caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=[2, 3])))
    with pytest.raises(DataError, match="5 axes has no num"):
        blob_proto(np.zeros((1, 1, 1, 2, 3)), legacy=True)


def raw(kind, payload, shape=(2, 3)):
    """A message with NVCaffe's raw_data, made on the wire."""
    proto = caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=shape))
    proto.MergeFromString(bytes([10 << 3, kind, 12 << 3 | 2, len(payload)]) + payload)
    return proto


def test_half_precision_is_widened():
    values = np.array([[0.5, -2, 3], [4, 5, 6]], np.float16)
    proto = raw(2, values.tobytes())
    assert array_of(proto).dtype == np.float32
    np.testing.assert_array_equal(array_of(proto), values)
    assert values_of(proto).dtype == np.float16


@pytest.mark.parametrize(("kind", "size"), [(9, 8), (2, 3)])
def test_raw_data_that_cannot_be_read(kind, size):
    with pytest.raises(SnapshotError, match=f"raw_data of type {kind} cannot be read"):
        array_of(raw(kind, bytes(size)))


def test_fields_of_others_are_skipped():
    proto = blob_proto(np.arange(3, dtype=np.float32))
    unknown = bytes([0x98, 0x7D, 5])  # field 2003, a varint
    unknown += bytes([0xA5, 0x7D, 1, 2, 3, 4])  # field 2004, 32 bits
    unknown += bytes([0xA9, 0x7D]) + bytes(8)  # field 2005, 64 bits
    unknown += bytes([0xB3, 0x7D, 0x2A, 4, 0, 0, 0, 0, 0xB4, 0x7D])  # field 2006, a group
    proto.MergeFromString(unknown)
    np.testing.assert_array_equal(array_of(proto), [0, 1, 2])


def test_damaged_blob():
    proto = caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=[2, 3]), data=[1, 2])
    with pytest.raises(SnapshotError, match=r"shape 2×3 with 2 values of data"):
        array_of(proto)


def test_binaryproto_file():
    mean = np.random.default_rng(0).random((3, 4, 5), np.float32)
    write_blob("mean.binaryproto", mean, legacy=True)
    np.testing.assert_array_equal(read_blob("mean.binaryproto"), mean[None])
    with pytest.raises(DataError, match="nowhere"):
        read_blob("nowhere.binaryproto")
    with pytest.raises(DataError, match="cannot write"):
        write_blob("no/mean.binaryproto", mean)


# ------------------------------------------------------------------------ files


@pytest.fixture(params=["caffemodel", "h5"])
def save(request):
    if request.param == "h5":
        pytest.importorskip("h5py")
        return hdf5.save_hdf5
    return weights.save_caffemodel


def test_file_round_trip(save):
    net, other = make_net(seed=1), make_net(seed=2)
    save(net, "w")
    weights.load_weights(other, "w")
    assert_same(net, other)


def test_binary_diffs_come_back():
    net, other = make_net(seed=1), make_net(seed=2)
    weights.save_caffemodel(net, "w", write_diff=True)
    other.copy_from("w")
    assert_same(net, other, "diff")


def test_hdf5_layout():
    h5py = pytest.importorskip("h5py")
    net = make_net()
    net.save_hdf5("w.h5", write_diff=True)
    with h5py.File("w.h5") as file:
        assert set(file["data"]) == set(net._layer_names)
        assert list(file["data/a"]) == ["0", "1"]
        assert list(file["data/b"]) == ["1"]  # the shared weights are a's
        assert list(file["diff/b"]) == ["0", "1"]
        np.testing.assert_array_equal(file["diff/b/0"][()], net.params["b"][0].diff)


def test_proto_is_complete():
    net = make_net()
    proto = weights.net_to_proto(net, write_diff=False)
    assert [layer.name for layer in proto.layer] == net._layer_names
    loss = proto.layer[-1]
    assert list(loss.loss_weight) == [1]
    assert all(not layer.HasField("source_line") for layer in proto.layer)
    assert [len(layer.blobs) for layer in proto.layer if layer.type == "InnerProduct"] == [2, 2]
    assert not any(blob.diff for layer in proto.layer for blob in layer.blobs)


def test_a_net_saved_builds_again():
    net = make_net()
    proto = weights.net_to_proto(net)
    again = Net(proto, caffe_pb2.TEST)
    assert_same(net, again)


def test_layers_go_by_name(save, caplog):
    caplog.set_level(logging.INFO, "minicaffe")
    net = make_net(seed=1)
    save(net, "w")
    text = NET.replace('name: "b"', 'name: "c"').replace('param { name: "w" }', "")
    other = make_net(text, seed=2)
    kept = other.params["c"][0].data.copy()
    weights.load_weights(other, "w")
    np.testing.assert_array_equal(other.params["a"][0].data, net.params["a"][0].data)
    np.testing.assert_array_equal(other.params["c"][0].data, kept)
    assert "Ignoring source layer b" in [record.getMessage() for record in caplog.records]


def test_nothing_in_common_is_reported(caplog):
    net = make_net()
    weights.copy_trained_layers(net, caffe_pb2.NetParameter(name="other"), "f.caffemodel")
    assert "nothing was copied" in caplog.text


def test_other_shapes_are_refused_whole(save):
    net = make_net(seed=1)
    save(net, "w")
    head, tail = NET.replace('top: "g" param { name: "w" }', 'top: "g"').rsplit("num_output: 5", 1)
    text = f"{head}num_output: 4{tail}"
    other = make_net(text, seed=2)
    before = other.params["a"][0].data.copy()
    with pytest.raises(
        SnapshotError,
        match=r"^w: layer 'b' \(InnerProduct\): .*rename the layer",
    ):
        weights.load_weights(other, "w")
    np.testing.assert_array_equal(other.params["a"][0].data, before)


def test_an_other_input_size_is_refused(save):
    save(make_net(seed=1), "w")
    other = make_net(
        NET.replace("dim: 2 dim: 5", "dim: 2 dim: 6").replace('param { name: "w" }', "")
    )
    with pytest.raises(
        SnapshotError,
        match=r"layer 'a' .*parameter 0 has shape 5×5 where it is stored, 5×6 in this net",
    ):
        weights.load_weights(other, "w")


def test_other_numbers_of_blobs_are_refused(save):
    net = make_net(seed=1)
    save(net, "w")
    other = make_net(NET.replace("num_output: 5", "num_output: 5 bias_term: false", 1))
    with pytest.raises(SnapshotError, match=r"2 parameter blob\(s\) are stored.* it has 1 in"):
        weights.load_weights(other, "w")
    save(other, "w")
    with pytest.raises(SnapshotError, match=r"1 parameter blob\(s\) are stored.* it has 2 in"):
        weights.load_weights(net, "w")


def test_old_4d_weights_fit():
    net = make_net()
    source = caffe_pb2.NetParameter()
    values = np.random.default_rng(5).random((5, 5), np.float32)
    bias = np.arange(5, dtype=np.float32)
    source.layer.add(
        name="a", blobs=[blob_proto(values, legacy=True), blob_proto(bias, legacy=True)]
    )
    net.copy_from_proto(source)
    np.testing.assert_array_equal(net.params["a"][0].data, values)
    np.testing.assert_array_equal(net.params["a"][1].data, bias)


def test_half_precision_weights_fit():
    net = make_net()
    values = np.arange(25, dtype=np.float16).reshape(5, 5)
    bias = np.arange(5, dtype=np.float16)
    source = caffe_pb2.NetParameter()
    source.layer.add(
        name="a", blobs=[raw(2, values.tobytes(), (5, 5)), raw(2, bias.tobytes(), (5,))]
    )
    net.copy_from_proto(source)
    np.testing.assert_array_equal(net.params["a"][0].data, values)


def test_damaged_weights():
    net = make_net()
    source = weights.net_to_proto(net)
    layer = next(item for item in source.layer if item.name == "a")
    del layer.blobs[1].data[3:]
    with pytest.raises(SnapshotError, match=r"parameter 1 of shape 5 is stored with 3 values"):
        net.copy_from_proto(source)
    with pytest.raises(SnapshotError, match="layer 'x': parameter 1"):
        weights.copy_layer_blobs(net.params["a"], layer.blobs, "x")


def test_hdf5_of_something_else():
    h5py = pytest.importorskip("h5py")
    with h5py.File("w.h5", "w") as file:
        file.create_group("stuff")
    with pytest.raises(SnapshotError, match=r"w\.h5: has no group 'data'"):
        make_net().load_hdf5("w.h5")


def test_damaged_hdf5():
    h5py = pytest.importorskip("h5py")
    net = make_net()
    with h5py.File("w.h5", "w") as file:
        for index, blob in enumerate(net.params["a"]):
            place = file.create_dataset(f"data/a/{index}", data=blob.data, fletcher32=True)
        offset = place.id.get_chunk_info(0).byte_offset
    raw_bytes = bytearray(Path("w.h5").read_bytes())
    raw_bytes[offset + 1] ^= 255
    Path("w.h5").write_bytes(raw_bytes)
    before = net.params["a"][0].data.copy()
    with pytest.raises(SnapshotError, match=r"w\.h5: is damaged"):
        net.load_hdf5("w.h5")
    np.testing.assert_array_equal(net.params["a"][0].data, before)


def test_hdf5_needs_unique_names():
    pytest.importorskip("h5py")
    net = make_net(NET.replace('name: "b"', 'name: "a"'))
    with pytest.raises(SnapshotError, match="two layers are named 'a'"):
        net.save_hdf5("w.h5")


def test_slashes_in_names(save):
    text = NET.replace('name: "b"', 'name: "block/b"')
    net, other = make_net(text, seed=1), make_net(text, seed=2)
    save(net, "w")
    weights.load_weights(other, "w")
    assert_same(net, other)


def test_missing_file():
    with pytest.raises(SnapshotError, match="nowhere"):
        weights.load_weights(make_net(), "nowhere.caffemodel")


def test_hdf5_weights_without_h5py(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"w\.h5: reading and writing HDF5 files needs"):
        open_hdf5("w.h5")
