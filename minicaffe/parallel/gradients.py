"""Averaging gradients of several processes in buckets, while backward still computes others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.net.params import LearnableParam
from minicaffe.parallel.transport import Handle, Transport, from_bf16, to_bf16

if TYPE_CHECKING:
    from minicaffe.net.net import Net

#: Bytes of gradients that are sent together. docs/parallel.md has measurements.
BUCKET = 4 << 20

#: Frozen parameters of more bytes are not sent; smaller ones go along with their neighbours.
_FROZEN = 1 << 16


@dataclass(frozen=True)
class Bucket:
    """Neighbours in the arena whose gradients are sent together.

    Attributes:
        where: their place in the arena.
        layer: they are complete when backward has run this layer, and so all above it.
    """

    where: slice
    layer: int


def make_buckets(net: Net, size: int = BUCKET) -> list[Bucket]:
    """The parameters of a net in buckets, those first that backward completes first.

    Args:
        net: to be trained.
        size: bytes; a bucket ends when it has as many, and so may have up to a parameter more.
    """
    first = _first_layers(net)
    found: list[Bucket] = []
    for run in _learning_runs(net.learnable_params, net.arena.dtype.itemsize):
        bucket: list[LearnableParam] = []
        for param in reversed(run):
            bucket.insert(0, param)
            length = bucket[-1].slice.stop - param.slice.start
            if length * net.arena.dtype.itemsize >= size:
                found.append(_bucket(bucket, first))
                bucket = []
        if bucket:
            found.append(_bucket(bucket, first))
    return sorted(found, key=lambda bucket: -bucket.layer)


def _first_layers(net: Net) -> dict[int, int]:
    """For the memory of each gradient the first layer that adds to it."""
    first: dict[int, int] = {}
    for index, node in enumerate(net.nodes):
        for blob in node.layer.blobs:
            first.setdefault(id(blob.diff_memory), index)
    return first


def _bucket(params: Sequence[LearnableParam], first: dict[int, int]) -> Bucket:
    where = slice(params[0].slice.start, params[-1].slice.stop)
    return Bucket(where, min(first[id(param.blob.diff_memory)] for param in params))


def _learning_runs(
    params: Sequence[LearnableParam], itemsize: int
) -> Iterator[list[LearnableParam]]:
    """Neighbours between which no large parameter is frozen, and of which one learns."""
    runs: list[list[LearnableParam]] = [[]]
    for param in params:
        if param.lr_mult == 0 and param.blob.count * itemsize > _FROZEN:
            runs.append([])
        else:
            runs[-1].append(param)
    return (run for run in runs if any(param.lr_mult for param in run))


class GradientMean:
    """Replaces the gradients of a net by the mean of all processes'::

        diff = 1/N · Σ diff of rank r

    Args:
        net: to be trained.
        transport: connects the processes.
        passes: how many backward passes an update has (``iter_size``); only in the last one are
            gradients complete.
        size: bytes of a bucket.
        compress: send bfloat16: half the bytes, with 8 bits of precision.
    """

    def __init__(
        self,
        net: Net,
        transport: Transport,
        *,
        passes: int = 1,
        size: int = BUCKET,
        compress: bool = False,
    ) -> None:
        self._net, self._transport, self._compress = net, transport, compress
        self._buckets = make_buckets(net, size)
        self._passes = passes
        self.begin()

    def begin(self) -> None:
        """Nothing has been sent yet of the next update."""
        self._done = 0  # passes
        self._sent: list[Sent] = []

    def ready(self, first: int) -> None:
        """Backward has run the layers down to ``first``: send what is complete."""
        if self._done == self._passes - 1:
            while self._left and self._left[0].layer >= first:
                self._send(self._left[0])
        if first == 0:
            self._done += 1

    @property
    def _left(self) -> Sequence[Bucket]:
        return self._buckets[len(self._sent) :]

    def _send(self, bucket: Bucket) -> None:
        values = self._net.arena.diff_part(bucket.where)
        self._sent.append(Sent(values, self._transport, compress=self._compress))

    def finish(self) -> None:
        """Send what is left, and wait for all of it."""
        for bucket in self._left:
            self._send(bucket)
        for sent in self._sent:
            sent.receive(1.0 / self._transport.size)
        self.begin()


class Sent:
    """Gradients that are being added up.

    Args:
        values: of numpy, or a tensor of torch; they are changed.
        transport: adds them up.
        compress: as bfloat16.
    """

    def __init__(self, values: np.ndarray, transport: Transport, *, compress: bool) -> None:
        self._values, self._carried = values, values
        if compress:
            self._carried = to_bf16(values)
        self._handle: Handle = transport.start_all_reduce(self._carried)

    def receive(self, scale: float) -> None:
        """Wait for the sum, and multiply it."""
        self._handle.wait()
        if self._carried is not self._values:
            from_bf16(self._carried, out=self._values)
        self._values *= scale
