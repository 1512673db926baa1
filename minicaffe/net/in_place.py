"""Layers that overwrite in place what another layer's gradient needs, or their own.

In Caffe the gradient is wrong then. Here the node keeps those values, and one warning a net tells
which layers' gradients the real Caffe computes otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from minicaffe.net.node import Node
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import SyncedMemory

logger = logging.getLogger("minicaffe")


def keep_overwritten(nodes: Sequence[Node]) -> None:
    """Let each node keep what its gradient needs and a layer overwrites."""
    writers = _writers(nodes)
    for index, node in enumerate(nodes):
        if not node.need_backward:
            continue
        reads = node.layer.backward_reads
        node.kept_bottoms = [
            number
            for number, bottom in enumerate(node.bottoms)
            if "bottoms" in reads
            and (
                not node.layer.right_in_place()
                if bottom in node.tops
                else _overwritten(nodes, index, writers.get(bottom.data_memory, ()))
            )
        ]
        node.kept_tops = [
            number
            for number, top in enumerate(node.tops)
            if _reads_top(node, number)
            and _overwritten(nodes, index, writers.get(top.data_memory, ()))
        ]


def _writers(nodes: Sequence[Node]) -> dict[SyncedMemory, list[int]]:
    """For each memory the layers that overwrite it in place."""
    found: dict[SyncedMemory, list[int]] = {}
    for index, node in enumerate(nodes):
        for top in node.tops:
            if top in node.bottoms and not _idle(node):
                found.setdefault(top.data_memory, []).append(index)
    return found


def _idle(node: Node) -> bool:
    """Whether the layer leaves what it works on in place as it is."""
    return node.layer.identity_in_test and node.layer.phase == caffe_pb2.TEST


def _reads_top(node: Node, number: int) -> bool:
    """Whether the gradient looks at what is in a top once the layer has run."""
    reads, in_place = node.layer.backward_reads, node.tops[number] in node.bottoms
    return "tops" in reads or (in_place and "bottoms" in reads and node.layer.right_in_place())


def _overwritten(nodes: Sequence[Node], index: int, writers: Sequence[int]) -> bool:
    """Whether one of the writers comes after a layer and changes what its gradient looks at."""
    signs = nodes[index].layer.reads_signs
    return any(
        writer > index and not (signs and nodes[writer].layer.keeps_signs()) for writer in writers
    )


def tell_of_real_caffe(nodes: Sequence[Node], path: str | None) -> None:
    """Warn, once a net, of the layers whose gradient the real Caffe computes otherwise."""
    writers = _writers(nodes)
    named = [
        f"'{node.name}' ({node.layer.type})"
        for index, node in enumerate(nodes)
        if node.need_backward
        and (
            node.kept_bottoms
            or node.kept_tops
            or (node.in_place and node.layer.wrong_in_place_in_caffe())
            or (node.layer.reads_tops_in_caffe and _top_is_overwritten(nodes, index, writers))
        )
    ]
    if named:
        logger.warning(
            "%slayers that work in place overwrite what the gradients of %s need; they are right "
            "here, but the real Caffe computes others: give the tops of the layers in place names "
            "of their own to get the same in both (docs/migration.md)",
            f"{path}: " if path else "",
            ", ".join(named),
        )


def _top_is_overwritten(
    nodes: Sequence[Node], index: int, writers: dict[SyncedMemory, list[int]]
) -> bool:
    """Whether a later layer in place changes the first top."""
    memory = nodes[index].tops[0].data_memory
    return _overwritten(nodes, index, writers.get(memory, ()))
