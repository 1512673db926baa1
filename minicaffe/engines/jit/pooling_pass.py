"""Writes the kernels of MAX and AVE pooling, forward and backward; a unit is a plane.

A vector holds neighbouring windows of a row. MAX keeps for each window the index of its winner in
the plane, as a float as a second top has it, -1 for none; a comparison with NaN is false, so NaN
never wins.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.planes import (
    WINDOWS,
    PlaneWindows,
    collect,
    fill,
    lay_out,
    line_of,
    rows_of_tap,
)
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team
from minicaffe.engines.jit.vectors import for_vectors, load, store
from minicaffe.layers.vision.geometry import PoolingGeometry
from minicaffe.layers.vision.pooling import LOWEST

#: The images' planes and those of the windows (values forward, gradients backward); winners; by
#: what AVE divides; places and windows as of planes.py.
POOLING = Layout("images windows winners areas places", WINDOWS)

#: A row of windows: the plane's lines, the row of the plane that it begins at, its number, and
#: where it is among all windows.
_Row = tuple[str, Int, Int, Int]
_WriteWindows = Callable[[Function, Fields, _Row], None]

#: Indices up to here are floats without rounding.
_MOST_PIXELS = 1 << 24
#: Floats of a thread's workspace.
_MOST_FLOATS = 1 << 23


@dataclass(frozen=True)
class PoolingKernels:
    """Writes ``max_forward``, ``max_backward``, ``ave_forward`` and ``ave_backward``."""

    target: Target

    def functions(self) -> list[Function]:
        """All of them."""
        return [
            self._write_forward("max_forward", LOWEST, self._largest),
            self._write_forward("ave_forward", 0.0, self._mean),
            self._write_max_backward(),
            self._write_ave_backward(),
        ]

    def _begin(self, name: str) -> tuple[Function, Fields, Int, Int]:
        """A kernel, what it is told, and the sizes of both planes."""
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = POOLING.read(f, "%pass")
        pixels = f.mul(job["height"], job["width"])
        return f, job, pixels, f.mul(job["rows"], job["columns"])

    # ------------------------------------------------------------------ forward

    def _write_forward(self, name: str, border: float, write_windows: _WriteWindows) -> Function:
        f, job, pixels, windows = self._begin(name)
        lines = "%workspace"
        fill(f, lines, f.mul(job["line"], f.add(job["height"], 1)), f.constant(border))
        with f.loop("%last", "%first") as plane:
            lay_out(f, job, f.at(job["images"], f.mul(plane, pixels)), lines)
            with f.loop(job["rows"]) as row:
                top = f.sub(f.mul(row, job["stride_down"]), job["pad_above"])
                here = f.add(f.mul(plane, windows), f.mul(row, job["columns"]))
                write_windows(f, job, (lines, top, row, here))
        return f

    def _largest(self, f: Function, job: Fields, where: _Row) -> None:
        lines, top, _, here = where
        one = f.constant(1.0)
        y, winners = f.at(job["windows"], here), f.at(job["winners"], here)
        first_column = f.filled(f.float_of(f.sub(0, job["pad_left"])))
        stride = f.filled(f.float_of(job["stride_across"]))

        def write(at: Int, left: Int | None) -> None:
            column = f.fadd(f.filled(f.float_of(at)), f.ascending())
            column = f.fadd(f.fmul(column, stride), first_column)

            def down(tap: Int, found: list[Vector]) -> list[Vector]:
                row = f.add(top, tap)
                line = f.at(line_of(f, job, lines, row), at)
                pixel = f.fadd(column, f.filled(f.float_of(f.mul(row, job["width"]))))

                def across(place: Int, found: list[Vector]) -> list[Vector]:
                    best, winner, pixel = found
                    x = f.load(line, f.integer(job["places"], place))
                    larger = f.fcompare("ogt", x, best)
                    winner = f.select(larger, pixel, winner)
                    return [f.select(larger, x, best), winner, f.fadd(pixel, one)]

                return f.folded(job["taps_across"], [*found, pixel], across)[:2]

            start = [f.constant(LOWEST), f.constant(-1.0)]
            best, winner = f.folded(job["taps_down"], start, down)
            store(f, best, y, at, left)
            store(f, winner, winners, at, left)

        for_vectors(f, job["columns"], write)

    def _mean(self, f: Function, job: Fields, where: _Row) -> None:
        lines, top, row, here = where
        y, areas = f.at(job["windows"], here), f.at(job["areas"], f.mul(row, job["columns"]))

        def write(at: Int, left: Int | None) -> None:
            def down(tap: Int, total: list[Vector]) -> list[Vector]:
                line = f.at(line_of(f, job, lines, f.add(top, tap)), at)

                def across(place: Int, total: list[Vector]) -> list[Vector]:
                    return [f.fadd(total[0], f.load(line, f.integer(job["places"], place)))]

                return f.folded(job["taps_across"], total, across)

            (total,) = f.folded(job["taps_down"], [f.constant(0.0)], down)
            store(f, f.fdiv(total, load(f, areas, at, left, f.constant(1.0))), y, at, left)

        for_vectors(f, job["columns"], write)

    # ------------------------------------------------------------------ backward

    def _write_max_backward(self) -> Function:
        """Each window's gradient goes to its winner."""
        f, job, pixels, windows = self._begin("max_backward")
        with f.loop("%last", "%first") as plane:
            dx = f.at(job["images"], f.mul(plane, pixels))
            fill(f, dx, pixels, f.constant(0.0))
            here = f.mul(plane, windows)
            with f.loop(windows) as window:
                place = f.add(here, window)
                pixel = f.whole_of(f.load_float(job["winners"], place))
                with f.when(f.compare("sge", pixel, 0)):
                    share = f.load_float(job["windows"], place)
                    total = f.value(f"fadd float {f.load_float(dx, pixel)}, {share}")
                    f.store_float(total, dx, pixel)
        return f

    def _write_ave_backward(self) -> Function:
        """Each pixel gets its windows' shares. A tap goes over all windows before the next one:
        a sum that has just been stored is not loaded again at once."""
        f, job, pixels, windows = self._begin("ave_backward")
        floats = f.mul(job["line"], f.add(job["height"], 1))
        lines, shares = "%workspace", f.at("%workspace", floats)
        padded = f.mul(f.div(f.add(job["columns"], f.width - 1), f.width), f.width)
        with f.loop("%last", "%first") as plane:
            fill(f, lines, floats, f.constant(0.0))
            dy = f.at(job["windows"], f.mul(plane, windows))
            with f.loop(job["rows"]) as row:
                self._write_shares(f, job, (dy, shares), row, padded)
            with f.loop(job["taps_down"]) as tap, f.loop(job["taps_across"]) as across:
                first, end, shift = rows_of_tap(f, job, tap)
                place = f.integer(job["places"], across)
                with f.loop(end, first) as row:
                    seen = f.add(f.mul(row, job["stride_down"]), shift)
                    line = f.at(lines, f.add(f.mul(seen, job["line"]), place))
                    with f.loop(padded, step=f.width) as at:
                        share = f.load(shares, f.add(f.mul(row, padded), at))
                        f.store(f.fadd(f.load(line, at), share), line, at)
            collect(f, job, lines, f.at(job["images"], f.mul(plane, pixels)))
        return f

    def _write_shares(
        self, f: Function, job: Fields, arrays: tuple[str, str], row: Int, padded: Int
    ) -> None:
        """A row of dy / area, with zeros up to a whole vector."""
        start = f.mul(row, job["columns"])
        dy, areas = f.at(arrays[0], start), f.at(job["areas"], start)
        shares = f.at(arrays[1], f.mul(row, padded))

        def divide(at: Int, left: Int | None) -> None:
            area = load(f, areas, at, left, f.constant(1.0))
            f.store(f.fdiv(load(f, dy, at, left), area), shares, at)

        for_vectors(f, job["columns"], divide)


