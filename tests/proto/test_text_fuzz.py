"""The prototxt reader against protobuf's own, on texts that nobody would write by hand."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from minicaffe.errors import PrototxtError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.printing import to_text
from minicaffe.proto.text import parse

hypothesis = pytest.importorskip("hypothesis", reason="random texts need hypothesis")
st = hypothesis.strategies

NAMES = """name layer top loss_weight input_dim force_backward state phase relu_param
negative_slope nonsense"""
VALUES = """1|-1|0x10|1.5|inf|'a'|"b" "c"|TEST|true|[1, 2]|['x']|[]|{}|<>|1e400|07|09|2147483648"""
names = st.sampled_from(NAMES.split())
values = st.sampled_from(VALUES.split("|"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        inner = draw(values) if draw(st.booleans()) else "{ " + draw(texts()) + " }"
        colon = draw(st.sampled_from([":", ": ", " "]))
        parts.append(draw(names) + colon + inner + draw(st.sampled_from([" ", "\n", "; ", ", "])))
    return "".join(parts)


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(texts())
def test_accepts_and_refuses_what_protobuf_does(text: str) -> None:
    try:
        want = text_format.Parse(text, caffe_pb2.NetParameter())
    except text_format.ParseError:
        want = None
    got = caffe_pb2.NetParameter()
    try:
        parse(text, got)
    except PrototxtError:
        assert want is None, f"protobuf takes {text!r}"
        return
    assert want is not None, f"protobuf refuses {text!r}"
    for layer in got.layer:
        layer.ClearField("source_line")
    assert got.SerializeToString(deterministic=True) == want.SerializeToString(deterministic=True)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    try:
        parse(text, caffe_pb2.NetParameter())
    except PrototxtError as error:
        assert str(error), "an error says what is wrong"  # noqa: PT017


floats = st.floats(width=32, allow_nan=False)


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(st.text(max_size=20), st.lists(floats, max_size=4), st.binary(max_size=20))
def test_what_is_printed_reads_back(name: str, numbers: list[float], raw: bytes) -> None:
    net = caffe_pb2.NetParameter(name=name.encode("utf-8", "ignore").decode())
    layer = net.layer.add(name="x", loss_weight=numbers, phase=caffe_pb2.TEST, source_line=5)
    layer.convolution_param.kernel_size.extend([3, 5])
    layer.dummy_data_param.data_filler.add(value=numbers[0] if numbers else 0)
    text = to_text(net)
    assert "source_line" not in text
    assert net.layer[0].source_line == 5, "the message itself stays as it is"
    again = caffe_pb2.NetParameter()
    parse(text, again)
    again.layer[0].ClearField("source_line")
    net.layer[0].ClearField("source_line")
    assert again == net == text_format.Parse(text, caffe_pb2.NetParameter())
    datum = caffe_pb2.Datum(data=raw, label=3)
    back = caffe_pb2.Datum()
    parse(to_text(datum), back)
    assert back == datum
