"""Weight files: nothing is copied on the way, of every age, and damaged ones."""

from __future__ import annotations

import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from minicaffe.errors import SnapshotError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import map_binary
from minicaffe.proto.wire import BYTES, write_varint
from minicaffe.weights import caffemodel as weights
from minicaffe.weights.blob_proto import StoredBlob, blob_proto
from minicaffe.weights.caffemodel import stored_layers
from tests.test_weights import NET, assert_same, make_net


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_values_are_not_copied_on_the_way():
    text = NET.replace("dim: 5", "dim: 3000").replace("num_output: 5", "num_output: 500")
    text = text.replace('param { name: "w" }', "")
    net, other = make_net(text, seed=1), make_net(text, seed=2)
    net.save("w")
    tracemalloc.start()
    try:
        other.copy_from("w")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert_same(net, other)
    assert peak < net.params["a"][0].data.nbytes / 10


def stored_as(layer_message):
    """A weight file of another age with the layers of NET, whose blobs are 4-D."""
    net = make_net()
    proto = caffe_pb2.NetParameter()
    for name, blobs in net.params.items():
        layer = layer_message(proto)
        layer.name = name
        layer.blobs.extend(blob_proto(blob.data, legacy=True) for blob in blobs)
    Path("w").write_bytes(proto.SerializeToString())
    return net


@pytest.mark.parametrize(
    "layer_message",
    [
        lambda proto: proto.layer.add(),
        lambda proto: proto.layers.add(),
        lambda proto: proto.layers.add().layer,
    ],
    ids=["today", "V1", "V0"],
)
def test_weights_of_every_age(layer_message):
    net, other = stored_as(layer_message), make_net(seed=2)
    other.copy_from("w")
    assert_same(net, other)


def test_fields_that_contradict_the_schema_do_not_matter():
    net, other = make_net(seed=1), make_net(seed=2)
    content = b""
    for layer in weights.net_to_proto(net).layer:
        number = layer.DESCRIPTOR.fields_by_name["reduction_param"].number
        clash = write_varint(number << 3 | BYTES) + b"\x05" + b"\xff" * 5  # cannot be one
        message = layer.SerializeToString() + clash
        content += write_varint(100 << 3 | BYTES) + write_varint(len(message)) + message
    Path("w").write_bytes(content)
    with pytest.raises(DecodeError):
        caffe_pb2.NetParameter.FromString(content)
    other.copy_from("w")
    assert_same(net, other)


def test_values_written_one_by_one():
    """As a writer may that does not know of packed fields."""
    proto = caffe_pb2.BlobProto(shape=caffe_pb2.BlobShape(dim=[3]))
    floats = np.array([1, 2.5, -3], np.float32)
    data = proto.SerializeToString() + b"".join(b"\x2d" + value.tobytes() for value in floats)
    np.testing.assert_array_equal(StoredBlob(memoryview(data)).values(), floats)


def test_values_in_several_pieces():
    one, two = (blob_proto(np.array(v, np.float32)) for v in ([1, 2], [3]))
    data = one.SerializeToString() + two.SerializeToString()
    np.testing.assert_array_equal(StoredBlob(memoryview(data)).values(), [1, 2, 3])


@pytest.mark.parametrize("length", [0.1, 0.5, 0.99])
def test_a_file_that_is_cut_short_changes_nothing(length):
    net, other = make_net(seed=1), make_net(seed=2)
    net.save("w")
    content = Path("w").read_bytes()
    Path("w").write_bytes(content[: int(len(content) * length)])
    before = other.arena.data.copy()
    with pytest.raises(SnapshotError, match=r"^w: the file is truncated or damaged"):
        other.copy_from("w")
    np.testing.assert_array_equal(other.arena.data, before)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b'name: "x"\nlayer { }', "this is a prototxt, a .caffemodel is expected; it is given as"),
        (b"\xf8\xff\xff\xff\x0f\x00", "there is no net in this file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_files_that_are_no_weights(content, message):
    Path("w").write_bytes(content)
    with pytest.raises(SnapshotError, match=message) as caught:
        make_net().copy_from("w")
    assert str(caught.value).startswith("w: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_weights_through_a_pipe():
    net = make_net()
    net.save("w")
    os.mkfifo("pipe")
    content = Path("w").read_bytes()
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(content,))
    writer.start()
    file = map_binary("pipe")
    writer.join()
    assert bytes(file.view) == content
    file.forget()
    assert [layer.name for layer in stored_layers(file.view, "pipe")] == net._layer_names
