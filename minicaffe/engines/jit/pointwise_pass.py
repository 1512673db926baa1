"""Writes kernels that go once over an array: ReLU, and what each channel of an image is moved by.

An array is seen as pieces of equal length, one a unit; the last one may be shorter. Channels take
turns: unit u has the numbers of channel u % channels::

    normalise    d = (x - a) - b        y = d · gain + shift           (keep: d is written, too)
    scale        y = x · gain + shift                                  (keep: x is written, too)
    difference   y = (x - d · a - b) · gain
    relu         y = max(x, 0) + slope · min(x, 0)
    relu_back    y = x where d > 0, else slope · x
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team
from minicaffe.engines.jit.vectors import for_vectors, load, store

#: The arrays x, y and d; the channels' numbers (of ReLU the slope is in ``gain``); the length of a
#: piece, of the whole array, and how many channels there are.
POINTWISE = Layout("x y d a b gain shift", "length total channels")

#: Numbers of a piece where there are no channels.
PIECE = 1 << 14

_Write = Callable[[Function, Fields, dict[str, Vector], Int, "Int | None"], None]


@dataclass(frozen=True)
class PointwiseKernels:
    """Writes the kernels."""

    target: Target

    def functions(self) -> list[Function]:
        """All of them."""
        kernels: dict[str, tuple[str, _Write]] = {
            "normalise": ("a b gain shift", _normalise),
            "normalise_keep": ("a b gain shift", _normalise_keep),
            "scale": ("gain shift", _scale),
            "scale_keep": ("gain shift", _scale_keep),
            "difference": ("a b gain", _difference),
            "relu": ("gain", _relu),
            "relu_back": ("gain", _relu_back),
        }
        return [self._write(name, *kernel) for name, kernel in kernels.items()]

    def _write(self, name: str, numbers: str, write: _Write) -> Function:
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = POINTWISE.read(f, "%pass")
        with f.loop("%last", "%first") as unit:
            start = f.mul(unit, job["length"])
            count = f.minimum(job["length"], f.sub(job["total"], start))
            channel = f.rem(unit, job["channels"])
            of = {each: f.broadcast(job[each], channel) for each in numbers.split()}
            arrays = {each: f.at(job[each], start) for each in ("x", "y", "d")}
            for_vectors(f, count, functools.partial(write, f, arrays, of))
        return f


def _normalise(
    f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None
) -> None:
    d = f.fsub(f.fsub(load(f, arrays["x"], at, left), of["a"]), of["b"])
    store(f, f.fadd(f.fmul(d, of["gain"]), of["shift"]), arrays["y"], at, left)


def _normalise_keep(
    f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None
) -> None:
    d = f.fsub(f.fsub(load(f, arrays["x"], at, left), of["a"]), of["b"])
    store(f, d, arrays["d"], at, left)
    store(f, f.fadd(f.fmul(d, of["gain"]), of["shift"]), arrays["y"], at, left)


def _scale(f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None) -> None:
    x = load(f, arrays["x"], at, left)
    store(f, f.fadd(f.fmul(x, of["gain"]), of["shift"]), arrays["y"], at, left)


def _scale_keep(
    f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None
) -> None:
    x = load(f, arrays["x"], at, left)
    store(f, x, arrays["d"], at, left)
    store(f, f.fadd(f.fmul(x, of["gain"]), of["shift"]), arrays["y"], at, left)


def _difference(
    f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None
) -> None:
    x, d = load(f, arrays["x"], at, left), load(f, arrays["d"], at, left)
    rest = f.fsub(f.fsub(x, f.fmul(d, of["a"])), of["b"])
    store(f, f.fmul(rest, of["gain"]), arrays["y"], at, left)


def _relu(f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None) -> None:
    """0 times minus infinity is not a number."""
    x, zero = load(f, arrays["x"], at, left), f.constant(0.0)
    negative = f.fmul(f.below(x, zero), of["gain"])
    store(f, f.fadd(f.above(x, zero), negative), arrays["y"], at, left)


def _relu_back(
    f: Function, arrays: Fields, of: dict[str, Vector], at: Int, left: Int | None
) -> None:
    dy, x = load(f, arrays["x"], at, left), load(f, arrays["d"], at, left)
    positive = f.fcompare("ogt", x, f.constant(0.0))
    store(f, f.select(positive, dy, f.fmul(dy, of["gain"])), arrays["y"], at, left)


class Pointwise:
    """Runs the kernels over arrays of one type, contiguous and of one size.

    Args:
        team: the threads.
    """

    def __init__(self, team: Team) -> None:
        self._team = team

    def by_channel(
        self,
        kernel: str,
        x: np.ndarray,
        y: np.ndarray,
        d: np.ndarray | None = None,
        **numbers: np.ndarray | None,
    ) -> None:
        """Run a kernel over (N, C, S).

        Args:
            kernel: its name.
            x, y, d: the arrays.
            numbers: of each channel: ``a``, ``b``, ``gain`` and ``shift`` as the kernel has them;
                None for zeros.
        """
        _, channels, length = x.shape
        rows = {
            name: np.zeros(channels, np.float32)
            if given is None
            else np.ascontiguousarray(given, np.float32)
            for name, given in numbers.items()
        }
        self._run(kernel, (x, y, x if d is None else d), rows, (length, channels))

    def alike(self, kernel: str, x: np.ndarray, y: np.ndarray, d: np.ndarray, slope: float) -> None:
        """Run a kernel of ReLU over arrays of any shape."""
        self._run(kernel, (x, y, d), {"gain": np.full(1, slope, np.float32)}, (PIECE, 1))

    def _run(
        self,
        kernel: str,
        arrays: tuple[np.ndarray, np.ndarray, np.ndarray],
        numbers: dict[str, np.ndarray],
        size: tuple[int, int],
    ) -> None:
        x, y, d = (array.ctypes.data for array in arrays)
        rows = {name: row.ctypes.data for name, row in numbers.items()}
        frame = POINTWISE.frame(
            **{**dict.fromkeys(("a", "b", "gain", "shift"), 0), **rows},
            x=x,
            y=y,
            d=d,
            length=size[0],
            channels=size[1],
            total=arrays[0].size,
        )
        units = -(-arrays[0].size // size[0])
        self._team.run(_compiled(self._team.target)[kernel], frame.address, units)


@functools.cache
def _compiled(target: Target) -> dict[str, int]:
    return dict(compile_functions(PointwiseKernels(target).functions(), target))
