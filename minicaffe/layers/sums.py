"""Sums over any number of values that are as exact as float32 can tell.

A running sum in single precision loses a digit with every hundredfold of its length: the variance
of 16.8 million values comes out 3 % off. Here a few hundred values follow each other in single
precision, and what such blocks give is added up in double precision. The result does not depend
on the number of threads.

An array is seen as (items, blocks, rows, lanes): sums run over items and rows, and there is one for
each of the blocks · lanes channels. Row-major images are (N, C, H·W, 1), a layout in blocks of 16
channels is (N, C/16, H·W, 16), one with the channels last (1, 1, N·H·W, C).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from minicaffe.threads import Team

#: The most values that single precision adds up one after the other. (Equal ones are rounded
#: alike: 128 times 0.3 is 1.3e-6 off.)
ROWS = 64


#: From this many neighbours on numpy's own sum, which is pairwise, is quick.
NEIGHBOURS = 64


#: The most of them that it adds up in single precision.
RUN = 1024


#: Elements worked on at a time, so that temporary arrays stay in the processor's cache.
PORTION = 1 << 18


#: How far the subtracted value may be from a mean, in standard deviations.
FAR = 4.0


#: Within this many standard deviations of 0 nothing needs to be subtracted: squares of blocks that
#: were added up in single precision are then as exact as those of differences.
CLOSE = 2.0

#: As for the solver's update, more threads would wait for Python's lock.
_team = Team(4, least=1 << 19)


Places = tuple[slice, slice, slice]
SumsAbout = Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]


def total(values: np.ndarray) -> np.ndarray:
    """Σ y of each channel.

    Args:
        values: (items, blocks, rows, lanes); unsigned 16-bit integers are bfloat16.

    Returns:
        float64, (blocks · lanes).
    """
    return _gather(values.shape, 1, lambda where, _: [_sum(_loaded(values[where]))])[0]


def products(
    left: np.ndarray,
    right: np.ndarray,
    about: np.ndarray | None = None,
    *,
    below_zero: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Σ left, and Σ left · (right - about), of each channel.

    Args:
        left, right: (items, blocks, rows, lanes).
        about: a number for each channel, (blocks · lanes), subtracted before anything is rounded.
        below_zero: take min(right, 0) instead of right - about.
    """
    shift = None if about is None else _Shift(about, right)

    def work(where: Places, scratch: Scratch) -> list[np.ndarray]:
        factor = _loaded(left[where])
        other = _loaded(right[where])
        out = scratch.like(other)
        if below_zero:
            other = np.minimum(other, 0, out=out)
        elif shift is not None:
            other = shift.subtracted(other, where, out)
        return [_sum(factor), _sum(np.multiply(other, factor, out=out))]

    first, second = _gather(left.shape, 2, work)
    return first, second


