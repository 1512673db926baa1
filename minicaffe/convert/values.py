"""A name for every value of a net, those too that a layer overwrites in place."""

from __future__ import annotations

from collections.abc import Mapping

from minicaffe.layers.utility.split import Split
from minicaffe.net.net import TEST, Net
from minicaffe.net.node import Node


def passes_on(net: Net, node: Node) -> bool:
    """Whether the node's tops are its bottom's value under no name of their own: the Split layers
    that a net inserts, and Dropout in place in a net in use."""
    identity = node.layer.identity_in_test and net.phase == TEST
    return identity and (_is_inserted(node) or node.in_place)


def _is_inserted(node: Node) -> bool:
    """Whether the node is a Split that the net has made, by the names that it gives."""
    names = [f"{node.name}_{index}" for index in range(len(node.top_edges))]
    return isinstance(node.layer, Split) and node.top_names == names


def value_names(net: Net, known: Mapping[str, list[str]] | None = None) -> list[list[str]]:
    """For each node of the net the names of its tops' values.

    The last value of a blob has the blob's name; what it held before, and a layer overwrote in
    place, is called ``blob/layer`` after the layer that computed it. What a net takes in has the
    blob's name in any case.

    Args:
        net: the net.
        known: names by layer that are known otherwise, as those of a folded net are.
    """
    last = _last_writers(net)
    taken = {edge.blob.name for node in net.nodes for edge in node.top_edges}
    current: dict[int, str] = {}
    names: list[list[str]] = []
    for node in net.nodes:
        if passes_on(net, node):
            own = [current[node.bottom_edges[0].id]] * len(node.top_edges)
        elif known is not None and node.name in known:
            own = list(known[node.name])
        else:
            own = []
            for edge in node.top_edges:
                name = edge.blob.name
                if last[name] is not node:
                    name = unused_name(f"{name}/{node.name}", taken)
                own.append(name)
        for edge, name in zip(node.top_edges, own, strict=True):
            current[edge.id] = name
        names.append(own)
    return names


def _last_writers(net: Net) -> dict[str, Node]:
    """For each name of a blob the node whose value it means in the end."""
    last: dict[str, Node] = {}
    for node in net.nodes:
        if passes_on(net, node):
            continue
        for name in node.top_names:
            if name not in last or last[name].bottom_edges:
                last[name] = node
    return last


def unused_name(wish: str, taken: set[str]) -> str:
    """The wish, or with a number after it; it is taken from now on."""
    name, number = wish, 2
    while name in taken:
        name, number = f"{wish}_{number}", number + 1
    taken.add(name)
    return name
