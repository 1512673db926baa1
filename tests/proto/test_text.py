"""The prototxt reader: what protobuf takes, every problem of a file, and where it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, text_format

from minicaffe.errors import MAX_COUNTED, PrototxtError, closest, did_you_mean
from minicaffe.proto import caffe_pb2
from minicaffe.proto.lexer import SIGN, Text, Token
from minicaffe.proto.places import MAX_NOTED
from minicaffe.proto.text_format import MAX_DEPTH, parse
from minicaffe.proto.token_reader import MAX_PROBLEMS


def read(text: str | bytes, cls: type = caffe_pb2.NetParameter) -> Any:
    message = cls()
    parse(text, message, "net.prototxt")
    for layer in [*getattr(message, "layer", ()), *getattr(message, "layers", ())]:
        layer.ClearField("source_line")
    return message


def problems(text: str | bytes, cls: type = caffe_pb2.NetParameter) -> list[str]:
    with pytest.raises(PrototxtError) as caught:
        parse(text, cls(), "net.prototxt")
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


SAME = [
    "",
    "# only a comment",
    'name: "a"; # semicolon\nforce_backward: true, debug_info: false',
    "name: 'single \"quotes\"'",
    'name: "two" \'pieces\'\n   "three"',
    r'name: "\n\t\"\'\\\101\x41\303\244"',
    'name: "ä ü 中"',
    "input_dim: 010 input_dim: 0x1F input_dim: 0 input_dim: -5",
    "input_dim: [1, 2, 3] input_dim: []",
    'layer { name: "a" } layer < name: "b" > layer: { name: "c" }',
    'layer [{ name: "a" }, < name: "b" >]',
    "layer { loss_weight: [1, 2.5, .5, 1e3, 1E-3, 1.f, 3f, inf, -inf] }",
    "layer { loss_weight: -1.5 loss_weight: INF loss_weight: infinity }",
    "layer { pooling_param { pool: AVE pool_ignored_no: 0 } }".replace("pool_ignored_no: 0", ""),
    "layer { pooling_param { pool: 1 } }",
    "layer { convolution_param { } relu_param < > }",
    "force_backward: t debug_info: False",
    "force_backward: 1 debug_info: 0",
    "state { phase: TEST level: -2 stage: ['a', \"b\"] }",
    "layer { include { phase: TRAIN } include { not_stage: 'x' } }",
    'layer{name:"tight"top:"t"}',
]


@pytest.mark.parametrize("text", SAME)
def test_reads_what_protobuf_reads(text: str) -> None:
    assert read(text) == text_format.Parse(text, caffe_pb2.NetParameter())


def test_nan() -> None:
    net = read("layer { loss_weight: nan loss_weight: -nan }")
    assert all(math.isnan(value) for value in net.layer[0].loss_weight)


def test_a_space_after_the_minus_is_taken_as_in_caffe() -> None:
    assert list(read("input_dim: - 3").input_dim) == [-3]


def test_windows_files() -> None:
    assert read(b'\xef\xbb\xbfname: "a"\r\n# c\r\nforce_backward: true\r\n').force_backward


def test_bytes_fields() -> None:
    datum = read(r'data: "\000\377a"', caffe_pb2.Datum)
    assert datum.data == b"\x00\xffa"


def test_the_message_of_the_issue() -> None:
    text = "layer {\n  convolution_param {\n    kernel_siz: 5\n  }\n}\n"
    with pytest.raises(PrototxtError) as caught:
        parse(text, caffe_pb2.NetParameter(), "net.prototxt")
    assert str(caught.value) == (
        "net.prototxt:3:5: unknown field `kernel_siz` in convolution_param; "
        "did you mean `kernel_size`?\n"
        "        kernel_siz: 5\n"
        "        ^"
    )
    assert (caught.value.path, caught.value.line) == ("net.prototxt", 3)


def test_all_problems_at_once() -> None:
    text = """nam: "x"
