"""``debug_info``: logs mean absolute values of what each layer computes, as Caffe does."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from minicaffe.blob import Blob
    from minicaffe.net.net import Net


logger = logging.getLogger("minicaffe")


def watch(net: Net) -> None:
    """Log what every layer computes from now on."""
    net.callbacks.add("after_forward", lambda index: forward_info(net, index))
    net.callbacks.add("after_backward", lambda index: backward_info(net, index))


def mean_abs(values: np.ndarray) -> float:
    """Mean absolute value of an array of any shape; 0 of an empty one."""
    return float(np.abs(values).mean()) if values.size else 0.0


def forward_info(net: Net, index: int) -> None:
    """Log a layer's tops and parameters after its forward."""
    node = net.nodes[index]
    for top in node.tops:
        value = mean_abs(top.data)
        logger.info("    [Forward] Layer %s, top blob %s data: %.6g", node.name, top.name, value)
    for i, blob in enumerate(node.layer.blobs):
        name, value = param_display_name(net, index, i), mean_abs(blob.data)
        logger.info("    [Forward] Layer %s, param blob %s data: %.6g", node.name, name, value)


def backward_info(net: Net, index: int) -> None:
    """Log the gradients that a layer's backward computed."""
    node = net.nodes[index]
    if not node.need_backward:
        return
    for blob in node.wanted_bottoms:
        value = mean_abs(blob.diff)
        text = "    [Backward] Layer %s, bottom blob %s diff: %.6g"
        logger.info(text, node.name, blob.name, value)
    for i, blob in enumerate(node.layer.blobs):
        if node.layer.wants_gradient(i):
            value = mean_abs(blob.diff)
            logger.info("    [Backward] Layer %s, param blob %d diff: %.6g", node.name, i, value)


def backward_total(net: Net) -> None:
    """Log the norms of all parameters and their gradients after a whole backward."""
    blobs = [param.blob for param in net.learnable_params]
    asum = [sum(float(np.abs(a).sum()) for a in arrays) for arrays in _both(blobs)]
    norm = [math.sqrt(sum(float(np.vdot(a, a)) for a in arrays)) for arrays in _both(blobs)]
    logger.info(
        "    [Backward] All net params (data, diff): "
        "L1 norm = (%.6g, %.6g); L2 norm = (%.6g, %.6g)",
        *asum,
        *norm,
    )


def param_display_name(net: Net, index: int, blob: int) -> str:
    """What Caffe's log calls a parameter: its shared name, else its number.

    Args:
        net: has it.
        index: the layer's number.
        blob: the parameter's number in the layer.
    """
    specs = net.nodes[index].layer.param.param
    return (specs[blob].name if blob < len(specs) else "") or str(blob)


def _both(blobs: list[Blob]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [blob.data for blob in blobs], [blob.diff for blob in blobs]
