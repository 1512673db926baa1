"""How far two arrays of one name are apart, where, and what may be the cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import visible

#: A share of the values that differ so rarely that a few decisions went the other way.
_FEW = 0.01


@dataclass(frozen=True)
class Row:
    """One value in both nets.

    Attributes:
        layer: the name of the layer that computes it.
        value: its name.
        absolute: the largest difference; infinite where only one of the two is a finite number.
        relative: that, as a share of the largest value of the first net.
        place: the index of the largest difference.
        tolerance: the largest share that is put down to rounding.
        cause: what the difference looks like, where it exceeds the tolerance; or that nothing was
            compared, as neither net has a finite number there.
    """

    layer: str
    value: str
    absolute: float
    relative: float
    place: tuple[int, ...]
    tolerance: float
    cause: str = ""

    @property
    def good(self) -> bool:
        """Whether the difference is no larger than rounding explains."""
        return self.relative <= self.tolerance

    @property
    def excess(self) -> float:
        """The difference in tolerances: above 1 it is none of rounding's."""
        return self.relative / self.tolerance if self.tolerance else self.relative


def without_numbers(rows: Iterable[Row]) -> str:
    """What to tell of values that have no finite number in either net; "" if there are none."""
    found = [row for row in rows if row.good and row.cause]
    if not found:
        return ""
    first = found[0]
    values = "1 value has" if len(found) == 1 else f"{len(found)} values have"
    return (
        f"{values} no finite number in either net, first '{first.value}' of layer "
        f"'{first.layer}', so that nothing is proved of them: weights or inputs are too large"
    )


def keep_largest(rows: dict[str, Row], row: Row) -> None:
    """Note a row by its value's name, unless one with a larger difference is there."""
    known = rows.get(row.value)
    if known is None or not row.excess <= known.excess:
        rows[row.value] = row


def measure(layer: str, value: str, first: np.ndarray, second: np.ndarray, tolerance: float) -> Row:
    """Compare two arrays that are to be equal; what is not a number in both is equal."""
    if first.shape != second.shape:
        shapes = f"shapes {shape_text(first.shape)} and {shape_text(second.shape)}"
        return Row(layer, value, np.inf, np.inf, (), tolerance, shapes)
    if not first.size:
        return Row(layer, value, 0.0, 0.0, (), tolerance)
    with np.errstate(all="ignore"):
        near = np.abs(first - second)
        largest, scale = float(near.max()), float(max(first.max(), -first.min()))
    if largest <= tolerance * scale < np.inf:  # the usual case, in one pass of single precision
        place = tuple(int(i) for i in np.unravel_index(int(near.argmax()), near.shape))
        return Row(layer, value, largest, largest / scale if scale else 0.0, place, tolerance)
    return _measure_exactly(layer, value, first, second, tolerance)


def _measure_exactly(
    layer: str, value: str, first: np.ndarray, second: np.ndarray, tolerance: float
) -> Row:
    """In double precision, with infinities and what is not a number."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    with np.errstate(all="ignore"):
        apart = np.array(np.abs(a - b))
    apart[(a == b) | (np.isnan(a) & np.isnan(b))] = 0  # equal infinities, too
    apart[np.isnan(apart)] = np.inf
    flat = int(apart.argmax())
    absolute = float(apart.flat[flat])
    finite = np.abs(a[np.isfinite(a)])
    scale = float(finite.max(initial=0))
    relative = absolute / scale if scale else absolute
    place = tuple(int(i) for i in np.unravel_index(flat, a.shape))
    cause = "" if relative <= tolerance else probable_cause(a, b, tolerance * (scale or 1))
    if not cause and not np.isfinite(a).any():
        cause = "no finite number in either net: nothing is compared"
    return Row(layer, value, absolute, relative, place, tolerance, cause)


def probable_cause(first: np.ndarray, second: np.ndarray, limit: float) -> str:
    """What a difference looks like, in a few words; "" if like nothing known.

    Args:
        first, second: of one shape, float64.
        limit: a smaller difference is none.
    """
    with np.errstate(all="ignore"):
        wrong = np.logical_not(np.abs(first - second) <= limit) & (first != second)
    if not np.isfinite(second).all() and np.isfinite(first).all():
        return "not finite in the second net: an overflow, or a division by 0"
    if not np.isfinite(first).all() and np.isfinite(second).all():
        return "not finite in the first net: an overflow, or a division by 0"
    if wrong.mean() <= _FEW and wrong.size > 1 / _FEW:
        return "only a few values: a decision between nearly equal ones, or one wrong weight"
    for test in (_of_items, _by_number, _in_channels, _at_border):
        if told := test(first, second, wrong, limit):
            return told
    return ""


def _of_items(first: np.ndarray, second: np.ndarray, wrong: np.ndarray, limit: float) -> str:
    """The first item is right, others are not."""
    if first.ndim < 2 or len(first) < 2:
        return ""
    items = np.asarray(wrong.reshape(len(wrong), -1).any(axis=1))
    if not items[0] and items[1:].any():
        return "the first item is right and others are not: the batch was taken for another axis"
    return ""


def _by_number(first: np.ndarray, second: np.ndarray, wrong: np.ndarray, limit: float) -> str:
    """One net's values are the other's times a number, plus a number."""
    a, b = first.reshape(-1), second.reshape(-1)
    if a.size < 3 or not (np.isfinite(a).all() and np.isfinite(b).all()) or not a.std():
        return ""
    factor, offset = np.polyfit(a, b, 1)
    if np.abs(factor * a + offset - b).max() > 10 * limit:
        return ""
    if abs(offset) <= limit:
        return f"all values are {factor:.6g} times as large: a factor, or a divisor"
    if abs(factor - 1) <= 1e-3:
        return f"all values are {offset:+.6g}: a bias or a mean"
    return f"{factor:.6g} · value {offset:+.6g}"


def _in_channels(first: np.ndarray, second: np.ndarray, wrong: np.ndarray, limit: float) -> str:
    """Some channels, or the same channels in another order."""
    if first.ndim < 2 or first.shape[1] < 2:
        return ""
    axes = tuple(axis for axis in range(first.ndim) if axis != 1)
    means = [np.sort(array.mean(axis=axes)) for array in (first, second)]
    if np.abs(means[0] - means[1]).max() <= limit:
        return "the channels are the same in another order"
    channels = np.flatnonzero(wrong.any(axis=axes))
    if len(channels) < first.shape[1]:
        told = ", ".join(map(str, channels[:8])) + (", …" if len(channels) > 8 else "")
        return f"only channels {told}: their weights or statistics"
    return ""


def _at_border(first: np.ndarray, second: np.ndarray, wrong: np.ndarray, limit: float) -> str:
    """The middle of the images is right, their border is not."""
    if first.ndim != 4 or min(first.shape[2:]) < 3:
        return ""
    inner = wrong[:, :, 1:-1, 1:-1]
    if not inner.any():
        return "only at the border of the images: padding, or how windows are rounded"
    return ""


def table(rows: Iterable[Row]) -> list[str]:
    """The rows as lines of a table, what exceeds its tolerance being marked."""
    cells = [("layer", "value", "largest difference", "of the largest", "at", "")]
    for row in rows:
        place = ",".join(map(str, row.place))
        numbers = (f"{row.absolute:.3g}", f"{row.relative:.3g}")
        mark = "" if row.good and not row.cause else f"<- {row.cause}".rstrip()
        cells.append((visible(row.layer), visible(row.value), *numbers, place, mark))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return [_line(line, widths) for line in cells]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()
