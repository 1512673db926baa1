"""Writes the products of a small constant matrix with vectors, as few operations as it can."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from minicaffe.engines.jit.ir import Function, Vector

Row = Sequence[Fraction]


def transform(f: Function, matrix: Sequence[Row], vectors: Sequence[Vector]) -> list[Vector]:
    """Write ``matrix · vectors``; returns the names of the results.

    Two rows that differ only in the sign of their odd columns (the points a and -a) share the sum
    of the even columns and that of the odd ones: their results are the sum and the difference.
    """
    out: dict[int, Vector] = {}
    for index, row in enumerate(matrix):
        if index in out:
            continue
        mirror = _mirrored(matrix, index, out)
        if mirror is None:
            out[index] = _signed(f, *_combination(f, row, vectors))
            continue
        even = _combination(f, row[0::2], vectors[0::2])
        odd = _combination(f, row[1::2], vectors[1::2])
        out[index] = _sum(f, even, odd)
        out[mirror] = _sum(f, even, (odd[0], not odd[1]))
    return [out[index] for index in range(len(matrix))]


def _mirrored(matrix: Sequence[Row], index: int, done: dict[int, Vector]) -> int | None:
    """The row of the point -a for that of a point a, where both halves are there."""
    row = matrix[index]
    if not any(row[0::2]) or not any(row[1::2]):
        return None
    wanted = [-value if place % 2 else value for place, value in enumerate(row)]
    for other in range(index + 1, len(matrix)):
        if other not in done and list(matrix[other]) == wanted:
            return other
    return None


def _combination(f: Function, row: Row, vectors: Sequence[Vector]) -> tuple[Vector, bool]:
    """Σ factor · vector, and whether the sum is to be taken negative."""
    terms = [(factor, vector) for factor, vector in zip(row, vectors, strict=True) if factor]
    if not terms:
        return f.constant(0.0), False
    terms.sort(key=lambda term: abs(term[0]) != 1)  # begin with one that needs no product
    factor, total = terms[0]
    negative = factor == -1
    if abs(factor) != 1:
        total = f.fmul(f.constant(float(factor)), total)
    for factor, vector in terms[1:]:
        signed = -factor if negative else factor
        if signed == 1:
            total = f.fadd(total, vector)
        elif signed == -1:
            total = f.fsub(total, vector)
        else:
            total = f.fma(f.constant(float(signed)), vector, total)
    return total, negative


def _signed(f: Function, vector: Vector, negative: bool) -> Vector:
    return f.fneg(vector) if negative else vector


def _sum(f: Function, a: tuple[Vector, bool], b: tuple[Vector, bool]) -> Vector:
    """a + b with their signs."""
    (first, first_negative), (second, second_negative) = a, b
    if first_negative == second_negative:
        return _signed(f, f.fadd(first, second), first_negative)
    return f.fsub(second, first) if first_negative else f.fsub(first, second)
