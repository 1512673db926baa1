"""What a solver shows of its iterations: the smoothed loss, the speed, where NaN began."""

from __future__ import annotations

import time
from typing import NamedTuple, TypedDict

import numpy as np

from minicaffe.blob import Blob
from minicaffe.net.net import Net
from minicaffe.net.node import Node


class LossState(TypedDict):
    """What a :class:`LossWindow` holds.

    Attributes:
        mean: of the losses.
        losses: the last ones, in the order of their places.
        count: how many there have been in all.
    """

    mean: float
    losses: list[float]
    count: int


class LossWindow:
    """The mean of the last losses, updated as Caffe does it.

    Attributes:
        mean: 0 before the first loss.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all losses; the mean is 0 again."""
        self.mean = 0.0
        self._losses: list[float] = []
        self._count = 0

    def add(self, loss: float, size: int) -> None:
        """Take in an iteration's loss.

        Args:
            size: over how many losses to average (``average_loss``).
        """
        if len(self._losses) < size:
            self._losses.append(loss)
            self.mean += (loss - self.mean) / len(self._losses)
        else:
            place = self._count % size
            self.mean += (loss - self._losses[place]) / size
            self._losses[place] = loss
        self._count += 1

    def state(self) -> LossState:
        """All of it, in numbers."""
        losses = [float(loss) for loss in self._losses]
        return LossState(mean=float(self.mean), losses=losses, count=self._count)

    def restore(self, state: LossState) -> None:
        """Go back to when ``state()`` was taken."""
        self.mean = float(state["mean"])
        self._losses = [float(loss) for loss in state["losses"]]
        self._count = int(state["count"])


class Pace:
    """Measures the iterations a second between the times that it is asked."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def since_last(self, iteration: int) -> tuple[float, float]:
        """Iterations a second, and seconds, since the last call; zeros at the first one."""
        now = time.perf_counter()
        done, then = self._last or (iteration, now)
        self._last = (iteration, now)
        seconds = now - then
        return ((iteration - done) / seconds if seconds else 0.0), seconds


def explain_divergence(net: Net, loss: float, iteration: int, rate: float) -> str:
    """One line on a loss that is NaN or infinite, with the first layer where that shows.

    Blobs that the net has not kept are computed again for that.

    Args:
        net: as the iteration has left it.
        loss: NaN or infinite.
        iteration: in which it is.
        rate: the learning rate.
    """
    net.keep_all()
    return (
        f"the loss is {loss} at iteration {iteration}, the first that is not finite; "
        f"{_first_sign(net)}; lower base_lr (the rate is {rate:g} now), set clip_gradients, or "
        "look for such values in the data"
    )


def _first_sign(net: Net) -> str:
    first = first_not_finite(net)
    if first is None:
        return "all blobs are finite, so their sum is too large"
    layer = f"layer '{first.node.name}' ({first.node.layer.type})"
    if first.parameter is not None:
        return f"parameter {first.parameter} of {layer} is not finite: an update was too large"
    return f"it first shows in blob '{first.blob.name}', the top of {layer}"


class NotFinite(NamedTuple):
    """A blob that holds NaN or infinity.

    Attributes:
        node: the layer that has it.
        blob: a top of the layer, or a parameter.
        parameter: the parameter's number; None for a top.
    """

    node: Node
    blob: Blob
    parameter: int | None


def first_not_finite(net: Net) -> NotFinite | None:
    """The first parameter or top, in the order of a forward, that is not finite.

    Args:
        net: which keeps all its blobs.
    """
    for node in net.nodes:
        for index, blob in enumerate(node.layer.blobs):
            if not np.isfinite(blob.data).all():
                return NotFinite(node, blob, index)
        for blob in node.tops:
            if not np.isfinite(blob.data).all():
                return NotFinite(node, blob, None)
    return None
