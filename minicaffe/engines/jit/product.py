"""Writes products of matrices: a tile of sums in registers, and panels of such tiles.

The tile is the heart of every convolution here: ``rows`` × 2 vectors of sums stay in registers
while one factor is read a vector at a time and the other one number at a time::

    c[row][column] = start + Σ_k a[row][k] · b[k][column]

Both factors are read where they lie, by distances: the same tile serves forward (rows are tiles of
the image, k are channels) and the gradient of weights (rows are channels, k are tiles).

Source: K. Goto, R. van de Geijn: Anatomy of High-Performance Matrix Multiplication, 2008.
"""

from __future__ import annotations

from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.target import Target

#: Vectors in a panel: as many columns as a tile has.
PANEL = 2
#: Products that are added up before their sum is added to the others: long sums lose digits.
PORTION = 64
_UNROLLED = 4  # products in a turn of the innermost loop


def write_tile(target: Target, vectors: int) -> Function:
    """The function ``tile_VECTORS``: a tile with up to ``target.rows`` rows.

    Its pointers: ``a``, ``b``, ``start`` (what is added to the sums) and ``c``. Its integers: the
    distances of rows in a, k in a, k in b, rows in start (0: one row for all), rows in c; the
    number of rows; the number of k.
    """
    pointers = ["a", "b", "start", "c"]
    integers = ["a_row", "a_k", "b_k", "start_row", "c_row", "rows", "depth"]
    f = Function(f"tile_{vectors}", target, pointers, integers, internal=True)
    for rows in range(1, target.rows + 1):
        with f.when(f.compare("eq", "%rows", rows)):
            _write_rows(f, rows, vectors)
    return f


def _write_rows(f: Function, rows: int, vectors: int) -> None:
    """The tile with this number of rows."""
    places = [(row, v) for row in range(rows) for v in range(vectors)]
    sums = [f.constant(0.0) for _ in places]
    a_rows = [f.at("%a", f.mul("%a_row", row)) for row in range(rows)]

    def add_up(k: Int, sums: list[Vector]) -> list[Vector]:
        b = f.at("%b", f.mul(k, "%b_k"))
        offset = f.mul(k, "%a_k")
        columns = [f.load(b, v * f.width) for v in range(vectors)]
        numbers = [f.broadcast(row, offset) for row in a_rows]
        return [
            f.fma(numbers[row], columns[v], total)
            for (row, v), total in zip(places, sums, strict=True)
        ]

    def add_up_several(k: Int, sums: list[Vector]) -> list[Vector]:
        for step in range(_UNROLLED):
            sums = add_up(f.add(k, step), sums)
        return sums

    whole = f.sub("%depth", f.rem("%depth", _UNROLLED))
    sums = f.folded(whole, sums, add_up_several, step=_UNROLLED)
    sums = f.folded("%depth", sums, add_up, start=whole)
    for (row, v), total in zip(places, sums, strict=True):
        start = f.load(f.at("%start", f.mul("%start_row", row)), v * f.width)
        f.store(f.fadd(start, total), f.at("%c", f.mul("%c_row", row)), v * f.width)


def write_product(target: Target) -> Function:
    """The function ``product``: a whole product, panel by panel of its columns.

    Its pointers: ``a``, ``b``, ``zeros`` (vectors of a panel) and ``c``. Its integers: the
    distances of rows in a, k in a, k in b, rows in c, of panels in b and in c; how many rows, k
    and vectors of columns there are; and whether to add to c (1) or to replace it (0). Where the
    number of vectors is odd, the last panel has one, and its k in b and rows in c are as far from
    each other as ``narrow_b_k`` and ``narrow_c_row`` say.
    """
    pointers = ["a", "b", "zeros", "c"]
    integers = ["a_row", "a_k", "b_k", "c_row", "b_panel", "c_panel"]
    integers += ["narrow_b_k", "narrow_c_row", "rows", "depth", "vectors", "add"]
    f = Function("product", target, pointers, integers, internal=True)
    adds = f.compare("ne", "%add", 0)
    panels = f.div("%vectors", PANEL)
    with f.loop(panels) as panel:
        _write_panel(f, panel, PANEL, adds, "%b_k", "%c_row")
    with f.when(f.compare("ne", f.rem("%vectors", PANEL), 0)):
        _write_panel(f, panels, 1, adds, "%narrow_b_k", "%narrow_c_row")
    return f


def _write_panel(f: Function, panel: Int, vectors: int, adds: str, b_k: Int, c_row: Int) -> None:
    """All rows of a panel, in tiles that are as equally high as possible, a portion of k at a time.

    The sums of 512 channels in portions of 64 have a third of the error of those in one go.
    """
    b, c = f.at("%b", f.mul(panel, "%b_panel")), f.at("%c", f.mul(panel, "%c_panel"))
    most = f.target.rows
    tiles = f.div(f.add("%rows", most - 1), most)
    height = f.div(f.sub(f.add("%rows", tiles), 1), tiles)
    with f.loop("%depth", step=PORTION) as first:
        goes_on = f.value(f"or i1 {adds}, {f.compare('ne', first, 0)}")
        start_row = f.value(f"select i1 {goes_on}, i64 {c_row}, i64 0")
        portion = f.minimum(PORTION, f.sub("%depth", first))
        a, b_first = f.at("%a", f.mul(first, "%a_k")), f.at(b, f.mul(first, b_k))
        with f.loop("%rows", step=height) as row:
            rows = f.minimum(height, f.sub("%rows", row))
            target_row = f.at(c, f.mul(row, c_row))
            start = f.choose(goes_on, target_row, "%zeros")
            f.call(
                f"tile_{vectors}",
                [f.at(a, f.mul(row, "%a_row")), b_first, start, target_row],
                ["%a_row", "%a_k", b_k, start_row, c_row, rows, portion],
            )
