"""Pictures of nets."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import minicaffe
from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe import params as P
from minicaffe.draw import graph as draw
from minicaffe.errors import DataError, MinicaffeError
from minicaffe.proto import caffe_pb2
from minicaffe.proto.text_format import parse

SVG = "{http://www.w3.org/2000/svg}"


def net():
    n = NetSpec()
    n.data = L.Data(batch_size=64, include=dict(phase=minicaffe.TRAIN))
    n.conv = L.Convolution(n.data, num_output=20, kernel_size=[3, 5], stride=2, param=[{}])
    n.relu = L.ReLU(n.conv, in_place=True)
    n.pool = L.Pooling(n.relu, pool=P.Pooling.AVE, kernel_h=2, kernel_w=3)
    n.all = L.Pooling(n.pool, global_pooling=True)
    n.ip = L.InnerProduct(n.all, num_output=7, param=[dict(lr_mult=3), dict(lr_mult=0.5)])
    n.sum = L.Eltwise(n.ip, n.data)
    n['<"x">'] = L.TanH(n.sum, exclude=dict(phase=minicaffe.TEST))
    return n.to_proto()


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)


def pieces(rankdir: str):
    """The boxes (text and corners), and each arrow's first and last point."""
    root = ElementTree.fromstring(draw.draw_net(net(), rankdir, "svg"))
    boxes = [
        [tuple(map(float, point.split(","))) for point in polygon.get("points").split()]
        for polygon in root.iter(f"{SVG}polygon")
    ]
    paths = [p.get("d") for p in root.iter(f"{SVG}path") if p.get("marker-end")]
    ends = [[float(x) for x in re.findall(r"-?[\d.]+", path)] for path in paths]
    return root, boxes, [((e[0], e[1]), (e[-2], e[-1])) for e in ends]


@pytest.mark.parametrize(
    ("rankdir", "axis", "sign"), [("LR", 0, 1), ("TB", 1, 1), ("BT", 1, -1), ("RL", 0, -1)]
)
def test_svg(no_graphviz, rankdir, axis, sign):
    root, boxes, arrows = pieces(rankdir)
    graph = draw.get_pydot_graph(net(), rankdir)
    assert len(boxes) == len(graph.nodes) == 15
    assert len(arrows) == len(graph.edges) == 16
    for (_, target, _), (start, end) in zip(graph.edges, arrows, strict=True):
        closing = target == "conv_blob" and (start[axis] - end[axis]) * sign > 0
        assert closing or (end[axis] - start[axis]) * sign > 0
    assert sum((end[axis] - start[axis]) * sign < 0 for start, end in arrows) == 1  # in place
    width, height = (float(root.get(name)) for name in ("width", "height"))
    for x, y in (point for box in boxes for point in box):
        assert 0 <= x <= width
        assert 0 <= y <= height
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "TanH" in " ".join(texts)
    assert any('<"x">' in text for text in texts)
    assert {"Batch 64", "20", "7"} <= set(texts)


def test_boxes_do_not_overlap(no_graphviz):
    _, boxes, _ = pieces("TB")
    edges = [
        (min(xs), max(xs), min(ys), max(ys)) for xs, ys in (zip(*b, strict=True) for b in boxes)
    ]
    for i, (left, right, top, bottom) in enumerate(edges):
        for other in edges[i + 1 :]:
            apart = right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top
            assert apart


def test_labels():
    by_name = {layer.name: layer for layer in net().layer}

    def label(name, *more):
        return draw.get_layer_label(by_name[name], *more)

    assert label("conv", "LR") == "conv\n(Convolution)\nkernel size: 3×5\nstride: 2\npad: 0"
    assert label("conv", "TB") == label("conv", "LR").replace("\n", " ")
    assert label("conv", "TB", True).endswith("lr mult: 1.0, 1.0")
    assert label("pool", "LR") == "pool\n(Pooling AVE)\nkernel size: 2×3\nstride: 1\npad: 0"
    assert label("all", "BT") == "all (Pooling MAX) global"
    assert label("ip", "BT", True) == "ip (InnerProduct) lr mult: 3.0, 0.5"
    assert label("sum", "LR", True) == "sum\n(Eltwise)"
    plain = caffe_pb2.LayerParameter(name="d", type="Deconvolution")
    assert draw.get_layer_label(plain, "TB") == "d (Deconvolution) kernel size: 1 stride: 1 pad: 0"
    plain.param.add(lr_mult=0)
    plain.param.add(lr_mult=0)
    assert "lr mult" not in draw.get_layer_label(plain, "TB", True)
    plain.param.add()
    with pytest.raises(ValueError, match="has 3 params"):
        draw.get_layer_lr_mult(plain)
    with pytest.raises(ValueError, match="Eltwise layers do not have"):
        draw.get_layer_lr_mult(by_name["sum"])


