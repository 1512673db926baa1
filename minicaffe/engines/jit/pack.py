"""Writes the kernels that bring images from Caffe's layout into blocks of channels, and back.

In Caffe's layout (N, C, H, W) the pixels of a channel lie side by side, in blocks the channels of
a pixel (N, C/width, H, W, width), as vectors need them. A square of pixels and channels is
transposed in registers; channels beyond the last one are filled with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicaffe.engines.jit.frame import Layout
from minicaffe.engines.jit.ir import Function, Int
from minicaffe.engines.jit.target import Target

#: Of both images: Caffe's, the one in blocks, zeros; channels, pixels of a channel, blocks.
PACK = Layout("plain packed zeros", "channels pixels blocks")


@dataclass(frozen=True)
class Packing:
    """``pack`` and ``unpack``; a unit is a block of channels of an image."""

    target: Target

    def functions(self) -> list[Function]:
        """Both kernels."""
        return [self._write("pack", inwards=True), self._write("unpack", inwards=False)]

    def _write(self, name: str, *, inwards: bool) -> Function:
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = PACK.read(f, "%pass")
        pixels, width = job["pixels"], f.width
        with f.loop("%last", "%first") as unit:
            image, block = f.div(unit, job["blocks"]), f.rem(unit, job["blocks"])
            channel = f.mul(block, width)
            first = f.add(f.mul(image, job["channels"]), channel)
            plain = f.at(job["plain"], f.mul(first, pixels))
            packed = f.at(job["packed"], f.mul(f.mul(unit, pixels), width))
            left = f.sub(job["channels"], channel)
            whole = f.sub(pixels, f.rem(pixels, width))
            move = self._pack if inwards else self._unpack
            with f.loop(whole, step=width) as pixel:
                move(f, plain, f.at(packed, f.mul(pixel, width)), pixel, pixels, left, job["zeros"])
            with f.loop(pixels, whole) as pixel, f.loop(f.minimum(left, width)) as index:
                one = f.at(plain, f.add(f.mul(index, pixels), pixel))
                other = f.at(packed, f.add(f.mul(pixel, width), index))
                source, to = (one, other) if inwards else (other, one)
                f.store_float(f.load_float(source), to)
        return f

    def _pack(
        self, f: Function, plain: str, packed: str, pixel: Int, pixels: Int, left: Int, zeros: str
    ) -> None:
        rows = []
        for index in range(f.width):
            there = f.compare("slt", index, left)
            row = f.at(plain, f.add(f.mul(pixels, index), pixel))
            rows.append(f.load(f.choose(there, row, zeros)))
        for index, vector in enumerate(f.transposed(rows)):
            f.store(vector, packed, index * f.width)

    def _unpack(
        self, f: Function, plain: str, packed: str, pixel: Int, pixels: Int, left: Int, zeros: str
    ) -> None:
        vectors = [f.load(packed, index * f.width) for index in range(f.width)]
        for index, row in enumerate(f.transposed(vectors)):
            with f.when(f.compare("slt", index, left)):
                f.store(row, f.at(plain, f.add(f.mul(pixels, index), pixel)))
