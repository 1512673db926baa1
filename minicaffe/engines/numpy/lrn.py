"""LRN, a few images at a time: its temporary arrays stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.engines.numpy.kernels import Kernel, kernel_for
from minicaffe.engines.numpy.portions import portions
from minicaffe.layer import Blobs
from minicaffe.layers.normalization.lrn import LRN

#: Elements handled at a time.
_PORTION = 1 << 18


@kernel_for(LRN)
class LRNKernel(Kernel[LRN]):
    """The layer's formula in portions of images."""

    layer: LRN

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Like the layer's, in portions of images; keeps s for backward."""
        x, y = bottom[0].data, top[0].data
        self._scale = np.empty_like(x)
        for part in portions(len(x), x[:1].size, _PORTION):
            self.layer.normalise(x[part], y[part], self._scale[part])

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """Like the layer's, in portions of images, by the s that was kept."""
        if not propagate_down[0]:
            return
        x, dx, dy = bottom[0].data, bottom[0].diff, top[0].diff
        for part in portions(len(x), x[:1].size, _PORTION):
            self.layer.differentiate(x[part], self._scale[part], dy[part], dx[part])
