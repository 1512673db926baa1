"""LRN across channels on Caffe's own layout, where a vector holds neighbouring pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from minicaffe.engines.jit.lrn_pass import LRNPass
from minicaffe.engines.jit.lrn_pass import suits as kernels_suit
from minicaffe.engines.jit.passes import Image
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy import lrn
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.normalization.lrn import LRN

_PLANES = -1  # Caffe's layout


def suits(layer: Layer) -> TypeGuard[LRN]:
    """Whether a layer can be computed so, for images that are large enough."""
    return type(layer) is LRN and layer.dtype == np.float32 and layer.axes == (1,)


class LRNKernel(lrn.LRNKernel):
    """LRN; what the kernels do not suit runs as numpy's does.

    Args:
        layer: the layer.
        team, scratch: of the plan.
    """

    words = "jit"

    def __init__(self, layer: LRN, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        self._team, self._scratch = team, scratch
        self._shape: tuple[int, ...] = ()
        self._pass: LRNPass | None = None

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """In one pass over the blob where that can be; in place, numpy's."""
        prepared = self._prepared(bottom[0].shape) if bottom[0] is not top[0] else None
        if prepared is None:
            super().forward(bottom, top)
        else:
            x, y = bottom[0].data, top[0].data
            prepared.forward(x.ctypes.data, y.ctypes.data, self._workspace(prepared))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """In one pass over the blob where that can be; in place, numpy's."""
        prepared = self._prepared(bottom[0].shape) if bottom[0] is not top[0] else None
        if prepared is None:
            super().backward(top, propagate_down, bottom)
        elif propagate_down[0]:
            x, dy, dx = bottom[0].data, top[0].diff, bottom[0].diff
            workspace = self._workspace(prepared)
            prepared.backward(x.ctypes.data, dy.ctypes.data, dx.ctypes.data, workspace)

    def _workspace(self, prepared: LRNPass) -> int:
        return self._scratch.address("workspace", prepared.workspace)

    def _prepared(self, shape: tuple[int, ...]) -> LRNPass | None:
        if shape != self._shape:
            self._shape, self._pass = shape, self._made(shape)
        return self._pass

    def _made(self, shape: tuple[int, ...]) -> LRNPass | None:
        if not suits(self.layer):
            return None
        param = self.layer.param.lrn_param
        images = Image.of(shape, _PLANES)
        if not kernels_suit(images, param.local_size, param.beta, self._team.target):
            return None
        numbers = (param.local_size, param.alpha, param.beta, param.k)
        return LRNPass(self._team, images, *numbers)