layer { name: 5
  convolution_param { num_output: 20 kernel_siz: 5 pad: -1 }
  convolution_param { }
  foo { bar: 1 baz < a: [1,2] > "x" "y" }
  pooling_param { pool: MEDIAN kernel_size: 99999999999 }
  relu_param: 5
  top: "ok"
}
force_backward: maybe
layer { top "q" }
layer { prior_box { } type: "x" }
"""
    assert problems(text) == [
        "1:1: unknown field `nam`; did you mean `name`?",
        "2:15: name: `5` found, a string in quotes expected",
        "3:38: unknown field `kernel_siz` in convolution_param; did you mean `kernel_size`?",
        "3:58: pad: -1 is out of range for uint32: 0 to 4294967295",
        "4:3: `convolution_param` is given twice, first on line 3; take one of the two out",
        "5:3: unknown field `foo` in layer",
        "6:25: pool: unknown value `MEDIAN`; it may be MAX, AVE, STOCHASTIC",
        "6:45: kernel_size: 99999999999 is out of range for uint32: 0 to 4294967295",
        "7:15: `{` expected after `relu_param`, which is a block",
        "10:17: force_backward: `maybe` found, true or false expected",
        "11:13: `:` expected after `top`",
        "12:9: unknown field `prior_box` in layer; did you mean `prior_box_param`?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layer { name: 'a'", "1:18: `}` is missing for the block of line 1"),
        ("layer { name: 'a' >", "1:19: `>` found; `}` expected"),
        ("}", "1:1: `}` found without an opening one"),
        ("name: 'open", "1:7: name: a quote that is not closed"),
        ("name: ", "1:6: name: the end of the file found, a value expected"),
        ("name: }", "1:7: name: `}` found, a value expected"),
        ("name: { }", "1:7: name: a block found, a single value expected"),
        ("name: ['a']", "1:7: name: a list found, a single value expected"),
        ("name: -'a'", "1:8: name: a minus sign before a string"),
        ("name: 'a' name: 'b'", "1:11: `name` is given twice, first on line 1"),
        (r"name: '\xzz'", "1:7: name: `\\x` is no escape; a backslash itself is written `\\\\`"),
        (r"name: '\377'", "1:7: name: byte 0xff found, a string of UTF-8 text"),
        ("input_dim: 1.5", "1:12: input_dim: `1.5` found, a whole number (int32) expected"),
        ("input_dim: 09", "1:12: input_dim: `09` found, a whole number (int32) expected"),
        ("input_dim: [1 2]", "1:15: `,` or `]` expected in the list of `input_dim`"),
        ("state { phase: 7 }", "1:16: phase: there is no value number 7; it may be TRAIN, TEST"),
        ("state { phase: 'TEST' }", "1:16: phase: the string 'TEST' found, a word without quotes"),
        ("state { phase: test }", "1:16: phase: unknown value `test`; did you mean `TEST`?"),
        ("[ext]: 1 name: 'a'", "1:1: extensions (`[name]`) are not part of Caffe's schema"),
        ("5: 1", "1:1: `5` found, the name of a field expected"),
        ("layer { source_line: 3 }", "1:9: unknown field `source_line` in layer"),
        ("layer: 'x'", "1:8: `{` expected after `layer`, which is a block"),
        ("state { phase: 4294967296 }", "1:16: phase: there is no value number 4294967296; it may"),
        ("layer { loss_weight: x }", "1:22: loss_weight: `x` found, a number expected"),
        ("force_backward: -1", "1:18: force_backward: `1` found, true or false expected"),
        ("force_backward 'x'", "1:16: `:` expected after `force_backward`"),
        ("@ name: 'a'", "1:1: `@` found, the name of a field expected"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    found = problems(text)
    assert found[0].startswith(message), found


@pytest.mark.parametrize("text", ["layer { name: 'a'", "name: 'a' name: 'b'", "layer: 'x'", "5: 1"])
def test_one_mistake_is_one_problem(text: str) -> None:
    assert len(problems(text)) == 1


def test_a_field_of_a_fork_says_so() -> None:
    (found,) = problems("layer { axpy_param { dilation_h: 1 } name: 'a' }")
    assert found.startswith("1:9: unknown field `axpy_param` in layer; it is a field of SENet")


def test_binary_files() -> None:
    with pytest.raises(PrototxtError, match=r"binary file, not text; a \.caffemodel"):
        parse(b"\x0a\x00\x12", caffe_pb2.NetParameter(), "net.prototxt")
    with pytest.raises(PrototxtError, match=r"^net\.prototxt: this is a binary file"):
        parse(b"\x0a\x05ab", caffe_pb2.NetParameter(), "net.prototxt")
    with pytest.raises(PrototxtError, match=r"net\.prototxt: this file is UTF-16 text"):
        parse('name: "a"'.encode("utf-16"), caffe_pb2.NetParameter(), "net.prototxt")


def test_a_file_that_is_not_utf8() -> None:
    """Caffe never looks at the encoding, so comments in a local one are common."""
    assert read('# caf\xe9\nname: "a" # \xe9'.encode("latin-1")).name == "a"
    text = 'name: "caf\xe9"\n\xe9: 1'.encode("latin-1")
    with pytest.raises(PrototxtError) as caught:
        parse(text, caffe_pb2.NetParameter(), "net.prototxt")
    assert str(caught.value).split("\n") == [
        "net.prototxt:1:7: name: byte 0xe9 found, a string of UTF-8 text expected",
        '    name: "caf\ufffd"',
        "          ^",
        "net.prototxt:2:1: byte 0xe9, which is not UTF-8, found, the name of a field expected",
        "    \ufffd: 1",
        "    ^",
    ]


def test_a_string_that_is_not_utf8_in_place_of_a_word() -> None:
    data = b'layer { pooling_param { pool: "M\xf4X" } }'
    with pytest.raises(PrototxtError, match=r"the string .* found, one of MAX, AVE, STOCHASTIC"):
        parse(data, caffe_pb2.NetParameter(), "net.prototxt")


def test_deep_nesting_is_a_problem_not_a_crash() -> None:
    with pytest.raises(PrototxtError):
        parse("layers { layer { " * 5000, caffe_pb2.NetParameter())
    nested = "nested_type { " * (MAX_DEPTH + 1) + "}" * (MAX_DEPTH + 1)
    (found,) = problems(nested, descriptor_pb2.DescriptorProto)
    assert found == f"1:{14 * MAX_DEPTH + 13}: blocks are nested deeper than {MAX_DEPTH}"
    read(nested[14:-1], descriptor_pb2.DescriptorProto)


def test_the_number_of_problems_is_limited() -> None:
    with pytest.raises(PrototxtError) as caught:
        parse("x: 1\n" * 500, caffe_pb2.NetParameter())
    assert len(caught.value.problems) == MAX_PROBLEMS
    assert str(caught.value).endswith(f"\n... and {500 - MAX_PROBLEMS} more problems")


def test_a_file_of_mistakes_is_given_up() -> None:
    with pytest.raises(PrototxtError) as caught:
        parse("x: 1\n" * (MAX_COUNTED + 2 * MAX_PROBLEMS), caffe_pb2.NetParameter())
    assert len(caught.value.problems) == MAX_PROBLEMS
    assert str(caught.value).endswith(f"\n... and more than {MAX_COUNTED} more problems")
    with pytest.raises(PrototxtError) as caught:
        parse("layer { x { y: <" + "}}" * MAX_COUNTED + "layer {", caffe_pb2.NetParameter())
    assert caught.value.more > MAX_COUNTED


_VALUES = ("1", "-2", "0.25", "-1.5e-3", "0", "-0", "1e38", "1.", ".5", "- 7", "1f", "inf", "-nan",
           "123456789", "1234567890123", "1e999", "0.30000000000000004")  # fmt: skip


@pytest.mark.parametrize("end", [" ", "\n", ";", ", ", " # remark: 5\n", " \t\n  "])
def test_long_blobs_are_read_as_short_ones(end: str) -> None:
    """Very many values are read a thousand at a time; a long text reads as its parts do."""
    random = Random(end)
    words = [random.choice(_VALUES) for _ in range(3 * MAX_NOTED)]
    once = " ".join(f"data: {word}{end}" for word in words)
    listed = f"data: [{','.join(words)}]"
    alone = {word: read(f"data: {word}", caffe_pb2.BlobProto).data[0] for word in _VALUES}
    notes = "diff: 1 " * MAX_NOTED
    for text in (once, listed):
        found = read(f"{notes} {text} num: 3", caffe_pb2.BlobProto)
        assert found.num == 3
        np.testing.assert_array_equal(found.data, [alone[word] for word in words])


def test_a_mistake_in_a_long_blob_is_found_where_it_is() -> None:
    before = "data: 1\n" * 2 * MAX_NOTED
    (found,) = problems(f"{before}data: 2\ndata: x\ndata: 3", caffe_pb2.BlobProto)
    assert found == f"{2 * MAX_NOTED + 2}:7: data: `x` found, a number expected"
    before = "input_dim: 1\n" * 2 * MAX_NOTED
    (found,) = problems(f"{before}input_dim: 1.5 input_dim: 2")
    assert found.startswith(f"{2 * MAX_NOTED + 1}:12: input_dim: `1.5` found")


def test_a_text_is_cut_into_tokens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether braces are missing is found without reading the whole text as tokens again."""
    taken: list[int] = []
    tokens = Text.tokens

    def counted(self: Text, start: int = 0) -> Iterator[Token]:
        for token in tokens(self, start):
            taken.append(token.offset)
            yield token

    monkeypatch.setattr(Text, "tokens", counted)
    read("layer { blobs { shape { " + "dim: 1 " * 1000 + "} } }")
    assert len(taken) == len(set(taken))


