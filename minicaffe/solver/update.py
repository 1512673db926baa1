"""One update of all weights: clip, normalise, decay, rule, subtract; on flat memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicaffe.solver.rules import Rule

#: Elements that go through a whole update at a time: all arrays of a block fit the cache.
BLOCK = 1 << 15


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


class Updater:
    """Applies an update rule to all learnable parameters of a net.

    Args:
        net: whose ``arena`` holds values and gradients.
        rule: the update rule; its histories are arrays of the arena's layout.
        param: the solver's settings, read anew at each update.
    """

    def __init__(self, net: Any, rule: Rule, param: Any) -> None:
        self.net = net
        self.rule = rule
        self.param = param
        self.arena = net.arena
        self.histories: list[np.ndarray] = [self.arena.like() for _ in range(rule.histories)]
        self._temp = np.empty(min(BLOCK, self.arena.size), self.arena.dtype)
        self._places: list[Any] = []
        self._runs: list[Run] = []

    @property
    def history(self) -> list[np.ndarray]:
        """The histories parameter by parameter, as live views (Caffe's order)."""
        return [
            flat[one.slice].reshape(one.blob.shape)
            for flat in self.histories
            for one in self.net.learnable_params
        ]

    def clip(self) -> tuple[float, float] | None:
        """Scale all gradients down where their L2 norm passes ``clip_gradients``.

        Caffe takes the norm of the gradients as they have been summed up over
        ``iter_size`` batches, before weight decay.

        Returns:
            The norm and the factor where gradients were scaled, else None.
        """
        limit = self.param.clip_gradients
        if limit < 0:
            return None
        self._synchronise()
        diff = self.arena.diff
        norm = math.sqrt(float(np.dot(diff, diff)))
        if not norm > limit:
            return None
        np.multiply(diff, limit / norm, out=diff)
        return norm, limit / norm

    def apply(self, rate: float, iteration: int) -> None:
        """Change all weights by one step; the diffs then hold what was subtracted.

        Args:
            rate: the learning rate, before each parameter's ``lr_mult``.
            iteration: how many updates there have been.
        """
        self._synchronise()
        self.rule.begin(iteration)
        scale = 1.0 / self.param.iter_size
        decay, lasso = self.param.weight_decay, self.param.regularization_type == "L1"
        for run in self._current_runs():
            for w, g, h, t in self._blocks(run):
                if scale != 1:
                    np.multiply(g, scale, out=g)
                if decay * run.decay_mult:
                    np.sign(w, out=t) if lasso else np.copyto(t, w)
                    np.multiply(t, decay * run.decay_mult, out=t)
                    np.add(g, t, out=g)
                self.rule.update(g, h, t, rate * run.lr_mult)
                np.subtract(w, g, out=w)
        if not self.rule.delta:
            self._clear_gaps()

    def _blocks(
        self, run: Run
    ) -> Iterator[tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]]:
        """Values, gradient, histories and room, block by block."""
        diff, start = self.arena.diff, run.where.start
        for low in range(start, run.where.stop, BLOCK):
            here = slice(low, min(low + BLOCK, run.where.stop))
            histories = [flat[here] for flat in self.histories]
            values = run.data[here.start - start : here.stop - start]
            yield values, diff[here], histories, self._temp[: here.stop - here.start]

    def _synchronise(self) -> None:
        """Get the newest gradients and values from whatever memory an engine keeps."""
        for one in self.net.learnable_params:
            for memory in (one.blob.diff_memory, one.blob.data_memory):
                _ = memory.array  # asking for it is what brings the newest values

    def _current_runs(self) -> list[Run]:
        """The runs, made anew when a parameter has come to live elsewhere."""
        params = self.net.learnable_params
        places = [one.blob.data_memory for one in params]
        if len(places) != len(self._places) or any(
            a is not b for a, b in zip(places, self._places, strict=True)
        ):
            self._places = places
            self._runs = list(self._make_runs())
        return self._runs

    def _make_runs(self) -> Iterator[Run]:
        params, size = self.net.learnable_params, self.arena.size
        stops = [one.slice.start for one in params[1:]] + [size]
        first = 0
        for index, one in enumerate(params):
            following = params[index + 1] if index + 1 < len(params) else None
            if not self._at_home(one):  # shares another net's memory
                yield Run(one.blob.data.reshape(-1), one.slice, one.lr_mult, one.decay_mult)
                first = index + 1
            elif (
                following is None
                or not self._at_home(following)
                or (following.lr_mult, following.decay_mult) != (one.lr_mult, one.decay_mult)
            ):
                where = slice(params[first].slice.start, stops[index])
                yield Run(self.arena.data[where], where, one.lr_mult, one.decay_mult)
                first = index + 1

    def _at_home(self, one: Any) -> bool:
        place = self.arena.data[one.slice].__array_interface__["data"][0]
        return one.blob.data.__array_interface__["data"][0] == place

    def _clear_gaps(self) -> None:
        """Without a delta, rules divide the zeros between parameters by zero."""
        params = self.net.learnable_params
        stops = [one.slice.start for one in params[1:]] + [self.arena.size]
        for one, stop in zip(params, stops, strict=True):
            gap = slice(one.slice.stop, stop)
            for flat in (self.arena.data, self.arena.diff, *self.histories):
                flat[gap] = 0
