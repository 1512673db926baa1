"""Winograd convolutions of given sizes: kernels with the frames that they read.

The three passes of a layer share nothing but their kernels; :class:`Passes` has them all::

    passes.weights: TransformedWeights   weights.forward(g, u)       g: weights as Caffe has them
    passes.forward: ForwardPass          forward.run(x, u, y, bias)
    passes.bottom: ForwardPass           weights.backward(g, u); bottom.run(dy, u, dx)
    passes.gradient: GradientPass        gradient.run(x, dy, du); weights.gradient(du, dg)

Arrays are given by their addresses. Results do not depend on the number of threads.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.frame import Frame
from minicaffe.engines.jit.product import PANEL
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.engines.jit.weights import WEIGHTS, WeightTransforms
from minicaffe.engines.jit.winograd import FORWARD, GRADIENT, IMAGE, Winograd

#: Floats between places ξ beyond what they hold: streams whose distance is a power of two would
#: fall into the same set of the cache.
_APART = 16
#: Tiles that are transformed at a time, with at most _FEW channels and with more: what is read
#: and made of them is to stay in the second cache, and many channels of weights are to be read
#: seldom.
_FEW, _TILES_OF_FEW, _TILES_OF_MANY = 128, 32, 128


@functools.cache
def _compiled(m: int, r: int, target: Target, name: str) -> int:
    """The address of a kernel: "forward", "forward_adding", "gradient", or one of the weights'."""
    if name.startswith("forward"):
        functions = Winograd(m, r, target).forward_functions(adding=name == "forward_adding")
    elif name == "gradient":
        functions = Winograd(m, r, target).gradient_functions()
    else:
        functions = WeightTransforms(m, r, target).functions()
    return compile_functions(functions, target)[name]


