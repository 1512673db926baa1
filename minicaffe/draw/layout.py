"""Where the boxes and arrows of a picture go: placed by graphviz, or by minicaffe itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Across and down, in pixels from the upper left corner.
Point = tuple[float, float]
Size = tuple[float, float]

CHARACTER, LINE = 7.0, 16.0  # of a label's font, in pixels
RANK_GAP, NODE_GAP, EDGE_GAP, MARGIN = 18.0, 26.0, 12.0, 14.0


@dataclass(frozen=True)
class Edge:
    """An arrow, with what is written at it."""

    source: str
    target: str
    label: str = ""

    @property
    def label_size(self) -> Size:
        """Width and height of what is written; nothing for nothing."""
        return (len(self.label) * CHARACTER, LINE) if self.label else (0.0, 0.0)


@dataclass(frozen=True)
class Route:
    """The way of an arrow.

    Attributes:
        points: where it begins, and then three points for each cubic Bézier curve.
        label: the middle of what is written at it; None where nothing is.
    """

    points: tuple[Point, ...]
    label: Point | None = None


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        size: of the picture, in pixels.
        centres: of the boxes, by name.
        routes: of the arrows, in their order.
    """

    size: Size
    centres: dict[str, Point]
    routes: list[Route]


def lay_out(sizes: Mapping[str, Size], edges: Sequence[Edge], rankdir: str = "TB") -> Layout:
    """Place boxes so that arrows lead one way, are short and seldom cross.

    Graphviz' ``dot`` does it where it is installed and is done within a few seconds; else
    :mod:`minicaffe.draw.sugiyama`.

    Args:
        sizes: width and height of each box, in pixels.
        edges: the arrows between them; those that close a loop lead back.
        rankdir: where they lead to: TB (down), BT (up), LR (right) or RL.
    """
    from minicaffe.draw import graphviz, sugiyama  # they know the types above

    placed = graphviz.lay_out(sizes, edges, rankdir)
    return placed or sugiyama.lay_out(sizes, edges, rankdir)
