"""Pictures of nets (pycaffe's ``draw``): layers as boxes, blobs as octagons between them.

Graphviz' program ``dot`` draws PNG, PDF and its other formats where it is installed. SVG
needs nothing (:mod:`minicaffe.draw.layout`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minicaffe.arguments import file_name, message
from minicaffe.blob import shape_text
from minicaffe.draw import graphviz
from minicaffe.draw.layout import Edge
from minicaffe.draw.svg import render_svg
from minicaffe.errors import DataError, MinicaffeError, visible
from minicaffe.files import write_beside
from minicaffe.layer import find_layer_class
from minicaffe.net.states import State
from minicaffe.net.summary import summarize_net
from minicaffe.proto import caffe_pb2
from minicaffe.proto.upgrade_proto import upgrade_net

LAYER_STYLE_DEFAULT = {"shape": "box", "fillcolor": "#6495ED", "style": "filled"}
NEURON_LAYER_STYLE = {"shape": "box", "fillcolor": "#90EE90", "style": "filled"}
BLOB_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
_TEXT_FORMATS = ("raw", "dot", "gv")


@dataclass
class Graph:
    """A picture's content.

    Attributes:
        name: the net's.
        rankdir: where the net runs to: LR (right), TB (down), BT (up) or RL.
        nodes: style and label of each node.
        edges: from, to and label; the edge that closes an in-place loop included.
    """

    name: str
    rankdir: str = "LR"
    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: list[tuple[str, str, str]] = field(default_factory=list)

    def to_string(self) -> str:
        """The graph in graphviz' language."""
        lines = [f"digraph {_quoted(self.name)} {{", f"rankdir={_quoted(self.rankdir)};"]
        for key, style in self.nodes.items():
            settings = ", ".join(f"{name}={_quoted(value)}" for name, value in style.items())
            lines.append(f"{_quoted(key)} [{settings}];")
        for source, target, label in self.edges:
            lines.append(f"{_quoted(source)} -> {_quoted(target)} [label={_quoted(label)}];")
        return "\n".join([*lines, "}", ""])

    def create(self, format: str = "png") -> bytes:
        """The picture as a file's content.

        Args:
            format: ``svg``; ``raw`` for graphviz' language; with graphviz whatever it draws,
                such as ``png`` and ``pdf``.

        Raises:
            MinicaffeError: graphviz is needed and not installed, or cannot draw this.
        """
        if format in _TEXT_FORMATS:
            return self.to_string().encode()
        if format == "svg":
            edges = [Edge(*edge) for edge in self.edges]
            return render_svg(self.nodes, edges, self.rankdir).encode()
        return graphviz.draw(self.to_string(), format)


def _quoted(text: str) -> str:
    rows = (visible(row).replace("\\", "\\\\").replace('"', '\\"') for row in text.split("\n"))
    joined = "\\n".join(rows)
    return f'"{joined}"'


def get_pooling_types_dict() -> dict[int, str]:
    """The names of the pooling methods by number."""
    return {number: name for name, number in caffe_pb2.PoolingParameter.PoolMethod.items()}


def get_edge_label(layer: caffe_pb2.LayerParameter) -> str:
    """The text at the arrow to a layer's top: the batch size or the number of outputs."""
    return find_layer_class(layer.type).edge_text(layer)


def get_layer_lr_mult(layer: caffe_pb2.LayerParameter) -> tuple[float, float]:
    """The learning rate multipliers of a layer's weights and biases.

    Raises:
        ValueError: the layer has no such parameters, or more than two are given.
    """
    if not find_layer_class(layer.type).linear:
        raise ValueError(f"{layer.type} layers do not have a learning rate multiplier")
    given = [param.lr_mult for param in layer.param]
    if len(given) > 2:
        raise ValueError(f"layer '{layer.name}' has {len(given)} params, expected at most 2")
    weights, biases, *_ = [*given, 1.0, 1.0]
    return weights, biases


def get_layer_label(
    layer: caffe_pb2.LayerParameter, rankdir: str, display_lrm: bool = False
) -> str:
    """The text in a layer's box: name, type, window and, if wanted, rate multipliers.

    Args:
        layer: a ``LayerParameter``.
        rankdir: up or down (BT, TB): everything is in one line; else each thing has its own.
        display_lrm: show the learning rate multipliers.
    """
    cls = find_layer_class(layer.type)
    parts = [visible(layer.name), f"({visible(cls.kind_text(layer))})", *cls.window_lines(layer)]
    if display_lrm and cls.linear:
        rates = get_layer_lr_mult(layer)
        if any(rates):
            parts.append(f"lr mult: {rates[0]:.1f}, {rates[1]:.1f}")
    return (" " if rankdir in ("TB", "BT") else "\n").join(parts)


def choose_color_by_layertype(layertype: str) -> str:
    """The colour of a layer's box."""
    return find_layer_class(layertype).color


