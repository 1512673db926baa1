"""Working through an array in portions that fit into the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator


def portions(rows: int, length: int, elements: int) -> Iterator[slice]:
    """Slices over rows, each of about as many elements as asked for, and of one row at least.

    Args:
        rows: how many there are.
        length: elements of a row.
        elements: how many a portion shall have.
    """
    step = max(1, elements // max(1, length))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))
