"""The picture of a net that the page and notebooks show: a box for each block of layers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from minicaffe.blob import shape_text
from minicaffe.draw.blocks import Block, Wire, blocks_of
from minicaffe.draw.layout import Edge, Point, Size, lay_out
from minicaffe.draw.svg import arrow, document, head_id, shown
from minicaffe.errors import visible
from minicaffe.layer import find_layer_class
from minicaffe.layers.utility.split import Split
from minicaffe.proto import caffe_pb2

if TYPE_CHECKING:
    from minicaffe.net.net import Net

#: The shapes of a layer's tops; None where they are not known.
Shapes = tuple[tuple[int, ...], ...] | None

_ROW = 22.0  # the height of a layer in a box
_NAME, _KIND = 7.3, 6.3  # mean width of a character in bold and in plain letters
_PADDING = 22.0
_LONGEST = 56  # characters of a name that are shown


def file_text(name: str) -> str:
    """A file that this package comes with, such as ``picture.css``."""
    return resources.files("minicaffe.draw").joinpath(name).read_text(encoding="utf-8")


def net_picture(net: caffe_pb2.NetParameter, shapes: Sequence[Shapes], title: str) -> str:
    """A net as SVG, read from top to bottom.

    Args:
        net: filtered for a phase.
        shapes: of each layer's tops.
        title: what a screen reader says of it.

    Returns:
        The text of an SVG file. The group of a layer has its number as ``data-layer``, an arrow
        those of the layers at its ends as ``data-from`` and ``data-to``.
    """
    blocks, wires = blocks_of(net)
    sizes = {str(number): _size(block, net) for number, block in enumerate(blocks)}
    edges = _edges(blocks, wires, shapes)
    layout = lay_out(sizes, edges)
    head = head_id(layout)
    lines = [f"<title>{shown(title)}</title>", f"<style>{file_text('picture.css')}</style>"]
    for wire, edge, route in zip(wires, edges, layout.routes, strict=True):
        ends = f' class="wire" data-from="{_last(wire.layer)}" data-to="{_first(blocks, wire)}"'
        lines += arrow(edge, route, head, ends)
    for number, block in enumerate(blocks):
        lines += _box(block, net, layout.centres[str(number)], sizes[str(number)])
    return document(layout, lines, 'class="minicaffe-net" role="group"')


def net_html(net: Net) -> str:
    """A built net as a notebook shows it: its picture, with the shapes that it has now.

    Args:
        net: the net.
    """
    param, shapes = caffe_pb2.NetParameter(), list[Shapes]()
    names: dict[str, str] = {}  # of the values that Split layers hand on
    for node in net.nodes:
        bottoms = [names.get(name, name) for name in node.bottom_names]
        if isinstance(node.layer, Split):
            names.update(dict.fromkeys(node.top_names, bottoms[0]))
            continue
        layer = param.layer.add()
        layer.CopyFrom(node.layer.param)
        layer.bottom[:] = bottoms
        shapes.append(tuple(top.shape for top in node.tops))
    told = shown(repr(net))
    frame = "max-height: 600px; overflow: auto; border: 1px solid #ccd3dd"
    return f'<p>{told}</p><div style="{frame}">{net_picture(param, shapes, net.name)}</div>'


def _last(layer: int | None) -> str:
    return "" if layer is None else str(layer)


def _first(blocks: Sequence[Block], wire: Wire) -> int:
    return blocks[wire.target].layers[0]


def _edges(blocks: Sequence[Block], wires: Sequence[Wire], shapes: Sequence[Shapes]) -> list[Edge]:
    """The arrows; a value that several blocks read has its shape at the first from its maker."""
    labelled: dict[tuple[int | None, int], int] = {}
    for number, wire in reversed(list(enumerate(wires))):
        if blocks[wire.source].layers or (wire.layer, wire.top) not in labelled:
            labelled[wire.layer, wire.top] = number
    edges = []
    for number, wire in enumerate(wires):
        label = ""
        if wire.layer is not None and labelled[wire.layer, wire.top] == number:
            known = shapes[wire.layer]
            if known is not None and wire.top < len(known):
                label = shape_text(known[wire.top])
        edges.append(Edge(str(wire.source), str(wire.target), label))
    return edges


def _words(layer: caffe_pb2.LayerParameter) -> tuple[str, str]:
    """A layer's name, and its type with its window, as far as there is place for them."""
    cls = find_layer_class(layer.type)
    kind = f"{layer.type} {cls.window_text(layer)}".strip()
    return _cut(layer.name), _cut(kind)


def _cut(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _width(text: str, character: float) -> float:
    """How wide a text is; letters of East Asia take two places."""
    return sum(character * (1 + (east_asian_width(letter) in "WF")) for letter in text)


def _size(block: Block, net: caffe_pb2.NetParameter) -> Size:
    if not block.layers:
        return _width(_cut(block.name), _NAME) + _PADDING, _ROW
    widths = []
    for number in block.layers:
        name, kind = _words(net.layer[number])
        widths.append(_width(name, _NAME) + _width(kind, _KIND))
    return max(widths) + _PADDING + 12, _ROW * len(block.layers)


def _box(block: Block, net: caffe_pb2.NetParameter, centre: Point, size: Size) -> list[str]:
    (x, y), (width, height) = centre, size
    left, top = x - width / 2, y - height / 2
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"'
    if not block.layers:
        return _name_box(block, net, f'<text x="{x:.1f}" y="{y + 4:.1f}">', f"<rect {frame}/>")
    lines = [f'<g class="block"><rect class="frame" {frame}/>']
    for row, number in enumerate(block.layers):
        layer = net.layer[number]
        name, kind = _words(layer)
        line = top + row * _ROW
        color = escape(find_layer_class(layer.type).color)
        lines.append(
            f'<g class="layer" data-layer="{number}"><title>{shown(layer.name)}</title>'
            f'<rect class="row" x="{left:.1f}" y="{line:.1f}" width="{width:.1f}" '
            f'height="{_ROW}" rx="5"/>'
            f'<rect class="kind" x="{left + 4:.1f}" y="{line + 4:.1f}" width="5" '
            f'height="{_ROW - 8}" rx="2" fill="{color}"/>'
            f'<text class="name" x="{left + 15:.1f}" y="{line + 15:.1f}">{escape(name)}</text>'
            f'<text class="type" x="{left + width - 8:.1f}" y="{line + 15:.1f}">{escape(kind)}'
            "</text></g>"
        )
    return [*lines, "</g>"]


def _name_box(block: Block, net: caffe_pb2.NetParameter, text: str, frame: str) -> list[str]:
    """A name of a blob that a layer far above makes, or none."""
    kind, why, number = "missing", f"no layer makes {shown(block.name)}", ""
    if block.made_by is not None:
        kind, number = "far", f' data-made-by="{block.made_by}"'
        why = f"made by {shown(net.layer[block.made_by].name)}"
    name = escape(_cut(block.name))
    return [f'<g class="{kind}"{number}><title>{why}</title>{frame}{text}{name}</text></g>']