class PoolingPass:
    """Pooling of planes by one geometry, both ways.

    Args:
        team: the threads.
        geometry: how the windows lie.
        planes: how many there are.
    """

    def __init__(self, team: Team, geometry: PoolingGeometry, planes: int) -> None:
        self._team, self._planes = team, planes
        windows = plane_windows(geometry, team.target)
        self._places = windows.places()
        self._areas = geometry.areas().astype(np.float32)
        self._frame = POOLING.frame(
            images=0,
            windows=0,
            winners=0,
            areas=self._areas.ctypes.data,
            places=self._places.ctypes.data,
            **windows.fields(),
        )
        self._floats = windows.floats + geometry.output[0] * windows.padded_columns

    @property
    def workspace(self) -> int:
        """How many floats the threads need together."""
        return self._team.workspace(self._floats)

    def run(self, kernel: str, images: int, windows: int, winners: int, workspace: int) -> None:
        """Run a kernel of :class:`PoolingKernels`.

        Args:
            kernel: its name.
            images, windows: addresses of values or gradients.
            winners: their address, for MAX.
            workspace: memory for :attr:`workspace` floats.
        """
        self._frame["images"], self._frame["windows"] = images, windows
        self._frame["winners"] = winners
        address = _compiled(self._team.target)[kernel]
        self._team.run(address, self._frame.address, self._planes, workspace, self._floats)


def plane_windows(geometry: PoolingGeometry, target: Target) -> PlaneWindows:
    """The windows, for planes that are laid out."""
    return PlaneWindows(
        *(geometry.size, geometry.kernel, geometry.stride, geometry.pad, (1, 1), geometry.output),
        target.width,
    )


def suits(geometry: PoolingGeometry, target: Target) -> bool:
    """Whether there are kernels for such windows: a plane must fit into a thread's memory."""
    windows = plane_windows(geometry, target)
    pixels = geometry.size[0] * geometry.size[1]
    floats = windows.floats + geometry.output[0] * windows.padded_columns
    return 0 < pixels <= _MOST_PIXELS and floats <= _MOST_FLOATS


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(PoolingKernels(target).functions(), target))
