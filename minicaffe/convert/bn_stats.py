"""Population statistics for BatchNorm: algorithm 2, lines 7 to 10."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError
from minicaffe.layer import find_layer_class
from minicaffe.layers.common.dropout import Dropout
from minicaffe.layers.normalization.batch_norm import STATISTICS, BatchNorm
from minicaffe.net.net import TRAIN, Net
from minicaffe.net.node import Node
from minicaffe.proto import caffe_pb2

OnBatch = Callable[[int, int], None]


def without_dropout(param: caffe_pb2.NetParameter) -> caffe_pb2.NetParameter:
    """A copy of a ``NetParameter`` whose Dropout layers let everything through.

    Statistics are for a net in use, where nothing is dropped: dropping keeps the mean of
    what comes next but adds to its variance.
    """
    own = caffe_pb2.NetParameter()
    own.CopyFrom(param)
    for layer in own.layer:
        if issubclass(find_layer_class(layer.type), Dropout):
            layer.phase = caffe_pb2.TEST
    return own


def population_statistics(
    net: Net,
    batches: int,
    *,
    sequential: bool = False,
    on_batch: OnBatch = lambda done, of: None,
) -> list[str]:
    """Replace BatchNorm's moving averages by statistics of the weights as they are now.

    With m values a channel in a mini-batch (Ioffe & Szegedy 2015, algorithm 2)::

        E[x]   = mean over mini-batches of the mean
        Var[x] = m / (m - 1) · mean over mini-batches of the variance

    Meanwhile each layer normalises with its own batch, as in training. ``sequential`` takes
    one layer after another instead: those before it already normalise with their new
    statistics, as they will in use. That reads ``batches`` mini-batches for each layer.

    The averages are stored with the weight 1 / (1 - ``moving_average_fraction``) (third
    blob), which is what a long training leaves there: one that goes on does not forget them
    at once.

    Args:
        net: in the TRAIN phase, with its data and trained weights; best made from
            :func:`without_dropout`. Its BatchNorm blobs change.
        batches: how many mini-batches to take.
        sequential: one layer after another.
        on_batch: called after each mini-batch with how many are done, and of how many.

    Returns:
        The names of the layers; those with ``use_global_stats: true`` are left alone.

    Raises:
        GraphError: the net is not in the TRAIN phase, or has no such layer.
    """
    if net.phase != TRAIN:
        raise GraphError("population statistics need the net in phase TRAIN", path=net.path)
    found = [
        (index, node)
        for index, node in enumerate(net.nodes)
        if isinstance(node.layer, BatchNorm) and not node.layer.use_global_stats
    ]
    if not found:
        raise GraphError(
            "the net has no BatchNorm layer that takes statistics in phase TRAIN", path=net.path
        )
    nodes = [node for _, node in found]
    if sequential:
        _collect_in_turn(net, found, batches, on_batch)
    else:
        _collect(net, nodes, batches, len(net.nodes) - 1, on_batch, 0, batches)
    return [node.name for node in nodes]


def _collect_in_turn(
    net: Net, found: Sequence[tuple[int, Node]], batches: int, on_batch: OnBatch
) -> None:
    """One layer after another; those that are done normalise with their new statistics."""
    with _restoring(net, [node for _, node in found]):
        for number, (index, node) in enumerate(found):
            begin = number * batches
            _collect(net, [node], batches, index, on_batch, begin, batches * len(found))
            _layer(node).use_global_stats = True
            net.replan()


def _layer(node: Node) -> BatchNorm:
    return cast(BatchNorm, node.layer)  # these nodes were chosen by their class


@contextmanager
def _restoring(net: Net, nodes: Sequence[Node]) -> Iterator[None]:
    """Let the layers take statistics again at the end."""
    try:
        yield
    finally:
        for node in nodes:
            _layer(node).use_global_stats = False
        net.replan()


def _collect(
    net: Net, nodes: Sequence[Node], batches: int, last: int, on_batch: OnBatch, begin: int, of: int
) -> None:
    """Run the net up to layer ``last`` and store what the nodes saw."""
    totals = [[np.zeros(blob.shape) for blob in _sums(node)] for node in nodes]
    with _counting_alike(nodes):
        for done in range(1, batches + 1):
            for node in nodes:
                for blob in _sums(node):
                    blob.data[...] = 0
            net.forward_from_to(0, last)
            for node, total in zip(nodes, totals, strict=True):
                for blob, values in zip(_sums(node), total, strict=True):
                    values += blob.data
            on_batch(begin + done, of)
    for node, (mean, variance, count) in zip(nodes, totals, strict=True):
        _layer(node).store_statistics(mean / count, variance / count)


def _sums(node: Node) -> Sequence[Blob]:
    """The blobs with statistics; forks have others after them."""
    return node.layer.blobs[: len(STATISTICS)]


@contextmanager
def _counting_alike(nodes: Sequence[Node]) -> Iterator[None]:
    """Let each batch, and each ghost batch, be added to sums, also where averages are stored."""
    layers = [_layer(node) for node in nodes]
    fractions = [layer.moving_average_fraction for layer in layers]
    of_averages = [layer for layer in layers if layer.averages]
    try:
        for layer in layers:
            layer.moving_average_fraction = 1.0
        for layer in of_averages:
            layer.averages = False
        yield
    finally:
        for layer, fraction in zip(layers, fractions, strict=True):
            layer.moving_average_fraction = fraction
        for layer in of_averages:
            layer.averages = True


def settle_statistics(net: Net) -> None:
    """Give BatchNorm's averages the weight with which a training goes on from them.

    What they are stays the same; see
    :func:`~minicaffe.layers.normalization.batch_norm.settled_weight`.

    Args:
        net: whose blobs change.
    """
    for node in net.nodes:
        if isinstance(node.layer, BatchNorm) and node.layer.blobs[2].data[0]:
            node.layer.store_statistics(*node.layer.stored_statistics())
