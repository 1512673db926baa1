"""Correlation: patches of two feature maps compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.proto import caffe_pb2

Place = tuple[slice, slice, slice, slice]


@register("Correlation")
class Correlation(Layer):
    """Compares a patch of one map with patches of the other at every displacement.

    Both maps get ``pad`` zeros on each side. Patches of K×K pixels of the first map begin at row
    D + i · s₁ and column D + j · s₁, with D = ``max_displacement`` and s₁ = ``stride_1``. Channel
    c of the top is for the displacement (p, o) · s₂, s₂ = ``stride_2``, with p and o from -R to R,
    R = D / s₂ rounded down, o running first: there

        y[c, i, j] = Σ a · b / (C · K²),

    over the patch and the channels, with a of the first map and b of the second at the displaced
    place; with ``correlation_type: SUBTRACT`` Σ \\|a - b\\| / (C · K²).

    Shapes: both bottoms (N, C, H, W); top (N, (2R + 1)², H', W') with H' = (H + 2 · pad - 2 · D -
    K + 1) / s₁, rounded up, and W' alike.

    Settings: ``correlation_param``: pad (0), kernel_size K, odd, max_displacement D, stride_1 (1),
    stride_2 (1), correlation_type, MULTIPLY or SUBTRACT; do_abs is not used.

    Gradients: da = Σ dy · b / (C · K²) and db = Σ dy · a / (C · K²); with SUBTRACT ±dy / (C · K²)
    by which is larger, a if they are equal (FlowNet's Caffe compares other pixels there).

    Raises:
        GraphError: kernel_size or max_displacement are missing; kernel_size is even; a stride is 0.
        ShapeError: the bottoms differ, have not four axes, or are too small.

    Source: correlation_layer.cu (lmb-freiburg/flownet2), which runs on GPUs only. Dosovitskiy et
    al., "FlowNet: learning optical flow with convolutional networks", 2015 (arXiv:1504.06852).
    """

    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.correlation_param
        for field in ("kernel_size", "max_displacement"):
            if not param.HasField(field):
                yield GraphError(f"{field} is missing")
        if param.HasField("kernel_size") and param.kernel_size % 2 == 0:
            yield GraphError(f"kernel_size is {param.kernel_size}, expected an odd number")
        for field in ("stride_1", "stride_2"):
            if not getattr(param, field):
                yield GraphError(f"{field} is 0, expected at least 1")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        shape = bottom[0].shape
        if bottom[1].shape != shape:
            raise ShapeError(
                f"bottom 0 has shape {shape_text(shape)}, bottom 1 {shape_text(bottom[1].shape)}; "
                "they are to be alike"
            )
        param = self.param.correlation_param
        taken = 2 * param.max_displacement + param.kernel_size - 1 - 2 * param.pad
        size = [-(-(length - taken) // param.stride_1) for length in shape[2:]]
        if min(size) < 1:
            raise ShapeError(
                f"{shape_text(shape[2:])} pixels with pad {param.pad} have no room for kernel_size "
                f"{param.kernel_size} and max_displacement {param.max_displacement}; a pad of "
                "both, the kernel's half, keeps the size"
            )
        self._size = (size[0], size[1])
        radius = param.max_displacement // param.stride_2
        reach = [param.stride_2 * step for step in range(-radius, radius + 1)]
        self._displacements = [(down, across) for down in reach for across in reach]
        top[0].reshape(shape[0], len(self._displacements), *size)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        first, second = self._padded(bottom)
        y = top[0].data
        y[...] = 0
        for channel, here, there in self._pairs():
            if self._multiplies:
                y[:, channel] += np.einsum("nchw,nchw->nhw", first[here], second[there])
            else:
                y[:, channel] += np.abs(first[here] - second[there]).sum(1)
        y /= self._count(bottom)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        first, second = self._padded(bottom)
        da, db = np.zeros_like(first), np.zeros_like(second)
        dy = top[0].diff / self._count(bottom)
        for channel, here, there in self._pairs():
            share = dy[:, channel, None]
            if self._multiplies:
                da[here] += share * second[there]
                db[there] += share * first[here]
            else:
                share = np.where(first[here] >= second[there], share, -share)
                da[here] += share
                db[there] -= share
        pad, (_, _, h, w) = self.param.correlation_param.pad, bottom[0].shape
        for blob, diff, wanted in zip(bottom, (da, db), propagate_down, strict=True):
            if wanted:
                np.copyto(blob.diff, diff[:, :, pad : pad + h, pad : pad + w])

    @property
    def _multiplies(self) -> bool:
        kind = self.param.correlation_param.correlation_type
        return kind == caffe_pb2.CorrelationParameter.MULTIPLY

    def _count(self, bottom: Blobs) -> int:
        """How many values of each map a patch has."""
        return bottom[0].shape[1] * self.param.correlation_param.kernel_size**2

    def _padded(self, bottom: Blobs) -> tuple[np.ndarray, np.ndarray]:
        margin = (self.param.correlation_param.pad,) * 2
        first, second = (np.pad(b.data, ((0, 0), (0, 0), margin, margin)) for b in bottom)
        return first, second

    def _pairs(self) -> Iterator[tuple[int, Place, Place]]:
        """The top's channels, with the places in both maps of one pixel of all patches."""
        param = self.param.correlation_param
        for channel, (down, across) in enumerate(self._displacements):
            for row, column in np.ndindex(param.kernel_size, param.kernel_size):
                start = (param.max_displacement + row, param.max_displacement + column)
                yield channel, self._place(*start), self._place(start[0] + down, start[1] + across)

    def _place(self, row: int, column: int) -> Place:
        step, (h, w), every = self.param.correlation_param.stride_1, self._size, slice(None)
        rows = slice(row, row + (h - 1) * step + 1, step)
        return every, every, rows, slice(column, column + (w - 1) * step + 1, step)
