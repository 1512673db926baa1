"""Writes the kernels of convolutions whose groups have a single input: depthwise ones.

A vector holds neighbouring windows of a row of one output's plane. Each output o reads the plane
of input o / outputs::

    y[o] = b[o] + Σ_t w[o,t] · x[t]      dx[c] = Σ_o Σ_t w[o,t] · dy[o]      dw[o,t] += Σ dy · x[t]

where x[t] is what tap t sees in each window. Sums over windows are in single precision within a
plane and a lane of the vector, and in double precision beyond.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

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

#: The images' planes and those of the windows, values or gradients; the weights or their gradient,
#: the bias; places and windows as of planes.py; how many images, inputs, and outputs of an input.
DEPTHWISE = Layout("images windows weights bias places", f"{WINDOWS} batch inputs outputs")


@dataclass(frozen=True)
class DepthwiseKernels:
    """Writes ``forward``, ``backward`` and ``gradient``."""

    target: Target

    def functions(self) -> list[Function]:
        """All of them."""
        return [self._write_forward(), self._write_backward(), self._write_gradient()]

    def _begin(self, name: str) -> tuple[Function, Fields, dict[str, Int]]:
        """A kernel, what it is told, and sizes that follow from it."""
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = DEPTHWISE.read(f, "%pass")
        sizes = {
            "pixels": f.mul(job["height"], job["width"]),
            "windows": f.mul(job["rows"], job["columns"]),
            "taps": f.mul(job["taps_down"], job["taps_across"]),
            "all": f.mul(job["inputs"], job["outputs"]),
            "lines": f.mul(job["line"], f.add(job["height"], 1)),
            "padded": f.mul(f.div(f.add(job["columns"], f.width - 1), f.width), f.width),
        }
        return f, job, sizes

    def _write_forward(self) -> Function:
        """A unit is the plane of an output of an image."""
        f, job, sizes = self._begin("forward")
        lines = "%workspace"
        fill(f, lines, sizes["lines"], f.constant(0.0))
        with f.loop("%last", "%first") as unit:
            output = f.rem(unit, sizes["all"])
            plane = f.div(unit, job["outputs"])  # of the inputs of all images
            lay_out(f, job, f.at(job["images"], f.mul(plane, sizes["pixels"])), lines)
            weights = f.at(job["weights"], f.mul(output, sizes["taps"]))
            bias = f.broadcast(job["bias"], output)
            with f.loop(job["rows"]) as row:
                top = f.sub(f.mul(row, job["stride_down"]), job["pad_above"])
                here = f.add(f.mul(unit, sizes["windows"]), f.mul(row, job["columns"]))
                y = f.at(job["windows"], here)

                def write(
                    at: Int,
                    left: Int | None,
                    top: Int = top,
                    y: str = y,
                    weights: str = weights,
                    bias: Vector = bias,
                ) -> None:
                    total = self._windows(f, job, f.at(lines, at), weights, top, bias)
                    store(f, total, y, at, left)

                for_vectors(f, job["columns"], write)
        return f

    def _windows(
        self, f: Function, job: Fields, lines: str, weights: str, top: Int, start: Vector
    ) -> Vector:
        """Σ_t w[t] · x[t] of a vector of windows, added to ``start``."""

        def down(tap: Int, total: list[Vector]) -> list[Vector]:
            row = f.add(top, f.mul(tap, job["dilation"]))
            line = line_of(f, job, lines, row)
            row_weights = f.at(weights, f.mul(tap, job["taps_across"]))

            def across(place: Int, total: list[Vector]) -> list[Vector]:
                x = f.load(line, f.integer(job["places"], place))
                return [f.fma(x, f.broadcast(row_weights, place), total[0])]

            return f.folded(job["taps_across"], total, across)

        (total,) = f.folded(job["taps_down"], [start], down)
        return total

    def _write_backward(self) -> Function:
        """A unit is the plane of an input of an image. A tap goes over all windows before the next
        one: a sum that has just been stored is not loaded again at once."""
        f, job, sizes = self._begin("backward")
        lines = "%workspace"
        with f.loop("%last", "%first") as unit:
            fill(f, lines, sizes["lines"], f.constant(0.0))
            channel = f.rem(unit, job["inputs"])
            with f.loop(job["outputs"]) as index:
                output = f.add(f.mul(channel, job["outputs"]), index)
                weights = f.at(job["weights"], f.mul(output, sizes["taps"]))
                plane = f.add(f.mul(unit, job["outputs"]), index)
                dy = f.at(job["windows"], f.mul(plane, sizes["windows"]))
                self._spread(f, job, lines, dy, weights)
            collect(f, job, lines, f.at(job["images"], f.mul(unit, sizes["pixels"])))
        return f

    def _spread(self, f: Function, job: Fields, lines: str, dy: str, weights: str) -> None:
        """Add w[t] · dy to what tap t sees, tap by tap."""
        with f.loop(job["taps_down"]) as tap, f.loop(job["taps_across"]) as across:
            first, end, shift = rows_of_tap(f, job, tap)
            place = f.integer(job["places"], across)
            number = f.add(f.mul(tap, job["taps_across"]), across)
            weight = f.broadcast(weights, number)
            with f.loop(end, first) as row:
                seen = f.add(f.mul(row, job["stride_down"]), shift)
                line = f.at(lines, f.add(f.mul(seen, job["line"]), place))
                source = f.at(dy, f.mul(row, job["columns"]))

                def add(at: Int, left: Int | None, line: str = line, source: str = source) -> None:
                    before = load(f, line, at, left)
                    share = load(f, source, at, left)
                    store(f, f.fma(share, weight, before), line, at, left)

                for_vectors(f, job["columns"], add)

    def _write_gradient(self) -> Function:
        """A unit is an output: all its planes, one after the other."""
        f, job, sizes = self._begin("gradient")
        lines = "%workspace"
        sums = f.at(lines, sizes["lines"])  # a vector of doubles a tap
        fill(f, lines, sizes["lines"], f.constant(0.0))
        with f.loop("%last", "%first") as output:
            with f.loop(sizes["taps"]) as tap:
                f.store_doubles("zeroinitializer", sums, f.mul(tap, f.width))
            with f.loop(job["batch"]) as image:
                channel = f.div(output, job["outputs"])
                plane = f.add(f.mul(image, job["inputs"]), channel)
                lay_out(f, job, f.at(job["images"], f.mul(plane, sizes["pixels"])), lines)
                plane = f.add(f.mul(image, sizes["all"]), output)
                dy = f.at(job["windows"], f.mul(plane, sizes["windows"]))
                self._add_products(f, job, lines, dy, sums)
            weights = f.at(job["weights"], f.mul(output, sizes["taps"]))
            with f.loop(sizes["taps"]) as tap:
                total = f.total_of_doubles(f.load_doubles(sums, f.mul(tap, f.width)))
                one = f.value(f"fptrunc double {total} to float")
                before = f.load_float(weights, tap)
                f.store_float(f.value(f"fadd float {before}, {one}"), weights, tap)
        return f

    def _add_products(self, f: Function, job: Fields, lines: str, dy: str, sums: str) -> None:
        """Add Σ dy · x[t] over a plane to the sums of each tap."""
        beyond = f.rem(job["columns"], f.width)
        whole = f.sub(job["columns"], beyond)
        rest = f.compare("ne", beyond, 0)
        mask = f.first(beyond)
        with f.loop(job["taps_down"]) as tap, f.loop(job["taps_across"]) as across:
            first, end, shift = rows_of_tap(f, job, tap)
            place = f.integer(job["places"], across)

            def of_row(row: Int, total: list[Vector]) -> list[Vector]:
                seen = f.add(f.mul(row, job["stride_down"]), shift)
                line = f.at(lines, f.add(f.mul(seen, job["line"]), place))
                source = f.at(dy, f.mul(row, job["columns"]))

                def add(at: Int, total: list[Vector]) -> list[Vector]:
                    return [f.fma(f.load(line, at), f.load(source, at), total[0])]

                return f.folded(whole, total, add, step=f.width)

            (total,) = f.folded(end, [f.constant(0.0)], of_row, start=first)
            number = f.mul(f.add(f.mul(tap, job["taps_across"]), across), f.width)
            self._add_to(f, sums, number, total)
            with f.when(rest):

                def of_end(row: Int, total: list[Vector]) -> list[Vector]:
                    seen = f.add(f.mul(row, job["stride_down"]), shift)
                    line = f.at(lines, f.add(f.mul(seen, job["line"]), place))
                    source = f.at(dy, f.mul(row, job["columns"]))
                    x = f.select(mask, f.load(line, whole), "zeroinitializer")
                    return [f.fma(x, load(f, source, whole, beyond), total[0])]

                (total,) = f.folded(end, [f.constant(0.0)], of_end, start=first)
                self._add_to(f, sums, number, total)

    def _add_to(self, f: Function, sums: str, number: Int, total: Vector) -> None:
        before = f.load_doubles(sums, number)
        f.store_doubles(f.add_doubles(before, f.widened(total)), sums, number)


class DepthwisePass:
    """A depthwise convolution of images of one size, and both gradients.

    Args:
        team: the threads.
        windows: how they lie.
        batch, inputs, outputs: images, channels, and outputs of each of them.
    """

    def __init__(
        self, team: Team, windows: PlaneWindows, batch: int, inputs: int, outputs: int
    ) -> None:
        self._team = team
        self._places = windows.places()
        self._frame = DEPTHWISE.frame(
            **dict.fromkeys(("images", "windows", "weights", "bias"), 0),
            places=self._places.ctypes.data,
            batch=batch,
            inputs=inputs,
            outputs=outputs,
            **windows.fields(),
        )
        taps = windows.kernel[0] * windows.kernel[1]
        self._floats = windows.floats + 2 * team.target.width * taps
        self._units = {
            "forward": batch * inputs * outputs,
            "backward": batch * inputs,
            "gradient": inputs * outputs,
        }

    @property
    def workspace(self) -> int:
        """How many floats the threads need together."""
        return self._team.workspace(self._floats)

    def run(
        self, kernel: str, images: int, windows: int, weights: int, workspace: int, bias: int = 0
    ) -> None:
        """Run a kernel of :class:`DepthwiseKernels`.

        Args:
            kernel: its name.
            images, windows: addresses of values or gradients.
            weights: the weights' address, or that of their gradient, to which is added.
            workspace: memory for :attr:`workspace` floats.
            bias: its address, forward.
        """
        values = {"images": images, "windows": windows, "weights": weights, "bias": bias}
        for name, value in values.items():
            self._frame[name] = value
        address = _compiled(self._team.target)[kernel]
        self._team.run(address, self._frame.address, self._units[kernel], workspace, self._floats)


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(DepthwiseKernels(target).functions(), target))
