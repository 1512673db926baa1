"""Batch normalisation with the scale, shift and ReLU after it, each way in two passes over memory.

With numbers for each channel, which the sums of :mod:`~minicaffe.engines.jit.sums` give::

    z = (x - about) · gain + shift        y = z  or  max(z, 0)
    g = dy  or  dy where z > 0            dx = (g + (x - about) · slope + rest) · factor

Backward finds what the ReLU has let pass by computing z again, by the very instructions of the
forward: nothing but x is kept between them, and x is read for the slope anyway.

Arrays, units and vectors are those of the sums.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.batch_statistics import BatchStatistics
from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector, bytes_of_mask
from minicaffe.engines.jit.sums import ROWS, ChannelSums, Segments, sums_of_passed
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.vectors import for_vectors, load, store

#: The addresses of x, dy, the result and the bits of what has passed, and of the numbers of each
#: channel; then as :class:`~minicaffe.engines.jit.sums.Segments` says.
NORMALIZE = Layout(
    "source gradient target passed about gain shift slope rest factor",
    "blocks rows lanes segment segments",
)

#: Rows that are computed side by side.
_SIDE_BY_SIDE = 4

_FORWARD = ("about", "gain", "shift")
_BACKWARD = (*_FORWARD, "slope", "rest", "factor")
#: What the kernels compute, and the numbers that they read.
_KINDS = {
    "normalize": _FORWARD,
    "normalize_relu": _FORWARD,
    "differentiate": _BACKWARD,
    "differentiate_relu": _BACKWARD,
    "differentiate_relu_kept": _BACKWARD,
    "pass": _FORWARD,
}


@dataclass(frozen=True)
class NormalizationKernels:
    """Writes the kernels: y, with or without ReLU, dx, and ``pass``, the ReLU's gradient alone.

    ``kept`` writes bits as well, for each vector which of its elements have passed. Names end
    with ``_lanes`` or ``_rows``, by what a vector holds.
    """

    target: Target

    def functions(self) -> list[Function]:
        """All of them."""
        ways = (self._write_lanes, self._write_rows)
        return [write(kind) for kind in _KINDS for write in ways]

    def _write_lanes(self, kind: str) -> Function:
        """A vector holds channels; the last one of a row may hold fewer than fill it."""
        f = Function(f"{kind}_lanes", self.target, ["pass", "workspace"], ["first", "last"])
        job = NORMALIZE.read(f, "%pass")
        lanes = job["lanes"]
        with f.loop("%last", "%first") as unit:
            block, begin, end, start = Segments.read(f, job, unit)
            channel = f.mul(block, lanes)
            with f.loop(end, begin, ROWS) as row:
                rows = row, f.minimum(end, f.add(row, ROWS))
                write = functools.partial(self._lanes, f, job, kind, rows, (channel, start))
                for_vectors(f, lanes, write)
        return f

    def _lanes(
        self,
        f: Function,
        job: Fields,
        kind: str,
        rows: tuple[Int, Int],
        places: tuple[Int, Int],
        lane: Int,
        count: Int | None,
    ) -> None:
        """Some rows of a vector of channels.

        Args:
            f, job, kind: of the kernel.
            rows: from and to.
            places: the block's first channel, and the block's offset.
            lane: the vector's first channel within the block.
            count: how many channels there are, if not a vector of them.
        """
        (row, last), (channel, start), lanes = rows, places, job["lanes"]
        numbers = [f.load(job[name], f.add(channel, lane)) for name in _KINDS[kind]]
        each = f.div(f.add(lanes, f.width - 1), f.width)  # vectors in a row
        before = f.add(f.mul(f.div(start, lanes), each), f.div(lane, f.width))
        whole = f.sub(last, f.rem(f.sub(last, row), _SIDE_BY_SIDE))
        for stop, first, side_by_side in ((whole, row, _SIDE_BY_SIDE), (last, whole, 1)):
            with f.loop(stop, first, side_by_side) as index:
                for side in range(side_by_side):
                    at = f.add(index, side)
                    offset = f.add(f.mul(at, lanes), f.add(start, lane))
                    vector = f.add(before, f.mul(at, each))
                    _Vector(f, job, offset, vector, count).result(kind, numbers)

    def _write_rows(self, kind: str) -> Function:
        """A vector holds neighbouring rows of a channel; there is a single lane."""
        f = Function(f"{kind}_rows", self.target, ["pass", "workspace"], ["first", "last"])
        job, width = NORMALIZE.read(f, "%pass"), self.target.width
        with f.loop("%last", "%first") as unit:
            block, begin, end, start = Segments.read(f, job, unit)
            numbers = [f.broadcast(job[name], block) for name in _KINDS[kind]]
            rest = f.rem(f.sub(end, begin), width)
            whole = f.sub(end, rest)
            before = f.mul(f.div(start, job["rows"]), f.div(f.add(job["rows"], width - 1), width))
            with f.loop(whole, begin, width) as row:
                index = f.add(before, f.div(row, width))
                _Vector(f, job, f.add(start, row), index).result(kind, numbers)
            with f.when(f.compare("sgt", rest, 0)):
                index = f.add(before, f.div(whole, width))
                _Vector(f, job, f.add(start, whole), index, rest).result(kind, numbers)
        return f


@dataclass(frozen=True)
class _Vector:
    """A vector that is computed.

    Attributes:
        f, job: the function, and what it has read of its frame.
        offset: of the vector in all arrays.
        index: the number of the vector.
        count: how many of its elements are there, if not all.
    """

    f: Function
    job: Fields
    offset: Int
    index: Int
    count: Int | None = None

    def load(self, name: str) -> Vector:
        """The vector of an array."""
        return load(self.f, self.job[name], self.offset, self.count)

    def result(self, kind: str, numbers: Sequence[Vector]) -> None:
        """Write y or dx."""
        vector = self._computed(kind, numbers)
        store(self.f, vector, self.job["target"], self.offset, self.count)

    def _computed(self, kind: str, numbers: Sequence[Vector]) -> Vector:
        f, zero = self.f, self.f.constant(0.0)
        about, gain, shift, *backward = numbers
        difference = f.fsub(self.load("source"), about)
        if kind == "normalize":
            return f.fma(difference, gain, shift)
        if kind == "normalize_relu":
            return f.above(f.fma(difference, gain, shift), zero)
        gradient = self.load("gradient")
        if kind != "differentiate":
            passed = f.fcompare("ogt", f.fma(difference, gain, shift), zero)
            gradient = f.select(passed, gradient, zero)
            if kind.endswith("kept"):
                f.store_mask(passed, self.job["passed"], self.index)
        if kind == "pass":
            return gradient
        slope, rest, factor = backward
        return f.fmul(f.fadd(f.fma(difference, slope, rest), gradient), factor)


class Normalization:
    """The passes over arrays of one shape, with the numbers of each channel.

    Args:
        statistics: of the arrays; its about, gain and shift are the forward's.
        relu: a ReLU follows.

    Attributes:
        statistics: the same.
    """

    def __init__(self, statistics: BatchStatistics, *, relu: bool) -> None:
        self._team, self._relu = statistics.team, relu
        self.statistics, self._segments = statistics, statistics.segments
        self._sums = ChannelSums(self._team)
        forward = {name: statistics.floats[name].ctypes.data for name in _FORWARD}
        self._frame = NORMALIZE.frame(
            **dict.fromkeys(NORMALIZE.names, 0) | forward | self._segments.fields
        )

    def forward(self, x: int, y: int) -> None:
        """y, at the same or another address."""
        self._run("normalize_relu" if self._relu else "normalize", x, 0, y)

    def add_up(self, dy: np.ndarray, x: np.ndarray, *, relu: bool) -> tuple[np.ndarray, np.ndarray]:
        """Σ g, and Σ g · (x - about), of each channel.

        Args:
            dy, x: arrays of the shape.
            relu: g is what the ReLU has let pass.
        """
        if relu:
            numbers = [self._numbers(name) for name in _FORWARD]
            return sums_of_passed(self._team, dy, x, numbers)
        return self._sums.products(dy, x, self._numbers("about"))

    def _numbers(self, name: str) -> np.ndarray:
        _, blocks, _, lanes = self._segments.shape
        return self.statistics.floats[name][: blocks * lanes]

    def backward(
        self,
        x: int,
        dy: int,
        dx: int,
        numbers: Sequence[np.ndarray],
        *,
        relu: bool,
        passed: np.ndarray | None = None,
    ) -> None:
        """dx, at dy's or another address.

        Args:
            x, dy, dx: addresses.
            numbers: factor, slope and rest of each channel.
            relu: g is what the ReLU has let pass.
            passed: memory for :attr:`passed_size` bytes, which are to say what that is.
        """
        for name, array in zip(("factor", "slope", "rest"), numbers, strict=True):
            self._frame[name] = array.ctypes.data
        kind = "differentiate_relu" if relu else "differentiate"
        if passed is not None:
            self._frame["passed"] = passed.ctypes.data
            kind += "_kept"
        self._run(kind, x, dy, dx)

    @property
    def passed_size(self) -> int:
        """How many bytes tell for each element whether it has passed."""
        return math.prod(self._vectors) * bytes_of_mask(self._team.target.width)

    @property
    def _vectors(self) -> tuple[int, int]:
        """How many rows of vectors there are, and vectors in each."""
        rows, length = self._rows
        return rows, -(-length // self._team.target.width)

    @property
    def _rows(self) -> tuple[int, int]:
        """How many rows of neighbours there are that vectors are cut from, and their length."""
        items, blocks, rows, lanes = self._segments.shape
        return (items * blocks, rows) if lanes == 1 else (items * blocks * rows, lanes)

    def elements_passed(self, passed: np.ndarray) -> np.ndarray:
        """What :meth:`backward` has written, as a bool for each element, flat."""
        width, (rows, length) = self._team.target.width, self._rows
        bits = np.unpackbits(passed[: self.passed_size], bitorder="little")
        each = bits.reshape(-1, 8 * bytes_of_mask(width))[:, :width].reshape(rows, -1)
        there: np.ndarray = each[:, :length].astype(bool)
        return there.reshape(-1)

    def pass_on(self, x: int, dy: int, g: int) -> None:
        """The gradient of what the ReLU has let pass, at dy's or another address."""
        self._run("pass", x, dy, g)

    def _run(self, kind: str, source: int, gradient: int, target: int) -> None:
        frame = self._frame
        frame["source"], frame["gradient"], frame["target"] = source, gradient, target
        kernel = _compiled(self._team.target)[f"{kind}_{self._segments.way}"]
        self._team.run(kernel, frame.address, self._segments.units)


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(NormalizationKernels(target).functions(), target))
