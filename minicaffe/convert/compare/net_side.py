"""A net of ours that is compared value by value, and inputs for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from minicaffe.blob import Blob
from minicaffe.convert.values import passes_on, value_names
from minicaffe.layer import Layer
from minicaffe.layers.utility.reshape import View
from minicaffe.net.net import Net
from minicaffe.syncedmem import SyncedMemory


@runtime_checkable
class LooksUp(Protocol):
    """A layer that takes numbers of rows, items or pixels."""

    def numbers_below(self, index: int, bottom: Sequence[Blob]) -> int | None:
        """Bottom ``index`` holds whole numbers from 0 to below this; None: it may hold anything."""


@runtime_checkable
class Resets(Protocol):
    """A layer that goes on from the forward before."""

    def reset(self) -> None:
        """Forget the states: the next forward begins from zeros."""


@runtime_checkable
class Decides(Protocol):
    """A layer whose tops jump where its bottoms pass a limit (ArgMax, Threshold, boxes)."""

    decides: bool


def decides(layer: Layer) -> bool:
    """Whether the smallest difference of a bottom may make another top."""
    return isinstance(layer, Decides) and layer.decides


#: Called with the layer's name, the value's name and its array, which lives only during the call.
OnValue = Callable[[str, str, np.ndarray], None]


def fill(net: Net, arrays: Mapping[str, np.ndarray]) -> None:
    """Give the net these inputs, whatever their batch; sequences begin from zeros."""
    for name, array in arrays.items():
        net.blobs[name].reshape(*array.shape)
        net.blobs[name].data[...] = array
    net.reshape()
    for layer in net.layers:
        if isinstance(layer, Resets):
            layer.reset()


def run_whole(
    net: Net,
    arrays: Mapping[str, np.ndarray],
    on_value: OnValue,
    known: Mapping[str, list[str]] | None = None,
) -> None:
    """Run the net and show every value, also those that are overwritten in place later.

    Args:
        net: what runs.
        arrays: its inputs.
        on_value: gets every value.
        known: names of the values of some layers, as :func:`value_names` takes them.
    """
    names = value_names(net, known)
    fill(net, arrays)
    for index, node in enumerate(net.nodes):
        net.forward_from_to(index, index)
        if not passes_on(net, node):
            _show(names[index], node.name, [edge.blob.data for edge in node.top_edges], on_value)


def run_once(net: Net, arrays: Mapping[str, np.ndarray], on_value: OnValue) -> None:
    """Run the net as programs do, in one forward, and show what its blobs hold in the end."""
    fill(net, arrays)
    net.forward_loss()
    whole = _values_in_the_end(net)
    for names, node, there in zip(value_names(net), net.nodes, whole, strict=True):
        for name, edge in zip(names, node.top_edges, strict=True):
            if there and not passes_on(net, node):
                on_value(node.name, name, edge.blob.data)


def _values_in_the_end(net: Net) -> list[bool]:
    """For each node whether its tops still hold its values after a forward: no later layer has
    overwritten the memory in place, which others may share."""
    overwritten: set[SyncedMemory] = set()
    there: list[bool] = []
    for node in reversed(net.nodes):
        own = {blob.data_memory for blob in node.tops}
        there.append(not own & overwritten)
        if node.in_place and not passes_on(net, node):
            overwritten |= own
    return there[::-1]


def run_each(
    net: Net,
    arrays: Mapping[str, np.ndarray],
    others: Mapping[str, np.ndarray],
    on_value: OnValue,
) -> None:
    """Run every layer on the values that another net has computed, and show what it makes of them.

    So a difference is the layer's own, not one that grew on the way.

    Args:
        net: whose layers run.
        arrays: its inputs.
        others: the other net's values by name; those that it has not stay the net's own.
        on_value: gets every value.
    """
    names = value_names(net)
    fill(net, arrays)
    current: dict[int, str] = {}
    for index, node in enumerate(net.nodes):
        for edge in node.bottom_edges:
            other = others.get(current.get(edge.id, ""))
            if other is not None and other.shape == edge.blob.shape:
                edge.blob.data[...] = other
        net.forward_from_to(index, index)
        current.update((e.id, n) for e, n in zip(node.top_edges, names[index], strict=True))
        if not passes_on(net, node):
            _show(names[index], node.name, [edge.blob.data for edge in node.top_edges], on_value)


def _show(names: list[str], layer: str, arrays: list[np.ndarray], on_value: OnValue) -> None:
    for name, array in zip(names, arrays, strict=True):
        on_value(layer, name, array)


def random_arrays(net: Net, seed: int, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Normally distributed values for every input; whole numbers where a layer looks them up.

    Args:
        net: whose inputs are filled, in the shapes that they have.
        seed: of the values.
        scale: their standard deviation, where they are no whole numbers.
    """
    rng = np.random.default_rng(seed)
    limits = _limits(net)
    arrays = {}
    for name in net.inputs:
        shape, limit = net.blobs[name].shape, limits.get(name)
        if limit is None:
            arrays[name] = np.asarray(rng.normal(0, scale, shape), np.float32)
        else:
            arrays[name] = np.asarray(rng.integers(0, limit, shape), np.float32)
    return arrays


def _limits(net: Net) -> dict[str, int]:
    """The inputs that hold whole numbers from 0 on, and below what."""
    below: dict[int, int] = {}
    for node in reversed(net.nodes):
        found = [below[edge.id] for edge in node.top_edges if edge.id in below]
        for index, edge in enumerate(node.bottom_edges):
            layer = node.layer
            limit = layer.numbers_below(index, node.bottoms) if isinstance(layer, LooksUp) else None
            if limit is None and found and (isinstance(layer, View) or passes_on(net, node)):
                limit = min(found)
            if limit is not None:
                below[edge.id] = min(limit, below.get(edge.id, limit))
    inputs = (edge for node in net.nodes if not node.bottom_edges for edge in node.top_edges)
    return {edge.blob.name: below[edge.id] for edge in inputs if edge.id in below}
