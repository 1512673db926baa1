"""Convolutions with one input a group on Caffe's own layout: MobileNet's depthwise ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from minicaffe.engines.jit.channel_passes import CompiledPasses
from minicaffe.engines.jit.depthwise_pass import DepthwisePass
from minicaffe.engines.jit.planes import PlaneWindows
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.team import Team, aligned_floats
from minicaffe.engines.numpy.convolution import ConvolutionKernel
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.vision.convolution import Convolution

#: Floats of a thread's workspace.
_MOST_FLOATS = 1 << 23


def suits(layer: Layer) -> TypeGuard[Convolution]:
    """Whether a layer can be computed so, for planes that are not too large."""
    return (
        type(layer) is Convolution
        and layer.dtype == np.float32
        and layer.geometry.axis == 1
        and len(layer.geometry.kernel) == 2
        and layer.group == layer.channels
    )


class DepthwiseKernel(ConvolutionKernel):
    """Depthwise convolution; what the kernels do not suit runs as numpy's does.

    Args:
        layer: the layer.
        team, scratch: of the plan.
    """

    layer: Convolution
    words = "jit, depthwise"

    def __init__(self, layer: Convolution, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        layer.passes = CompiledPasses(team)
        self._team, self._scratch = team, scratch
        self._made: tuple[int, PlaneWindows, DepthwisePass] | None = None
        self._no_bias = aligned_floats(layer.num_output)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One kernel."""
        prepared = self._prepared(bottom)
        if prepared is None:
            super().forward(bottom, top)
            return
        bias = self._no_bias if self.bias is None else self.bias
        weights, workspace = self.layer.blobs[0].data, self._workspace(prepared)
        for source, target in zip(bottom, top, strict=True):
            x, y = source.data.ctypes.data, target.data.ctypes.data
            prepared.run("forward", x, y, weights.ctypes.data, workspace, bias.ctypes.data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """A kernel for dx, and one that adds to the weights' diff."""
        prepared, layer = self._prepared(bottom), self.layer
        if prepared is None:
            super().backward(top, propagate_down, bottom)
            return
        weights, workspace = layer.blobs[0], self._workspace(prepared)
        for wanted, source, target in zip(propagate_down, bottom, top, strict=True):
            layer.add_bias_gradient(target.diff)
            dy = target.diff.ctypes.data
            if layer.wants_gradient(0):
                x, dw = source.data.ctypes.data, weights.diff.ctypes.data
                prepared.run("gradient", x, dy, dw, workspace)
            if wanted:
                dx, w = source.diff.ctypes.data, weights.data.ctypes.data
                prepared.run("backward", dx, dy, w, workspace)

    def _workspace(self, prepared: DepthwisePass) -> int:
        return self._scratch.address("workspace", prepared.workspace)

    def _prepared(self, bottom: Blobs) -> DepthwisePass | None:
        layer, batch = self.layer, bottom[0].shape[0]
        if not bottom[0].count:
            return None
        of = layer.geometry
        windows = PlaneWindows(
            *(layer.size, of.kernel, of.stride, of.pad, of.dilation, layer.output_size),
            self._team.target.width,
        )
        if windows.floats > _MOST_FLOATS:
            return None
        if self._made is None or self._made[:2] != (batch, windows):
            outputs = layer.num_output // layer.channels
            made = DepthwisePass(self._team, windows, batch, layer.channels, outputs)
            self._made = (batch, windows, made)
        return self._made[2]
