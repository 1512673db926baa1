"""Convolutions by Winograd's way on Caffe's own layout: packed, computed, unpacked."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from minicaffe.blob import Blob
from minicaffe.engines.jit.channel_passes import CompiledPasses
from minicaffe.engines.jit.compiler import compile_functions
from minicaffe.engines.jit.pack import PACK, Packing
from minicaffe.engines.jit.passes import ForwardPass, GradientPass, Image, Kernels, Passes
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.target import Target
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.engines.numpy.convolution import ConvolutionKernel
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.vision.convolution import Convolution

#: Results of a tile along an axis, by the taps of the kernel: as many as keep the error below 3e-6
#: of the largest value.
TILES = {3: 4, 5: 3}
#: Fewer channels than these leave most of a vector empty.
FEWEST_CHANNELS = 8


def suits(layer: Layer) -> TypeGuard[Convolution]:
    """Whether a convolution of the layer's present shape can be computed so."""
    if type(layer) is not Convolution:
        return False
    geometry = layer.geometry
    kernel = tuple(geometry.kernel)
    taps = kernel[0] if kernel else 0  # a layer without spatial axes has none
    return (
        layer.dtype == np.float32
        and kernel == (taps, taps)
        and taps in TILES
        and geometry.axis == 1
        and tuple(geometry.stride) == tuple(geometry.dilation) == (1, 1)
        and all(pad < taps for pad in geometry.pad)
        and layer.group == 1
        and min(layer.channels, layer.num_output) >= FEWEST_CHANNELS
    )


def passes_of(layer: Convolution, read: Image, made: Image, team: Team) -> Passes:
    """The passes of a convolution that :func:`suits`.

    Args:
        layer: the convolution.
        read, made: its bottom's and its top's images, in layouts that the team's vectors take.
        team: the threads.
    """
    taps, (above, left) = layer.geometry.kernel[0], layer.geometry.pad
    return Passes(Kernels(TILES[taps], taps, team), read, made, (above, left))


class WinogradKernel(ConvolutionKernel):
    """Convolution; what :func:`suits` refuses runs as numpy's kernel does.

    Args:
        layer: the layer.
        team, scratch: of the plan.
    """

    def __init__(self, layer: Convolution, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        layer.passes = CompiledPasses(team)
        self._team, self._scratch = team, scratch
        self._passes: _PackedPasses | None = None

    @property
    def words(self) -> str:
        """What runs the layer, for who asks."""
        if not suits(self.layer):
            return "numpy"
        taps = self.layer.geometry.kernel[0]
        tile = TILES[taps]
        return f"jit, Winograd F({tile}x{tile}, {taps}x{taps})"

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Winograd's way where it can be gone."""
        passes = self._prepared(bottom[0])
        if passes is None:
            super().forward(bottom, top)
            return
        for source, target in zip(bottom, top, strict=True):
            passes.forward(source.data, self.layer.blobs[0].data, self.bias, target.data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dx, and dg and db added to the diffs."""
        passes, layer = self._prepared(bottom[0]), self.layer
        if passes is None:
            super().backward(top, propagate_down, bottom)
            return
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            layer.add_bias_gradient(target.diff)
            passes.read_gradient(target.diff)
            if layer.wants_gradient(0):
                passes.add_weight_gradient(source.data, layer.blobs[0].diff)
            if wanted:
                passes.write_bottom_gradient(layer.blobs[0].data, source.diff)

    def _prepared(self, bottom: Blob) -> _PackedPasses | None:
        if not suits(self.layer) or not bottom.count:
            return None
        if self._passes is None or self._passes.shape != bottom.shape:
            self._passes = _PackedPasses(self.layer, bottom.shape, self._team, self._scratch)
        return self._passes


class _PackedPasses:
    """The passes of a layer for a shape of its bottom, on images that are packed for them."""

    def __init__(
        self, layer: Convolution, shape: tuple[int, ...], team: Team, scratch: Scratch
    ) -> None:
        self.shape = shape
        self._team, self._scratch = team, scratch
        width = team.target.width
        read = Image.of(shape, width)
        made = Image.of((shape[0], layer.num_output, *layer.grid), width)
        self._passes = passes_of(layer, read, made, team)
        self._bias = aligned_floats(made.vectors(width) * width)
        self._zeros = aligned_floats(width)

    def forward(
        self, x: np.ndarray, weights: np.ndarray, bias: np.ndarray | None, y: np.ndarray
    ) -> None:
        """y = x * weights + bias."""
        u, made = self._u, self._memory("made", self._passes.made)
        if bias is not None:
            self._bias[: bias.size] = bias.ravel()
        self._passes.weights.forward(weights.ctypes.data, u)
        packed = self._pack("read", self._passes.read, x)
        workspace = self._workspace(self._passes.forward)
        self._passes.forward.run(packed, u, made, workspace, self._bias.ctypes.data)
        self._move("unpack", self._passes.made, y, made)

    def read_gradient(self, dy: np.ndarray) -> None:
        """Pack the top's gradient, for both gradients that follow."""
        self._pack("made", self._passes.made, dy)

    def add_weight_gradient(self, x: np.ndarray, dg: np.ndarray) -> None:
        """dg += x * dy."""
        packed = self._pack("read", self._passes.read, x)
        workspace = self._workspace(self._passes.gradient)
        self._passes.gradient.run(
            packed, self._memory("made", self._passes.made), self._u, workspace
        )
        self._passes.weights.gradient(self._u, dg.ctypes.data, add=True)

    def write_bottom_gradient(self, weights: np.ndarray, dx: np.ndarray) -> None:
        """dx = dy * weights turned round."""
        packed = self._memory("read", self._passes.read)
        self._passes.weights.backward(weights.ctypes.data, self._u)
        workspace = self._workspace(self._passes.bottom)
        self._passes.bottom.run(self._memory("made", self._passes.made), self._u, packed, workspace)
        self._move("unpack", self._passes.read, dx, packed)

    @property
    def _u(self) -> int:
        return self._scratch.address("weights", self._passes.weights.floats)

    def _workspace(self, a_pass: ForwardPass | GradientPass) -> int:
        return self._scratch.address("workspace", a_pass.workspace)

    def _memory(self, name: str, image: Image) -> int:
        width = self._team.target.width
        floats = image.batch * image.vectors(width) * width * image.rows * image.columns
        return self._scratch.address(name, floats)

    def _pack(self, name: str, image: Image, plain: np.ndarray) -> int:
        packed = self._memory(name, image)
        self._move("pack", image, plain, packed)
        return packed

    def _move(self, kernel: str, image: Image, plain: np.ndarray, packed: int) -> None:
        blocks = image.vectors(self._team.target.width)
        frame = PACK.frame(
            plain=plain.ctypes.data,
            packed=packed,
            zeros=self._zeros.ctypes.data,
            channels=image.channels,
            pixels=image.rows * image.columns,
            blocks=blocks,
        )
        self._team.run(_packing(self._team.target)[kernel], frame.address, image.batch * blocks)


@functools.cache
def _packing(target: Target) -> dict[str, int]:
    return dict(compile_functions(Packing(target).functions(), target))