def test_braces_are_those_among_the_tokens() -> None:
    random = Random(3)
    pieces = ["{", "}", "<", ">", '"', "'", "\\", "#", "\n", "a", "1", " ", "layer", ":", "\u201c"]
    for _ in range(300):
        text = Text("".join(random.choice(pieces) for _ in range(40)))
        among = [token.text for token in text.tokens() if token.kind == SIGN]
        assert list(text.braces()) == [sign for sign in among if sign in "{}<>"]


def test_a_long_line_is_shown_around_the_mistake() -> None:
    with pytest.raises(PrototxtError) as caught:
        parse("name: 'a' " + "input_dim: 1 " * 100 + "x: 1 " + "input_dim: 1 " * 100, read(""))
    place, line, caret = str(caught.value).split("\n")
    assert place == "text:1:1311: unknown field `x`"
    assert len(line) < 130
    assert line[caret.index("^") :].startswith("x: 1 input_dim")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("layer { pooling_param { pool:\n kernel_size: 3 } }\nx: 1", ["2:2", "3:1"]),
        ("layer { data_param { source: data/train-1\n batch_size: a } }", ["1:30", "2:14"]),
        ("foo name: 3", ["1:1", "1:11"]),
        ("layer { top: [1, 2 name: 'x' nam: 'y' }", ["1:15", "1:18", "1:20", "1:30"]),
        ("name: 'a';; force_backward: 3", ["1:11", "1:29"]),
        ("[a.b] { c: 1 } x: 1", ["1:1", "1:16"]),
        ("foo { bar [ <a: 1> ] } x: 1", ["1:1", "1:24"]),
        ("foo: 'a' 'b' x: 1", ["1:1", "1:14"]),
        ("name 'a' x: 1", ["1:6", "1:10"]),
        ("foo { bar", ["1:1"]),
        ("}\n}\nx: 1", ["1:1", "2:1", "3:1"]),
        ("name: 'a\nx: 1", ["1:7", "2:1"]),
        ("'a\nx: 1", ["1:1", "2:1"]),
    ],
)
def test_goes_on_at_the_next_field(text: str, places: list[str]) -> None:
    assert [":".join(found.split(":")[:2]) for found in problems(text)] == places


