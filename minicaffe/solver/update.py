"""One update of all weights: clip, normalise, decay, rule, subtract; on flat memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from minicaffe.net.params import Array, FlatArrays
from minicaffe.options import MemoryBudget, Reservation
from minicaffe.proto import caffe_pb2
from minicaffe.solver.local_rates import LocalRates
from minicaffe.solver.rules import Rule
from minicaffe.threads import Team

if TYPE_CHECKING:
    from minicaffe.net.net import Net

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

    data: Array
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
    data: Array
    diff: Array
    histories: list[Array]


class Updater:
    """Applies an update rule to all learnable parameters of a net.

    The arena is gone through in blocks, each of which takes all operations of an update while it
    is in the cache: one pass over memory, and one before it for the norm where gradients are
    clipped. Several threads share the blocks of a large net; weights do not depend on how many.
    That is as fast as memory allows, so engines have no update of their own. Where an engine has
    the arena's mirror on a device, the same operations run there, on whole runs.

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
        self._share = self._take(net.budget)
        self._memories = [net.arena.history() for _ in range(rule.histories)]
        self._local = LocalRates.of(param)
        self._block = block
        self._team = Team(self.THREADS, least=4 * block)
        self._scratch: list[Array] = []
        self._arena: FlatArrays | None = None  # whose the runs and blocks are
        self._places: list[int] = []
        self._runs: list[Run] = []
        self._blocks: list[Block] = []
        self._sizes: list[int] = []

    def _take(self, budget: MemoryBudget) -> Reservation:
        """Count the histories that are about to be allocated."""
        kind, count, arena = type(self.rule).__name__, self.rule.histories, self.net.arena
        size = count * arena.size * arena.dtype.itemsize
        advice = "make the batch or the layers smaller"
        if count > 1:
            advice += ", or take a solver type that keeps one history, such as SGD"
        what = f"what {kind} remembers ({count} × {arena.size} parameters) takes"
        return budget.take(size, what=what, advice=advice)

    @property
    def arena(self) -> FlatArrays:
        """Where the update runs: the net's arena, or its mirror on a device."""
        return self.net.arena.mirror or self.net.arena

    @property
    def histories(self) -> list[np.ndarray]:
        """What the rule remembers, flat and in the arena's layout, as live arrays."""
        return [memory.array for memory in self._memories]

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
        arena = self.arena
        arena.synchronise()
        blocks = self._current_blocks()
        sums = [0.0] * len(blocks)

        def add_squares(share: range, _: int) -> None:
            with _silence():
                for index in share:
                    g = blocks[index].diff
                    sums[index] = float(arena.xp.dot(g, g))

        self._each(add_squares)
        norm = math.sqrt(sum(sums))
        return (norm, limit / norm) if norm > limit else None

    def apply(self, rate: float, iteration: int, factor: float = 1.0) -> None:
        """Change all weights by one step; the diffs then hold what was subtracted.

        Args:
            rate: the learning rate, before each parameter's ``lr_mult``.
            iteration: how many updates there have been.
            factor: what the gradients are scaled by first.
        """
        arena = self.arena
        arena.synchronise()
        self.rule.begin(iteration)
        blocks = self._current_blocks()
        rates = self._rates(rate, factor)

        def update(share: range, number: int) -> None:
            with _silence():
                for index in share:
                    scratch = self._scratch[number][: self._sizes[index]]
                    block = blocks[index]
                    self._update(block, scratch, rates[block.run.where.start], factor)

        self._each(update)
        if not self.rule.delta:
            self._clear_gaps()
        arena.written(self._memories)

    def close(self) -> None:
        """End the threads that have helped."""
        self._team.close()

    @property
    def _on_device(self) -> bool:
        """Whether a device computes: without threads of ours, and without a cache to fit."""
        return self.arena is not self.net.arena

    def _each(self, work: Callable[[range, int], None]) -> None:
        """Do some work on all blocks, in a share for each thread."""
        if self._on_device:
            work(range(len(self._sizes)), 0)
        else:
            self._team.each(self._sizes, work)

    def _update(self, block: Block, t: Array, rate: float, factor: float) -> None:
        """Clip, normalise, decay, apply the rule and subtract, for one block, at the run's rate."""
        w, g, run, xp = block.data, block.diff, block.run, self.arena.xp
        for scale in (factor, 1.0 / self.param.iter_size):
            if scale != 1:
                xp.multiply(g, scale, out=g)
        decay = self.param.weight_decay * run.decay_mult
        if decay:
            if self.param.regularization_type == "L1":
                xp.multiply(xp.sign(w, out=t), decay, out=t)
            else:
                xp.multiply(w, decay, out=t)
            xp.add(g, t, out=g)
        self.rule.update(xp, g, block.histories, t, rate)
        xp.subtract(w, g, out=w)

    def _rates(self, rate: float, factor: float) -> dict[int, float]:
        """The rate of each run, by where it begins in the arena."""
        if self._local is None:
            return {run.where.start: rate * run.lr_mult for run in self.runs}
        scale = factor / self.param.iter_size
        rates = {}
        with _silence():
            for run in self.runs:
                norms = self._norm(run.data), self._norm(self.arena.diff[run.where]) * scale
                rates[run.where.start] = self._local.rate(rate, run.lr_mult, *norms)
        return rates

    def _norm(self, values: Array) -> float:
        """The L2 norm, of double precision."""
        xp = self.arena.xp
        wide = xp.asarray(values, dtype=xp.float64)
        return math.sqrt(float(xp.dot(wide, wide)))

    def _current_blocks(self) -> list[Block]:
        """The runs' blocks, made again when the runs are, or the histories have moved."""
        before, runs = self._runs, self.runs
        histories = [self.arena.array_of(memory) for memory in self._memories]
        if runs is not before:
            self._blocks = [block for run in runs for block in self._make_blocks(run, histories)]
            self._sizes = [len(block.diff) for block in self._blocks]
            largest = max(self._sizes, default=0)
            count = 1 if self._on_device else self.THREADS
            self._scratch = [self.arena.empty(largest) for _ in range(count)]
        return self._blocks

    def _make_blocks(self, run: Run, histories: Sequence[Array]) -> Iterator[Block]:
        diff, start = self.arena.diff, run.where.start
        step = self.arena.size if self._on_device else self._block
        for low in range(start, run.where.stop, max(1, step)):
            here = slice(low, min(low + step, run.where.stop))
            values = run.data[here.start - start : here.stop - start]
            yield Block(run, values, diff[here], [flat[here] for flat in histories])

    @property
    def runs(self) -> list[Run]:
        """What is updated together; made again when the memory of a parameter is another."""
        arena = self.arena
        places = [_address(arena.values_of(param)) for param in self.net.learnable_params]
        if arena is not self._arena or places != self._places:
            self._arena, self._places = arena, places
            self._runs = list(self._make_runs())
        return self._runs

    def _make_runs(self) -> Iterator[Run]:
        params, arena = self.net.learnable_params, self.arena
        stops = [param.slice.start for param in params[1:]] + [arena.size]
        first = 0
        for index, param in enumerate(params):
            following = params[index + 1] if index + 1 < len(params) else None
            if not arena.is_home(param):  # shares another net's memory
                yield Run(arena.values_of(param), param.slice, param.lr_mult, param.decay_mult)
                first = index + 1
            elif (
                following is None
                or self._local is not None  # each parameter has a rate of its own
                or not arena.is_home(following)
                or (following.lr_mult, following.decay_mult) != (param.lr_mult, param.decay_mult)
            ):
                where = slice(params[first].slice.start, stops[index])
                yield Run(arena.data[where], where, param.lr_mult, param.decay_mult)
                first = index + 1

    def _clear_gaps(self) -> None:
        """Without a delta, rules divide the zeros between parameters by zero."""
        params, arena = self.net.learnable_params, self.arena
        stops = [param.slice.start for param in params[1:]] + [arena.size]
        histories = [arena.array_of(memory) for memory in self._memories]
        for param, stop in zip(params, stops, strict=True):
            gap = slice(param.slice.stop, stop)
            for flat in (arena.data, arena.diff, *histories):
                flat[gap] = 0


def _address(values: Array) -> int:
    """Where an array's, or a tensor's, memory begins."""
    return int(values.ctypes.data if isinstance(values, np.ndarray) else values.data_ptr())


def _silence() -> np.errstate:
    """No warnings of what overflows: the solver looks at the loss. (Each thread has its own.)"""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
