"""Writes the kernels of LRN across channels, forward and backward.

With squares and products of a pixel's channels side by side in a small workspace::

    s = k + a · Σ x²            p = s^-beta           y = x · p
    r = dy · p · x / s          dx = dy · p - 2 · a · beta · x · Σ r

where Σ goes over the channels around each and a is alpha / n. Three passes over the channels of a
pixel read x and dy once from memory; s is made again rather than kept.

The channels of a pixel are in vectors (blocks of channels, or channels last), of which neighbours
are found by shifting; or a vector holds pixels and neighbours are whole planes (Caffe's layout).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Fields, Layout
from minicaffe.engines.jit.ir import Function, Int, Vector
from minicaffe.engines.jit.passes import Image
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.engines.jit.winograd import IMAGE, channel

#: Of a pass: the frames' image of x, whose layout dy and the result share; the addresses of dy and
#: of the result; the numbers k, a and 2 · a · beta; how many vectors a pixel has (planes: channels,
#: and how far they are apart), and units in an image.
LRN = Layout("source gradient target numbers", "count plane units")

#: The powers that square roots give.
POWERS = (0.5, 0.75, 1.0)


@dataclass(frozen=True)
class LRNKernels:
    """Writes ``lanes_forward``, ``lanes_backward``, ``planes_forward`` and ``planes_backward``.

    Attributes:
        reach: neighbours on either side.
        beta: one of :data:`POWERS`.
    """

    reach: int
    beta: float
    target: Target

    def functions(self) -> list[Function]:
        """All kernels; a unit is a pixel, or as many as fill a vector."""
        return [
            self._write(f"{way}_{direction}", way == "lanes", direction == "backward")
            for way in ("lanes", "planes")
            for direction in ("forward", "backward")
        ]

    def _write(self, name: str, lanes: bool, backward: bool) -> Function:
        f = Function(name, self.target, ["pass", "workspace"], ["first", "last"])
        job = LRN.read(f, "%pass")
        image = IMAGE.read(f, job["source"])
        guard = (1 if lanes else self.reach) * f.width
        size = f.add(f.mul(job["count"], f.width), 2 * guard)
        squares, ratios, scaled = (f.at("%workspace", f.mul(size, part)) for part in range(3))
        self._clear_guards(f, (squares, ratios), guard, job["count"])
        numbers = [f.broadcast(job["numbers"], index) for index in range(3)]
        with f.loop("%last", "%first") as unit:
            offset_of = self._offsets(f, job, image, unit, lanes)
            with f.loop(job["count"]) as index:
                x = f.load(f.at(image["at"], offset_of(index)))
                f.store(f.fmul(x, x), squares, f.add(f.mul(index, f.width), guard))
            with f.loop(job["count"]) as index:
                here = f.mul(index, f.width)
                total = self._neighbours(f, squares, f.add(here, guard), lanes)
                s = f.fma(total, numbers[1], numbers[0])
                power, offset = self._power(f, s), offset_of(index)
                x = f.load(f.at(image["at"], offset))
                if backward:
                    through = f.fmul(f.load(f.at(job["gradient"], offset)), power)
                    f.store(through, scaled, here)
                    f.store(f.fdiv(f.fmul(through, x), s), ratios, f.add(here, guard))
                else:
                    f.store(f.fmul(x, power), f.at(job["target"], offset))
            if backward:
                with f.loop(job["count"]) as index:
                    here, offset = f.mul(index, f.width), offset_of(index)
                    share = self._neighbours(f, ratios, f.add(here, guard), lanes)
                    x = f.fmul(f.load(f.at(image["at"], offset)), numbers[2])
                    f.store(
                        f.fsub(f.load(scaled, here), f.fmul(x, share)), f.at(job["target"], offset)
                    )
        return f

    def _clear_guards(self, f: Function, arrays: tuple[str, ...], guard: int, count: Int) -> None:
        """Beyond the first and the last channel all is 0."""
        zero = f.constant(0.0)
        for array in arrays:
            end = f.at(array, f.add(f.mul(count, f.width), guard))
            for index in range(0, guard, f.width):
                f.store(zero, array, index)
                f.store(zero, end, index)

    def _offsets(
        self, f: Function, job: Fields, image: Fields, unit: Int, lanes: bool
    ) -> Callable[[Int], Int]:
        """Where a vector of the unit is, by its number among the pixel's."""
        of_image, place = f.div(unit, job["units"]), f.rem(unit, job["units"])
        if lanes:
            pixel = f.add(f.mul(of_image, image["image"]), f.mul(place, image["column"]))
            return lambda index: f.add(pixel, channel(f, image, index))
        # the last vector of a plane may begin within the one before it
        last = f.sub(job["plane"], f.width)
        pixel = f.add(f.mul(of_image, image["image"]), f.minimum(f.mul(place, f.width), last))
        return lambda index: f.add(pixel, f.mul(index, job["plane"]))

    def _neighbours(self, f: Function, array: str, at: Int, lanes: bool) -> Vector:
        """Σ over a channel and ``reach`` on either side."""
        if not lanes:
            steps = range(-self.reach, self.reach + 1)
            near = [f.load(array, f.add(at, step * f.width)) for step in steps]
        else:
            before, here, after = (f.load(array, f.add(at, step * f.width)) for step in (-1, 0, 1))
            near = [here]
            for step in range(1, self.reach + 1):
                ascending = range(f.width)
                near.append(f.shuffle(here, after, [index + step for index in ascending]))
                near.append(
                    f.shuffle(before, here, [f.width + index - step for index in ascending])
                )
        total = near[0]
        for vector in near[1:]:
            total = f.fadd(total, vector)
        return total

    def _power(self, f: Function, s: Vector) -> Vector:
        """s^-beta."""
        inverse = f.fdiv(f.constant(1.0), s)
        if self.beta == 1.0:
            return inverse
        root = f.sqrt(inverse)
        return root if self.beta == 0.5 else f.fmul(root, f.sqrt(root))