def get_pydot_graph(
    caffe_net: caffe_pb2.NetParameter,
    rankdir: str,
    label_edges: bool = True,
    phase: int | None = None,
    display_lrm: bool = False,
    shapes: Mapping[str, str] | None = None,
) -> Graph:
    """The graph of a net (pydot itself is not needed).

    Args:
        caffe_net: a ``NetParameter``.
        rankdir: where the net runs to: LR, TB, BT or RL.
        label_edges: say what comes out of a layer.
        phase: only the layers of this phase; None for all.
        display_lrm: show the learning rate multipliers.
        shapes: what is written below the names of blobs.

    Raises:
        ValueError: a layer has both include and exclude rules.
    """
    message(caffe_net, "NetParameter", "; minicaffe.proto.io.read_net(file) reads one")
    caffe_net = _upgraded(caffe_net)
    graph = Graph(caffe_net.name or "Net", rankdir)
    for layer in caffe_net.layer:
        if phase is not None and not _is_in_phase(layer, phase):
            continue
        key = f"{layer.name}_{layer.type}"
        in_place = len(layer.bottom) == len(layer.top) == 1 and layer.bottom[0] == layer.top[0]
        style = dict(NEURON_LAYER_STYLE if in_place else LAYER_STYLE_DEFAULT)
        if not in_place:
            style["fillcolor"] = choose_color_by_layertype(layer.type)
        graph.nodes[key] = {"label": get_layer_label(layer, rankdir, display_lrm), **style}
        for blob in layer.bottom:
            graph.nodes.setdefault(f"{blob}_blob", _blob_node(blob, shapes))
            graph.edges.append((f"{blob}_blob", key, ""))
        for blob in layer.top:
            graph.nodes.setdefault(f"{blob}_blob", _blob_node(blob, shapes))
            label = get_edge_label(layer) if label_edges else ""
            graph.edges.append((key, f"{blob}_blob", label))
    return graph


def _upgraded(net: caffe_pb2.NetParameter) -> caffe_pb2.NetParameter:
    """A net in today's form; one in V1's would look empty."""
    if not net.layers:
        return net
    upgraded = caffe_pb2.NetParameter()
    upgraded.CopyFrom(net)
    upgrade_net(upgraded, None)
    return upgraded


def _blob_node(blob: str, shapes: Mapping[str, str] | None) -> dict[str, str]:
    shape = (shapes or {}).get(blob)
    return {"label": visible(blob) + (f"\n{shape}" if shape else ""), **BLOB_STYLE}


def shape_texts(net: caffe_pb2.NetParameter, phase: int | None = None) -> dict[str, str]:
    """The shapes of a net's blobs as a picture shows them, as far as they are known.

    Args:
        net: a ``NetParameter``.
        phase: None for both; a blob whose shapes differ has both.
    """
    found: dict[str, list[str]] = {}
    for wanted in (caffe_pb2.TRAIN, caffe_pb2.TEST) if phase is None else (phase,):
        try:
            summary = summarize_net(State(wanted).net(_upgraded(net)), skip_unknown=True)
        except MinicaffeError:  # a net can be drawn that cannot be built
            continue
        for layer in summary.layers:
            for blob, shape in zip(layer.param.top, layer.shapes or (), strict=False):
                texts = found.setdefault(blob, [])
                texts += [shape_text(shape)] if shape_text(shape) not in texts else []
    return {blob: " or ".join(texts) for blob, texts in found.items()}


def _is_in_phase(layer: caffe_pb2.LayerParameter, phase: int) -> bool:
    if layer.include and layer.exclude:
        raise ValueError(f"layer {layer.name} has both include and exclude specified")

    def holds(rules: Sequence[caffe_pb2.NetStateRule]) -> bool:
        return any(not rule.HasField("phase") or rule.phase == phase for rule in rules)

    return holds(layer.include) if layer.include else not holds(layer.exclude)


def draw_net(
    caffe_net: caffe_pb2.NetParameter,
    rankdir: str,
    ext: str = "png",
    phase: int | None = None,
    display_lrm: bool = False,
) -> bytes:
    """A picture of a net as a file's content.

    Args:
        caffe_net: a ``NetParameter``.
        rankdir, phase, display_lrm: as :func:`get_pydot_graph` takes them.
        ext: the format, see :meth:`Graph.create`.

    Raises:
        MinicaffeError: graphviz is needed and not installed, or cannot draw this.
        ValueError: a layer has both include and exclude rules.
    """
    message(caffe_net, "NetParameter", "; minicaffe.proto.io.read_net(file) reads one")
    shapes = shape_texts(caffe_net, phase)
    graph = get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm, shapes=shapes)
    return graph.create(format=ext)


def draw_net_to_file(
    caffe_net: caffe_pb2.NetParameter,
    filename: str | os.PathLike[str],
    rankdir: str = "LR",
    phase: int | None = None,
    display_lrm: bool = False,
) -> None:
    """Draw a net into a file, in the format that the file's ending names.

    Args:
        filename: the picture's.
        caffe_net, rankdir, phase, display_lrm: as :func:`draw_net` takes them.

    Raises:
        MinicaffeError: as :func:`draw_net`, or the file cannot be written.
    """
    ext = file_name(filename, "filename").rpartition(".")[2].lower()
    picture = draw_net(caffe_net, rankdir, ext, phase, display_lrm)
    with write_beside(filename, error=DataError) as beside:
        beside.write_bytes(picture)
