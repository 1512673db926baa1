"""Warnings about settings of a solver that do not go well with its net."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from minicaffe.net import Net

logger = logging.getLogger("minicaffe")

_SHOWN = 3  # names in a message


def few(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are: ``a, b, c and 2 more``."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def warn_of_iter_size(net: Net, iter_size: int) -> None:
    """Say what ``iter_size`` does not do for BatchNorm: gradients add up, statistics do not."""
    names = [
        node.name
        for node in net.nodes
        if node.layer.type == "BatchNorm" and not node.layer.use_global_stats  # type: ignore[attr-defined]
    ]
    if iter_size < 2 or not names:
        return
    logger.warning(
        "iter_size is %d, but BatchNorm (%s) normalises each of the %d batches of an iteration "
        "by its own statistics, as in Caffe: gradients are those of a larger batch, normalisation "
        "is not. If memory allows, a larger batch_size with iter_size: 1 and ghost_batch_size "
        "computes the same faster, and without ghost_batch_size it uses the whole batch's "
        "statistics; for small batches there is renorm: true; and `minicaffe bn-stats` replaces "
        "the stored statistics by the population's afterwards. See docs/batchnorm.md",
        iter_size,
        few(names),
        iter_size,
    )
