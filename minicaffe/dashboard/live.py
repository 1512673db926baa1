"""The training of this process: its events become a run, and the page's orders reach the solver."""

from __future__ import annotations

import base64
import dataclasses
import logging
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.dashboard.run import Run
from minicaffe.errors import ArgumentError
from minicaffe.layers.normalization.batch_norm import BatchNorm
from minicaffe.solver import events
from minicaffe.solver.lr_policy import scale_rates
from minicaffe.solver.signals import Action

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.solver.solver import Solver

logger = logging.getLogger("minicaffe")

#: What the page may ask for.
ORDERS = ("snapshot", "stop", "slower")
_MOST_FILTERS = 64
_FILTERS_EVERY = 2.0  # seconds


class Dashboard(events.Observer):
    """Watches a solver for a page; give it as one of the solver's ``observers``.

    The page's server has threads of its own. What they ask for is done by the thread that trains,
    between two iterations: :meth:`requested` is the solver's ``action_function``, or a part of it.

    Args:
        name: the run's title.
    """

    def __init__(self, name: str) -> None:
        self.run = Run(name, live=True)
        self._solver: Solver | None = None
        self._lock = threading.Lock()
        self._orders: list[str] = []
        self._batch = 0
        self._mark: tuple[int, float] | None = None  # an iteration and when it was, tests left out
        self._test_from: float | None = None
        self._filters_at = 0.0
        self._statistics: dict[str, np.ndarray] = {}

    def attach(self, solver: Solver) -> None:
        """Name the solver whose rate and filters are meant."""
        self._solver = solver
        self._batch = solver.param.iter_size * _batch_of(solver.net)

    def order(self, what: str) -> None:
        """Ask for one of :data:`ORDERS`; called by the server's threads.

        Raises:
            ArgumentError: it is none of them.
        """
        if what not in ORDERS:
            raise ArgumentError(f"unknown order '{what}', expected one of {', '.join(ORDERS)}")
        with self._lock:
            self._orders.append(what)

    def requested(self) -> Action:
        """What the solver shall do now."""
        with self._lock:
            orders, self._orders = self._orders, []
        for _ in range(orders.count("slower")):
            self._slow_down()
        if "stop" in orders:
            return Action.TERMINATE if "snapshot" in orders else Action.STOP
        return Action.SNAPSHOT if "snapshot" in orders else Action.NONE

    def _slow_down(self) -> None:
        if self._solver is None:
            return
        scale_rates(self._solver.param, 0.1)
        rate = self._solver.param.base_lr
        text = f"base_lr is now {rate:g}, as the page asked; the solver's file has another"
        logger.info("Iteration %d: %s", self._solver.iter, text)
        self.run.tell(f"iteration {self._solver.iter}: {text}")

    # ------------------------------------------------------------- the events

    def on_start(self, event: events.Start) -> None:
        """Show that it runs, and how long."""
        self.run.note(net=event.net, iter=event.iter, end=event.end, status="training")

    def on_iteration(self, event: events.Iteration) -> None:
        """Add to the curves, and measure the speed."""
        self.run.add("loss", "train loss", event.iter, event.smoothed_loss)
        self.run.add("learning rate", "learning rate", event.iter, event.rate)
        now = time.monotonic()
        if self._mark is None or event.iter <= self._mark[0]:
            self._mark = (event.iter, now)
        start, then = self._mark
        self.run.note(iter=event.iter, loss=event.smoothed_loss, lr=event.rate, status="training")
        if event.iter > start and now > then:  # until then the speed is that of before
            speed = (event.iter - start) / (now - then)
            self.run.note(per_second=speed, images_per_second=speed * self._batch)
        if now - then > 10:
            self._mark = (event.iter, now)
        if now - self._filters_at > _FILTERS_EVERY and self._solver is not None:
            self._filters_at = now
            if filters := filters_of(self._solver.net):
                self.run.show_filters(filters)

    def on_test_start(self, event: events.TestStart) -> None:
        """Show that it tests; that time does not count for the speed."""
        self.run.note(status=f"testing net #{event.net}")
        self._test_from = time.monotonic()

    def on_test_result(self, event: events.TestResult) -> None:
        """Add what the test gave."""
        if self._mark is not None and self._test_from is not None:
            at, when = self._mark
            self._mark = (at, when + time.monotonic() - self._test_from)
        self._test_from = None
        values = [(output.name, output.value) for output in event.outputs or []]
        self.run.add_outputs("test", event.iter, values, event.net)

    def on_display(self, event: events.Display) -> None:
        """Add what the train net gave besides its loss."""
        values = [(out.name, out.value) for out in event.outputs if not out.loss_weight]
        self.run.add_outputs("train", event.iter, values)

    def on_stats(self, event: events.Stats) -> None:
        """Show what the layers hold."""
        self.run.show_stats(event.iter, [dataclasses.asdict(array) for array in event.arrays])
        if self._solver is not None:
            self._show_drift(self._solver.net, event.iter)

    def _show_drift(self, net: Net, iteration: int) -> None:
        """Show how far the means of BatchNorm have moved since last time, in part of themselves."""
        for name, layer in net.layer_dict.items():
            if not isinstance(layer, BatchNorm) or len(layer.blobs) < 3:
                continue
            factor = float(layer.blobs[2].data.ravel()[0]) or 1.0
            mean = layer.blobs[0].data.astype(np.float64) / factor
            before = self._statistics.get(name)
            if before is not None and before.any():
                drift = float(np.linalg.norm(mean - before) / np.linalg.norm(before))
                self.run.add("BatchNorm drift", name, iteration, drift)
            self._statistics[name] = mean

    def on_snapshot(self, event: events.Snapshot) -> None:
        """Tell the file."""
        self.run.tell(f"iteration {event.iter}: snapshot {event.path}")

    def on_snapshot_failed(self, event: events.SnapshotFailed) -> None:
        """Tell why."""
        self.run.tell(f"iteration {event.iter}: no snapshot: {event.reason}")

    def on_finish(self, event: events.Finish) -> None:
        """Show that it is over."""
        self.run.note(status="stopped early" if event.early else "done")


def _batch_of(net: Net) -> int:
    """How many images a forward takes: the length of the first top's first axis."""
    tops = next((names for names in net.top_names.values() if names), [])
    return net.blobs[tops[0]].shape[0] if tops and net.blobs[tops[0]].shape else 0


def filters_of(net: Net) -> dict[str, object] | None:
    """The filters of the first convolution as bytes: 0 is the least of its values, 255 the largest.

    Returns:
        ``layer``, ``shape`` (filters, channels, height, width) and ``data`` in base64; three
        channels are one colour picture, others are shown channel by channel.
    """
    for name, blobs in net.params.items():
        values = blobs[0].data
        if values.ndim == 4 and values.shape[2] > 1:
            values = values[:_MOST_FILTERS]
            if values.shape[1] != 3:
                values = values[:, :1]
            low, high = float(values.min()), float(values.max())
            scaled = (values - low) * (255 / (high - low) if high > low else 0.0)
            data = base64.b64encode(np.round(np.nan_to_num(scaled)).astype(np.uint8).tobytes())
            return {"layer": name, "shape": list(values.shape), "data": data.decode("ascii")}
    return None
