"""Layers taken out of a net: who reads what afterwards, and under which names."""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format

from minicaffe.net.graph import Part, Wiring
from minicaffe.proto import caffe_pb2


def wiring(text: str) -> Wiring:
    """From lines such as ``relu: a b -> c``."""
    param = caffe_pb2.NetParameter(name="net")
    for line in text.strip().splitlines():
        name, rest = line.split(":")
        bottoms, tops = rest.split("->")
        param.layer.add(name=name.strip(), type="X", bottom=bottoms.split(), top=tops.split())
    before = text_format.MessageToString(param)
    made = Wiring(param)
    assert text_format.MessageToString(made.to_param()) == before
    return made


def lines(made: Wiring) -> list[str]:
    param: Any = made.to_param()
    assert param.name == "net"
    return [f"{one.name}: {' '.join(one.bottom)} -> {' '.join(one.top)}" for one in param.layer]


def part(made: Wiring, name: str) -> Part:
    return next(one for one in made.parts if one.name == name)


def test_in_place_layers_make_values_of_one_name() -> None:
    made = wiring("in: -> a\nrelu: a -> a\nfc: a -> b")
    assert [value.name for value in made.outputs] == ["b"]
    first = part(made, "in").writes[0]
    assert made.readers(first) == [part(made, "relu")]


def test_a_layer_in_place_is_taken_out() -> None:
    made = wiring("in: -> a\ndrop: a -> a\nfc: a -> b")
    assert made.bypass(part(made, "drop"))
    assert lines(made) == ["in:  -> a", "fc: a -> b"]


def test_what_is_left_has_the_last_name_unless_asked_otherwise() -> None:
    text = "in: -> a\nconv: a -> c\nbn: c -> b\nrelu: b -> b\nfc: b -> d"
    made = wiring(text)
    assert made.bypass(part(made, "bn"))
    assert lines(made) == ["in:  -> a", "conv: a -> b", "relu: b -> b", "fc: b -> d"]
    made = wiring(text)
    assert made.bypass(part(made, "bn"), rename=False)
    assert lines(made) == ["in:  -> a", "conv: a -> c", "relu: c -> b", "fc: b -> d"]


def test_an_input_keeps_its_name() -> None:
    made = wiring("in: -> a\ndrop: a -> b\nfc: b -> c")
    assert made.bypass(part(made, "drop"))
    assert lines(made) == ["in:  -> a", "fc: a -> c"]


def test_an_output_keeps_its_name() -> None:
    made = wiring("in: -> a\nfc: a -> b\ndrop: b -> out")
    assert made.bypass(part(made, "drop"), rename=False)
    assert lines(made) == ["in:  -> a", "fc: a -> out"]


def test_what_cannot_be_taken_out() -> None:
    made = wiring("in: -> a\ndrop: a -> out")  # an input as an output
    assert not made.bypass(part(made, "drop"))
    made = wiring("in: -> a\nfc: a -> b\none: b -> c\nother: b -> d")  # two names for one value
    assert not made.bypass(part(made, "one"))
    made = wiring("in: -> a b\nsum: a b -> c\nfc: c -> d")  # two bottoms
    assert not made.bypass(part(made, "sum"))
    made = wiring("in: -> a\nsplit: a -> b c")
    assert not made.bypass(part(made, "split"))


def test_a_layer_with_several_tops() -> None:
    made = wiring("in: -> a\nsplit: a -> b c\none: b -> d\nother: c -> e")
    assert made.bypass(part(made, "split"))
    assert lines(made) == ["in:  -> a", "one: a -> d", "other: a -> e"]


def test_values_that_get_in_each_others_way_are_renamed() -> None:
    """The reader of "b" comes after a layer that overwrites "a"."""
    made = wiring("in: -> i\nfc: i -> a\ndrop: a -> b\nrelu: a -> a\nsum: a b -> c")
    assert made.bypass(part(made, "drop"))
    assert lines(made) == ["in:  -> i", "fc: i -> a", "relu: a -> a_2", "sum: a_2 a -> c"]


def test_keeping_what_is_needed() -> None:
    made = wiring("in: -> a l\nfc: a -> b\nloss: b l -> c\nacc: b l -> d")
    dropped = made.keep([part(made, "fc").writes[0]])
    assert [one.name for one in dropped] == ["loss", "acc"]
    assert lines(made) == ["in:  -> a l", "fc: a -> b"]
