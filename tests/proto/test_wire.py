"""Fields on the wire, against what protobuf writes and refuses."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError

from minicaffe.proto import caffe_pb2
from minicaffe.proto.wire import (
    BYTES,
    FIXED32,
    FIXED64,
    GROUP,
    VARINT,
    NotText,
    WireError,
    check_messages,
    wire_fields,
    write_varint,
)

GROUP_7 = b"\x3b\x08\x05\x43\x10\x01\x44\x3c"  # group 7 with a number and group 8 in it


def fields(data):
    return [
        (f.number, f.wire, f.value if f.wire == VARINT else bytes(f.value))
        for f in wire_fields(memoryview(data))
    ]


def test_every_kind_of_field():
    data = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d1234" + b"\x2112345678" + GROUP_7
    assert fields(data) == [
        (1, VARINT, 150),
        (2, BYTES, b"abc"),
        (3, FIXED32, b"1234"),
        (4, FIXED64, b"12345678"),
        (7, GROUP, GROUP_7[1:-1]),
    ]
    assert b"".join(field.raw for field in wire_fields(memoryview(data))) == data


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32, 2**64 - 1])
def test_numbers(value):
    assert fields(b"\x08" + write_varint(value)) == [(1, VARINT, value)]


def test_protobuf_writes_the_same():
    layer = caffe_pb2.LayerParameter(name="conv", phase=caffe_pb2.TEST, loss_weight=[0.5])
    got = {number: value for number, _, value in fields(layer.SerializeToString())}
    numbers = caffe_pb2.LayerParameter.DESCRIPTOR.fields_by_name
    assert got[numbers["name"].number] == b"conv"
    assert got[numbers["phase"].number] == caffe_pb2.TEST


COMPLETE = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d1234" + b"\x2112345678" + GROUP_7
ENDS = (0, 3, 8, 13, 22, len(COMPLETE))


@pytest.mark.parametrize("length", [n for n in range(len(COMPLETE)) if n not in ENDS])
def test_what_is_cut_short(length):
    with pytest.raises(WireError):
        fields(COMPLETE[:length])
    with pytest.raises(DecodeError):
        caffe_pb2.BlobShape.FromString(COMPLETE[:length])


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01",  # field 0
        b"\x0e\x01",  # wire type 6
        b"\x3c",  # the end of a group
        b"\x3b\x44",  # group 7 ends as 8
        b"\x08" + b"\xff" * 10,  # more than 64 bits
        b"\xff" * 40,
        b'name: "x"',
    ],
)
def test_what_is_no_message(data):
    with pytest.raises(WireError):
        fields(data)


def test_strings_that_are_not_utf8_are_found_at_any_depth():
    net = caffe_pb2.NetParameter(name="größe")
    net.layer.add(name="conv", top=["conv"]).blobs.add(data=[1.0])
    good = net.SerializeToString()
    check_messages(memoryview(good), net.DESCRIPTOR, text=True)
    bad = good.replace(b"conv", b"co\x8cv", 1)
    check_messages(memoryview(bad), net.DESCRIPTOR)
    with pytest.raises(NotText, match=r"caffe.LayerParameter.name is not UTF-8 text \(byte 0x8c"):
        check_messages(memoryview(bad), net.DESCRIPTOR, text=True)
