"""Scoring a test net: the mean of what it gives over a number of batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from minicaffe.errors import SolverError
from minicaffe.net.net import Net


@dataclass
class Scores:
    """What a test net gave.

    Attributes:
        outputs: for each of ``net.outputs`` its mean, in the output's shape.
        loss: the mean loss.
        done: over how many batches.
        interrupted: whether it was told to stop before the last one.
    """

    outputs: list[np.ndarray] = field(default_factory=list)
    loss: float = 0.0
    done: int = 0
    interrupted: bool = False

    def named(self, names: Sequence[str]) -> dict[str, float | np.ndarray]:
        """The outputs by name, in their blobs' shapes; of a single element, as a number."""
        return {
            name: values.item() if values.size == 1 else values
            for name, values in zip(names, self.outputs, strict=False)
        }


def average_outputs(
    net: Net,
    batches: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    on_batch: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Run a net forward on ``batches`` batches and average its outputs.

    Args:
        net: in the phase TEST, as a rule.
        batches: how many.
        stop: asked before each batch whether to end at once.
        on_batch: told after each batch how many are done.

    Raises:
        SolverError: an output changes its shape on the way, so that it has no mean.
    """
    scores = Scores()
    for done in range(1, batches + 1):
        if stop():
            scores.interrupted = True
            break
        scores.loss += net.forward_loss()
        for index, name in enumerate(net.outputs):
            values = net.blobs[name].data.astype(np.float64)
            if done == 1:
                scores.outputs.append(values)
            elif scores.outputs[index].shape != values.shape:
                raise SolverError(
                    f"test output '{name}' has shape {values.shape} in batch {done} and "
                    f"{scores.outputs[index].shape} before; outputs of different shapes cannot "
                    "be averaged"
                )
            else:
                scores.outputs[index] += values
        scores.done = done
        on_batch(done)
    for values in scores.outputs:
        values /= scores.done
    scores.loss /= max(scores.done, 1)
    return scores
