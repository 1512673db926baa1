"""The loss that a solver shows: the mean over its last iterations."""

from __future__ import annotations

from typing import Any


class LossWindow:
    """The mean of the last losses, updated as Caffe does it.

    Attributes:
        mean: 0 before the first loss.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all losses."""
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

    def state(self) -> dict[str, Any]:
        """All of it, in numbers."""
        losses = [float(loss) for loss in self._losses]
        return {"mean": float(self.mean), "losses": losses, "count": self._count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to when ``state()`` was taken."""
        self.mean = float(state["mean"])
        self._losses = [float(loss) for loss in state["losses"]]
        self._count = int(state["count"])