def test_a_missing_brace_is_one_problem() -> None:
    layer = "layer {\n convolution_param {\n num_output: 1\n }\n"
    text = layer + "}\n" + layer + layer + "}\n" * 2 + layer + "}\n"
    assert problems(text.replace("}\n}\n}", "}\n}")) == [
        "10:1: `}` expected before `layer`: `layer` of line 6 is not closed"
    ]
    both = "layer { convolution_param { weight_filler { value: 1 }\nlayer { name: 'x' }"
    assert problems(both) == [
        "2:1: `}` expected before `layer`: `convolution_param` of line 1 is not closed",
        "2:1: `}` expected before `layer`: `layer` of line 1 is not closed",
    ]
    assert problems("layer { convolution_param { layer { } } }") == [
        "1:29: unknown field `layer` in convolution_param; it is a field of the file, "
        "outside this block"
    ]


LAYERS = """\
name: "n"
layer {
  name: "conv1"
  type: "Convolution"
  bottom: "data"
  convolution_param {
    num_output: 20
    weight_filler {
      type: "xavier"
    }
  }
  top: "conv1"
}
layer {
  name: "relu1"
  type: "ReLU"
  relu_param { negative_slope: 0.1 }
  bottom: "conv1"
  top: "conv1"
}
"""


@pytest.mark.parametrize("braces", ["{}", "<>"])
@pytest.mark.parametrize("line", [2, 6, 8, 14, 17])
def test_one_opening_brace_missing(line: int, braces: str) -> None:
    lines = LAYERS.split("\n")
    name = lines[line - 1].split()[0]
    lines[line - 1] = lines[line - 1].replace(" {", "")
    (found,) = problems("\n".join(lines).translate(str.maketrans("{}", braces)))
    assert found.startswith(f"{line}:")
    assert f"`{braces[0]}` expected after `{name}`" in found


