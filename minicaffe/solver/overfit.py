"""Training on one batch, over and over: a net that cannot learn that has a mistake."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from minicaffe.net.layer_states import LayerStates, layer_states, restore_layer_states
from minicaffe.solver import events

if TYPE_CHECKING:
    from minicaffe.solver.solver import Solver

logger = logging.getLogger("minicaffe")

#: How many iterations a small net needs to learn a batch.
ITERATIONS = 100


def keep_to_one_batch(solver: Solver) -> None:
    """Let a solver's train net read the same batch in each iteration.

    The data layers go back to where they were, so that crops and mirrors are the same, too. So are
    the random numbers of Dropout.

    Args:
        solver: not yet trained.
    """
    start: LayerStates = layer_states(solver.net)

    def go_back() -> None:
        restore_layer_states(solver.net, start, "the first batch")

    solver.add_callback(go_back, lambda: None)


class OverfitReport(events.Observer):
    """Says at the end whether the batch was learned: whether the loss fell to a tenth."""

    def __init__(self) -> None:
        self._losses: list[float] = []

    def on_iteration(self, event: events.Iteration) -> None:
        self._losses.append(event.loss)

    def on_finish(self, event: events.Finish) -> None:
        if not self._losses:
            return
        first, last = self._losses[0], self._losses[-1]
        if last <= first / 10:
            text = "the net learns one batch: its loss fell from %.4g to %.4g in %d iterations"
            logger.info(text, first, last, len(self._losses))
            return
        logger.warning(
            "the net does not learn one batch: its loss went from %.4g to %.4g in %d iterations; "
            "look at the rate, the fillers (`minicaffe lint`), the labels, and Dropout, or give it "
            "more --iterations",
            first, last, len(self._losses),
        )  # fmt: skip
