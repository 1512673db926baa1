"""What of a net cannot be converted: all of it at once, by layer and line, with a way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicaffe.errors import GraphError, MinicaffeError, Problem, visible
from minicaffe.layers.utility.split import Split

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.net.node import Node


def problem_of(node: Node, reason: str, way: str) -> Problem:
    """Why a layer cannot be converted.

    Args:
        node: the layer in its place.
        reason: why, in a few words.
        way: the nearest way out; "" for none.
    """
    place = f"{node.path}:{node.line}: " if node.path and node.line else ""
    told = f"{place}layer '{node.name}' ({node.layer.param.type}): {reason}" + (
        f"; {way}" if way else ""
    )
    return Problem(node.path, node.line or 0, 0, told, "")


def blobs_before(net: Net, node: Node) -> list[str]:
    """The blobs that a layer reads, as the prototxt calls them: without the splits of the net."""
    split = {
        top: other.bottom_names[0]
        for other in net.nodes
        if isinstance(other.layer, Split)
        for top in other.top_names
    }
    return list(dict.fromkeys(split.get(name, name) for name in node.bottom_names))


def refused(problems: Sequence[Problem], path: str | None) -> MinicaffeError:
    """The error that reports all of them.

    Args:
        problems: at least one.
        path: the net's file.
    """
    error = GraphError(visible(problems[0].message), path=path)
    error.problems = list(problems)
    return error
