"""One update of all weights: clip, normalise, decay, rule, subtract; on flat memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from minicaffe.options import MemoryBudget, Reservation
from minicaffe.proto import caffe_pb2
from minicaffe.solver.local_rates import LocalRates
from minicaffe.solver.rules import Rule
from minicaffe.threads import Team

if TYPE_CHECKING:
    from minicaffe.net.net import Net
    from minicaffe.net.params import LearnableParam

#: Elements that go through a whole update at a time. All arrays of a block fit the caches, and a
#: numpy call on one takes long enough to be worth a thread of its own.
BLOCK = 1 << 17


@dataclass(frozen=True)
class Run:
    """Neighbours in the arena that learn at one speed.

    Attributes:
        data: their values (a view).
        where: their place in the arena.
        lr_mult, decay_mult: the factors that they have in common.
    """

    data: np.ndarray
    where: slice
    lr_mult: float
    decay_mult: float


@dataclass(frozen=True)
class Block:
    """A part of a run that goes through an update at once.

    Attributes:
        run: the run.
        data, diff, histories: views of its values, gradients and histories.
    """

    run: Run
    data: np.ndarray
    diff: np.ndarray
    histories: list[np.ndarray]


class Updater:
    """Applies an update rule to all learnable parameters of a net.

    The arena is gone through in blocks, each of which takes all operations of an update while it
    is in the cache: one pass over memory, and one before it for the norm where gradients are
    clipped. Several threads share the blocks of a large net; weights do not depend on how many.
    That is as fast as memory allows, so engines have no update of their own.

    Args:
        net: whose ``arena`` holds values and gradients.
        rule: the update rule; its histories are arrays of the arena's layout.
        param: the solver's settings, read again at each update.
        block: how many elements go through a whole update at a time.

    Raises:
        MemoryLimitError: the histories do not fit beside the net's blobs; nothing is allocated.
    """

    #: Beyond these threads, handing over Python's lock costs more than another one brings.
    THREADS: ClassVar[int] = 4

    def __init__(
        self, net: Net, rule: Rule, param: caffe_pb2.SolverParameter, *, block: int = BLOCK
    ) -> None:
        self.net = net
        self.rule = rule
        self.param = param
        self.arena = net.arena
        self._share = self._take(net.budget)
        self.histories: list[np.ndarray] = [self.arena.like() for _ in range(rule.histories)]
        self._local = LocalRates.of(param)
        self._block = block
        self._team = Team(self.THREADS, least=4 * block)
        size = min(block, self.arena.size)
        self._scratch = [np.empty(size, self.arena.dtype) for _ in range(self.THREADS)]
        self._places: list[np.ndarray] = []
        self._runs: list[Run] = []
        self._blocks: list[Block] = []
        self._sizes: list[int] = []

    def _take(self, budget: MemoryBudget) -> Reservation:
        """Count the histories that are about to be allocated."""
        kind, count = type(self.rule).__name__, self.rule.histories
        size = count * self.arena.size * self.arena.dtype.itemsize
        advice = "make the batch or the layers smaller"
        if count > 1:
            advice += ", or take a solver type that keeps one history, such as SGD"
        what = f"what {kind} remembers ({count} × {self.arena.size} parameters) takes"
        return budget.take(size, what=what, advice=advice)

    @property
    def history(self) -> list[np.ndarray]:
        """The histories parameter by parameter, as live views (Caffe's order)."""
        return [
            flat[param.slice].reshape(param.blob.shape)
            for flat in self.histories
            for param in self.net.learnable_params
        ]

    def clipping(self) -> tuple[float, float] | None:
        """What ``clip_gradients`` asks for: the L2 norm of all gradients within its limit.

        Caffe takes the norm of the gradients as they have been summed up over
        ``iter_size`` batches, before weight decay.

        Returns:
            The norm and the factor that :meth:`apply` has to take where the norm passes the
            limit, else None.
        """
        limit = self.param.clip_gradients
        if limit < 0:
            return None
        self._synchronise()
        blocks = self._current_blocks()
        sums = [0.0] * len(blocks)

        def add_squares(share: range, _: int) -> None:
            with _silence():
                for index in share:
                    g = blocks[index].diff
                    sums[index] = float(np.dot(g, g))

        self._team.each(self._sizes, add_squares)
        norm = math.sqrt(sum(sums))
        return (norm, limit / norm) if norm > limit else None

    def apply(self, rate: float, iteration: int, factor: float = 1.0) -> None:
        """Change all weights by one step; the diffs then hold what was subtracted.

        Args:
            rate: the learning rate, before each parameter's ``lr_mult``.
            iteration: how many updates there have been.
            factor: what the gradients are scaled by first.
        """
        self._synchronise()
        self.rule.begin(iteration)
        blocks = self._current_blocks()
        rates = self._rates(rate, factor)

        def update(share: range, number: int) -> None:
            with _silence():
                for index in share:
                    scratch = self._scratch[number][: self._sizes[index]]
                    block = blocks[index]
                    self._update(block, scratch, rates[block.run.where.start], factor)

        self._team.each(self._sizes, update)
        if not self.rule.delta:
            self._clear_gaps()

    def close(self) -> None:
        """End the threads that have helped."""
        self._team.close()

    def _update(self, block: Block, t: np.ndarray, rate: float, factor: float) -> None:
        """Clip, normalise, decay, apply the rule and subtract, for one block, at the run's rate."""
        w, g, run = block.data, block.diff, block.run
        for scale in (factor, 1.0 / self.param.iter_size):
            if scale != 1:
                np.multiply(g, scale, out=g)
        decay = self.param.weight_decay * run.decay_mult
        if decay:
            if self.param.regularization_type == "L1":
                np.multiply(np.sign(w, out=t), decay, out=t)
            else:
                np.multiply(w, decay, out=t)
            np.add(g, t, out=g)
        self.rule.update(g, block.histories, t, rate)
        np.subtract(w, g, out=w)

    def _rates(self, rate: float, factor: float) -> dict[int, float]:
        """The rate of each run, by where it begins in the arena."""
        if self._local is None:
            return {run.where.start: rate * run.lr_mult for run in self.runs}
        scale = factor / self.param.iter_size
        rates = {}
        with _silence():
            for run in self.runs:
                w, g = run.data.astype(np.float64), self.arena.diff[run.where].astype(np.float64)
                norms = float(np.linalg.norm(w)), float(np.linalg.norm(g)) * scale
                rates[run.where.start] = self._local.rate(rate, run.lr_mult, *norms)
        return rates

    def _current_blocks(self) -> list[Block]:
        """The runs' blocks, made again when the runs are."""
        before, runs = self._runs, self.runs
        if runs is not before:
            self._blocks = [block for run in runs for block in self._make_blocks(run)]
            self._sizes = [block.diff.size for block in self._blocks]
        return self._blocks

    def _make_blocks(self, run: Run) -> Iterator[Block]:
        diff, start = self.arena.diff, run.where.start
        for low in range(start, run.where.stop, self._block):
            here = slice(low, min(low + self._block, run.where.stop))
            histories = [flat[here] for flat in self.histories]
            values = run.data[here.start - start : here.stop - start]
            yield Block(run, values, diff[here], histories)

    def _synchronise(self) -> None:
        """Get the newest gradients and values from whatever memory an engine keeps."""
        for param in self.net.learnable_params:
            for memory in (param.blob.diff_memory, param.blob.data_memory):
                _ = memory.array  # asking for it is what brings the newest values

    @property
    def runs(self) -> list[Run]:
        """What is updated together; made again when the memory of a parameter is another."""
        params = self.net.learnable_params
        places = [param.blob.data_memory.raw for param in params]
        if len(places) != len(self._places) or any(
            a is not b for a, b in zip(places, self._places, strict=True)
        ):
            self._places = places
            self._runs = list(self._make_runs())
        return self._runs

    def _make_runs(self) -> Iterator[Run]:
        params, size = self.net.learnable_params, self.arena.size
        stops = [param.slice.start for param in params[1:]] + [size]
        first = 0
        for index, param in enumerate(params):
            following = params[index + 1] if index + 1 < len(params) else None
            if not self._at_home(param):  # shares another net's memory
                values = param.blob.data_memory.raw[: param.blob.count]
                yield Run(values, param.slice, param.lr_mult, param.decay_mult)
                first = index + 1
            elif (
                following is None
                or self._local is not None  # each parameter has a rate of its own
                or not self._at_home(following)
                or (following.lr_mult, following.decay_mult) != (param.lr_mult, param.decay_mult)
            ):
                where = slice(params[first].slice.start, stops[index])
                yield Run(self.arena.data[where], where, param.lr_mult, param.decay_mult)
                first = index + 1

    def _at_home(self, param: LearnableParam) -> bool:
        return param.blob.data_memory.raw.ctypes.data == self.arena.data[param.slice].ctypes.data

    def _clear_gaps(self) -> None:
        """Without a delta, rules divide the zeros between parameters by zero."""
        params = self.net.learnable_params
        stops = [param.slice.start for param in params[1:]] + [self.arena.size]
        for param, stop in zip(params, stops, strict=True):
            gap = slice(param.slice.stop, stop)
            for flat in (self.arena.data, self.arena.diff, *self.histories):
                flat[gap] = 0


def _silence() -> np.errstate:
    """No warnings of what overflows: the solver looks at the loss. (Each thread has its own.)"""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
