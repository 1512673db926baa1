"""Iterations that happen whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minicaffe.blob import Blob
from minicaffe.solver.evaluate import LossWindow
from minicaffe.solver.signals import uninterrupted
from minicaffe.syncedmem import only_read


@contextmanager
def taken_back(solver: Any, net: Any, loss: LossWindow) -> Iterator[None]:
    """An iteration: an exception that ends it before its update takes back what it has changed.

    That is the window of losses, and parameters that layers change as they run forward (a
    BatchNorm's statistics): the next iteration in its place counts once. Weights, histories and
    ``iter`` change in the update alone, which is not interrupted. Batches that were read and
    random numbers that were drawn are used up.

    Args:
        solver: its ``iter`` tells whether the update was made.
        net: the net that is trained.
        loss: the window.
    """
    iteration, window = solver.iter, loss.state()
    blobs = _changed_by_forward(net)
    with only_read([blob.data_memory for blob in blobs]):
        before = [blob.data.copy() for blob in blobs]
    try:
        yield
    except BaseException:
        if solver.iter == iteration:
            with uninterrupted():
                loss.restore(window)
                for blob, values in zip(blobs, before, strict=True):
                    blob.data[...] = values
        raise


def _changed_by_forward(net: Any) -> list[Blob]:
    """Parameters that may be others after a forward."""
    return [blob for node in net.nodes if not node.repeatable for blob in node.layer.blobs]