@pytest.mark.parametrize("braces", ["{}", "<>"])
@pytest.mark.parametrize(
    ("line", "place"),
    [(10, "11:3: `}` is missing before this one: `weight_filler` of line 8"),
     (11, "12:3: `}` expected before `top`: `convolution_param` of line 6"),
     (13, "14:1: `}` expected before `layer`: `layer` of line 2"),
     (17, "18:3: `}` expected before `bottom`: `relu_param` of line 17"),
     (20, "19:15: `}` is missing for the block of line 14")],
)  # fmt: skip
def test_one_closing_brace_missing(line: int, place: str, braces: str) -> None:
    lines = LAYERS.split("\n")
    lines[line - 1] = lines[line - 1].replace("}", "")
    (found,) = problems("\n".join(lines).translate(str.maketrans("{}", braces)))
    assert found.startswith(place.replace("`}`", f"`{braces[1]}`")), found


def test_a_name_that_both_blocks_have_goes_by_its_indentation() -> None:
    text = LAYERS.replace('    }\n  }\n  top: "conv1"', '    }\n  name: "again"')
    assert problems(text)[0].startswith("11:3: `}` expected before `name`: `convolution_param` of")


@pytest.mark.parametrize("line", [10, 11, 13, 17, 20])
def test_one_closing_brace_too_many(line: int) -> None:
    lines = LAYERS.split("\n")
    lines[line - 1] = lines[line - 1].replace("}", "} }")
    (found,) = problems("\n".join(lines))
    assert found.startswith(f"{line}:") or line == 10, found
    assert "too many" in found or "without an opening one" in found


def test_comments_of_other_languages_are_one_problem_each() -> None:
    text = LAYERS.replace("20", "20 // how: { many").replace('name: "relu1"', "/* a\n: } b */")
    assert problems(text + "// end: 1\n") == [
        "7:20: `//` begins no comment in a prototxt; `#` does",
        "15:3: `/*` begins no comment in a prototxt; `#` does",
    ]


def test_typographic_quotes_are_one_problem() -> None:
    text = LAYERS.replace('"conv1"', "\u201cconv 1\u201d").replace('"n"', "\u2018n: x\u2019")
    assert problems(text) == [
        "1:7: \u2018 is a typographic quote; a string is written in plain ones: \" or '",
        "3:9: \u201c is a typographic quote; a string is written in plain ones: \" or '",
    ]


SOLVER = 'net: "models/n.prototxt"\nbase_lr: 0.1\nmax_iter: 5\ndebug_info: true\n'


@pytest.mark.parametrize(
    ("text", "cls", "message"),
    [
        (
            LAYERS,
            caffe_pb2.SolverParameter,
            "this is a net, a solver is expected here; give the file",
        ),
        (SOLVER, caffe_pb2.NetParameter, "expected here; its net is models/n.prototxt"),
    ],
)
def test_the_one_file_for_the_other_is_one_line(text: str, cls: type, message: str) -> None:
    with pytest.raises(PrototxtError, match=r"^net\.prototxt: .*" + message) as caught:
        parse(text, cls(), "net.prototxt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("layer { kernel_w: 3 }", "it belongs into `convolution_param`"),
        ("layer { lr_mult: 3 }", "it belongs into `param`"),
        ("layer { convolution_param { bottom: 'x' } }", "it is a field of layer, outside"),
        ("layer { convolution_param { lr_mult: 1 } }", "it belongs into `param` of layer"),
        ("bottom: 'x'", "it belongs into `layer`"),
        ("layer { type: 'Convolution' conv_param { } }", "did you mean `convolution_param`?"),
        ("layer { type: 'Concat' conv_param { } }", "did you mean `concat_param`?"),
        ("layer { type: 'Convolution' kernel: 5 }", "did you mean `kernel_size`, in `convolution"),
        ("layer { type: 'Pooling' kernel_w: 5 }", "it belongs into `pooling_param`"),
        ("layer { convolution_param { kernel: 5 } }", "did you mean `kernel_size`?"),
        ("layer { pooling_param { kernel: 5 } }", "did you mean `kernel_size`?"),
        ("layer { dropout_param { ratio: .5 } }", "did you mean `dropout_ratio`?"),
        ("layer { type: 'Convolution' convolution_param { weight_filler { beta: 1 } } }",
         "it may have type, value, min, max, mean, std, sparse, variance_norm"),
        ("layers { type: SCALE }", 'today it is layer { type: "Scale" }'),
        ("base_lr: 1", "it is a field of a solver, a net is expected here"),
        ("layers { type: 'ReLU' }", "a type in quotes belongs to a block `layer`"),
        ("layer { type: RELU }", "a type without quotes belongs to the old block `layers`"),
    ],
)  # fmt: skip
def test_hints(text: str, hint: str) -> None:
    (found,) = problems(text)
    assert f"; {hint}" in found


