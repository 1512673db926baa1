"""A graph as SVG, laid out in ranks: every edge leads to a later rank, crossings are few.

The steps are those of Sugiyama, Tagawa and Toda, *Methods for visual understanding of
hierarchical system structures*, 1981: ranks by the longest path, invisible nodes where an
edge passes a rank, order by the neighbours' mean place, places that keep neighbours in line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from minicaffe.errors import visible

CHARACTER, LINE = 7.0, 16.0  # of the font, in pixels
RANK_GAP, NODE_GAP, MARGIN = 46.0, 18.0, 12.0
SWEEPS = 8
Edge = tuple[str, str, str]
Style = Mapping[str, str]


@dataclass
class _Node:
    """A node, or with an empty style a bend of an edge.

    Attributes:
        across: its middle, along its rank.
        along: its middle, in the direction in which the net runs.
        breadth, depth: its size along its rank, and in the other direction.
    """

    style: Style
    rank: int
    breadth: float = 0.0
    depth: float = 0.0
    across: float = 0.0
    along: float = 0.0
    before: list[_Node] = field(default_factory=list)
    after: list[_Node] = field(default_factory=list)


def render_svg(nodes: Mapping[str, Style], edges: Sequence[Edge], rankdir: str = "LR") -> str:
    """Draw a graph.

    Args:
        nodes: for each its style: ``label``, ``shape`` (box or octagon), ``fillcolor``.
        edges: from, to and label.
        rankdir: where the edges lead to: LR (right), TB (down), BT (up) or RL.

    Returns:
        The text of an SVG file.
    """
    sideways = rankdir in ("LR", "RL")
    ranks, backwards = _ranks(nodes, edges)
    placed: dict[str, _Node] = {}
    for key, style in nodes.items():
        width, height = _size(style["label"])
        breadth, depth = (height, width) if sideways else (width, height)
        placed[key] = _Node(style, ranks[key], breadth, depth)
    layers: list[list[_Node]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for node in placed.values():
        layers[node.rank].append(node)
    routes = [
        [placed[source], *_bends(placed[source], placed[target], layers), placed[target]]
        if index not in backwards
        else [placed[source], placed[target]]
        for index, (source, target, _) in enumerate(edges)
    ]
    _order(layers)
    _place(layers)
    return _Drawing(layers, rankdir).text(placed.values(), routes, [label for _, _, label in edges])


def _shown(text: str) -> str:
    """As XML can hold it; control characters are none that it can."""
    return escape(visible(text))


def _size(label: str) -> tuple[float, float]:
    lines = label.split("\n")
    return max(map(len, lines)) * CHARACTER + 20, len(lines) * LINE + 12


# ------------------------------------------------------------------------------ layout


def _ranks(nodes: Iterable[str], edges: Sequence[Edge]) -> tuple[dict[str, int], set[int]]:
    """The rank of each node, and the edges that lead back (those of in-place layers)."""
    following: dict[str, list[int]] = {key: [] for key in nodes}
    for index, (source, _, _) in enumerate(edges):
        following[source].append(index)
    backwards = _closing_edges(following, edges)
    waiting_for = dict.fromkeys(following, 0)
    for index, (_, target, _) in enumerate(edges):
        waiting_for[target] += index not in backwards
    ranks = dict.fromkeys(following, 0)
    ready = [key for key, count in waiting_for.items() if not count]
    for key in ready:  # grows as it goes
        for index in following[key]:
            target = edges[index][1]
            if index not in backwards:
                ranks[target] = max(ranks[target], ranks[key] + 1)
                waiting_for[target] -= 1
                if not waiting_for[target]:
                    ready.append(target)
    return ranks, backwards


def _closing_edges(following: Mapping[str, list[int]], edges: Sequence[Edge]) -> set[int]:
    """The edges that close a loop, found depth first."""
    closing: set[int] = set()
    done: set[str] = set()
    for start in following:
        path, open_nodes = [(start, iter(following[start]))], {start}
        while path and start not in done:
            key, rest = path[-1]
            index = next(rest, None)
            if index is None:
                path.pop()
                open_nodes.discard(key)
                done.add(key)
                continue
            target = edges[index][1]
            if target in open_nodes:
                closing.add(index)
            elif target not in done:
                path.append((target, iter(following[target])))
                open_nodes.add(target)
    return closing


def _bends(source: _Node, target: _Node, layers: list[list[_Node]]) -> list[_Node]:
    """Invisible nodes in the ranks that an edge passes; links them all."""
    bends = [_Node({}, rank, NODE_GAP) for rank in range(source.rank + 1, target.rank)]
    for bend in bends:
        layers[bend.rank].append(bend)
    chain = [source, *bends, target]
    for first, second in pairwise(chain):
        first.after.append(second)
        second.before.append(first)
    return bends


def _order(layers: list[list[_Node]]) -> None:
    """Sort each rank by where the neighbours in the rank before, or after, are."""
    for layer in layers:
        for place, node in enumerate(layer):
            node.across = place
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for layer in layers if forwards else reversed(layers):
            means = {id(node): _mean(node.before if forwards else node.after) for node in layer}
            layer.sort(key=lambda node: node.across if (m := means[id(node)]) is None else m)
            for place, node in enumerate(layer):
                node.across = place


def _mean(nodes: list[_Node]) -> float | None:
    return sum(node.across for node in nodes) / len(nodes) if nodes else None


def _place(layers: list[list[_Node]]) -> None:
    """Give the nodes their places: as near to their neighbours' middle as the others allow."""
    along = MARGIN
    for layer in layers:
        depth = max((node.depth for node in layer), default=0.0)
        across = 0.0
        for node in layer:
            node.along = along + depth / 2
            node.across = across + node.breadth / 2
            across += node.breadth + NODE_GAP
        along += depth + RANK_GAP
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _settle(layer, sweep % 2 == 0)
    start = min((n.across - n.breadth / 2 for layer in layers for n in layer), default=0.0)
    for layer in layers:
        for node in layer:
            node.across += MARGIN - start


