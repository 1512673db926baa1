"""Sums over the values of each channel, read once: :mod:`minicaffe.layers.sums` as kernels.

What is summed, and how exactly, is said there: at most :data:`~minicaffe.layers.sums.ROWS` values
follow each other in single precision, and their sums are added up in double precision, in an order
that the sizes alone decide. Arrays are seen as (items, blocks, rows, lanes).

A unit of the work is a segment of the rows of one block of one item. Where the lanes fill vectors,
a vector holds a row's channels; with a single lane, neighbouring rows of the one channel.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team
from minicaffe.engines.jit.vectors import for_vectors, load
from minicaffe.layers import sums
from minicaffe.layers.sums import ROWS

#: Of both arrays: the addresses of left and right, of what is subtracted of right, of the numbers
#: that say what a ReLU has let pass, and of where the sums go; then as :class:`Segments` says, and
#: the sums in a row. Numbers and rows of sums are as long as whole vectors.
SUMS = Layout("left right about gain shift sums", "blocks rows lanes segment segments filled")

#: What is summed, see :class:`SumKernels`.
KINDS = ("moments", "products", "slopes", "passed")

_NUMBERS = dict.fromkeys(KINDS, ("about",)) | {"passed": ("about", "gain", "shift")}

#: Elements of a segment: enough to keep a thread busy for some microseconds.
_SEGMENT = 1 << 15
#: Items of which a few values tell where a mean is about.
_FEW = 4
#: Sums that grow side by side, as an addition takes several cycles.
_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Segments:
    """How arrays of a shape are cut into the units that threads share.

    Attributes:
        shape: (items, blocks, rows, lanes).
        size: rows of a segment, of one block of one item.
        count: segments of a block.
    """

    shape: tuple[int, ...]
    size: int
    count: int

    @staticmethod
    def of(shape: tuple[int, ...], target: Target) -> Segments:
        """Those of arrays of this shape."""
        _, _, rows, lanes = shape
        step = _step(lanes, target)
        size = max(step, _SEGMENT // lanes // step * step)
        return Segments(shape, size, -(-rows // size))

    @staticmethod
    def few(shape: tuple[int, ...], target: Target) -> Segments:
        """A segment of single precision's length at the beginning of each of the first items."""
        return Segments((min(shape[0], _FEW), *shape[1:]), _step(shape[3], target), 1)

    @property
    def units(self) -> int:
        """How many units there are."""
        return self.shape[0] * self.shape[1] * self.count

    @property
    def parts(self) -> int:
        """How many sums of each channel there are, to be added up."""
        return self.shape[0] * self.count

    @property
    def values(self) -> int:
        """How many values of each channel are summed."""
        return self.shape[0] * min(self.shape[2], self.size * self.count)

    @property
    def way(self) -> str:
        """How the names of the kernels end."""
        return "rows" if self.shape[3] == 1 else "lanes"

    @property
    def fields(self) -> dict[str, int]:
        """The numbers of a frame."""
        _, blocks, rows, lanes = self.shape
        sizes = {"blocks": blocks, "rows": rows, "lanes": lanes}
        return {**sizes, "segment": self.size, "segments": self.count}

    @staticmethod
    def read(f: Function, job: Fields, unit: Int) -> tuple[Int, Int, Int, Int]:
        """Of a unit: the number of its block, its rows from and to, and the block's offset."""
        block, segment = f.div(unit, job["segments"]), f.rem(unit, job["segments"])
        begin = f.mul(segment, job["segment"])
        end = f.minimum(f.add(begin, job["segment"]), job["rows"])
        start = f.mul(f.mul(block, job["rows"]), job["lanes"])
        return f.rem(block, job["blocks"]), begin, end, start


def _step(lanes: int, target: Target) -> int:
    """Rows that single precision adds up."""
    return ROWS * target.width if lanes == 1 else ROWS


def has_kernels(shape: tuple[int, ...], target: Target) -> bool:
    """Whether vectors fit arrays of float32 of this shape, (items, blocks, rows, lanes)."""
    _, blocks, _, lanes = shape
    fitting = lanes == 1 or lanes % target.width == 0 or blocks == 1
    return math.prod(shape) > 0 and fitting


