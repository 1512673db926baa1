"""Blobs of MS-CNN and Cascade R-CNN that are rows, one for each box."""

from __future__ import annotations

import math

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError


def require_rows(blob: Blob, index: int, what: str, rows: int, columns: int) -> None:
    """Refuse a bottom that is not ``rows`` rows of ``columns`` numbers.

    Args:
        index: which bottom it is.
        what: what it holds.

    Raises:
        ShapeError: says what it is, and what was expected.
    """
    shape = blob.shape
    if not shape or shape[0] != rows or math.prod(shape[1:]) != columns:
        raise ShapeError(
            f"bottom {index} ({what}) has shape {shape_text(shape)}; expected {rows}×{columns}"
        )


def row_count(blob: Blob) -> int:
    """The length of a blob's first axis; 0 for a scalar."""
    return blob.shape[0] if blob.shape else 0


def column_count(blob: Blob) -> int:
    """How many numbers each row has."""
    return math.prod(blob.shape[1:])
