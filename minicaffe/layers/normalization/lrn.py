"""LRN: local response normalisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import changes_nothing


@register("LRN")
class LRN(Layer):
    """y = x · s^-beta, where s grows with the squares of the neighbours.

    ACROSS_CHANNELS
        s = k + alpha/n · Σ x² over the n = ``local_size`` channels around each.
    WITHIN_CHANNEL
        s = 1 + alpha/n² · Σ x² over the n by n pixels around each (``k`` is ignored).

    Neighbours beyond the border count as 0.

    Shapes: bottom x (N, C, H, W); top y like x, also in place.

    Settings: ``lrn_param``: local_size (5), alpha (1), beta (0.75), k (1), norm_region
    (ACROSS_CHANNELS).

    Gradients: dx = dy · s^-beta - 2 · a · beta · x · Σ dy · x · s^(-beta-1) over the neighbours,
    where a is alpha/n or alpha/n².

    Raises:
        ShapeError: the bottom does not have 4 axes, or ``local_size`` is even.

    Source: lrn_layer.cpp (BVLC/caffe), which divides alpha by n; Krizhevsky, Sutskever & Hinton,
    "ImageNet classification with deep convolutional neural networks", 2012, section 3.3, which does
    not.
    """

    keeps_coordinates = True
    exact_bottoms = 1
    fork_fields = changes_nothing("unit_test_mode", "unit_test_fuse_kernel")
    exact_tops = 1
    backward_reads = ("bottoms",)
    reads_tops_in_caffe = True

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        size = self.param.lrn_param.local_size
        if size % 2 == 0:
            yield ShapeError(
                f"local_size is {size}, expected an odd number: as many neighbours on either side"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.lrn_param
        within = param.norm_region == caffe_pb2.LRNParameter.WITHIN_CHANNEL
        self.reach = param.local_size // 2
        self.axes = (2, 3) if within else (1,)
        self.alpha: float = param.alpha / param.local_size ** len(self.axes)
        self.beta: float = param.beta
        self.k: float = 1.0 if within else param.k

    def right_in_place(self) -> bool:
        return False

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: "
                "num, channels, height, width"
            )
        top[0].reshape(*shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        """Keep s, too: backward needs it."""
        self._scale = np.empty_like(bottom[0].data)
        self.normalise(bottom[0].data, top[0].data, self._scale)

    def normalise(self, x: np.ndarray, y: np.ndarray, scale: np.ndarray) -> None:
        """Write s into ``scale`` and x · s^-beta into ``y``, which may be ``x``; (N, C, H, W)."""
        self._sum_neighbours(np.square(x), scale)
        scale *= self.alpha
        scale += self.k
        np.multiply(np.power(scale, -self.beta), x, out=y)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            self.differentiate(bottom[0].data, self._scale, top[0].diff, bottom[0].diff)

    def differentiate(
        self, x: np.ndarray, scale: np.ndarray, dy: np.ndarray, dx: np.ndarray
    ) -> None:
        """Write the gradient of :meth:`normalise` into ``dx``, which may be ``dy``.

        Args:
            x, scale: what :meth:`normalise` took and wrote, (N, C, H, W).
            dy, dx: of the same shape.
        """
        if np.may_share_memory(dx, dy):
            dy = dy.copy()
        np.multiply(np.power(scale, -self.beta), dy, out=dx)
        ratio = dx / scale * x
        share = self._sum_neighbours(ratio, np.empty_like(ratio))
        dx -= 2 * self.alpha * self.beta * x * share

    def _sum_neighbours(self, values: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Write the sums over the neighbourhood; spoils ``values``."""
        for axis in self.axes:
            if axis != self.axes[0]:
                values[...] = out
            np.copyto(out, values)
            for distance in range(1, min(self.reach, values.shape[axis] - 1) + 1):
                near, far = _shifted(axis, slice(distance, None)), _shifted(axis, slice(-distance))
                out[near] += values[far]
                out[far] += values[near]
        return out


def _shifted(axis: int, part: slice) -> tuple[slice, ...]:
    return (*[slice(None)] * axis, part)
