"""InnerProduct whose weights' gradient is added some rows at a time.

The layer's own formula makes a second array of the weights' size before it adds it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.engines.numpy.kernels import Kernel, kernel_for
from minicaffe.engines.numpy.portions import portions
from minicaffe.layer import Blobs
from minicaffe.layers.common.inner_product import InnerProduct

#: Elements of the weights' gradient that are computed at a time before they are added.
_PORTION = 1 << 20


@kernel_for(InnerProduct)
class InnerProductKernel(Kernel[InnerProduct]):
    """Forward as the layer does it; backward in portions."""

    layer: InnerProduct

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        """dW = dyᵀ · x a few rows of W after others."""
        layer = self.layer
        x, dy = layer.vectors(bottom[0].data), top[0].diff.reshape(-1, layer.num_output)
        if layer.wants_gradient(0):
            left, right = (x, dy) if layer.transpose else (dy, x)
            total = layer.blobs[0].diff
            for part in portions(len(total), right.shape[1], _PORTION):
                total[part] += left[:, part].T @ right
        layer.add_bias_gradient(dy)
        if propagate_down[0]:
            np.matmul(dy, layer.weights, out=layer.vectors(bottom[0].diff))