def test_a_net_given_as_a_solver() -> None:
    (found,) = problems("input: 'x'", caffe_pb2.SolverParameter)
    assert found.endswith("; it is a field of a net, a solver is expected here")


def test_required_fields() -> None:
    assert problems("layer { }\nlayer {\n clip_param { min: 1 } }") == [
        "3:2: clip_param lacks the field `max`, which is required"
    ]
    assert problems("min: 1", caffe_pb2.ClipParameter) == [
        "1:1: the file lacks the field `max`, which is required"
    ]


def test_a_field_that_the_message_has_already() -> None:
    with pytest.raises(PrototxtError, match="`name` is given twice or was set before"):
        parse("name: 'b'", caffe_pb2.NetParameter(name="a"))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r"\a\b\f\n\r\t\v\?\'\"\\", b"\a\b\f\n\r\t\v?'\"\\"),
        (r"\7\18\1234", b"\x07\x018S4"),
        (r"\x7g\X41\x414", b"\x07gAA4"),
        (r"\u00e4\U0001F600\ud83d\ude00", "ä😀😀".encode()),
        (r"\\u00e4", rb"\u00e4"),
    ],
)
def test_escapes(text: str, data: bytes) -> None:
    assert read(f'data: "{text}"', caffe_pb2.Datum).data == data


@pytest.mark.parametrize("text", [r"\q", r"\400", r"\ud83d", r"\ude00", r"\U00110000", r"\u12"])
def test_escapes_that_are_none(text: str) -> None:
    (found,) = problems(f'name: "C:{text}"')
    assert "is no escape; a backslash itself is written" in found


def test_half_a_surrogate_pair() -> None:
    (found,) = problems("name: '\ud83d'")
    assert "surrogate" in found


def test_octal_and_hexadecimal_numbers_are_whole() -> None:
    assert len(problems("layer { loss_weight: 0x10 loss_weight: 010 loss_weight: 00.5 }")) == 3
    assert len(problems("input_dim: " + "1" * 5000)) == 1


def test_source_map_and_source_lines() -> None:
    net = caffe_pb2.NetParameter()
    source = parse('name: "a"\n\nlayer {\n name: "x"\n top: ["t",\n "u"] }\nlayer { }', net)
    assert [source.line(f) for f in ("name", "layer[0].name", "layer[1]", "nothing")] == [
        1,
        4,
        7,
        None,
    ]
    assert source.line("layer[0].top[1]") == 6
    assert source.line("layer[0].top") == 5
    assert [layer.source_line for layer in net.layer] == [3, 7]


def test_suggestions() -> None:
    assert closest("kernel_siz", ["pad", "kernel_size"]) == "kernel_size"
    assert closest("RELU", ["ReLU", "PReLU"]) == "ReLU"
    assert closest("zzz", ["pad"]) is None
    assert did_you_mean("zzz", ["pad"]) == ""


@pytest.mark.parametrize("digits", ["1", "1.1", "0"])
def test_a_long_word_that_is_no_number(digits: str) -> None:
    """With a pattern that tries each of its digits in two places, this would run for hours."""
    with pytest.raises(PrototxtError, match="found, a number expected"):
        parse(f"base_lr: {digits * 200_000}x", caffe_pb2.SolverParameter())