def moments(
    values: np.ndarray, sums_about: SumsAbout | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance, Σ x / m and Σ (x - mean)² / m, of each channel, as float64.

    Differences are taken from a value near the mean, so that nothing cancels: a mean of 10⁶ costs
    no precision, and a channel of equal values has the variance 0.

    Args:
        values: (items, blocks, rows, lanes).
        sums_about: adds up Σ (x - about) and Σ (x - about)², if not the functions here.
    """
    count = values.shape[0] * values.shape[2]
    sums_about = sums_about or _about
    about = _sample(values)
    for last in (False, False, True):
        first, second = sums_about(values, about)
        offset = first / count
        variance = np.maximum(second / count - offset * offset, 0)  # not a number stays so
        mean = about.astype(np.float64) + offset
        far = np.isfinite(mean) & (offset * offset > FAR * FAR * variance)
        nearer = np.where(far, near(mean, variance, about.dtype), about)
        if last or np.array_equal(nearer, about):  # the sample was good, as it nearly always is
            break
        about = nearer
    return mean, variance


def _about(values: np.ndarray, about: np.ndarray) -> list[np.ndarray]:
    """Σ (x - about) and Σ (x - about)²."""
    shift = _Shift(about, values)

    def work(where: Places, scratch: Scratch) -> list[np.ndarray]:
        given = _loaded(values[where])
        out = scratch.like(given)
        difference = shift.subtracted(given, where, out)
        return [_sum(difference), _sum(np.multiply(difference, difference, out=out))]

    return _gather(values.shape, 2, work)


def near(mean: np.ndarray, variance: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A number close to each mean from which values differ by what their type can hold; 0 for a
    mean that is no farther from it than values are from each other.

    It is a multiple of a power of 2 of about a tenth of the standard deviation. The difference
    from a number with more digits is rounded, and for large values always the same way: their
    mean moves by 10⁻⁸ of it.

    Args:
        mean, variance: of each channel, of one shape.
        dtype: that of the values.

    Returns:
        An array of that shape and type.
    """
    with np.errstate(all="ignore"):
        step = np.exp2(np.floor(np.log2(variance) / 2) - 3)
        rounded = np.rint(mean / step) * step
        rounded = np.where(np.abs(mean) <= CLOSE * np.sqrt(variance), 0, rounded)
    return np.where(np.isfinite(rounded), rounded, mean).astype(dtype)


def _sample(values: np.ndarray) -> np.ndarray:
    """A number near the mean of a few values of each channel; 0 where there is none."""
    items, _, rows, _ = values.shape
    few = _loaded(values[:: -(-items // 4), :, :: -(-rows // 8)])
    with np.errstate(all="ignore"):
        mean, variance = (f(few, axis=(0, 2), dtype=np.float64) for f in (np.mean, np.var))
        about = near(mean.reshape(-1), variance.reshape(-1), few.dtype)
    return np.where(np.isfinite(about), about, 0).astype(few.dtype)


class _Shift:
    """A number for each channel, laid out so that it can be subtracted from long runs of memory.

    Args:
        about: the numbers.
        values: from what they will be subtracted.
    """

    def __init__(self, about: np.ndarray, values: np.ndarray) -> None:
        blocks, lanes = values.shape[1], values.shape[3]
        self._laid = about.reshape(1, blocks, 1, lanes)
        self._shifts: np.ndarray = np.any(about.reshape(blocks, lanes), axis=1)
        if lanes > 1:
            shape = (1, blocks, _extents(values.shape)[2], lanes)
            self._laid = np.broadcast_to(self._laid, shape).copy()

    def subtracted(self, values: np.ndarray, where: Places, out: np.ndarray) -> np.ndarray:
        """The values of a portion minus the numbers: in ``out``, or the values for zeros."""
        if not self._shifts[where[1]].any():
            return values
        return np.subtract(values, self._laid[:, where[1], : values.shape[2]], out=out)


class Scratch:
    """Memory for a portion's differences and products, which the next portion uses again: fresh
    memory costs more than the arithmetic in it."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def like(self, values: np.ndarray) -> np.ndarray:
        """An array of this shape and type, with whatever is in it."""
        if self._bytes.size < values.nbytes:
            self._bytes = np.empty(values.nbytes, np.uint8)
        return self._bytes[: values.nbytes].view(values.dtype).reshape(values.shape)


def _extents(shape: Sequence[int]) -> tuple[int, int, int]:
    """How many items, blocks and rows a portion has."""
    items, blocks, rows, lanes = shape
    rows_each = min(rows, max(64 * ROWS, PORTION // lanes))
    blocks_each = min(blocks, max(1, PORTION // max(1, rows_each * lanes)))
    whole = blocks_each == blocks and rows_each == rows
    items_each = min(items, max(1, PORTION // max(1, blocks * rows * lanes))) if whole else 1
    return items_each, blocks_each, rows_each


def _gather(
    shape: Sequence[int], count: int, work: Callable[[Places, Scratch], list[np.ndarray]]
) -> list[np.ndarray]:
    """Add up what ``work`` gives for all portions, by channel, in an order of their own."""
    _, blocks, _, lanes = shape
    sums = [np.zeros((blocks, lanes)) for _ in range(count)]
    if not math.prod(shape):
        return [channels.reshape(-1) for channels in sums]
    starts = [
        [slice(start, start + step) for start in range(0, length, step)]
        for length, step in zip(shape[:3], _extents(shape), strict=True)
    ]
    places = [(items, parts, rows) for items, parts, rows in product(*starts)]
    found: list[list[np.ndarray]] = [[]] * len(places)

    def share(indices: range, _: int) -> None:
        scratch = Scratch()
        with np.errstate(all="ignore"):  # what is not finite stays so, without a word, as in C
            for index in indices:
                found[index] = work(places[index], scratch)

    _team.each([math.prod(shape) // len(places)] * len(places), share)
    with np.errstate(all="ignore"):
        for where, parts in zip(places, found, strict=True):
            for channels, part in zip(sums, parts, strict=True):
                channels[where[1]] += part
    return [channels.reshape(-1) for channels in sums]


def _sum(values: np.ndarray) -> np.ndarray:
    """Σ over items and rows of a portion: float64, (blocks, lanes)."""
    items, blocks, rows, lanes = values.shape
    if lanes > 1:
        return _sum_of_rows(values)
    flat = values[..., 0]
    if rows >= NEIGHBOURS:
        full = rows - rows % RUN
        runs = flat[:, :, :full].reshape(items, blocks, -1, RUN)
        sums = runs.sum(axis=3).sum(axis=(0, 2), dtype=np.float64)
        sums += flat[:, :, full:].sum(axis=2).sum(axis=0, dtype=np.float64)
        return sums[:, None]
    step = max(1, 2 * ROWS // rows)
    parts = [np.einsum("ibr->b", flat[start : start + step]) for start in range(0, items, step)]
    return np.stack(parts).sum(axis=0, dtype=np.float64)[:, None]


def _sum_of_rows(values: np.ndarray) -> np.ndarray:
    """Sums for several lanes: products with ones, which BLAS is quick at."""
    items, blocks, rows, lanes = values.shape
    side_by_side = max(1, 64 // lanes)  # rows that are seen as one, so that BLAS has long ones
    full = rows - rows % (ROWS * side_by_side)
    sums = np.zeros((blocks, lanes))
    ones = _ones(ROWS, values.dtype)
    if full:
        parts = values[:, :, :full].reshape(items, blocks, -1, ROWS, side_by_side * lanes)
        columns = np.matmul(ones, parts).reshape(items, blocks, -1, lanes)
        sums += columns.sum(axis=(0, 2), dtype=np.float64)
    for start in range(full, rows, ROWS):
        part = values[:, :, start : start + ROWS]
        sums += np.matmul(ones[:, : part.shape[2]], part).sum(axis=(0, 2), dtype=np.float64)
    return sums


@functools.cache
def _ones(count: int, dtype: np.dtype) -> np.ndarray:
    return np.ones((1, count), dtype)


def _loaded(values: np.ndarray) -> np.ndarray:
    """The values as numbers to compute with: bfloat16 is the upper half of a float32."""
    if values.dtype != np.uint16:
        return values
    return np.left_shift(values, 16, dtype=np.uint32).view(np.float32)
