"""Layers taken out of a net: who reads what afterwards, and under which names."""

from __future__ import annotations

from google.protobuf import text_format

from minicaffe.net.graph import LayerGraph, LayerRef
from minicaffe.proto import caffe_pb2


def graph_of(text: str) -> LayerGraph:
    """From lines such as ``relu: a b -> c``."""
    param = caffe_pb2.NetParameter(name="net")
    for line in text.strip().splitlines():
        name, rest = line.split(":")
        bottoms, tops = rest.split("->")
        param.layer.add(name=name.strip(), type="X", bottom=bottoms.split(), top=tops.split())
    before = text_format.MessageToString(param)
    graph = LayerGraph(param)
    assert text_format.MessageToString(graph.to_param()) == before
    return graph


def lines(graph: LayerGraph) -> list[str]:
    param = graph.to_param()
    assert param.name == "net"
    return [
        f"{layer.name}: {' '.join(layer.bottom)} -> {' '.join(layer.top)}" for layer in param.layer
    ]


def layer_of(graph: LayerGraph, name: str) -> LayerRef:
    return next(layer for layer in graph.layers if layer.name == name)


def test_in_place_layers_make_values_of_one_name() -> None:
    graph = graph_of("in: -> a\nrelu: a -> a\nfc: a -> b")
    assert [value.name for value in graph.outputs] == ["b"]
    first = layer_of(graph, "in").tops[0]
    assert graph.readers(first) == [layer_of(graph, "relu")]


def test_a_layer_in_place_is_taken_out() -> None:
    graph = graph_of("in: -> a\ndrop: a -> a\nfc: a -> b")
    assert graph.bypass(layer_of(graph, "drop"))
    assert lines(graph) == ["in:  -> a", "fc: a -> b"]


def test_what_is_left_has_the_last_name_unless_asked_otherwise() -> None:
    text = "in: -> a\nconv: a -> c\nbn: c -> b\nrelu: b -> b\nfc: b -> d"
    graph = graph_of(text)
    assert graph.bypass(layer_of(graph, "bn"))
    assert lines(graph) == ["in:  -> a", "conv: a -> b", "relu: b -> b", "fc: b -> d"]
    graph = graph_of(text)
    assert graph.bypass(layer_of(graph, "bn"), rename=False)
    assert lines(graph) == ["in:  -> a", "conv: a -> c", "relu: c -> b", "fc: b -> d"]


def test_an_input_keeps_its_name() -> None:
    graph = graph_of("in: -> a\ndrop: a -> b\nfc: b -> c")
    assert graph.bypass(layer_of(graph, "drop"))
    assert lines(graph) == ["in:  -> a", "fc: a -> c"]


def test_an_output_keeps_its_name() -> None:
    graph = graph_of("in: -> a\nfc: a -> b\ndrop: b -> out")
    assert graph.bypass(layer_of(graph, "drop"), rename=False)
    assert lines(graph) == ["in:  -> a", "fc: a -> out"]


def test_what_cannot_be_taken_out() -> None:
    graph = graph_of("in: -> a\ndrop: a -> out")  # an input as an output
    assert not graph.bypass(layer_of(graph, "drop"))
    graph = graph_of("in: -> a\nfc: a -> b\none: b -> c\nother: b -> d")  # two names for one value
    assert not graph.bypass(layer_of(graph, "one"))
    graph = graph_of("in: -> a b\nsum: a b -> c\nfc: c -> d")  # two bottoms
    assert not graph.bypass(layer_of(graph, "sum"))
    graph = graph_of("in: -> a\nsplit: a -> b c")
    assert not graph.bypass(layer_of(graph, "split"))


def test_a_layer_with_several_tops() -> None:
    graph = graph_of("in: -> a\nsplit: a -> b c\none: b -> d\nother: c -> e")
    assert graph.bypass(layer_of(graph, "split"))
    assert lines(graph) == ["in:  -> a", "one: a -> d", "other: a -> e"]


def test_values_that_get_in_each_others_way_are_renamed() -> None:
    """The reader of "b" comes after a layer that overwrites "a"."""
    graph = graph_of("in: -> i\nfc: i -> a\ndrop: a -> b\nrelu: a -> a\nsum: a b -> c")
    assert graph.bypass(layer_of(graph, "drop"))
    assert lines(graph) == ["in:  -> i", "fc: i -> a", "relu: a -> a_2", "sum: a_2 a -> c"]


def test_keeping_what_is_needed() -> None:
    graph = graph_of("in: -> a l\nfc: a -> b\nloss: b l -> c\nacc: b l -> d")
    dropped = graph.keep([layer_of(graph, "fc").tops[0]])
    assert [entry.name for entry in dropped] == ["loss", "acc"]
    assert lines(graph) == ["in:  -> a l", "fc: a -> b"]
