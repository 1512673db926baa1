"""MAX and AVE pooling on Caffe's own layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

from minicaffe.engines.jit.pooling_pass import PoolingPass
from minicaffe.engines.jit.pooling_pass import suits as kernels_suit
from minicaffe.engines.jit.scratch import Scratch
from minicaffe.engines.jit.team import Team
from minicaffe.engines.numpy import pooling
from minicaffe.layer import Blobs, Layer
from minicaffe.layers.vision.geometry import PoolingGeometry
from minicaffe.layers.vision.pooling import Pooling
from minicaffe.proto import caffe_pb2

_POOLING = caffe_pb2.PoolingParameter


def suits(layer: Layer) -> TypeGuard[Pooling]:
    """Whether a layer can be computed so, for planes that are not too large."""
    return (
        type(layer) is Pooling
        and layer.dtype == np.float32
        and layer.method in (_POOLING.MAX, _POOLING.AVE)
    )


class PoolingKernel(pooling.PoolingKernel):
    """Pooling; what the kernels do not suit runs as numpy's does.

    Args:
        layer: the layer.
        team, scratch: of the plan.
    """

    words = "jit"

    def __init__(self, layer: Pooling, team: Team, scratch: Scratch) -> None:
        super().__init__(layer)
        self._team, self._scratch = team, scratch
        self._made: tuple[int, PoolingGeometry, PoolingPass] | None = None
        self._found: np.ndarray | None = None  # winners of the last forward
        self._memory = np.empty(0, np.float32)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """One kernel; MAX keeps the winners."""
        prepared, x, y = self._prepared(bottom), bottom[0].data, top[0].data
        self._found = None
        if prepared is None:
            super().forward(bottom, top)
        elif self.layer.method == _POOLING.AVE:
            self._run(prepared, "ave_forward", x, y, y)
        else:
            winners = top[1].data if len(top) > 1 else self._winners_like(y)
            self._run(prepared, "max_forward", x, y, winners)
            self._found = winners

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """One kernel; a second top, which a program may have written, is read by numpy's."""
        prepared = self._prepared(bottom)
        if not propagate_down[0] or prepared is None or len(top) > 1:
            super().backward(top, propagate_down, bottom)
            return
        dy, dx = top[0].diff, bottom[0].diff
        if self.layer.method == _POOLING.AVE:
            self._run(prepared, "ave_backward", dx, dy, dy)
        elif self._found is None or self._found.shape != dy.shape:
            super().backward(top, propagate_down, bottom)
        else:
            self._run(prepared, "max_backward", dx, dy, self._found)

    def _winners_like(self, y: np.ndarray) -> np.ndarray:
        """Memory for the winners, the same from one forward to the next."""
        if self._memory.shape != y.shape:
            self._memory = np.empty_like(y)
        return self._memory

    def _run(
        self,
        prepared: PoolingPass,
        kernel: str,
        images: np.ndarray,
        windows: np.ndarray,
        winners: np.ndarray,
    ) -> None:
        addresses = (images.ctypes.data, windows.ctypes.data, winners.ctypes.data)
        workspace = self._scratch.address("workspace", prepared.workspace)
        prepared.run(kernel, *addresses, workspace)

    def _prepared(self, bottom: Blobs) -> PoolingPass | None:
        geometry, shape = self.layer.geometry, bottom[0].shape
        planes = shape[0] * shape[1]
        if not planes or not suits(self.layer) or not kernels_suit(geometry, self._team.target):
            return None
        if self._made is None or self._made[:2] != (planes, geometry):
            self._made = (planes, geometry, PoolingPass(self._team, geometry, planes))
            self._found = None
        return self._made[2]
