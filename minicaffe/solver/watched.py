"""What a solver tells of its training: events, a bar, a table, and the best test so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.net.net import Net
from minicaffe.proto import caffe_pb2
from minicaffe.solver import events
from minicaffe.solver.display import LossWindow, Pace
from minicaffe.solver.history import HistoryTable
from minicaffe.solver.progress import ProgressBar, show_line

if TYPE_CHECKING:
    from minicaffe.solver.best import BestTest
    from minicaffe.solver.training_state import TrainingState


class Watched:
    """The part of a solver that others look at while it trains.

    Args:
        observers: told of every event.

    Attributes:
        observers: the same.
        best: the best test so far; None where none is looked for.
    """

    net: Net
    iter: int
    param: caffe_pb2.SolverParameter
    loss_window: LossWindow

    def __init__(self, observers: Sequence[events.Observer]) -> None:
        self.observers: list[events.Observer] = list(observers)
        self.best: BestTest | None = None
        self._pace = Pace()
        self._table = HistoryTable()

    def tell(self, event: events.Event) -> None:
        """Tell all observers of an event."""
        events.notify([self._table, *self.observers], event)

    def history_table(self) -> HistoryTable:
        """What has been shown so far: rates, losses and the results of tests, a row an iteration.

        It prints as a table, in a notebook too, and goes on as the training does.
        """
        return self._table

    @contextmanager
    def showing(self, progress: bool) -> Iterator[None]:
        """Show a bar as long as the block runs, if ``progress``."""
        bar = ProgressBar(show_line)
        if progress:
            self.observers.append(bar)
        try:
            yield
        finally:
            if progress:
                self.observers.remove(bar)
                show_line("")

    def show_iteration(self) -> None:
        """Tell the loss, the speed and what the train net gives."""
        per_second, seconds = self._pace.since_last(self.iter)
        outputs = events.outputs_of(self.net)
        loss, interval = self.loss_window.mean, self.param.display
        self.tell(events.Display(self.iter, loss, per_second, seconds, interval, outputs))

    # ----------------------------------------------------------------- the best test

    def note_test(self, index: int, results: Mapping[str, float | np.ndarray]) -> None:
        """Compare what a test net gave with the best so far."""
        if self.best is not None:
            self.best.note(index, results)

    @property
    def out_of_patience(self) -> bool:
        """Whether the training is to end as its tests no longer become better."""
        return self.best is not None and self.best.exhausted

    def add_best(self, state: TrainingState) -> None:
        """Put the best test into what a snapshot holds."""
        if self.best is not None:
            state["best"] = self.best.state()

    def restore_best(self, state: TrainingState) -> None:
        """Go on from the best test that a snapshot holds."""
        if self.best is not None and "best" in state:
            self.best.restore(state["best"])
