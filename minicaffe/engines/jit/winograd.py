"""Writes the kernels of Winograd convolutions F(m×m, r×r) of stride 1: the images' side.

Forward, and the gradient of the bottom with the weights turned round::

    y = Aᵀ [Σ_c (G g Gᵀ) ⊙ (Bᵀ x B)] A

The image is cut into tiles of m×m results. For a block of rows of tiles the inputs of each tile,
n×n with n = m + r - 1, are transformed into V[ξ][tile][c], ξ being one of the n² places; products
M[ξ] = V[ξ]·U[ξ] with the transformed weights U[ξ][c][k] add up the channels; the results of each
tile are transformed back, with the bias, and with ReLU where wanted. V and M of a block stay in the
processor's second cache.

The gradient of the weights::

    g' = Gᵀ [Σ_tiles (Bᵀ x B) ⊙ (A y' Aᵀ)] G

has the n places ξ of a row of the square as its unit of work, for which only that row of both
transforms is made: threads share nothing but what they read, and add up nothing together, so that
the result does not depend on their number.

Kernels do not know the sizes of images: they are compiled once for F(m, r) and an instruction
set, and read the sizes from a :class:`~minicaffe.engines.jit.frame.Frame`.

Source: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.product import PANEL, write_product, write_tile
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.toom_cook import Matrices, Matrix, matrices, transpose
from minicaffe.engines.jit.transform import transform

#: Of an image: where it is, its rows and columns, the distances of columns, rows and images, how
#: many vectors of channels it has, how many of those lie in one block, and the distance of blocks.
IMAGE = Layout("at", "rows columns column row image vectors grouped group")

#: Of the tiles: rows and columns of them in an image, all rows, and how many of those make a block.
_TILES = "tile_rows tile_columns all_rows block_rows"

#: Of a forward: the frames of the image that is read and of the one that is written; the
#: transformed weights, the bias, what no result is below, zeros, what is added; padding; the
#: tiles; how far places ξ are from each other in V, M and U; where V and M begin in the workspace;
#: the length of the line.
FORWARD = Layout(
    "source target weights bias floor zeros added",
    f"pad_above pad_left {_TILES} v_place m_place u_place v_at m_at line",
)

#: Of the weights' gradient: besides the same, in ``weights`` what is computed; the frame of the
#: gradient, where its line begins and its length; into how many parts its channels are divided.
GRADIENT = Layout(
    "source gradient weights zeros",
    f"pad_above pad_left {_TILES} v_place m_place u_place v_at m_at line line_at second_line parts",
)


@dataclass(frozen=True)
class Winograd:
    """F(m×m, r×r) for an instruction set: writes its kernels."""

    m: int
    r: int
    target: Target

    @property
    def n(self) -> int:
        """Inputs of a tile along an axis."""
        return self.m + self.r - 1

    @property
    def matrices(self) -> Matrices:
        """The transforms."""
        return matrices(self.m, self.r)

    def forward_functions(self, *, adding: bool = False) -> list[Function]:
        """``forward``: blocks of rows of tiles, from ``first`` to ``last``.

        Args:
            adding: write ``forward_adding``, which adds images to the results.
        """
        return [
            *self._products(),
            self._write_input_transform(),
            self._write_output_transform(adding),
            self._write_forward("forward_adding" if adding else "forward"),
        ]

    def gradient_functions(self) -> list[Function]:
        """``gradient``: rows of places ξ times parts of the channels, ``first`` to ``last``."""
        inputs, spread = self.matrices.inputs, transpose(self.matrices.results)
        return [
            *self._products(),
            self._write_row_transform("input_row", inputs, self.n),
            self._write_row_transform("gradient_row", spread, self.m),
            self._write_gradient(),
        ]

    def _products(self) -> list[Function]:
        tiles = [write_tile(self.target, vectors) for vectors in range(1, PANEL + 1)]
        return [*tiles, write_product(self.target)]

    # ------------------------------------------------------------------ transforms of images

    def _write_input_transform(self) -> Function:
        """``input_transform``: Bᵀ x B of the tiles of a row.

        Down the columns first, of the whole row of tiles and into the line: what neighbouring
        tiles share is computed once. Rows outside the image are read from zeros; the ends of the
        line are zeros already.
        """
        matrix, n = self.matrices.inputs, self.n
        integers = ["row", "first", "channels"]
        f = Function(
            *("input_transform", self.target, ["pass", "image", "line", "v"], integers),
            internal=True,
        )
        job, image = FORWARD.read(f, "%pass"), IMAGE.read(f, "%image")
        top = f.sub(f.mul(f.rem("%row", job["tile_rows"]), self.m), job["pad_above"])
        start = self._image_of_row(f, job, image)
        left = f.mul(job["pad_left"], n * f.width)
        with f.loop(image["vectors"]) as vector:
            rows = self._rows(f, job, image, f.at(start, channel(f, image, vector)), top, n)
            with f.loop(image["columns"]) as column:
                offset = f.mul(column, image["column"])
                values = transform(f, matrix, [f.load(row, offset) for row in rows])
                to = f.at("%line", f.add(f.mul(column, n * f.width), left))
                for index, value in enumerate(values):
                    f.store(value, to, index * f.width)
            with f.loop(job["tile_columns"]) as tile:
                column_at = f.at("%line", f.mul(tile, self.m * n * f.width))
                to = self._of_tile(f, "%v", tile, vector)
                for i in range(n):
                    columns = [f.load(column_at, (j * n + i) * f.width) for j in range(n)]
                    for j, value in enumerate(transform(f, matrix, columns)):
                        f.store(value, to, f.mul(job["v_place"], i * n + j))
        return f

    def _write_row_transform(self, name: str, matrix: Matrix, taken: int) -> Function:
        """Row i of ``matrix · patch · matrixᵀ`` of the tiles of a row, for some of the channels.

        Args:
            name: of the function. Its pointers: the pass, the image, the line, and V; its
                integers: i, the row of tiles, the number of its first tile in V, V's channels,
                the distance of its places, padding above and at the left, and from which to
                which vector of channels.
            matrix: as many rows as a tile has places along an axis.
            taken: inputs of a tile along an axis.
        """
        integers = ["place_row", "row", "first", "channels", "place"]
        integers += ["pad_above", "pad_left", "begin", "end"]
        pointers = ["pass", "image", "line", "v"]
        f = Function(name, self.target, pointers, integers, internal=True)
        job, image = GRADIENT.read(f, "%pass"), IMAGE.read(f, "%image")
        top = f.sub(f.mul(f.rem("%row", job["tile_rows"]), self.m), "%pad_above")
        start = self._image_of_row(f, job, image)
        with f.loop("%end", "%begin") as vector:
            rows = self._rows(f, job, image, f.at(start, channel(f, image, vector)), top, taken)
            for index, factors in enumerate(matrix):
                with f.when(f.compare("eq", "%place_row", index)):
                    self._add_rows(f, image, factors, rows)
            with f.loop(job["tile_columns"]) as tile:
                column_at = f.at("%line", f.mul(tile, self.m * f.width))
                to = self._of_tile(f, "%v", tile, vector)
                columns = [f.load(column_at, j * f.width) for j in range(taken)]
                for j, value in enumerate(transform(f, matrix, columns)):
                    f.store(value, to, f.mul("%place", j))
        return f

    def _add_rows(
        self, f: Function, image: Fields, factors: Sequence[Fraction], rows: Sequence[str]
    ) -> None:
        """Σ factor · row into the line."""
        with f.loop(image["columns"]) as column:
            offset = f.mul(column, image["column"])
            used = [(a, f.load(row, offset)) for a, row in zip(factors, rows, strict=True) if a]
            (total,) = transform(f, [[a for a, _ in used]], [value for _, value in used])
            f.store(total, f.at("%line", f.mul(f.add(column, "%pad_left"), f.width)))

    def _image_of_row(self, f: Function, job: Fields, image: Fields) -> str:
        """The image that a row of tiles is of."""
        return f.at(image["at"], f.mul(f.div("%row", job["tile_rows"]), image["image"]))

    def _rows(
        self, f: Function, job: Fields, image: Fields, start: str, top: Int, count: int
    ) -> list[str]:
        """The addresses of rows of an image from ``top`` on; zeros for those outside."""
        found = []
        for index in range(count):
            row = f.add(top, index)
            inside = f.compare("ult", row, image["rows"])
            found.append(f.choose(inside, f.at(start, f.mul(row, image["row"])), job["zeros"]))
        return found

    def _of_tile(self, f: Function, block: str, tile: Int, vector: Int) -> str:
        """Where a vector of a tile of the row is in V or M, in the first place ξ."""
        tiles = f.mul(f.add("%first", tile), "%channels")
        return f.at(block, f.add(tiles, f.mul(vector, f.width)))

    def _write_output_transform(self, adding: bool) -> Function:
        """``output_transform``: Aᵀ M A of the tiles of a row, with the bias, into the image."""
        integers = ["row", "first", "channels"]
        f = Function(
            *("output_transform", self.target, ["pass", "image", "m"], integers), internal=True
        )
        job, image = FORWARD.read(f, "%pass"), IMAGE.read(f, "%image")
        top = f.mul(f.rem("%row", job["tile_rows"]), self.m)
        start = f.mul(f.div("%row", job["tile_rows"]), image["image"])
        start = f.add(start, f.mul(top, image["row"]))
        rows_left = f.sub(image["rows"], top)
        whole_rows = f.compare("sge", rows_left, self.m)
        with f.loop(image["vectors"]) as vector:
            here = f.add(start, channel(f, image, vector))
            with f.loop(job["tile_columns"]) as tile:
                left = f.mul(tile, self.m)
                columns_left = f.sub(image["columns"], left)
                values = self._results(f, job, self._of_tile(f, "%m", tile, vector), vector)
                offset = f.add(here, f.mul(left, image["column"]))
                whole = f.both(whole_rows, f.compare("sge", columns_left, self.m))
                with f.when(whole):
                    self._store(f, job, image, values, offset, adding)
                with f.when(f.value(f"xor i1 {whole}, true")):
                    edge = (rows_left, columns_left)
                    self._store(f, job, image, values, offset, adding, edge)
        return f

    def _results(self, f: Function, job: Fields, source: str, vector: Int) -> list[list[Vector]]:
        """The m×m results of a tile."""
        matrix, n, place = self.matrices.results, self.n, job["m_place"]
        halves = [
            transform(f, matrix, [f.load(source, f.mul(place, i * n + j)) for i in range(n)])
            for j in range(n)
        ]
        bias = f.load(f.at(job["bias"], f.mul(vector, f.width)))
        return [
            [f.fadd(value, bias) for value in transform(f, matrix, [half[i] for half in halves])]
            for i in range(self.m)
        ]

    def _store(
        self,
        f: Function,
        job: Fields,
        image: Fields,
        values: Sequence[Sequence[Vector]],
        start: Int,
        adding: bool,
        left: tuple[Int, Int] | None = None,
    ) -> None:
        """Write a tile's results, all of them or those in the rows and columns that are left."""
        floor = f.load(job["floor"])

        def store(value: Vector, offset: Int) -> None:
            if adding:
                value = f.fadd(value, f.load(f.at(job["added"], offset)))
            f.store(f.above(value, floor), f.at(image["at"], offset))

        for i, row in enumerate(values):
            for j, value in enumerate(row):
                offset = f.add(start, f.add(f.mul(image["row"], i), f.mul(image["column"], j)))
                if left is None:
                    store(value, offset)
                    continue
                inside = f.both(f.compare("slt", i, left[0]), f.compare("slt", j, left[1]))
                with f.when(inside):
                    store(value, offset)

    # ------------------------------------------------------------------ whole passes

    def _write_forward(self, name: str) -> Function:
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = FORWARD.read(f, "%pass")
        source, target = IMAGE.read(f, job["source"]), IMAGE.read(f, job["target"])
        v, m = f.at("%workspace", job["v_at"]), f.at("%workspace", job["m_at"])
        inputs, outputs = (f.mul(image["vectors"], f.width) for image in (source, target))
        panel = PANEL * f.width
        _clear(f, "%workspace", job["line"])
        with f.loop("%last", "%first") as block:
            first = f.mul(block, job["block_rows"])
            rows = f.minimum(job["block_rows"], f.sub(job["all_rows"], first))
            tiles = f.mul(rows, job["tile_columns"])
            with f.loop(rows) as row:
                which = [f.add(first, row), f.mul(row, job["tile_columns"]), inputs]
                f.call("input_transform", ["%pass", job["source"], "%workspace", v], which)
            with f.loop(self.n**2) as place:
                f.call(
                    "product",
                    [
                        f.at(v, f.mul(place, job["v_place"])),
                        f.at(job["weights"], f.mul(place, job["u_place"])),
                        job["zeros"],
                        f.at(m, f.mul(place, job["m_place"])),
                    ],
                    [
                        *(inputs, 1, panel, outputs, f.mul(inputs, panel), panel),
                        *(f.width, outputs, tiles, inputs, target["vectors"], 0),
                    ],
                )
            with f.loop(rows) as row:
                which = [f.add(first, row), f.mul(row, job["tile_columns"]), outputs]
                f.call("output_transform", ["%pass", job["target"], m], which)
        return f

    def _write_gradient(self) -> Function:
        """A unit is row i of the places, with the part of the gradient's panels that it makes.

        All units of a thread take one block of tiles before the next, while it is in the cache.
        """
        f = Function("gradient", self.target, ["pass", "workspace"], ["first", "last"])
        job = GRADIENT.read(f, "%pass")
        gradient = IMAGE.read(f, job["gradient"])
        _clear(f, "%workspace", job["line"])
        _clear(f, f.at("%workspace", job["line_at"]), job["second_line"])
        panels = f.div(f.add(gradient["vectors"], PANEL - 1), PANEL)
        blocks = f.div(f.add(job["all_rows"], f.sub(job["block_rows"], 1)), job["block_rows"])
        with f.loop(blocks) as block, f.loop("%last", "%first") as unit:
            place_row, part = f.div(unit, job["parts"]), f.rem(unit, job["parts"])
            begin = f.mul(f.div(f.mul(panels, part), job["parts"]), PANEL)
            end = f.mul(f.div(f.mul(panels, f.add(part, 1)), job["parts"]), PANEL)
            end = f.minimum(end, gradient["vectors"])
            first = f.mul(block, job["block_rows"])
            rows = f.minimum(job["block_rows"], f.sub(job["all_rows"], first))
            with f.loop(rows) as row:
                self._call_row_transforms(f, job, f.add(first, row), row, place_row, begin, end)
            with f.loop(self.n) as place:
                self._add_products(f, job, block, rows, place_row, place, begin, end)
        return f

    def _call_row_transforms(
        self,
        f: Function,
        job: Fields,
        row: Int,
        of_block: Int,
        place_row: Int,
        begin: Int,
        end: Int,
    ) -> None:
        """Row ``place_row`` of both transforms of a row of tiles."""
        source, gradient = IMAGE.read(f, job["source"]), IMAGE.read(f, job["gradient"])
        first = f.mul(of_block, job["tile_columns"])
        inputs, outputs = (f.mul(image["vectors"], f.width) for image in (source, gradient))
        f.call(
            "input_row",
            ["%pass", job["source"], "%workspace", f.at("%workspace", job["v_at"])],
            [
                *(place_row, row, first, inputs, job["v_place"], job["pad_above"], job["pad_left"]),
                *(0, source["vectors"]),
            ],
        )
        line = f.at("%workspace", job["line_at"])
        f.call(
            "gradient_row",
            ["%pass", job["gradient"], line, f.at("%workspace", job["m_at"])],
            [place_row, row, first, outputs, job["m_place"], 0, 0, begin, end],
        )

    def _add_products(
        self,
        f: Function,
        job: Fields,
        block: Int,
        rows: Int,
        place_row: Int,
        place: Int,
        begin: Int,
        end: Int,
    ) -> None:
        """U'[ξ] += V[ξ]ᵀ·M[ξ] of one place for the panels of this unit."""
        source, gradient = IMAGE.read(f, job["source"]), IMAGE.read(f, job["gradient"])
        inputs, outputs = (f.mul(image["vectors"], f.width) for image in (source, gradient))
        panel = PANEL * f.width
        xi = f.add(f.mul(place_row, self.n), place)
        first_column = f.mul(begin, f.width)
        adds = f.value(f"zext i1 {f.compare('ne', block, 0)} to i64")
        of_place = f.at(job["weights"], f.mul(xi, job["u_place"]))
        f.call(
            "product",
            [
                f.at("%workspace", f.add(job["v_at"], f.mul(place, job["v_place"]))),
                f.at(
                    f.at("%workspace", f.add(job["m_at"], f.mul(place, job["m_place"]))),
                    first_column,
                ),
                job["zeros"],
                f.at(of_place, f.mul(first_column, inputs)),
            ],
            [
                *(1, inputs, outputs, panel, panel, f.mul(inputs, panel), outputs, f.width),
                *(inputs, f.mul(rows, job["tile_columns"]), f.sub(end, begin), adds),
            ],
        )


def channel(f: Function, image: Fields, vector: Int) -> Int:
    """How far a vector of channels is from the first one."""
    group = f.mul(f.div(vector, image["grouped"]), image["group"])
    return f.add(group, f.mul(f.rem(vector, image["grouped"]), f.width))


def _clear(f: Function, pointer: str, floats: Int) -> None:
    """Fill with zeros; whole vectors."""
    zero = f.constant(0.0)
    with f.loop(floats, step=f.width) as index:
        f.store(zero, f.at(pointer, index))