class LRNPass:
    """LRN of images of one layout, both ways.

    Args:
        team: the threads.
        image: the images; their ``block`` is -1 in Caffe's layout.
        size, alpha, beta, k: of the layer.

    Attributes:
        image: the same.
    """

    def __init__(
        self, team: Team, image: Image, size: int, alpha: float, beta: float, k: float
    ) -> None:
        self._team, self._size, self._beta = team, size, beta
        width = team.target.width
        self._lanes = image.block >= 0
        pixels = image.rows * image.columns
        layout = image if self._lanes else Image(image.batch, image.channels * pixels, 1, 1)
        self._image = layout.frame(width)
        self._numbers = aligned_floats(3)
        self._numbers[:] = k, alpha / size, 2 * alpha / size * beta
        self._count = image.vectors(width) if self._lanes else image.channels
        units = pixels if self._lanes else -(-pixels // width)
        self._units = image.batch * units
        self._frame = LRN.frame(
            source=self._image.address,
            gradient=0,
            target=0,
            numbers=self._numbers.ctypes.data,
            count=self._count,
            plane=pixels,
            units=units,
        )
        guards = 2 * max(1, size // 2)
        self._floats = 3 * (self._count + guards) * width

    @property
    def workspace(self) -> int:
        """How many floats the threads need together."""
        return self._team.workspace(self._floats)

    def forward(self, x: int, y: int, workspace: int) -> None:
        """y of x, at other addresses, with memory for :attr:`workspace` floats."""
        self._run("forward", x, 0, y, workspace)

    def backward(self, x: int, dy: int, dx: int, workspace: int) -> None:
        """dx of x and dy, at other addresses, with memory for :attr:`workspace` floats."""
        self._run("backward", x, dy, dx, workspace)

    def _run(self, direction: str, x: int, dy: int, target: int, workspace: int) -> None:
        self._image["at"] = x
        self._frame["gradient"], self._frame["target"] = dy, target
        way = "lanes" if self._lanes else "planes"
        kernels = _compiled(self._size // 2, self._beta, self._team.target)
        kernel = kernels[f"{way}_{direction}"]
        self._team.run(kernel, self._frame.address, self._units, workspace, self._floats)


def suits(image: Image, size: int, beta: float, target: Target) -> bool:
    """Whether there are kernels for images of this layout and LRN of this size and power."""
    if beta not in POWERS or size % 2 == 0 or size // 2 > target.width:
        return False
    if image.block < 0:
        return image.rows * image.columns >= target.width
    return image.fits(target.width)


@functools.cache
def _compiled(reach: int, beta: float, target: Target) -> dict[str, int]:
    return dict(compile_functions(LRNKernels(reach, beta, target).functions(), target))
