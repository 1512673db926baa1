"""Which learning rates a net can learn with: a short training whose rate rises."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minicaffe.errors import ArgumentError, SolverError
from minicaffe.options import RunOptions
from minicaffe.proto import caffe_pb2
from minicaffe.show.panels import new_figure
from minicaffe.solver.events import Iteration, Observer
from minicaffe.solver.solver import Solver
from minicaffe.solver.solver_factory import get_solver
from minicaffe.solver.solver_param import load_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMOOTHING = 0.9  # share of the past in the mean of losses
_DIVERGED = 4.0  # times the smallest mean at which the training is ended
#: What of a solver has no place in a short training that writes nothing.
_LEFT_OUT = ("test_net", "test_net_param", "test_iter", "test_state", "test_interval", "snapshot",
             "stepvalue", "lr_policy", "warmup_iter", "display")  # fmt: skip


@dataclass(frozen=True)
class RateTest:
    """The losses of a training whose rate rises.

    Attributes:
        rates: of each iteration.
        losses: of each iteration's batch.
    """

    rates: np.ndarray
    losses: np.ndarray

    @property
    def smoothed(self) -> np.ndarray:
        """The exponential mean of the losses, without the bias of its beginning."""
        mean, found = 0.0, []
        for number, loss in enumerate(self.losses.tolist(), 1):
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            found.append(mean / (1 - _SMOOTHING**number))
        return np.array(found)

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss is smallest."""
        return float(self.rates[self.smoothed.argmin()] / 10)

    def figure(self) -> Figure:
        """Loss over rate, with the suggestion."""
        figure = new_figure(7.0, 4.5)
        plot = figure.subplots()
        plot.plot(self.rates, self.losses, linewidth=0.6, color="#9bb4d6", label="loss of a batch")
        plot.plot(self.rates, self.smoothed, color="#1258c4", label="smoothed")
        plot.axvline(self.suggestion, color="#c43c12", linestyle="--",
                     label=f"a tenth of the best: {self.suggestion:.2g}")  # fmt: skip
        plot.set_xscale("log")
        low, high = float(self.smoothed.min()), float(self.smoothed[0])
        plot.set_ylim(low - 0.1 * abs(low), max(high, low) * 1.3 + 1e-12)
        plot.set_xlabel("learning rate")
        plot.set_ylabel("loss")
        plot.legend()
        return figure


class _Losses(Observer):
    """Remembers the losses, and when there is no more use in going on."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.rates: list[float] = []
        self._mean = 0.0
        self._least = math.inf
        self.diverged = False

    def on_iteration(self, event: Iteration) -> None:
        self.losses.append(event.loss)
        self.rates.append(event.rate)
        self._mean = _SMOOTHING * self._mean + (1 - _SMOOTHING) * event.loss
        mean = self._mean / (1 - _SMOOTHING ** len(self.losses))
        self._least = min(self._least, mean)
        self.diverged = mean > _DIVERGED * abs(self._least) > 0


def lr_find(
    solver: str | os.PathLike[str] | caffe_pb2.SolverParameter | Solver,
    *,
    weights: Sequence[str] = (),
    lowest: float = 1e-6,
    highest: float = 1.0,
    iterations: int = 100,
    options: RunOptions | None = None,
) -> RateTest:
    """Train for a few iterations, each with a larger rate than the one before.

    The rate of iteration i of n is lowest · (highest / lowest)^(i / (n - 1)); momentum, decay and
    the rest are the solver's. A training of its own is made of the solver's settings: nothing is
    written, and a solver that is given keeps its weights, its history and its place. It ends early
    when the loss has risen to four times its least mean, or is not finite. (Smith, *Cyclical
    learning rates for training neural networks*, 2015.)

    Args:
        solver: its prototxt, its ``SolverParameter``, or a solver, whose weights are begun with.
        weights: files to begin with.
        lowest, highest: the rates.
        iterations: how many, at most.
        options: how the net runs.

    Raises:
        ArgumentError: rates or iterations that cannot be.
        SolverError: settings that contradict each other; the first loss is not finite.
    """
    if not 0 < lowest < highest or not math.isfinite(highest) or iterations < 2:
        raise ArgumentError(
            f"the rate is to rise from {lowest:g} to {highest:g} in {iterations} iterations; "
            "expected 0 < lowest < highest, and at least 2 iterations"
        )
    live = solver if isinstance(solver, Solver) else None
    param, path = _settings(solver)
    for name in _LEFT_OUT:
        if name in caffe_pb2.SolverParameter.DESCRIPTOR.fields_by_name:
            param.ClearField(name)
    param.lr_policy, param.base_lr = "exp", lowest
    param.gamma = (highest / lowest) ** (1 / (iterations - 1))
    param.max_iter, param.snapshot_after_train = iterations, False
    watched = _Losses()
    keywords = (options or RunOptions()).keywords()
    trial = get_solver(param, path=path, observers=[watched], **keywords)
    try:
        for file in weights:
            trial.net.copy_from(file)
        if live is not None:
            trial.net.copy_from_proto(live.net.to_proto())
        _run(trial, watched, iterations)
    finally:
        trial.net.close()
    return RateTest(np.array(watched.rates), np.array(watched.losses))


def _settings(
    solver: str | os.PathLike[str] | caffe_pb2.SolverParameter | Solver,
) -> tuple[caffe_pb2.SolverParameter, str | None]:
    """A copy of the settings, and their file."""
    param = caffe_pb2.SolverParameter()
    if isinstance(solver, Solver):
        param.CopyFrom(solver.param)
        return param, None
    settings = load_settings(solver, None, None)
    param.CopyFrom(settings.param)
    return param, settings.path


def _run(trial: Solver, watched: _Losses, iterations: int) -> None:
    for _ in range(iterations):
        try:
            trial.step(1)
        except SolverError:
            if len(watched.losses) < 2:
                raise
            return  # it has diverged, as it was to
        if watched.diverged:
            return
