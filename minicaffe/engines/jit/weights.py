"""Writes the kernels of Winograd convolutions that transform weights and their gradient.

Weights are read as Caffe keeps them, g[k][c][r][r], and become U[ξ][panel][c][columns], where a
panel has two vectors of outputs k, or one if it is the last of an odd number. For the gradient of
the bottom inputs and outputs change their roles and the square is turned round.

Squares of r² numbers become vectors over k (or c) by transposing as many of them as a vector has
elements, in registers.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.product import PANEL
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.toom_cook import matrices, transpose
from minicaffe.engines.jit.transform import transform

#: Of weights: where Caffe's are (or its gradient) and the transformed ones; zeros; how many
#: outputs there are, and how far they are from each other; the same of the inputs; inputs in U,
#: which fill whole vectors; vectors of outputs in U; the distance of places ξ in U; 1 to add to
#: what is there.
WEIGHTS = Layout(
    "plain weights zeros", "outputs output inputs input all_inputs vectors u_place add"
)


@dataclass(frozen=True)
class WeightTransforms:
    """The kernels for the weights of F(m×m, r×r); units are vectors of outputs."""

    m: int
    r: int
    target: Target

    def functions(self) -> list[Function]:
        """``to_forward``, ``to_backward`` (turned round) and ``from_gradient``."""
        return [
            self._write_transform("to_forward", turned=False),
            self._write_transform("to_backward", turned=True),
            self._write_gradient(),
        ]

    def _write_transform(self, name: str, *, turned: bool) -> Function:
        """U = G g Gᵀ."""
        r, n, matrix = self.r, self.m + self.r - 1, matrices(self.m, self.r).weights
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = WEIGHTS.read(f, "%pass")
        with f.loop("%last", "%first") as vector, f.loop(job["all_inputs"]) as channel:
            g = self._squares(f, job, vector, channel)
            if turned:
                g.reverse()
            halves = [transform(f, matrix, [g[i * r + j] for i in range(r)]) for j in range(r)]
            to = _of_panel(f, job, vector, channel)
            for i in range(n):
                for j, value in enumerate(transform(f, matrix, [half[i] for half in halves])):
                    f.store(value, to, f.mul(job["u_place"], i * n + j))
        return f

    def _squares(self, f: Function, job: Fields, vector: Int, channel: Int) -> list[Vector]:
        """The r² numbers of a channel, each as a vector over the outputs; 0 where there is none."""
        size = self.r**2
        there = f.compare("slt", channel, job["inputs"])
        starts = []
        for index in range(f.width):
            output = f.add(f.mul(vector, f.width), index)
            inside = f.both(there, f.compare("slt", output, job["outputs"]))
            place = f.add(f.mul(output, job["output"]), f.mul(channel, job["input"]))
            starts.append(f.choose(inside, f.at(job["plain"], place), job["zeros"]))
        found: list[Vector] = []
        for begin in range(0, size, f.width):
            count = min(f.width, size - begin)
            rows = [f.load_first(f.at(start, begin), count) for start in starts]
            found += f.transposed(rows)[:count]
        return found

    def _write_gradient(self) -> Function:
        """g' = Gᵀ U' G, put in place of what is there or added to it."""
        r, n = self.r, self.m + self.r - 1
        matrix = transpose(matrices(self.m, self.r).weights)
        f = Function("from_gradient", self.target, ["pass", "workspace"], ["first", "last"])
        job = WEIGHTS.read(f, "%pass")
        with f.loop("%last", "%first") as vector, f.loop(job["inputs"]) as channel:
            source = _of_panel(f, job, vector, channel)
            halves = [
                transform(
                    f, matrix, [f.load(source, f.mul(job["u_place"], i * n + j)) for i in range(n)]
                )
                for j in range(n)
            ]
            values = [
                value
                for i in range(r)
                for value in transform(f, matrix, [half[i] for half in halves])
            ]
            self._put(f, job, values, vector, channel)
        return f

    def _put(
        self, f: Function, job: Fields, values: list[Vector], vector: Int, channel: Int
    ) -> None:
        """Write r² vectors over the outputs as a square of each output."""
        adds, size = f.compare("ne", job["add"], 0), self.r**2
        for begin in range(0, size, f.width):
            count = min(f.width, size - begin)
            empty = [f.constant(0.0)] * (f.width - count)
            squares = f.transposed([*values[begin : begin + count], *empty])
            for index, square in enumerate(squares):
                output = f.add(f.mul(vector, f.width), index)
                place = f.add(f.mul(output, job["output"]), f.mul(channel, job["input"]))
                to = f.at(job["plain"], f.add(place, begin))
                with f.when(f.compare("slt", output, job["outputs"])):
                    before = f.load_first(f.choose(adds, to, job["zeros"]), count)
                    f.store_first(f.fadd(before, square), to, count)


def _of_panel(f: Function, job: Fields, vector: Int, channel: Int) -> str:
    """Where a vector of outputs of a channel is in U, in the first place ξ."""
    panel = f.div(vector, PANEL)
    wide = f.compare("slt", f.add(f.mul(panel, PANEL), PANEL - 1), job["vectors"])
    columns = f.value(f"select i1 {wide}, i64 {PANEL * f.width}, i64 {f.width}")
    offset = f.mul(panel, f.mul(job["all_inputs"], PANEL * f.width))
    offset = f.add(offset, f.mul(channel, columns))
    return f.at(job["weights"], f.add(offset, f.mul(f.rem(vector, PANEL), f.width)))
