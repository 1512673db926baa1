"""Why a loss is not finite: which layer it began at."""

from __future__ import annotations

from typing import Any

import numpy as np


def explain(net: Any, loss: float, iteration: int, rate: float) -> str:
    """One line on a loss that is NaN or infinite, with the first layer where that shows.

    Blobs that the net has not kept are computed again for that.
    """
    net.keep_all()
    return (
        f"the loss is {loss} at iteration {iteration}, the first that is not finite; "
        f"{_first_sign(net)}; lower base_lr (the rate is {rate:g} now), set clip_gradients, or "
        "look for such values in the data"
    )


def _first_sign(net: Any) -> str:
    for node in net.nodes:
        layer = f"layer '{node.name}' ({node.layer.type})"
        for index, blob in enumerate(node.layer.blobs):
            if not np.isfinite(blob.data).all():
                return f"parameter {index} of {layer} is not finite: an update was too large"
        for name, blob in zip(node.top_names, node.tops, strict=True):
            if not np.isfinite(blob.data).all():
                return f"it first shows in blob '{name}', the top of {layer}"
    return "all blobs are finite, so their sum is too large"