def filled_channels(shape: tuple[int, ...], target: Target) -> int:
    """How many numbers of channels whole vectors hold."""
    return -(-shape[1] * shape[3] // target.width) * target.width


@dataclass(frozen=True)
class _Values:
    """What a kernel reads: two arrays from one place on."""

    kind: str
    left: str
    right: str

    def pair(
        self, f: Function, offset: Int, numbers: Sequence[Vector], count: Int | None = None
    ) -> tuple[Vector, Vector]:
        """The factors of the product, of which the first is summed, too.

        Args:
            f: the function.
            offset: of both, in floats.
            numbers: what is subtracted, and a ReLU's gain and shift.
            count: how many elements of the vectors are there, if not all.
        """
        about, *normalised = numbers

        factor = load(f, self.left, offset, count)
        if self.kind == "moments":
            difference = f.fsub(factor, about)
            return difference, difference
        other = load(f, self.right, offset, count)
        if self.kind == "slopes":
            return factor, f.below(other, f.constant(0.0))
        difference = f.fsub(other, about)
        if self.kind == "passed":
            zero = f.constant(0.0)
            passed = f.fcompare("ogt", f.fma(difference, *normalised), zero)
            factor = f.select(passed, factor, zero)
        return factor, difference

    def total(
        self,
        f: Function,
        vectors: tuple[Int, Int],
        place: tuple[Int, Int],
        numbers: Sequence[Vector],
        count: Int | None = None,
    ) -> list[Vector]:
        """Both sums over vectors from and to a number.

        Args:
            f: the function.
            vectors: the first, and the one after the last.
            place: how many floats they are apart, and where number 0 is.
            numbers, count: as of :meth:`pair`.
        """
        begin, end = vectors
        stride, first = place

        def add(index: Int, totals: list[Vector]) -> list[Vector]:
            one, other = self.pair(f, f.add(f.mul(index, stride), first), numbers, count)
            return [f.fadd(totals[0], one), f.fma(one, other, totals[1])]

        def add_several(index: Int, totals: list[Vector]) -> list[Vector]:
            return [
                total
                for side in range(_SIDE_BY_SIDE)
                for total in add(f.add(index, side), totals[2 * side : 2 * side + 2])
            ]

        whole = f.sub(end, f.rem(f.sub(end, begin), _SIDE_BY_SIDE))
        zeros = [f.constant(0.0)] * (2 * _SIDE_BY_SIDE)
        totals = f.folded(whole, zeros, add_several, start=begin, step=_SIDE_BY_SIDE)
        sums = [f.fadd(f.fadd(a, b), f.fadd(c, d)) for a, b, c, d in (totals[0::2], totals[1::2])]
        return f.folded(end, sums, add, start=whole)


@dataclass(frozen=True)
class SumKernels:
    """Writes the kernels, which put two sums for each channel of a unit.

    ``moments`` puts Σ (x - about) and Σ (x - about)², ``products`` Σ left and
    Σ left · (right - about), ``slopes`` Σ left and Σ left · min(right, 0). ``passed`` are the
    products with 0 in the place of left where (right - about) · gain + shift is not above 0.
    Names end with ``_lanes`` or ``_rows``, by what a vector holds.
    """

    target: Target

    def functions(self) -> list[Function]:
        """Three sums, each for vectors of channels and vectors of places."""
        ways = (self._write_lanes, self._write_rows)
        return [write(kind) for kind in KINDS for write in ways]

    def _write_lanes(self, kind: str) -> Function:
        """A vector holds channels; the last one of a row may hold fewer than fill it."""
        f = Function(f"{kind}_lanes", self.target, ["pass", "workspace"], ["first", "last"])
        job = SUMS.read(f, "%pass")
        lanes, channels = job["lanes"], job["filled"]
        with f.loop("%last", "%first") as unit:
            block, begin, end, start = Segments.read(f, job, unit)
            values = _Values(kind, f.at(job["left"], start), f.at(job["right"], start))
            first = f.mul(block, lanes)
            to = f.add(f.mul(self._place(f, job, unit), f.mul(2, channels)), f.mul(block, lanes))
            with f.loop(lanes, step=f.width) as lane:
                for index in range(2):
                    where = f.add(f.add(to, f.mul(channels, index)), lane)
                    f.store_doubles("zeroinitializer", job["sums"], where)
            with f.loop(end, begin, ROWS) as row:
                rows = row, f.minimum(end, f.add(row, ROWS))
                add = functools.partial(self._add_lanes, f, job, values, rows, (first, to))
                for_vectors(f, lanes, add)
        return f

    def _add_lanes(
        self,
        f: Function,
        job: Fields,
        values: _Values,
        rows: tuple[Int, Int],
        places: tuple[Int, Int],
        lane: Int,
        count: Int | None,
    ) -> None:
        """Add some rows to the sums of a vector of channels.

        Args:
            f, job, values: of the kernel.
            rows: from and to.
            places: the block's first channel, and where the unit's sums are.
            lane: the vector's first channel within the block.
            count: how many channels there are, if not a vector of them.
        """
        first, to = places
        numbers = [f.load(job[name], f.add(first, lane)) for name in _NUMBERS[values.kind]]
        found = values.total(f, rows, (job["lanes"], lane), numbers, count)
        for index, total in enumerate(found):
            where = f.add(f.add(to, f.mul(job["filled"], index)), lane)
            before = f.load_doubles(job["sums"], where)
            f.store_doubles(f.add_doubles(before, f.widened(total)), job["sums"], where)

    def _write_rows(self, kind: str) -> Function:
        """A vector holds neighbouring rows of a channel; there is a single lane."""
        f = Function(f"{kind}_rows", self.target, ["pass", "workspace"], ["first", "last"])
        job, width = SUMS.read(f, "%pass"), self.target.width
        totals = f.stack(2 * 2 * width)  # two vectors of doubles
        with f.loop("%last", "%first") as unit:
            block, begin, end, start = Segments.read(f, job, unit)
            values = _Values(kind, f.at(job["left"], start), f.at(job["right"], start))
            numbers = [f.broadcast(job[name], block) for name in _NUMBERS[kind]]
            only_first = [f.load_first(f.at(job["about"], block), 1), *numbers[1:]]
            for index in range(2):
                f.store_doubles("zeroinitializer", totals, index * width)
            whole = f.sub(end, f.rem(f.sub(end, begin), width))
            with f.loop(whole, begin, ROWS * width) as row:
                stop = f.div(f.sub(f.minimum(whole, f.add(row, ROWS * width)), row), width)
                self._add(f, totals, values.total(f, (0, stop), (width, row), numbers))
            with f.loop(end, whole) as row:
                one, other = values.pair(f, row, only_first, 1)
                self._add(f, totals, [one, f.fmul(one, other)])
            to = f.add(f.mul(self._place(f, job, unit), f.mul(2, job["filled"])), block)
            for index in range(2):
                total = f.total_of_doubles(f.load_doubles(totals, index * width))
                f.store_double(total, job["sums"], f.add(to, f.mul(job["filled"], index)))
        return f

    def _place(self, f: Function, job: Fields, unit: Int) -> Int:
        """Which of the rows of sums is a unit's: that of its item and segment."""
        item = f.div(f.div(unit, job["segments"]), job["blocks"])
        return f.add(f.mul(item, job["segments"]), f.rem(unit, job["segments"]))

    def _add(self, f: Function, totals: str, vectors: list[Vector]) -> None:
        for index, vector in enumerate(vectors):
            before = f.load_doubles(totals, index * f.width)
            f.store_doubles(f.add_doubles(before, f.widened(vector)), totals, index * f.width)


class ChannelSums:
    """The functions of :mod:`minicaffe.layers.sums` by kernels, where the arrays suit them.

    Args:
        team: the threads; None where there are no kernels, and all sums are numpy's.
    """

    def __init__(self, team: Team | None) -> None:
        self._team = team

    def total(self, values: np.ndarray) -> np.ndarray:
        """Σ y of each channel: :func:`minicaffe.layers.sums.total`."""
        team = self._suited(values)
        if team is None:
            return sums.total(values)
        none = np.zeros(values.shape[1] * values.shape[3], np.float32)
        return _run(team, "moments", values, values, none)[0]

    def moments(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each channel: :func:`minicaffe.layers.sums.moments`."""
        team = self._suited(values)
        if team is None:
            return sums.moments(values)
        return sums.moments(values, lambda given, about: _run(team, "moments", given, given, about))

    def products(
        self,
        left: np.ndarray,
        right: np.ndarray,
        about: np.ndarray | None = None,
        *,
        below_zero: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Σ left, Σ left · (right - about): :func:`minicaffe.layers.sums.products`."""
        team = self._suited(left, right)
        if team is None:
            return sums.products(left, right, about, below_zero=below_zero)
        if about is None:
            about = np.zeros(left.shape[1] * left.shape[3], np.float32)
        kind = "slopes" if below_zero else "products"
        first, second = _run(team, kind, left, right, about)
        return first, second

    def _suited(self, *arrays: np.ndarray) -> Team | None:
        """The threads, if there are kernels for the arrays."""
        if self._team is None:
            return None
        target = self._team.target
        known = all(
            array.dtype == np.float32
            and array.flags.c_contiguous
            and has_kernels(array.shape, target)
            for array in arrays
        )
        return self._team if known else None


def sums_of_passed(
    team: Team, left: np.ndarray, right: np.ndarray, numbers: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Σ left, Σ left · (right - about) of what a ReLU of (right - about) · gain + shift has let
    pass.

    Args:
        team: the threads.
        left, right: arrays that :func:`has_kernels` knows.
        numbers: about, gain and shift.
    """
    first, second = _run(team, "passed", left, right, *numbers)
    return first, second


def _run(
    team: Team, kind: str, left: np.ndarray, right: np.ndarray, *numbers: np.ndarray
) -> list[np.ndarray]:
    segments = Segments.of(left.shape, team.target)
    _, blocks, _, lanes = left.shape
    filled = filled_channels(left.shape, team.target)
    given = [np.zeros(filled, np.float32) for _ in numbers]
    for array, channel_numbers in zip(given, numbers, strict=True):
        array[: blocks * lanes] = channel_numbers
    about, gain, shift = (given[index % len(given)].ctypes.data for index in range(3))
    found = np.zeros((segments.parts, 2, filled))
    frame = SUMS.frame(
        left=left.ctypes.data,
        right=right.ctypes.data,
        about=about,
        gain=gain,
        shift=shift,
        sums=found.ctypes.data,
        **segments.fields,
        filled=filled,
    )
    team.run(sum_kernel(team.target, kind, segments), frame.address, segments.units)
    with np.errstate(all="ignore"):
        return list(found.sum(axis=0)[:, : blocks * lanes])


def sum_kernel(target: Target, kind: str, segments: Segments) -> int:
    """The address of one of the kernels, whose frame is :data:`SUMS`."""
    return _compiled(target)[f"{kind}_{segments.way}"]


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(SumKernels(target).functions(), target))
