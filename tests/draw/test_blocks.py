"""Blocks of layers in place, states that rules tell apart, and the picture of both."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import minicaffe
from minicaffe.draw.blocks import blocks_of
from minicaffe.draw.picture import net_picture
from minicaffe.net.filter import filter_net
from minicaffe.net.states import State, states_of
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse
from tests.draw.nets import BRANCHES, read

SVG = "{http://www.w3.org/2000/svg}"


def test_layers_in_place_are_in_one_block():
    net = filter_net(State(minicaffe.TRAIN).net(read(BRANCHES)))
    blocks, wires = blocks_of(net)
    names = [[net.layer[number].name for number in block.layers] for block in blocks]
    assert ["conv", "bn", "relu"] in names
    assert ["sum"] in names  # two bottoms
    (far,) = [block for block in blocks if block.made_by is not None]
    assert (far.name, net.layer[far.made_by].name) == ("label", "data")
    told = {
        (None if wire.layer is None else net.layer[wire.layer].name, wire.blob) for wire in wires
    }
    assert ("relu", "conv") in told  # what the block makes is what its last layer makes
    assert ("data", "label") in told


def test_what_another_layer_reads_is_not_overwritten_in_its_block():
    """Which no net can do that runs, but a picture shows it as it is written."""
    text = 'name: "x" type: "ReLU" bottom: "a" top: "a"'
    net = read(
        'layer { name: "a" type: "Input" top: "a" }'
        f"layer {{ {text} }}"
        'layer { name: "reader" type: "Silence" bottom: "a" }'
        f"layer {{ {text} }}"
    )
    blocks, wires = blocks_of(net)
    assert [block.layers for block in blocks] == [[0, 1], [2], [3]]
    assert [(wire.source, wire.target) for wire in wires] == [(0, 1), (0, 2)]


def test_a_blob_that_no_layer_makes():
    net = read('layer { name: "a" type: "ReLU" bottom: "nothing" top: "nothing" }')
    blocks, wires = blocks_of(net)
    assert [(block.name, block.layers) for block in blocks] == [("nothing", []), ("", [0])]
    assert wires[0].layer is None
    text = net_picture(net, [None], "net")
    assert "no layer makes nothing" in text


def test_states():
    assert states_of(read('layer { name: "a" type: "Silence" }')) == [State(minicaffe.TEST)]
    assert states_of(read(BRANCHES)) == [State(minicaffe.TRAIN), State(minicaffe.TEST)]
    rules = (
        'layer { name: "a" include { phase: TEST stage: "x" } include { not_stage: "y" } }'
        'layer { name: "b" exclude { min_level: 2 max_level: 3 } }'
    )
    found = states_of(read(rules))
    assert len(set(found)) == len(found) == 2 * 3 * 4
    assert State(minicaffe.TEST, 2, ("x", "y")) in found
    assert {state.level for state in found} == {0, 2, 4}
    many = "".join(f'layer {{ name: "n" include {{ stage: "s{n}" }} }}' for n in range(9))
    assert [state.stages for state in states_of(read(many))][:3] == [(), ("s0",), ("s1",)]


def test_a_state_replaces_what_the_net_says():
    net = read('state { stage: "old" level: 3 } layer { name: "a" include { stage: "old" } }')
    assert not State(minicaffe.TEST).layers(net).layer
    assert list(net.state.stage) == ["old"]


def test_the_picture_has_all_layers_and_shapes():
    net = filter_net(State(minicaffe.TRAIN).net(read(BRANCHES)))
    shapes = [((2, 3, 8, 8),) * len(layer.top) for layer in net.layer]
    root = ElementTree.fromstring(net_picture(net, shapes, "a <net>"))
    layers = [group for group in root.iter(f"{SVG}g") if group.get("class") == "layer"]
    assert sorted(int(group.get("data-layer", "")) for group in layers) == list(
        range(len(net.layer))
    )
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "2×3×8×8" in texts
    assert root.find(f"{SVG}title").text == "a <net>"


def test_a_shape_is_at_an_arrow_that_begins_at_its_maker():
    """Not only at a name that takes the place of an arrow."""
    layers = ['layer { name: "in" type: "Input" top: "in" }']
    for number in range(7):
        bottom = f"top{number - 1}" if number else "other"
        text = f'name: "n{number}" type: "TanH" bottom: "{bottom}" top: "top{number}"'
        layers.append(f"layer {{ {text} }}")
    layers.insert(1, 'layer { name: "other" type: "Input" top: "other" }')
    both = 'type: "Eltwise" bottom: "in"'
    layers.append(f'layer {{ name: "far" {both} bottom: "top6" top: "far" }}')
    layers.append(f'layer {{ name: "near" {both} bottom: "other" top: "near" }}')
    net = read("".join(layers))
    shapes = [((7, 7),) if layer.name == "in" else None for layer in net.layer]
    root = ElementTree.fromstring(net_picture(net, shapes, "net"))
    elements = list(root)
    (label,) = [place for place, e in enumerate(elements) if e.get("class") == "label"]
    assert elements[label].text == "7×7"
    assert elements[label - 1].get("data-to") == str(len(net.layer) - 1)  # "near"


def test_a_net_in_a_notebook():
    with minicaffe.Net(read(BRANCHES), minicaffe.TRAIN) as net:
        html = net._repr_html_()
        assert "&lt;Net &#x27;branches&#x27; TRAIN" in html
        assert "2×3×8×8" in html
        net.blobs["data"].reshape(5, 3, 8, 8)
        assert "5×3×8×8" in net._repr_html_()
        assert html.count('class="layer"') == len(net.layers) - 1 == 11  # without the Split


def test_names_are_escaped():
    net = caffe_pb2.NetParameter()
    parse('layer { name: "<b>\\001&\\"" type: "</svg>" top: "x]]>" }', net, None)
    text = net_picture(net, [None], "<script>")
    assert "<b>" not in text
    assert "<script>" not in text
    assert r"&lt;b&gt;\x01&amp;" in text
    ElementTree.fromstring(text)
