"""Weight files of forks, in which a number means something else than in BVLC's schema."""

from __future__ import annotations

import logging

import pytest
from google.protobuf.message import DecodeError

from minicaffe.proto import caffe_pb2
from minicaffe.proto.io import parse_net_binary


def field(number, payload):
    """A length-delimited field as protobuf writes it."""
    key = number << 3 | 2
    head = bytes([key & 127 | 128, key >> 7]) if key > 127 else bytes([key])
    assert len(payload) < 128
    return head + bytes([len(payload)]) + payload


BLOB = caffe_pb2.BlobProto(shape={"dim": [1, 2]}, data=[3, 4]).SerializeToString()
LAYER = field(1, b"conv") + field(2, b"Convolution") + field(7, BLOB)

# What forks write under numbers of BVLC Caffe.
FOREIGN = {
    "mat_write_param of DeepLab": field(145, field(1, b"features/fc8")),
    "seg_data_param of TSN": field(141, field(1, b"list") + field(3, b"mean.binaryproto")),
    "smooth_l1_loss_param of R-FCN": field(148, b"\x0d\0\0\x80?"),
    "forward_math of NVCaffe": b"\x98\x09\x02",
    "engine of Intel Caffe": field(149, b"MKLDNN"),
}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_weights_are_read_beside_foreign_fields(foreign):
    net = parse_net_binary(field(1, b"net") + field(100, LAYER + foreign))
    assert net.name == "net"
    (layer,) = net.layer
    assert (layer.name, layer.type) == ("conv", "Convolution")
    assert list(layer.blobs[0].data) == [3, 4]
    assert caffe_pb2.NetParameter.FromString(net.SerializeToString()) == net


def test_conflict_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    data = field(100, LAYER + FOREIGN["mat_write_param of DeepLab"])
    parse_net_binary(data, "deeplab.caffemodel")
    (record,) = caplog.records
    assert record.getMessage().startswith("deeplab.caffemodel is of a fork of Caffe")


def test_v1_weights_are_read_beside_foreign_fields():
    """The bottoms stay in V1 files, because the upgrade of V0 layers needs them."""
    bad = field(27, field(1, b"text where a number is due") + b"\x07")
    layer = field(4, b"ip") + b"\x28\x0e" + field(2, b"data") + field(6, BLOB) + bad
    net = parse_net_binary(field(2, layer))
    (got,) = net.layers
    assert (got.name, list(got.bottom), got.type) == ("ip", ["data"], got.INNER_PRODUCT)
    assert list(got.blobs[0].data) == [3, 4]
    assert not got.HasField("accuracy_param")


def test_files_that_parse_are_read_completely():
    net = caffe_pb2.NetParameter(name="n", force_backward=True)
    net.layer.add(name="a", type="Dropout").dropout_param.dropout_ratio = 0.25
    assert parse_net_binary(net.SerializeToString()) == net


@pytest.mark.parametrize("data", [field(100, LAYER)[:-3], b"name: 'text'"], ids=["cut", "text"])
def test_what_is_no_weight_file_is_refused(data):
    with pytest.raises(DecodeError):
        parse_net_binary(data)
