"""The plan of the numpy engine: the layers in order, and blobs that share memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minicaffe.engines.numpy.blob_arena import BlobArena
from minicaffe.engines.numpy.kernels import use_kernels
from minicaffe.proto import caffe_pb2
from minicaffe.syncedmem import SyncedHead
from minicaffe.threads import busy_thread_count, with_blas_threads

if TYPE_CHECKING:
    from minicaffe.net.net import Net


class NumpyPlan:
    """Runs the layers in order.

    Infinities and NaN pass through without numpy's warnings, as in Caffe; the solver looks at
    the loss.
    """

    def __init__(self, net: Net) -> None:
        self._callbacks = net.callbacks
        self._nodes = net.nodes
        use_kernels(net.nodes)
        self._arena: BlobArena | None = None
        if net.options.keep == "outputs" and net.phase == caffe_pb2.TEST:
            self._arena = BlobArena(net.nodes, net.blobs, [*net.inputs, *net.outputs])

    @with_blas_threads(busy_thread_count)
    def forward(self, start: int, end: int) -> float:
        """Run layers ``start`` to ``end`` (inclusive); returns their part of the loss."""
        if self._arena and not self._callbacks and start == 0 and end == len(self._nodes) - 1:
            return self._forward_in_arena(self._arena)
        self._keep_all(start)
        loss = 0.0
        with np.errstate(all="ignore"):
            for index in range(start, end + 1):
                self._callbacks.run("before_forward", index)
                loss += self._nodes[index].forward()
                self._callbacks.run("after_forward", index)
        return loss

    def _forward_in_arena(self, arena: BlobArena) -> float:
        """A whole forward in which blobs use each other's memory."""
        loss = 0.0
        arena.begin()
        with np.errstate(all="ignore"):
            for index, node in enumerate(self._nodes):
                arena.before(index)
                loss += node.forward()
                arena.after(index)
        return loss

    def _keep_all(self, start: int) -> None:
        """Every blob keeps its values from now on; those before layer ``start`` come again."""
        if self._arena is None:
            return
        dropped = {
            blob.data_memory
            for node in self._nodes
            for blob in node.tops
            if blob.data_memory.head is SyncedHead.FREED
        }
        for memory in dropped:
            memory.set_head(None)
        with np.errstate(all="ignore"):
            for node in self._nodes[:start]:
                tops = {top.data_memory for top in node.tops}
                if not dropped.isdisjoint(tops):
                    # what was kept holds its last values, which a layer in place may have made
                    kept = [(memory, memory.array.copy()) for memory in tops - dropped]
                    node.forward()
                    for memory, values in kept:
                        memory.array[...] = values
        self._arena = None  # not before: who is interrupted marks them again

    @with_blas_threads(busy_thread_count)
    def backward(self, start: int, end: int) -> None:
        """Run the gradients of layers ``start`` down to ``end`` (inclusive)."""
        self._keep_all(len(self._nodes))
        with np.errstate(all="ignore"):
            for index in range(start, end - 1, -1):
                self._callbacks.run("before_backward", index)
                if self._nodes[index].need_backward:
                    self._nodes[index].backward()
                self._callbacks.run("after_backward", index)
                self._callbacks.ready(index, index)

    def keep_all(self) -> None:
        """Let every blob keep its values from now on; those of the last forward are there again."""
        self._keep_all(len(self._nodes))

    def abandon(self) -> None:
        """Mark the blobs whose memory others have used."""
        if self._arena is not None:
            self._arena.abandon()

    def describe(self, *, verbose: bool = False) -> list[str]:
        """What runs each layer: its numpy class."""
        return [f"{node.name}: numpy" for node in self._nodes]
