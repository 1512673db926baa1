"""Writes kernels that make of a batch's sums what its normalisation needs of each channel.

In double precision, one vector of channels at a time, as :mod:`minicaffe.layers.sums` does::

    mean = start + Σ (x - start) / m       var = Σ (x - start)² / m - (Σ (x - start) / m)²
    about = a number near the mean         inv = 1 / √(var + eps)
    gain = inv · γ                         shift = β - (mean - about) · gain

and backward, of Σ g and P = Σ g · (x - mean)::

    dγ = inv · P      slope = -inv² · P / m      rest = -Σ g / m - slope · (mean - about)
    dβ = Σ g          factor = inv · γ

``guess`` finds where to start from, of a few values; ``measure`` says how many channels lie so far
from there that their sums are to be taken again, from where it has moved the start.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicaffe.engines.jit.doubles import Doubles
from minicaffe.engines.jit.frame import Layout
from minicaffe.engines.jit.ir import Function, Int
from minicaffe.engines.jit.target import Target
from minicaffe.layers.sums import CLOSE, FAR

#: The addresses of the sums (doubles, two rows of channels a part), of the numbers of a channel
#: (``mean`` to ``rest`` doubles), and of the doubles m, eps and how many channels are far; then
#: the parts, the channels with those that fill up a block, and without. Arrays of numbers are as
#: long as whole vectors.
STATISTICS = Layout(
    "sums start mean variance inv rest about gain shift gamma beta "
    "slope remains factor dgamma dbeta numbers",
    "parts filled channels",
)


@dataclass(frozen=True)
class StatisticsKernels:
    """Writes ``guess``, ``measure`` and ``differentiate``, each of one unit."""

    target: Target

    def functions(self) -> list[Function]:
        """All of them."""
        return [_guess(self.target), _measure(self.target), _differentiate(self.target)]


class _Channels:
    """A kernel of this kind while it is written: one turn a vector of channels."""

    def __init__(self, name: str, target: Target) -> None:
        self.f = Function(name, target, ["pass", "workspace"], ["first", "last"])
        self.d = Doubles(self.f)
        self.job = STATISTICS.read(self.f, "%pass")
        self.count = self.d.broadcast(self.job["numbers"], 0)

    def totals(self, at: Int) -> list[str]:
        """Both sums, part after part, in the vector of channels that begins here."""
        f, d, job = self.f, self.d, self.job
        place = f.stack(4 * f.width)
        for index in range(2):
            d.store("zeroinitializer", place, index * f.width)
        with f.loop(job["parts"]) as part:
            for index in range(2):
                row = f.mul(f.add(f.mul(part, 2), index), job["filled"])
                total = d.load(place, index * f.width)
                d.store(d.add(total, d.load(job["sums"], f.add(row, at))), place, index * f.width)
        return [d.load(place, index * f.width) for index in range(2)]

    def moments(self, at: Int) -> tuple[str, str, str]:
        """Mean and variance, and how far the mean is from the start."""
        d = self.d
        first, second = self.totals(at)
        offset = d.div(first, self.count)
        variance = d.sub(d.div(second, self.count), d.mul(offset, offset))
        zero = d.constant(0.0)
        variance = d.select(d.compare("olt", variance, zero), zero, variance)
        start = d.widened(self.f.load(self.job["start"], at))
        return d.add(start, offset), variance, offset

    def near(self, mean: str, variance: str) -> str:
        """A float near the mean: :func:`minicaffe.layers.sums.near`."""
        d = self.d
        step = d.half_power(variance, -3)
        rounded = d.mul(d.rint(d.div(mean, step)), step)
        close = d.compare("ole", d.fabs(mean), d.mul(d.constant(CLOSE), d.sqrt(variance)))
        rounded = d.select(close, d.constant(0.0), rounded)
        return d.narrowed(d.select(d.finite(rounded), rounded, mean))

    def learned(self, name: str, at: Int) -> str:
        """γ or β, which lie without what fills up a block."""
        left = self.f.sub(self.job["channels"], at)
        return self.d.widened(self.f.load_first(self.f.at(self.job[name], at), left))


def _guess(target: Target) -> Function:
    kernel = _Channels("guess", target)
    f, d, job = kernel.f, kernel.d, kernel.job
    with f.loop(job["filled"], step=f.width) as at:
        mean, variance, _ = kernel.moments(at)
        near = kernel.near(mean, variance)
        finite = d.finite(d.widened(near))
        f.store(f.select(finite, near, f.constant(0.0)), job["start"], at)
    return f


def _measure(target: Target) -> Function:
    kernel = _Channels("measure", target)
    f, d, job = kernel.f, kernel.d, kernel.job
    moved = f.stack(2 * f.width)
    d.store("zeroinitializer", moved, 0)
    with f.loop(job["filled"], step=f.width) as at:
        mean, variance, offset = kernel.moments(at)
        near = kernel.near(mean, variance)
        moves = _move_start(kernel, at, near, (mean, variance, offset))
        d.store(d.add(d.load(moved, 0), moves), moved, 0)
        rest = d.sub(mean, d.widened(near))
        inv = d.div(d.constant(1.0), d.sqrt(d.add(variance, d.broadcast(job["numbers"], 1))))
        gain = d.mul(inv, kernel.learned("gamma", at))
        shift = d.sub(kernel.learned("beta", at), d.mul(rest, gain))
        for name, vector in (("mean", mean), ("variance", variance), ("inv", inv), ("rest", rest)):
            d.store(vector, job[name], at)
        f.store(near, job["about"], at)
        f.store(d.narrowed(gain), job["gain"], at)
        f.store(d.narrowed(shift), job["shift"], at)
    f.store_double(f.total_of_doubles(d.load(moved, 0)), job["numbers"], 2)
    return f


def _move_start(kernel: _Channels, at: Int, near: str, found: tuple[str, str, str]) -> str:
    """Start nearer where the mean is far off; 1 for each channel that moves."""
    f, d, job = kernel.f, kernel.d, kernel.job
    mean, variance, offset = found
    limit = d.mul(d.constant(FAR * FAR), variance)
    far = d.both(d.finite(mean), d.compare("ogt", d.mul(offset, offset), limit))
    start = f.load(job["start"], at)
    far = d.both(far, f.fcompare("one", start, near))
    far = d.both(far, f.first(f.sub(job["channels"], at)))
    f.store(f.select(far, near, start), job["start"], at)
    return d.select(far, d.constant(1.0), d.constant(0.0))


def _differentiate(target: Target) -> Function:
    kernel = _Channels("differentiate", target)
    f, d, job = kernel.f, kernel.d, kernel.job
    with f.loop(job["filled"], step=f.width) as at:
        total, product = kernel.totals(at)
        rest, inv = d.load(job["rest"], at), d.load(job["inv"], at)
        product = d.sub(product, d.mul(rest, total))
        slope = d.neg(d.div(d.mul(d.mul(inv, inv), product), kernel.count))
        remains = d.sub(d.neg(d.div(total, kernel.count)), d.mul(slope, rest))
        factor = d.mul(inv, kernel.learned("gamma", at))
        vectors = {"slope": slope, "remains": remains, "factor": factor}
        vectors |= {"dgamma": d.mul(inv, product), "dbeta": total}
        for name, vector in vectors.items():
            f.store(d.narrowed(vector), job[name], at)
    return f
