"""Printed prototxt: its layout, and that it reads back as it was, here and in protobuf."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor

from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text
from minicaffe.proto.text_format import parse
from minicaffe.proto.wire import is_repeated
from tests.proto.test_text_fuzz import golden_texts

hypothesis = pytest.importorskip("hypothesis", reason="random messages need hypothesis")
st = hypothesis.strategies

SCALARS = {
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32, allow_nan=False),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
}


def values(field: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_ENUM:
        return st.sampled_from(list(field.enum_type.values_by_number))
    return SCALARS[field.type]


@st.composite
def messages(draw: st.DrawFn, cls: Any, depth: int = 3) -> Any:
    """A message with a few fields of any kind."""
    message = cls()
    fill(draw, message, depth)
    hypothesis.assume(message.IsInitialized())
    return message


def fill(draw: st.DrawFn, message: Any, depth: int) -> None:
    fields = [f for f in message.DESCRIPTOR.fields if f.name != "source_line"]
    for field in draw(st.lists(st.sampled_from(fields), max_size=4)) if fields else []:
        if field.message_type is not None:
            if not depth:
                continue
            target = getattr(message, field.name)
            inner = target.add() if is_repeated(field) else target
            if not is_repeated(field):
                inner.SetInParent()
            fill(draw, inner, depth - 1)
        elif is_repeated(field):
            getattr(message, field.name).extend(draw(st.lists(values(field), max_size=3)))
        else:
            setattr(message, field.name, draw(values(field)))


def same(item: Any, other: Any) -> bool:
    return item.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def reads_back(message: Any) -> None:
    text = to_text(message)
    assert same(text_format.Parse(text, type(message)()), message), text
    again = type(message)()
    parse(text, again)
    assert to_text(again) == text
    assert "source_line" not in text
    assert same(text_format.Parse(to_text(again), type(message)()), message)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(st.data())
def test_random_messages_read_back(data: Any) -> None:
    names = sorted(caffe_pb2.DESCRIPTOR.message_types_by_name)
    kind = data.draw(st.sampled_from(["NetParameter", "SolverParameter", "LayerParameter", *names]))
    reads_back(data.draw(messages(getattr(caffe_pb2, kind))))


def test_real_files_read_back() -> None:
    for kind, texts in golden_texts().items():
        for text in texts:
            message = getattr(caffe_pb2, kind)()
            try:
                text_format.Parse(text, message)
            except text_format.ParseError:
                continue  # one that is there to be refused
            reads_back(message)


def test_the_layout() -> None:
    net = caffe_pb2.NetParameter(name='a"\\\n\t\x01\x7fé', input_dim=[1, 2])
    layer = net.layer.add(name="x", phase=caffe_pb2.TEST, loss_weight=[1, 0.1, 1e-5], source_line=4)
    layer.convolution_param.bias_term = False
    layer.relu_param.SetInParent()
    assert to_text(net) == (
        'name: "a\\"\\\\\\n\\t\\001\\177é"\n'
        "input_dim: 1\n"
        "input_dim: 2\n"
        "layer {\n"
        '  name: "x"\n'
        "  loss_weight: 1\n"
        "  loss_weight: 0.1\n"
        "  loss_weight: 1e-05\n"
        "  phase: TEST\n"
        "  convolution_param {\n"
        "    bias_term: false\n"
        "  }\n"
        "  relu_param {\n"
        "  }\n"
        "}\n"
    )
    assert layer.source_line == 4, "the message itself stays as it is"


def test_numbers_have_no_more_digits_than_they_need() -> None:
    blob = caffe_pb2.BlobProto(data=[1 / 3, 1e38, -0.0, math.inf], double_data=[1 / 3, 1e300, 2])
    text = to_text(blob)
    assert text.split("\n")[:-1] == [
        "data: 0.33333334",
        "data: 1e+38",
        "data: -0",
        "data: inf",
        "double_data: 0.3333333333333333",
        "double_data: 1e+300",
        "double_data: 2",
    ]
    again = text_format.Parse(text, caffe_pb2.BlobProto())
    assert struct.pack("<4f", *again.data) == struct.pack("<4f", *blob.data)


def test_nan_is_printed() -> None:
    assert to_text(caffe_pb2.BlobProto(data=[math.nan], double_data=[math.nan])) == (
        "data: nan\ndouble_data: nan\n"
    )


def test_bytes_and_names_that_are_not_utf8() -> None:
    datum = caffe_pb2.Datum(data=b"\x00\xff\xc3\xa4")
    assert to_text(datum) == 'data: "\\000\\377ä"\n'
    reads_back(datum)