@dataclass(frozen=True)
class Image:
    """A batch of images in memory.

    Attributes:
        batch, channels, rows, columns: its shape, (N, C, H, W).
        block: how many channels of a pixel lie side by side, as in oneDNN's nChw8c, where the
            last block is filled with zeros; 0: all of them (nhwc).
    """

    batch: int
    channels: int
    rows: int
    columns: int
    block: int = 0

    @classmethod
    def of(cls, shape: Sequence[int], block: int) -> Image:
        """A batch of the shape (N, C, H, W)."""
        batch, channels, rows, columns = shape
        return cls(batch, channels, rows, columns, block)

    def fits(self, width: int) -> bool:
        """Whether the channels of a pixel are whole vectors."""
        return (self.block or self.channels) % width == 0

    def vectors(self, width: int) -> int:
        """Vectors of channels, with those that fill up the last block."""
        block = self.block or width
        return -(-self.channels // block) * block // width

    def frame(self, width: int) -> Frame:
        """What a kernel reads of it; its address comes later."""
        column = self.block or self.channels
        row = column * self.columns
        plane = row * self.rows
        return IMAGE.frame(
            at=0,
            rows=self.rows,
            columns=self.columns,
            column=column,
            row=row,
            image=plane * (-(-self.channels // self.block) if self.block else 1),
            vectors=self.vectors(width),
            grouped=self.block // width if self.block else 1,
            group=plane if self.block else width,
        )


class Kernels:
    """The kernels of F(m×m, r×r) for an instruction set, and the threads they run on."""

    def __init__(self, m: int, r: int, team: Team) -> None:
        self.m, self.r, self.n = m, r, m + r - 1
        self.team, self.width = team, team.target.width

    def run(self, name: str, frame: Frame, units: int, workspace: int = 0, floats: int = 0) -> None:
        """Run the kernel of this name over its units; compiled when it is first asked for."""
        kernel = _compiled(self.m, self.r, self.team.target, name)
        self.team.run(kernel, frame.address, units, workspace, floats)


class _Tiles:
    """The tiles of an image's results, and how the workspace is divided among V and M."""

    def __init__(self, kernels: Kernels, read: Image, made: Image, tiles: int | None) -> None:
        self.rows, self.columns = -(-made.rows // kernels.m), -(-made.columns // kernels.m)
        self.all_rows = made.batch * self.rows
        many = max(read.channels, made.channels) > _FEW
        wanted = tiles or (_TILES_OF_MANY if many else _TILES_OF_FEW)
        most = max(1, min(self.all_rows, wanted // self.columns))
        self.block_rows = -(-self.all_rows // -(-self.all_rows // most))
        self.blocks = -(-self.all_rows // self.block_rows)

    def fields(self) -> dict[str, int]:
        """What a frame says of them."""
        return {
            "tile_rows": self.rows,
            "tile_columns": self.columns,
            "all_rows": self.all_rows,
            "block_rows": self.block_rows,
        }

    def place(self, channels: int) -> int:
        """How far places ξ of a block are from each other."""
        return self.block_rows * self.columns * channels + _APART


class ForwardPass:
    """y = x * g: the results of a convolution, or the gradient of its bottom.

    Args:
        kernels: what computes.
        read: the images that are read: (N, C, H, W), or the top's gradient.
        made: the images that are written.
        pad: rows above and columns at the left of the image, in both directions the same number
            r - 1 - pad for the gradient of a bottom.
        tiles: about how many are transformed at a time.
    """

    def __init__(
        self,
        kernels: Kernels,
        read: Image,
        made: Image,
        pad: tuple[int, int],
        *,
        tiles: int | None = None,
    ) -> None:
        self._kernels = kernels
        width, n = kernels.width, kernels.n
        shape = _Tiles(kernels, read, made, tiles)
        inputs, outputs = read.vectors(width) * width, made.vectors(width) * width
        line = max(shape.columns * kernels.m + kernels.r - 1, read.columns + pad[1]) * n * width
        v_place, m_place = shape.place(inputs), shape.place(outputs)
        self._read, self._made = read.frame(width), made.frame(width)
        self._zeros = aligned_floats(max(self._read["row"], outputs, PANEL * width) + width)
        self._floor = aligned_floats(width)
        self._frame = FORWARD.frame(
            source=self._read.address,
            target=self._made.address,
            weights=0,
            bias=self._zeros.ctypes.data,
            floor=self._floor.ctypes.data,
            zeros=self._zeros.ctypes.data,
            added=0,
            pad_above=pad[0],
            pad_left=pad[1],
            **shape.fields(),
            v_place=v_place,
            m_place=m_place,
            u_place=inputs * outputs,
            v_at=line,
            m_at=line + n * n * v_place,
            line=line,
        )
        self._blocks = shape.blocks
        self._floats = line + n * n * (v_place + m_place)

    @property
    def workspace(self) -> int:
        """How many floats the threads need together."""
        return self._kernels.team.workspace(self._floats)

    def run(
        self,
        x: int,
        u: int,
        y: int,
        workspace: int,
        bias: int = 0,
        *,
        added: int = 0,
        relu: bool = False,
    ) -> None:
        """Compute the results.

        Args:
            x: the images that are read.
            u: the transformed weights.
            y: where the results go.
            workspace: memory for :attr:`workspace` floats.
            bias: one number for each channel that fills the vectors; none at all by default.
            added: images like the results, which are added to them; none by default.
            relu: put 0 in place of what is below it.
        """
        self._read["at"], self._made["at"] = x, y
        self._frame["weights"] = u
        self._frame["bias"] = bias or self._zeros.ctypes.data
        self._floor[...] = 0 if relu else -np.inf
        self._frame["added"] = added
        name = "forward_adding" if added else "forward"
        self._kernels.run(name, self._frame, self._blocks, workspace, self._floats)


class GradientPass:
    """g' = x * y': the gradient of a convolution's weights.

    Args:
        kernels: what computes.
        read: the bottom's images.
        gradient: the top's.
        pad: of the convolution.
        tiles: about how many are transformed at a time.
    """

    def __init__(
        self,
        kernels: Kernels,
        read: Image,
        gradient: Image,
        pad: tuple[int, int],
        *,
        tiles: int | None = None,
    ) -> None:
        self._kernels = kernels
        width, n, m = kernels.width, kernels.n, kernels.m
        # one row of the places is made at a time, so that more tiles are as much
        shape = _Tiles(kernels, read, gradient, tiles or _TILES_OF_MANY)
        self._vectors = gradient.vectors(width)
        inputs, outputs = read.vectors(width) * width, self._vectors * width
        line = max(shape.columns * m + kernels.r - 1, read.columns + pad[1]) * width
        second = max(shape.columns * m, gradient.columns) * width
        v_place, m_place = shape.place(inputs), shape.place(outputs)
        self._read, self._gradient = read.frame(width), gradient.frame(width)
        longest = max(self._read["row"], self._gradient["row"], PANEL * width)
        self._zeros = aligned_floats(longest + width)
        start = line + second
        self._frame = GRADIENT.frame(
            source=self._read.address,
            gradient=self._gradient.address,
            weights=0,
            zeros=self._zeros.ctypes.data,
            pad_above=pad[0],
            pad_left=pad[1],
            **shape.fields(),
            v_place=v_place,
            m_place=m_place,
            u_place=inputs * outputs,
            v_at=start,
            m_at=start + n * v_place,
            line=line,
            line_at=line,
            second_line=second,
            parts=1,
        )
        self._floats = start + n * (v_place + m_place)

    @property
    def workspace(self) -> int:
        """How many floats the threads need together."""
        return self._kernels.team.workspace(self._floats)

    def run(self, x: int, dy: int, du: int, workspace: int) -> None:
        """Compute the gradient of the transformed weights.

        Args:
            x: the bottom's images.
            dy: the top's gradient.
            du: where the result goes.
            workspace: memory for :attr:`workspace` floats.
        """
        self._read["at"], self._gradient["at"] = x, dy
        self._frame["weights"] = du
        kernels = self._kernels
        parts = self._parts(kernels.team.threads)
        self._frame["parts"] = parts
        kernels.run("gradient", self._frame, kernels.n * parts, workspace, self._floats)

    def _parts(self, threads: int) -> int:
        """Into how many parts the channels are divided, so that threads have as many units."""
        panels = -(-self._vectors // PANEL)
        return next(
            (parts for parts in range(1, panels + 1) if self._kernels.n * parts % threads == 0),
            panels,
        )


class TransformedWeights:
    """The transforms of weights (K, C, r, r) and of their gradient.

    Args:
        kernels: what computes.
        read, result: the images, whose channels are C and K.
    """

    def __init__(self, kernels: Kernels, read: Image, result: Image) -> None:
        self._kernels = kernels
        width, size = kernels.width, kernels.r**2
        self._zeros = aligned_floats(size + width)
        inputs, outputs = read.channels, result.channels
        vectors = {"in": read.vectors(width), "out": result.vectors(width)}
        shared = {
            "plain": 0,
            "weights": 0,
            "zeros": self._zeros.ctypes.data,
            "u_place": vectors["in"] * vectors["out"] * width**2,
            "add": 0,
        }
        self._forward = WEIGHTS.frame(
            **shared,
            outputs=outputs,
            output=inputs * size,
            inputs=inputs,
            input=size,
            all_inputs=vectors["in"] * width,
            vectors=vectors["out"],
        )
        self._backward = WEIGHTS.frame(
            **shared,
            outputs=inputs,
            output=size,
            inputs=outputs,
            input=inputs * size,
            all_inputs=vectors["out"] * width,
            vectors=vectors["in"],
        )

    @property
    def floats(self) -> int:
        """The size of U, and of its gradient."""
        return self._kernels.n**2 * self._forward["u_place"]

    def forward(self, g: int, u: int) -> None:
        """U of the weights at the address g."""
        self._run("to_forward", self._forward, g, u)

    def backward(self, g: int, u: int) -> None:
        """U for the gradient of the bottom."""
        self._run("to_backward", self._backward, g, u)

    def gradient(self, du: int, dg: int, *, add: bool) -> None:
        """The gradient of the weights from that of U; added to what is there, or in its place."""
        self._forward["add"] = int(add)
        self._run("from_gradient", self._forward, dg, du)

    def _run(self, name: str, frame: Frame, plain: int, weights: int) -> None:
        frame["plain"], frame["weights"] = plain, weights
        self._kernels.run(name, frame, frame["vectors"])


class Passes:
    """What one convolution needs for its forward and its gradients, made as it is asked for.

    Args:
        kernels: what computes.
        read: the bottom's images.
        made: the top's.
        pad: rows above and columns at the left of the bottom's images.
    """

    def __init__(self, kernels: Kernels, read: Image, made: Image, pad: tuple[int, int]) -> None:
        self.read, self.made = read, made
        self._kernels, self._pad = kernels, pad
        self.weights = TransformedWeights(kernels, read, made)

    @functools.cached_property
    def forward(self) -> ForwardPass:
        """The top: y = x * g."""
        return ForwardPass(self._kernels, self.read, self.made, self._pad)

    @functools.cached_property
    def bottom(self) -> ForwardPass:
        """The gradient of the bottom: a forward with the weights turned round."""
        above, left = (self._kernels.r - 1 - pad for pad in self._pad)
        return ForwardPass(self._kernels, self.made, self.read, (above, left))

    @functools.cached_property
    def gradient(self) -> GradientPass:
        """The gradient of the weights."""
        return GradientPass(self._kernels, self.read, self.made, self._pad)
