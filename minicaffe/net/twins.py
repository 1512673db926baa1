"""Layers that share a parameter by name, of which another net has only one.

A net takes another's parameters layer by layer, by the layers' names (Caffe's
``ShareTrainedLayersWith``), and parameter names count only within a net. A layer that exists in
the test net alone, and shares the parameter of one that is trained, so keeps what it had.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minicaffe.net.node import Node
from minicaffe.net.params import LearnableParam
from minicaffe.syncedmem import SyncedMemory

logger = logging.getLogger("minicaffe")


class Parted(NamedTuple):
    """A parameter that two layers of a net share until one of them takes another net's.

    Attributes:
        name: of the ``param``.
        follows, stays: the layer that takes the other net's values, and the one that does not.
    """

    name: str
    follows: Node
    stays: Node


def parted(
    nodes: Sequence[Node],
    shared: Mapping[tuple[str, int], LearnableParam],
    others: Sequence[Node],
) -> list[Parted]:
    """What would no longer be shared in a net if it took the parameters of another.

    Args:
        nodes, shared: the net's layers; for each (layer, number) that shares, the owner.
        others: the other net's layers.
    """
    here = {node.name: node for node in reversed(nodes)}
    there = {node.name: node for node in reversed(others)}
    found = []
    for (name, index), owner in shared.items():
        ours, theirs = here[name], here[owner.layer_name]
        memories = _after(ours, index, there), _after(theirs, owner.index, there)
        if None in memories or memories[0] is memories[1]:
            continue
        if name not in there:
            found.append(Parted(owner.name, theirs, ours))
        elif owner.layer_name not in there:
            found.append(Parted(owner.name, ours, theirs))
    return found


def _after(node: Node, index: int, there: Mapping[str, Node]) -> SyncedMemory | None:
    """Where a layer's parameter would be; None if the other net's layer has no such one."""
    blobs = there.get(node.name, node).layer.blobs
    return blobs[index].data_memory if index < len(blobs) else None


def warn(found: Sequence[Parted], path: str | None) -> None:
    """Say of each layer that it keeps its first values, and what to do."""
    told = set()
    for name, follows, stays in found:
        if stays.name in told:
            continue
        told.add(stays.name)
        place = f"{path or 'the net'}:{stays.line}" if stays.line else path or "the net"
        logger.warning(
            "%s: layer '%s' (%s) shares param '%s' with layer '%s', but only that one is in the "
            "net that is trained: tests while it trains leave '%s' with the values that it was "
            "filled with, as in Caffe, which shares by the names of layers. Put '%s' into the "
            "train net as well; or score the snapshot with `minicaffe test`, where both are alike",
            place,
            stays.name,
            stays.layer.type,
            name,
            follows.name,
            stays.name,
            stays.name,
        )
