"""Loops over the vectors of arrays, whose last one may hold fewer elements than fill it."""

from __future__ import annotations

from collections.abc import Callable

from minicaffe.engines.jit.ir import Function, Int, Vector


def for_vectors(f: Function, count: Int, body: Callable[[Int, Int | None], None]) -> None:
    """Write a loop over the vectors of an array.

    Args:
        f: the function.
        count: elements of the array.
        body: writes a turn, with the number of the vector's first element, and how many of them
            are left where that is less than a vector.
    """
    beyond = f.rem(count, f.width)
    whole = f.sub(count, beyond)
    with f.loop(whole, step=f.width) as at:
        body(at, None)
    with f.when(f.compare("ne", beyond, 0)):
        body(whole, beyond)


def load(
    f: Function, array: str, at: Int, left: Int | None, other: Vector = "zeroinitializer"
) -> Vector:
    """A vector of an array; beyond what is left, elements of another vector."""
    place = f.at(array, at)
    return f.load(place) if left is None else f.load_first(place, left, other)


def store(f: Function, vector: Vector, array: str, at: Int, left: Int | None) -> None:
    """Write a vector, or what is left of it."""
    if left is None:
        f.store(vector, f.at(array, at))
    else:
        f.store_first(vector, f.at(array, at), left)
