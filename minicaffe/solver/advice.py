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


def warn_of_nothing_to_learn(net: Net) -> None:
    """Say that no parameter of the net will ever change."""
    params = net.learnable_params
    if not params:
        logger.warning("net '%s' has no parameters to learn in phase TRAIN", net.name)
    elif not any(one.lr_mult for one in params):
        logger.warning(
            "every lr_mult of net '%s' is 0, so nothing is learned; leave lr_mult out (it is 1) "
            "where a layer is to learn",
            net.name,
        )


def warn_of_inputs(net: Net) -> None:
    """Say that nothing fills the Input layers of a net that trains by itself."""
    if net.inputs:
        logger.warning(
            "net '%s' has the Input blobs %s, which no layer fills: every iteration sees the same "
            "values. Is it a deploy prototxt? A net to train begins with a data layer",
            net.name,
            few(net.inputs),
        )


def warn_of_infogain(net: Net) -> None:
    """Say where a Softmax is taken twice: InfogainLoss has had its own since April 2017."""
    makers = {top: node for node in net.nodes for top in node.top_names}
    for node in net.nodes:
        first = makers.get(node.bottom_names[0]) if node.bottom_names else None
        while first is not None and first.layer.type == "Split":
            first = makers.get(first.bottom_names[0])
        if node.layer.type != "InfogainLoss" or first is None or first.layer.type != "Softmax":
            continue
        logger.warning(
            "layer '%s' (InfogainLoss) reads Softmax '%s' and takes the softmax once more, as "
            "Caffe does since April 2017; give it the scores themselves",
            node.name,
            first.name,
        )


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
