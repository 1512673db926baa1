"""Scoring a net: ``minicaffe test`` and ``minicaffe train --phase=TEST``."""

from __future__ import annotations

import logging
from collections.abc import Callable

from minicaffe.net.net import Net
from minicaffe.solver.evaluate import average_outputs, scored_outputs
from minicaffe.solver.events import outputs_of

logger = logging.getLogger("minicaffe")


def score(net: Net, batches: int, also: Callable[[], None] = lambda: None) -> None:
    """Run a net's batches and log what ``caffe test`` logs.

    Args:
        net: the net.
        batches: how many.
        also: called after each batch.

    Raises:
        SolverError: an output changes its shape from batch to batch.
    """

    def log_batch(done: int) -> None:
        also()
        for output in outputs_of(net):
            if output.name in scored:
                continue
            logger.info("Batch %d, %s = %g", done - 1, output.name, output.value)

    scored = scored_outputs(net)
    logger.info("Running for %d iterations.", batches)
    scores = average_outputs(net, batches, on_batch=log_batch)
    logger.info("Loss: %g", scores.loss)
    for output in outputs_of(net, scores.outputs):
        logger.info("%s", output)