def test_colours():
    nodes = draw.get_pydot_graph(net(), "LR").nodes
    colours = {key: style["fillcolor"] for key, style in nodes.items()}
    assert colours["conv_Convolution"] == "#FF5050"
    assert colours["relu_ReLU"] == draw.NEURON_LAYER_STYLE["fillcolor"]
    assert colours["pool_Pooling"] == "#FF9900"
    assert colours["ip_InnerProduct"] == "#CC33FF"
    assert colours["sum_Eltwise"] == draw.LAYER_STYLE_DEFAULT["fillcolor"]
    assert nodes["conv_blob"]["shape"] == "octagon"
    assert draw.get_pooling_types_dict() == {0: "MAX", 1: "AVE", 2: "STOCHASTIC", 3: "RCM"}


def test_phases():
    def drawn(phase):
        return set(draw.get_pydot_graph(net(), "LR", phase=phase).nodes)

    assert drawn(None) - drawn(minicaffe.TEST) == {"data_Data", '<"x">_TanH', '<"x">_blob'}
    assert drawn(minicaffe.TRAIN) == drawn(None)
    both = net()
    both.layer[0].exclude.add(phase=minicaffe.TEST)
    with pytest.raises(ValueError, match="layer data has both include and exclude"):
        draw.draw_net(both, "LR", phase=minicaffe.TEST)


def test_shapes_are_shown_where_they_are_known(no_graphviz):
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } '
        "  include { phase: TRAIN } }"
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 5 dim: 3 } } '
        "  include { phase: TEST } }"
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" '
        "  inner_product_param { num_output: 4 } }"
    )
    net = caffe_pb2.NetParameter()
    parse(text, net)
    assert draw.shape_texts(net) == {"x": "2×3 or 5×3", "ip": "2×4 or 5×4"}
    assert draw.shape_texts(net, minicaffe.TEST) == {"x": "5×3", "ip": "5×4"}
    assert "2×3 or 5×3" in draw.draw_net(net, "TB", "svg").decode()
    assert "ip\\n5×4" in draw.draw_net(net, "TB", "raw", phase=minicaffe.TEST).decode()
    net.layer.add(name="odd", type="Nonsense", bottom=["ip"], top=["y"])
    assert "y" not in draw.shape_texts(net)
    net.layer[-1].type = "Convolution"  # of a blob with two axes: no net, but a picture
    assert draw.shape_texts(net) == {}
    assert "odd" in draw.draw_net(net, "TB", "svg").decode()


def test_graphviz_language(no_graphviz):
    text = draw.draw_net(net(), "LR", "raw").decode()
    assert text.startswith('digraph "Net" {\nrankdir="LR";\n')
    assert '"data_blob" -> "conv_Convolution" [label=""];' in text
    assert '"conv_Convolution" -> "conv_blob" [label="20"];' in text
    assert r'"<\"x\">_TanH" [label="<\"x\">\n(TanH)", shape="box"' in text
    unlabelled = draw.get_pydot_graph(net(), "TB", label_edges=False)
    assert {label for _, _, label in unlabelled.edges} == {""}


def test_old_nets_are_upgraded(no_graphviz):
    old = caffe_pb2.NetParameter(name="old")
    old.layers.add(name="c", type=caffe_pb2.V1LayerParameter.RELU, bottom=["x"], top=["y"])
    assert list(draw.get_pydot_graph(old, "LR").nodes) == ["c_ReLU", "x_blob", "y_blob"]
    assert len(old.layers) == 1
    assert b"<svg" in draw.draw_net(caffe_pb2.NetParameter(), "LR", "svg")


def test_other_formats_need_graphviz(no_graphviz):
    Path("net.png").write_text("older")
    with pytest.raises(MinicaffeError, match=r"PNG needs graphviz.*SVG works without"):
        draw.draw_net_to_file(net(), "net.png")
    assert Path("net.png").read_text() == "older"
    draw.draw_net_to_file(net(), "net.SVG", rankdir="TB")
    assert Path("net.SVG").read_text().startswith("<svg")
    with pytest.raises(DataError, match="cannot write"):
        draw.draw_net_to_file(net(), os.path.join("nowhere", "net.svg"))


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a script with #!")
def test_graphviz_draws(tmp_path, monkeypatch):
    dot = tmp_path / "dot"
    dot.write_text(
        f"#!{sys.executable}\nimport sys\ntext = sys.stdin.read()\n"
        "if sys.argv[1] == '-Tbad': sys.exit('Format: bad not recognized')\n"
        "print(sys.argv[1], text.split()[0], end='')\n"
    )
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(shutil, "which", lambda name: str(dot) if name == "dot" else None)
    for ext in ("png", "pdf"):
        assert draw.draw_net(net(), "LR", ext) == f"-T{ext} digraph".encode()
    assert draw.draw_net(net(), "LR", "svg").startswith(b"<svg")  # it only places the boxes
    with pytest.raises(MinicaffeError, match="graphviz cannot draw bad: Format: bad not"):
        draw.draw_net(net(), "LR", "bad")
