"""What a solver tells the outside: one stream of events, seen as log lines, a bar, or both.

Give a solver ``observers``; for every event it calls the method of that name on each of
them. :class:`Observer` has them all as no-ops, so that a view overrides what it shows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import visible
from minicaffe.solver.layer_stats import ArrayStats

if TYPE_CHECKING:
    from minicaffe.net.net import Net

logger = logging.getLogger("minicaffe")


@dataclass(frozen=True)
class Output:
    """One value that a net gives.

    Attributes:
        index: its number among all values of all output blobs.
        name: its blob.
        value: of one element (averaged over the batches of a test).
        loss_weight: with which the blob counts in the loss; 0 for most.
    """

    index: int
    name: str
    value: float
    loss_weight: float = 0.0

    def __str__(self) -> str:
        text = f"{visible(self.name)} = {self.value:g}"
        if self.loss_weight:
            loss = self.loss_weight * self.value
            text += f" (* {self.loss_weight:g} = {loss:g} loss)"
        return text


@dataclass(frozen=True)
class Start:
    """``solve`` begins: from iteration ``iter`` up to ``end`` (not included)."""

    iter: int
    end: int
    net: str
    lr_policy: str


@dataclass(frozen=True)
class Iteration:
    """An iteration is done; ``iter`` of them by now.

    Attributes:
        iter: how many updates the weights have had.
        loss: of this iteration's batches (not smoothed).
        smoothed_loss: averaged over the last ``average_loss`` iterations.
        rate: the learning rate of this update.
    """

    iter: int
    loss: float
    smoothed_loss: float
    rate: float


@dataclass(frozen=True)
class Display:
    """Every ``display`` iterations, before the update.

    Attributes:
        iter: the iteration about to be finished.
        loss: the smoothed loss.
        per_second: iterations a second since the last display; None for the last pass
            after the training, 0 for the first display, which has nothing to measure.
        seconds: since the last display.
        interval: the solver's ``display``.
        outputs: what the train net gave.
    """

    iter: int
    loss: float
    per_second: float | None = None
    seconds: float = 0.0
    interval: int = 0
    outputs: list[Output] = field(default_factory=list)


@dataclass(frozen=True)
class LearningRate:
    """The learning rate of this update, every ``display`` iterations."""

    iter: int
    rate: float


@dataclass(frozen=True)
class StepReached:
    """The policy ``multistep`` passed one of its ``stepvalue``."""

    iter: int
    step: int


@dataclass(frozen=True)
class Clip:
    """``clip_gradients`` scaled the gradient down."""

    iter: int
    norm: float
    limit: float
    factor: float


@dataclass(frozen=True)
class TestStart:
    """A test net begins to run ``batches`` batches."""

    __test__ = False  # not a class of tests for pytest

    iter: int
    net: int
    batches: int


@dataclass(frozen=True)
class TestBatch:
    """A test net has run ``done`` of ``batches`` batches."""

    __test__ = False

    iter: int
    net: int
    done: int
    batches: int


@dataclass(frozen=True)
class TestResult:
    """What a test net gave, averaged over its batches.

    Attributes:
        outputs: None when the test was interrupted.
        loss: with ``test_compute_loss``, the mean loss.
    """

    __test__ = False

    iter: int
    net: int
    outputs: list[Output] | None
    loss: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """A file is about to be written.

    Attributes:
        path: the file.
        state: whether it is the solver's state rather than the net's weights.
        hdf5: its format.
    """

    iter: int
    path: str
    state: bool
    hdf5: bool


@dataclass(frozen=True)
class SnapshotFailed:
    """A snapshot could not be written; the training goes on.

    Attributes:
        reason: one line, with the file.
    """

    iter: int
    reason: str


@dataclass(frozen=True)
class Improved:
    """A test was the best so far, and its weights have been kept.

    Attributes:
        name, value: the output that is watched.
        path: the file of the weights.
    """

    iter: int
    name: str
    value: float
    path: str


@dataclass(frozen=True)
class OutOfPatience:
    """The training ends, as no test has been better for too long.

    Attributes:
        name: the output that is watched.
        best, best_iter: its best value, and when that was.
        tests: how many there have been since.
    """

    iter: int
    name: str
    best: float
    best_iter: int
    tests: int


@dataclass(frozen=True)
class Stats:
    """What the layers hold after an iteration, with ``stats_every``."""

    iter: int
    arrays: list[ArrayStats]


@dataclass(frozen=True)
class Finish:
    """``solve`` is over; ``early`` when it was asked to stop."""

    iter: int
    early: bool


Event = (
    Start
    | Iteration
    | Display
    | LearningRate
    | StepReached
    | Clip
    | TestStart
    | TestBatch
    | TestResult
    | Snapshot
    | SnapshotFailed
    | Improved
    | OutOfPatience
    | Stats
    | Finish
)


class Observer:
    """A view of a solver's events; override what to show."""

    def on_start(self, event: Start) -> None:
        """Training begins."""

    def on_iteration(self, event: Iteration) -> None:
        """An iteration is done."""

    def on_display(self, event: Display) -> None:
        """Time to show the loss."""

    def on_learning_rate(self, event: LearningRate) -> None:
        """Time to show the learning rate."""

    def on_step_reached(self, event: StepReached) -> None:
        """The learning rate goes down a step."""

    def on_clip(self, event: Clip) -> None:
        """The gradient was scaled down."""

    def on_test_start(self, event: TestStart) -> None:
        """A test begins."""

    def on_test_batch(self, event: TestBatch) -> None:
        """A batch of a test is done."""

    def on_test_result(self, event: TestResult) -> None:
        """A test is over."""

    def on_snapshot(self, event: Snapshot) -> None:
        """A file is about to be written."""

    def on_snapshot_failed(self, event: SnapshotFailed) -> None:
        """A snapshot could not be written."""

    def on_improved(self, event: Improved) -> None:
        """A test was the best so far."""

    def on_out_of_patience(self, event: OutOfPatience) -> None:
        """No test has been better for too long."""

    def on_stats(self, event: Stats) -> None:
        """Time to show what the layers hold."""

    def on_finish(self, event: Finish) -> None:
        """Training is over."""

    def on_event(self, event: Event) -> None:
        """Any event; called besides the method of its own."""


