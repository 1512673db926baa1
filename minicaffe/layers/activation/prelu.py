"""PReLU: rectified linear units whose negative slope is learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob, shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, register
from minicaffe.layers.activation.neuron_layer import Neuron, step
from minicaffe.layers.channels import channel_dot, fold
from minicaffe.proto import caffe_pb2

_QUARTER = caffe_pb2.FillerParameter(type="constant", value=0.25)


@register("PReLU")
class PReLU(Neuron):
    """y = max(x, 0) + slope · min(x, 0), where the slopes are learned: one a channel, or one for
    all.

    Shapes: bottom x (N, C), (N, C, H) or (N, C, H, W); blobs[0], the slopes, (C), or () with
    ``channel_shared``, filled by ``filler`` (0.25 without one). Top y like x, also in place; the
    layer then keeps x.

    Settings: ``prelu_param``: channel_shared (false).

    Gradients: dx = dy · (1 where x > 0, else the slope); dslope = Σ dy · min(x, 0) over the values
    that share it.

    Raises:
        ShapeError: fewer than two axes or, as in Caffe, more than four; another number of channels
            than slopes.

    Source: prelu_layer.cpp (BVLC/caffe); He, Zhang, Ren & Sun, "Delving deep into rectifiers", 2015
    (arXiv:1502.01852).
    """

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        super().setup(bottom, top)
        _require_two_to_four_axes(bottom[0])
        param = self.param.prelu_param
        shape = () if param.channel_shared else (bottom[0].channels,)
        self.add_param(shape, param.filler if param.HasField("filler") else _QUARTER)
        self._kept = Blob(dtype=self.dtype)  # the bottom's data, while running in place
        self.backward_reads = () if bottom[0] is top[0] else ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        _require_two_to_four_axes(bottom[0])
        slopes = self.blobs[0]
        if slopes.shape and slopes.count != bottom[0].channels:
            raise ShapeError(
                f"the bottom has {bottom[0].channels} channels, but there are {slopes.count} slopes"
            )
        super().reshape(bottom, top)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        if bottom[0] is top[0]:
            self._kept.reshape_like(bottom[0])
            np.copyto(self._kept.data, bottom[0].data)
        super().forward(bottom, top)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        negative = np.minimum(x, 0, out=self.scratch(x))
        np.maximum(x, 0, out=y)
        negative = fold(negative)
        negative *= self.blobs[0].data.reshape(-1, 1)
        y += negative.reshape(y.shape)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        x = fold(self._kept.data if bottom[0] is top[0] else bottom[0].data)
        dy, dx = fold(top[0].diff), fold(bottom[0].diff)
        if self.wants_gradient(0):
            sums = channel_dot(dy, np.minimum(x, 0, out=self.scratch(x)))
            self.accumulate(0, sums if self.blobs[0].shape else sums.sum())
        if propagate_down[0]:
            factor = self.scratch_for(dy, dx)
            step(x > 0, self.blobs[0].data.reshape(-1, 1), factor)
            np.multiply(dy, factor, out=dx)


def _require_two_to_four_axes(bottom: Blob) -> None:
    if not 2 <= len(bottom.shape) <= 4:
        raise ShapeError(
            f"the bottom has shape {shape_text(bottom.shape)}; two to four axes (batch, channels, "
            "height, width) are expected; a Reshape layer can merge the others"
        )
