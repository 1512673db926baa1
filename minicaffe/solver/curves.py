"""Curves of a training's numbers as a picture (SVG), for notebooks."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from minicaffe.errors import visible

_WIDTH, _HEIGHT, _EDGE, _TITLE = 260, 130, 8, 20  # of one curve, in pixels
_STYLE = "font: 11px sans-serif; fill: currentColor"

Row = Mapping[str, float]


def curves(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """A small picture for each column, side by side, over the iterations; "" without a curve.

    A column has one where at least two of its values are finite numbers. The least and the greatest
    of them are written beside it.

    Args:
        rows: each with its ``iteration``; a column that has no value there is left out.
        columns: which to draw.
    """
    drawn = [_curve(name, points) for name in columns if len(points := _points(rows, name)) > 1]
    return f"<div>{''.join(drawn)}</div>" if drawn else ""


def _points(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    """(iteration, value) wherever the value is a finite number."""
    return [
        (row["iteration"], row[name]) for row in rows if name in row and math.isfinite(row[name])
    ]


def _curve(name: str, points: Sequence[tuple[float, float]]) -> str:
    places, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    across, down = _scale(places, _WIDTH), _scale(values, _HEIGHT - 2 * _TITLE)
    line = " ".join(
        f"{_EDGE + x:.1f},{_HEIGHT - _TITLE - y:.1f}" for x, y in zip(across, down, strict=True)
    )
    title = html.escape(visible(name))
    told = f"{title}: {values[0]:g} at iteration {places[0]:g}, {values[-1]:g} at {places[-1]:g}"
    texts = [
        (_EDGE, 13, f"{title}, {low:g} to {high:g}"),
        (_EDGE, _HEIGHT - 5, f"{places[0]:g}"),
        (_WIDTH - 5 * len(f"{places[-1]:g}"), _HEIGHT - 5, f"{places[-1]:g}"),
    ]
    return (
        f'<svg role="img" aria-label="{told}" width="{_WIDTH + 2 * _EDGE}" height="{_HEIGHT}">'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        + "".join(f'<text x="{x}" y="{y}" style="{_STYLE}">{text}</text>' for x, y, text in texts)
        + "</svg>"
    )


def _scale(values: Sequence[float], length: float) -> list[float]:
    """Values from 0 to a length; equal ones in the middle."""
    low, high = min(values), max(values)
    if high == low:
        return [length / 2] * len(values)
    half = high / 2 - low / 2  # which does not overflow
    return [(value / 2 - low / 2) / half * length for value in values]