_METHODS = {
    Start: "on_start",
    Iteration: "on_iteration",
    Display: "on_display",
    LearningRate: "on_learning_rate",
    StepReached: "on_step_reached",
    Clip: "on_clip",
    TestStart: "on_test_start",
    TestBatch: "on_test_batch",
    TestResult: "on_test_result",
    Snapshot: "on_snapshot",
    SnapshotFailed: "on_snapshot_failed",
    Improved: "on_improved",
    OutOfPatience: "on_out_of_patience",
    Stats: "on_stats",
    Finish: "on_finish",
}


def notify(observers: list[Observer], event: Event) -> None:
    """Call the event's method on every observer, in order."""
    method = _METHODS[type(event)]
    for observer in observers:
        getattr(observer, method)(event)
        observer.on_event(event)


class LogObserver(Observer):
    """Writes the lines of ``caffe train``'s log, which many scripts parse, to ``logging``."""

    def on_start(self, event: Start) -> None:
        logger.info("Solving %s", event.net)
        logger.info("Learning Rate Policy: %s", event.lr_policy)

    def on_display(self, event: Display) -> None:
        rate = ""
        if event.per_second is not None:
            rate = f" ({event.per_second:g} iter/s, {event.seconds:g}s/{event.interval} iters)"
        logger.info("Iteration %d%s, loss = %g", event.iter, rate, event.loss)
        for output in event.outputs:
            logger.info("    Train net output #%d: %s", output.index, output)

    def on_learning_rate(self, event: LearningRate) -> None:
        logger.info("Iteration %d, lr = %g", event.iter, event.rate)

    def on_step_reached(self, event: StepReached) -> None:
        logger.info("MultiStep Status: Iteration %d, step = %d", event.iter, event.step)

    def on_clip(self, event: Clip) -> None:
        logger.info(
            "Gradient clipping: scaling down gradients (L2 norm %g > %g) by scale factor %g",
            event.norm,
            event.limit,
            event.factor,
        )

    def on_test_start(self, event: TestStart) -> None:
        logger.info("Iteration %d, Testing net (#%d)", event.iter, event.net)

    def on_test_result(self, event: TestResult) -> None:
        if event.outputs is None:
            logger.info("Test interrupted.")
            return
        if event.loss is not None:
            logger.info("Test loss: %g", event.loss)
        for output in event.outputs:
            logger.info("    Test net output #%d: %s", output.index, output)

    def on_snapshot(self, event: Snapshot) -> None:
        what = "Snapshotting solver state to" if event.state else "Snapshotting to"
        kind = "HDF5" if event.hdf5 else "binary proto"
        logger.info("%s %s file %s", what, kind, event.path)

    def on_snapshot_failed(self, event: SnapshotFailed) -> None:
        logger.warning(
            "Iteration %d: the snapshot failed, training goes on without it: %s",
            event.iter,
            event.reason,
        )

    def on_improved(self, event: Improved) -> None:
        logger.info(
            "Iteration %d, best %s so far = %g: weights kept in %s",
            event.iter, event.name, event.value, event.path,
        )  # fmt: skip

    def on_out_of_patience(self, event: OutOfPatience) -> None:
        logger.info(
            "Iteration %d, no better %s in %d tests (best %g at iteration %d): stopping",
            event.iter, event.name, event.tests, event.best, event.best_iter,
        )  # fmt: skip

    def on_stats(self, event: Stats) -> None:
        for array in event.arrays:
            logger.info("Iteration %d, %s", event.iter, array)

    def on_finish(self, event: Finish) -> None:
        logger.info("Optimization stopped early." if event.early else "Optimization Done.")


def outputs_of(net: Net, values: list[np.ndarray] | None = None) -> list[Output]:
    """A net's output blobs element by element; ``values`` replace what they hold."""
    if values is None:
        values = [net.blobs[name].data for name in net.outputs]
    outputs: list[Output] = []
    for name, array in zip(net.outputs, values, strict=False):  # no batches: no values
        weight = net.blob_loss_weights[name]
        for value in array.ravel().tolist():
            outputs.append(Output(len(outputs), name, value, weight))
    return outputs