def _settle(layer: list[_Node], forwards: bool) -> None:
    wanted = []
    for node in layer:
        mean = _mean(node.before if forwards else node.after)
        wanted.append(node.across if mean is None else mean)
    if not layer:
        return
    # Pushed apart once from each side; the mean of both is as tight, and even.
    low, high = list(wanted), list(wanted)
    for i in range(1, len(layer)):
        low[i] = max(low[i], low[i - 1] + _distance(layer[i - 1], layer[i]))
    for i in reversed(range(len(layer) - 1)):
        high[i] = min(high[i], high[i + 1] - _distance(layer[i], layer[i + 1]))
    for node, first, second in zip(layer, low, high, strict=True):
        node.across = (first + second) / 2


def _distance(node: _Node, other: _Node) -> float:
    return (node.breadth + other.breadth) / 2 + NODE_GAP


# ----------------------------------------------------------------------------- drawing


class _Drawing:
    """Turns places into SVG for one direction."""

    def __init__(self, layers: list[list[_Node]], rankdir: str) -> None:
        every = [node for layer in layers for node in layer]
        self._along = max((n.along + n.depth / 2 for n in every), default=0.0) + MARGIN
        self._across = max((n.across + n.breadth / 2 for n in every), default=0.0) + MARGIN
        self._sideways = rankdir in ("LR", "RL")
        self._reversed = rankdir in ("BT", "RL")

    def text(
        self, nodes: Iterable[_Node], routes: Sequence[Sequence[_Node]], labels: Sequence[str]
    ) -> str:
        width, height = self._across, self._along
        if self._sideways:
            width, height = height, width
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="Helvetica, Arial, sans-serif" '
            'font-size="12" text-anchor="middle">',
            '<defs><marker id="arrow" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs>',
            '<rect width="100%" height="100%" fill="white"/>',
        ]
        for route, label in zip(routes, labels, strict=True):
            lines += self._edge(route, label)
        for node in nodes:
            lines += self._node(node)
        return "\n".join([*lines, "</svg>", ""])

    def _point(self, along: float, across: float) -> tuple[float, float]:
        if self._reversed:
            along = self._along - along
        return (along, across) if self._sideways else (across, along)

    def _edge(self, route: Sequence[_Node], label: str) -> list[str]:
        first, last = route[0], route[-1]
        # A loop's edge leads back from an in-place layer to its blob, beside the one forth.
        back = last.rank <= first.rank
        shift = 6.0 if back else 0.0
        points = [(node.along, node.across + shift) for node in route]
        direction = -1 if back else 1
        points[0] = (first.along + direction * first.depth / 2, points[0][1])
        points[-1] = (last.along - direction * last.depth / 2, points[-1][1])
        path = "M{:.1f} {:.1f}".format(*self._point(*points[0]))
        for (x0, y0), (x1, y1) in pairwise(points):
            middle = (x0 + x1) / 2
            curve = (self._point(middle, y0), self._point(middle, y1), self._point(x1, y1))
            path += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in curve)
        lines = [f'<path d="{path}" fill="none" stroke="#444" marker-end="url(#arrow)"/>']
        if label:
            (x0, y0), (x1, y1) = points[:2]
            x, y = self._point((x0 + x1) / 2, (y0 + y1) / 2)
            lines.append(f'<text x="{x:.1f}" y="{y - 4:.1f}">{_shown(label)}</text>')
        return lines

    def _node(self, node: _Node) -> list[str]:
        x, y = self._point(node.along, node.across)
        width, height = node.breadth, node.depth
        if self._sideways:
            width, height = height, width
        left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        cut = 7.0 if node.style["shape"] == "octagon" else 0.0
        corners = [
            (left + cut, top), (right - cut, top), (right, top + cut), (right, bottom - cut),
            (right - cut, bottom), (left + cut, bottom), (left, bottom - cut), (left, top + cut),
        ]  # fmt: skip
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        fill = escape(node.style["fillcolor"])
        lines = [f'<polygon points="{points}" fill="{fill}" stroke="black"/>']
        rows = node.style["label"].split("\n")
        start = y - (len(rows) - 1) * LINE / 2 + 4
        for index, row in enumerate(rows):
            where = start + index * LINE
            lines.append(f'<text x="{x:.1f}" y="{where:.1f}">{_shown(row)}</text>')
        return lines
