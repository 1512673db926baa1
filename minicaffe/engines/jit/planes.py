"""Planes of images, laid out so that neighbouring windows see neighbouring numbers.

Whatever the stride, a vector then holds what one tap sees in as many windows of a row::

    a row of the image, stride 2, pad 1:      x0 x1 x2 x3 x4 x5
    its line:   phase 0:  .  x1 x3 x5 …       (a . is border)
                phase 1:  x0 x2 x4 .  …

The tap at column j reads phase j % stride from place j / stride on. After the lines of the plane
comes one of border, for rows outside of the image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.frame import Fields
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.vectors import for_vectors, load, store
from minicaffe.layers.vision.geometry import Lengths

#: How windows lie, as frames say it: rows and columns of the plane and of the windows; taps, stride
#: and pad down and across; the distance of taps down; the length of a phase of a line, and of a
#: line. An address ``places`` belongs to it: where each tap across begins in a line.
WINDOWS = (
    "height width rows columns taps_down taps_across stride_down stride_across "
    "pad_above pad_left dilation pitch line"
)


@dataclass(frozen=True)
class PlaneWindows:
    """How windows lie over a plane; each pair is (down, across).

    Attributes:
        size: of the plane.
        kernel, stride, pad, dilation: of the windows.
        grid: how many windows there are.
        width: floats in a vector.
    """

    size: Lengths
    kernel: Lengths
    stride: Lengths
    pad: Lengths
    dilation: Lengths
    grid: Lengths
    width: int

    @property
    def pitch(self) -> int:
        """The length of a phase: all windows and taps, with what vectors read beyond the last
        window, and all columns of the image."""
        stride = self.stride[1]
        windows = -(-self.grid[1] // self.width) * self.width
        reach = windows + (self.kernel[1] - 1) * self.dilation[1] // stride
        return max(reach, -(-(self.size[1] + self.pad[1]) // stride))

    @property
    def line(self) -> int:
        """The length of a line."""
        return self.stride[1] * self.pitch

    @property
    def floats(self) -> int:
        """Numbers of a plane that is laid out, with the line of border."""
        return (self.size[0] + 1) * self.line

    @property
    def padded_columns(self) -> int:
        """Windows of a row, filled up to whole vectors."""
        return -(-self.grid[1] // self.width) * self.width

    def places(self) -> np.ndarray:
        """Where each tap across begins in a line."""
        columns = np.arange(self.kernel[1], dtype=np.int64) * self.dilation[1]
        return columns % self.stride[1] * self.pitch + columns // self.stride[1]

    def fields(self) -> dict[str, int]:
        """The values of :data:`WINDOWS`."""
        numbers = (*self.size, *self.grid, *self.kernel, *self.stride, *self.pad)
        values = (*numbers, self.dilation[0], self.pitch, self.line)
        return dict(zip(WINDOWS.split(), values, strict=True))


def fill(f: Function, array: str, floats: Int, number: Vector) -> None:
    """Write one vector over an array."""
    for_vectors(f, floats, lambda at, left: store(f, number, array, at, left))


def lay_out(f: Function, job: Fields, plane: str, lines: str) -> None:
    """Copy a plane into its lines, whose border stays as it is."""

    def move(row: str, line: str, columns: Int) -> None:
        def copy(at: Int, left: Int | None) -> None:
            store(f, load(f, row, at, left), line, at, left)

        for_vectors(f, columns, copy)

    _for_phases(f, job, plane, lines, move, inwards=True)


def collect(f: Function, job: Fields, lines: str, plane: str) -> None:
    """Copy the lines of a plane back, without the border."""

    def move(row: str, line: str, columns: Int) -> None:
        def copy(at: Int, left: Int | None) -> None:
            store(f, load(f, line, at, left), row, at, left)

        for_vectors(f, columns, copy)

    _for_phases(f, job, plane, lines, move, inwards=False)


def _for_phases(
    f: Function,
    job: Fields,
    plane: str,
    lines: str,
    move: Callable[[str, str, Int], None],
    *,
    inwards: bool,
) -> None:
    """Rows by ``move`` where there is one phase, else number by number."""
    stride, left, width = job["stride_across"], job["pad_left"], job["width"]
    single = f.compare("eq", stride, 1)
    with f.when(single), f.loop(job["height"]) as row:
        line = f.at(f.at(lines, f.mul(row, job["line"])), left)
        move(f.at(plane, f.mul(row, width)), line, width)
    with f.when(f.value(f"xor i1 {single}, true")), f.loop(stride) as phase:
        # of the columns q of the padded row: those with q % stride = phase, inside the image
        first = f.div(f.add(f.maximum(f.sub(left, phase), 0), f.sub(stride, 1)), stride)
        beyond = f.sub(f.add(width, left), phase)
        end = f.div(f.add(beyond, f.sub(stride, 1)), stride)
        start = f.sub(phase, left)
        with f.loop(job["height"]) as row:
            line = f.at(lines, f.add(f.mul(row, job["line"]), f.mul(phase, job["pitch"])))
            columns = f.at(plane, f.mul(row, width))
            with f.loop(end, first) as place:
                column = f.at(columns, f.add(start, f.mul(place, stride)))
                one = f.at(line, place)
                source, target = (column, one) if inwards else (one, column)
                f.store_float(f.load_float(source), target)


def line_of(f: Function, job: Fields, lines: str, row: Int) -> str:
    """The line of a row of the plane; that of the border for rows outside."""
    inside = f.compare("ult", row, job["height"])
    number = f.value(f"select i1 {inside}, i64 {row}, i64 {job['height']}")
    return f.at(lines, f.mul(number, job["line"]))


def rows_of_tap(f: Function, job: Fields, tap: Int) -> tuple[Int, Int, Int]:
    """For a tap down: the first row of windows that has it inside the plane, the one after the
    last, and the plane's row that row 0 of the windows would see."""
    shift = f.sub(f.mul(tap, job["dilation"]), job["pad_above"])
    stride = job["stride_down"]
    last = f.sub(stride, 1)
    first = f.div(f.add(f.maximum(f.sub(0, shift), 0), last), stride)
    end = f.div(f.maximum(f.add(f.sub(job["height"], shift), last), 0), stride)
    return first, f.minimum(end, job["rows"]), shift
