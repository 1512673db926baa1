"""Boxes and arrows at their places, as the text of an SVG file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from zlib import crc32

from minicaffe.draw.layout import CHARACTER, LINE, Edge, Layout, Point, Route, Size, lay_out
from minicaffe.errors import visible

Style = Mapping[str, str]


def shown(text: str) -> str:
    """A text as XML can hold it; control characters are none that it can."""
    return escape(visible(text))


def label_size(label: str) -> Size:
    """Width and height of a box with this text, which may have several lines."""
    lines = label.split("\n")
    return max(map(len, lines)) * CHARACTER + 20, len(lines) * LINE + 12


def render_svg(nodes: Mapping[str, Style], edges: Sequence[Edge], rankdir: str = "LR") -> str:
    """Draw a graph.

    Args:
        nodes: for each its style: ``label``, ``shape`` (box or octagon), ``fillcolor``.
        edges: the arrows between them.
        rankdir: where the arrows lead to: LR (right), TB (down), BT (up) or RL.

    Returns:
        The text of an SVG file.
    """
    sizes = {key: label_size(style["label"]) for key, style in nodes.items()}
    layout = lay_out(sizes, edges, rankdir)
    head = head_id(layout)
    lines = ['<rect width="100%" height="100%" fill="white"/>']
    for edge, route in zip(edges, layout.routes, strict=True):
        lines += arrow(edge, route, head)
    for key, style in nodes.items():
        lines += _polygon(style, layout.centres[key], sizes[key])
    return document(layout, lines, 'font-family="Helvetica, Arial, sans-serif" font-size="12"')


def head_id(layout: Layout) -> str:
    """The id of a picture's arrow head, which no other picture of a notebook should have."""
    return f"head-{crc32(repr(layout).encode()):08x}"


def document(layout: Layout, lines: Iterable[str], attributes: str) -> str:
    """An SVG of a layout's size, with the head of its arrows.

    Args:
        layout: tells the size.
        lines: its elements.
        attributes: of the element ``svg``.
    """
    (width, height), head = layout.size, head_id(layout)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" text-anchor="middle" {attributes}>',
            f'<defs><marker id="{head}" viewBox="0 0 10 10" refX="9" refY="5" '
            'markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">'
            '<path d="M0 0L10 5L0 10z" class="head" fill="#555"/></marker></defs>',
            *lines,
            "</svg>",
            "",
        ]
    )


def arrow(edge: Edge, route: Route, head: str, attributes: str = "") -> list[str]:
    """An arrow and what is written at it.

    Args:
        edge: says what is written.
        route: where.
        head: the :func:`head_id` of the picture.
        attributes: of the path.
    """
    if not route.points:
        return []
    numbers = [f"{x:.1f} {y:.1f}" for x, y in route.points]
    lines = [
        f'<path d="M{numbers[0]}C{" ".join(numbers[1:])}" fill="none" stroke="#555" '
        f'marker-end="url(#{head})"{attributes}/>'
    ]
    if route.label:
        x, y = route.label
        lines.append(f'<text class="label" x="{x:.1f}" y="{y + 4:.1f}">{shown(edge.label)}</text>')
    return lines


def _polygon(style: Style, centre: Point, size: Size) -> list[str]:
    (x, y), (width, height) = centre, size
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    cut = 7.0 if style["shape"] == "octagon" else 0.0
    corners = [
        (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
        (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
    ]  # fmt: skip
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    lines = [f'<polygon points="{points}" fill="{escape(style["fillcolor"])}" stroke="black"/>']
    rows = style["label"].split("\n")
    start = y - (len(rows) - 1) * LINE / 2 + 4
    for index, row in enumerate(rows):
        lines.append(f'<text x="{x:.1f}" y="{start + index * LINE:.1f}">{shown(row)}</text>')
    return lines
