"""What training on several workers offers to a layer, and layers that make use of it.

Only the interface is here; who starts the workers and carries the numbers between them
brings an object that follows :class:`Workers`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from minicaffe.errors import GraphError
from minicaffe.layers.normalization.batch_norm import BatchNorm


class Workers(Protocol):
    """Workers that run the same net on parts of one batch."""

    def all_reduce(self, array: np.ndarray) -> None:
        """Replace the values (float64) by their sum over all workers.

        Every worker calls it equally often, in the same order and with equal shapes; it
        returns when all have.
        """


def synchronise_statistics(net: Any, workers: Workers | None) -> list[str]:
    """Let BatchNorm layers take their statistics over the batches of all workers together.

    Args:
        net: its BatchNorm layers that use batch statistics are concerned.
        workers: those that take part, this one among them; None goes back to its own batch.

    Returns:
        The names of the layers.

    Raises:
        GraphError: a layer has ``ghost_batch_size``, which asks for the opposite.
    """
    nodes = [node for node in net.nodes if isinstance(node.layer, BatchNorm)]
    nodes = [node for node in nodes if not node.layer.use_global_stats]
    for node in nodes:
        if workers is not None and node.layer.ghost_batch_size:
            with node.located():
                raise GraphError(
                    f"ghost_batch_size: {node.layer.ghost_batch_size} takes statistics of parts "
                    "of a batch, synchronised ones are taken of several batches; keep one of them"
                )
    for node in nodes:
        node.layer.workers = workers
    net.replan()
    return [node.name for node in nodes]
