"""The prototxt reader against protobuf's own, on texts that no one would write by hand.

Known differences, which the texts here avoid: protobuf's Python reader takes ``+5``, ``1_000``,
``0b1`` and ``0o7`` and passes over escapes that are none, which its C++ reader (Caffe's)
refuses; it refuses ``- 5`` and raw bytes in comments, which that one takes; it does not look
for required fields; and to us ``source_line`` is not a field.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format

from minicaffe.errors import PrototxtError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.lexer import END, Text
from minicaffe.proto.text_format import parse

hypothesis = pytest.importorskip("hypothesis", reason="random texts need hypothesis")
st = hypothesis.strategies

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = """name layer top loss_weight input_dim force_backward state phase relu_param
negative_slope nonsense"""
VALUES = """1|-1|0x10|1.5|inf|'a'|"b" "c"|TEST|true|[1, 2]|['x']|[]|{}|<>|1e400|07|09|2147483648"""
WORDS = """{ } < > [ ] : , ; - . / 1 -1 -5 0 07 09 0x1F 1.5 .5 1. 1e3 1e 1.5f 2f 1e400 4294967295
4294967296 -2147483648 9223372036854775808 18446744073709551616 inf -inf nan infinity true t f
True 'a' "b" 'é' "\\x41\\101\\n" 'open name layer layers top type param TRAIN TEST MAX nonsense #x
\t \r\n \f ï"""
names = st.sampled_from(NAMES.split())
values = st.sampled_from(VALUES.split("|"))
words = st.sampled_from(WORDS.replace("\t", "TAB").split()).map(lambda w: w.replace("TAB", "\t"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Fields with values that mostly do not fit."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        inner = draw(values) if draw(st.booleans()) else "{ " + draw(texts()) + " }"
        colon = draw(st.sampled_from([":", ": ", " "]))
        parts.append(draw(names) + colon + inner + draw(st.sampled_from([" ", "\n", "; ", ", "])))
    return "".join(parts)


@functools.cache
def golden_texts() -> dict[str, list[str]]:
    """All nets and solvers among the reference results, by the name of their message."""
    found: dict[str, list[str]] = {"NetParameter": [], "SolverParameter": []}
    for path in sorted(GOLDEN.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            found["NetParameter"].append(case.get("prototxt", ""))
            found["SolverParameter"].append(case.get("solver") or "")
            for kind in ("text", "upgraded"):
                found[case.get("message", "NetParameter")].append(case.get(kind) or "")
    return {name: sorted(filter(None, set(texts))) for name, texts in found.items()}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """A text of a real file with a few words left out, put in, replaced or exchanged."""
    kind = draw(st.sampled_from(["NetParameter", "SolverParameter"]))
    text = draw(st.sampled_from(golden_texts()[kind]))
    tokens = [token.text for token in Text(text).tokens() if token.kind != END][:300]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(tokens)))
        end = min(len(tokens), at + draw(st.integers(0, 2)))
        tokens[at:end] = draw(st.lists(words | st.sampled_from(tokens or ["a"]), max_size=2))
    gap = draw(st.sampled_from([" ", "\n", " # c\n", "\t", "\r\n"]))
    return kind, gap.join(tokens).replace(f"-{gap}", "-")


def read_by_both(text: str, cls: Any) -> None:
    """Both readers take a text, with the same result, or both refuse it."""
    try:
        want = text_format.Parse(text, cls())
    except text_format.ParseError:
        want = None
    got = cls()
    try:
        parse(text, got)
    except PrototxtError as error:
        assert want is None or not want.IsInitialized(), f"protobuf takes {text!r}: {error}"  # noqa: PT017
        return
    assert want is not None, f"protobuf refuses {text!r}"
    for layer in [*getattr(got, "layer", ()), *getattr(got, "layers", ())]:
        layer.ClearField("source_line")
    assert got.SerializeToString(deterministic=True) == want.SerializeToString(deterministic=True)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(texts())
def test_accepts_and_refuses_what_protobuf_does(text: str) -> None:
    read_by_both(text, caffe_pb2.NetParameter)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(damaged())
def test_damaged_files_are_refused_as_protobuf_does(case: tuple[str, str]) -> None:
    kind, text = case
    read_by_both(text, getattr(caffe_pb2, kind))


def test_real_files_are_read_as_protobuf_does() -> None:
    for kind, found in golden_texts().items():
        assert len(found) > 20
        for text in found:
            read_by_both(text, getattr(caffe_pb2, kind))


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=20))
def test_strings_are_read_as_protobuf_does(text: str) -> None:
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    read_by_both(f'name: "{body}"', caffe_pb2.NetParameter)
    read_by_both(f"name: '{body}' # {body}", caffe_pb2.NetParameter)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    try:
        parse(text, caffe_pb2.NetParameter())
    except PrototxtError as error:
        assert str(error), "an error says what is wrong"  # noqa: PT017
