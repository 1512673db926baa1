"""The best test of a training: its weights are kept, and without a better one training ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from minicaffe.errors import SnapshotError, SolverError, did_you_mean
from minicaffe.files import check_writable, refusals, write_beside
from minicaffe.solver import events
from minicaffe.weights.caffemodel import write_caffemodel
from minicaffe.weights.hdf5 import require_h5py, write_hdf5

if TYPE_CHECKING:
    from minicaffe.solver.solver import Solver


class BestState(TypedDict):
    """What a snapshot holds of a :class:`BestTest`.

    Attributes:
        metric: what was watched.
        value, iter: of the best test so far; None before the first.
        waited: how many tests there have been since.
        seen: the iteration of the last one.
    """

    metric: str
    value: float | None
    iter: int | None
    waited: int
    seen: int | None


class BestTest:
    """Watches one output of a solver's tests. Set it as ``solver.best``::

        solver.best = BestTest(solver, "accuracy", patience=5)

    The weights of the best test are kept in ``PREFIX_best.caffemodel`` (with ``.h5`` for
    ``snapshot_format: HDF5``). Larger is better, but of an output that counts in the loss smaller
    is. A value that is not finite is never the best, nor is any value of a net whose loss or
    weights are not finite: Accuracy counts scores that are no numbers as right, as Caffe's does.

    Args:
        solver: with tests.
        metric: the name of an output of a test net; by default the first that is no loss.
        keep: whether to keep the weights.
        patience: after how many tests without a better one the training ends; None for never.

    Raises:
        SolverError: the solver tests nothing, or there is no such output; ``patience`` is below 1.
        SnapshotError: the weights could not be written.

    Attributes:
        metric: what is watched.
        value, iter: of the best test so far; None before the first.
        waited: how many tests there have been since.
        path: the file of the weights.
    """

    def __init__(
        self,
        solver: Solver,
        metric: str | None = None,
        *,
        keep: bool = True,
        patience: int | None = None,
    ) -> None:
        self._solver = solver
        self._index, self.metric = _find_output(solver, metric)
        if patience is not None and patience < 1:
            raise SolverError(f"training is to end after {patience} tests, expected at least 1")
        self._smaller = bool(solver.test_nets[self._index].blob_loss_weights[self.metric])
        self._patience = patience
        self._keeps = keep and solver.is_root
        self._hdf5 = solver.param.snapshot_format == solver.param.HDF5
        self.path = f"{solver.param.snapshot_prefix}_best.caffemodel{'.h5' if self._hdf5 else ''}"
        self.value: float | None = None
        self.iter: int | None = None
        self.waited = 0
        self._seen: int | None = None
        if self._keeps:
            check_writable(self.path)
            if self._hdf5:
                require_h5py()

    @property
    def exhausted(self) -> bool:
        """Whether there have been as many tests without a better one as the patience allows."""
        return self._patience is not None and self.waited >= self._patience

    def note(self, index: int, results: Mapping[str, float | np.ndarray]) -> None:
        """Take in what a test net gave; a test that is repeated after a resume counts once.

        Args:
            index: which net.
            results: its outputs; none if it was interrupted.

        Raises:
            SolverError: the output has several elements.
        """
        now = self._solver.iter
        if index != self._index or not results or self._seen == now:
            return
        value = results[self.metric]
        if isinstance(value, np.ndarray):
            raise SolverError(
                f"the test output '{self.metric}' has {value.size} elements, so there is no best "
                "one; choose an output that is a single number"
            )
        self._seen = now
        if not self._is_better(value) or self._has_diverged(results):
            self.waited += 1
            if self.exhausted and self.iter is not None and self.value is not None:
                self._solver.tell(
                    events.OutOfPatience(now, self.metric, self.value, self.iter, self.waited)
                )
            return
        self.value, self.iter, self.waited = value, now, 0
        if self._keeps:
            self._write(value)

    def _is_better(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.value is None:
            return True
        return value < self.value if self._smaller else value > self.value

    def _has_diverged(self, results: Mapping[str, float | np.ndarray]) -> bool:
        """Whether a loss of the test net or a weight is not finite."""
        weights = self._solver.test_nets[self._index].blob_loss_weights
        losses = [value for name, value in results.items() if weights[name]]
        blobs = (blob.data for blobs in self._solver.net.params.values() for blob in blobs)
        return not all(np.isfinite(values).all() for values in (*losses, *blobs))

    def _write(self, value: float) -> None:
        """Keep the weights; where they cannot be written, the training goes on."""
        write = write_hdf5 if self._hdf5 else write_caffemodel
        try:
            with write_beside(self.path) as beside, refusals(self.path):
                write(self._solver.net, beside, False)
        except SnapshotError as error:
            self._solver.failed_snapshots += 1
            self._solver.tell(events.SnapshotFailed(self._solver.iter, str(error)))
        else:
            self._solver.tell(events.Improved(self._solver.iter, self.metric, value, self.path))

    def state(self) -> BestState:
        """All of it, in terms of JSON."""
        return BestState(
            metric=self.metric, value=self.value, iter=self.iter, waited=self.waited,
            seen=self._seen,
        )  # fmt: skip

    def restore(self, state: BestState) -> None:
        """Go back to when ``state()`` was taken, unless another output was watched then."""
        if state["metric"] != self.metric:
            return
        self.value, self.iter = state["value"], state["iter"]
        self.waited, self._seen = state["waited"], state["seen"]


def _find_output(solver: Solver, metric: str | None) -> tuple[int, str]:
    """The number of the first test net that has the output, and its name."""
    if not solver.test_nets or not solver.param.test_interval:
        raise SolverError(
            "there is no best test of a solver that tests nothing; set test_iter and test_interval"
        )
    named = [(index, name) for index, net in enumerate(solver.test_nets) for name in net.outputs]
    if metric is None:
        scores = [
            (index, name) for index, name in named
            if not solver.test_nets[index].blob_loss_weights[name]
        ]  # fmt: skip
        found = (scores or named)[:1]
    else:
        found = [(index, name) for index, name in named if name == metric][:1]
    if not found:
        names = [name for _, name in named]
        hint = did_you_mean(str(metric), names) or f"; there are {', '.join(names) or 'none'}"
        raise SolverError(f"no test net has an output '{metric}'{hint}")
    return found[0]
