"""ChannelScale: every pixel's channels times one number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.proto import caffe_pb2


@register("ChannelScale")
class ChannelScale(Layer):
    """y[n, c, h, w] = s[n, h, w] · x[n, c, h, w]: gives features their norm back, for example.

    With ``global_scale`` one number multiplies all, the running mean of |s|: in TRAIN
    s̄ = 0.99 · s̄ + 0.01 · mean |s|, beginning with the first mean, and kept between
    ``min_global_scale`` and ``max_global_scale``. (That is the fork's rule on a GPU; on a CPU its
    number never moves.)

    Shapes: bottom 0, x (N, C, …); bottom 1, s, one number for each pixel of each item, such as
    (N, 1, H, W) or (N, 1); top 0, y like x; top 1, optional with ``global_scale``, its number (1).
    blobs[0], with ``global_scale``: s̄ (1), -1 before the first batch; no solver changes it.

    Settings: ``channel_scale_param``: do_forward (true; false passes x on), do_backward_feature
    (true; false passes dy on), do_backward_scale (true), global_scale (false), min_global_scale
    (0), max_global_scale (1000). init_global_scale is read by nothing, as in the fork.

    Gradients: dx = s · dy, also with ``global_scale``, as in the fork; ds = Σ_c x · dy, or 0
    without ``do_backward_scale``.

    Raises:
        GraphError: a ``param`` block with an ``lr_mult`` other than 0; a second top without
            ``global_scale``.
        ShapeError: there is not one number for each pixel.

    Source: channel_scale_layer.cu (happynear/caffe-windows).
    """

    in_place = False
    exact_bottoms = 2
    min_tops = 1
    max_tops = 2
    backward_reads = ("bottoms",)

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        overall = self.param.channel_scale_param.global_scale
        if len(self.param.top) > 1 and not overall:
            yield GraphError(
                "a second top has the number of global_scale; set that, or give one top"
            )
        if overall and self.param.param and self.param.param[0].lr_mult != 0:
            yield GraphError("the number of global_scale is not learned; write lr_mult: 0")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if self.param.channel_scale_param.global_scale:
            self.add_param((1,)).data[...] = -1
            if not self.param.param:
                self.param.param.add(lr_mult=0, decay_mult=0)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        x, s = bottom[0].shape, bottom[1].shape
        if len(x) < 2 or s[:1] != x[:1] or bottom[1].count != math.prod((x[0], *x[2:])):
            raise ShapeError(
                f"bottom 0 has shape {shape_text(x)}, bottom 1 {shape_text(s)}; one number for "
                "each pixel of each item is expected"
            )
        top[0].reshape_like(bottom[0])
        for blob in top[1:]:
            blob.reshape(1)

    def _factors(self, bottom: Blobs, values: np.ndarray) -> np.ndarray:
        """What multiplies x, one number for all channels of a pixel."""
        x = bottom[0].shape
        return values.reshape(x[0], 1, *x[2:])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        param, x = self.param.channel_scale_param, bottom[0].data
        if not param.do_forward:
            np.copyto(top[0].data, x)
        elif param.global_scale:
            number = self.blobs[0].data
            if self.phase == caffe_pb2.TRAIN:
                mean = np.abs(bottom[1].data).mean()
                moved = mean if number[0] < 0 else 0.99 * number[0] + 0.01 * mean
                number[0] = max(min(moved, param.max_global_scale), param.min_global_scale)
            np.multiply(x, number[0], out=top[0].data)
            for blob in top[1:]:
                blob.data[...] = number[0]
        else:
            np.multiply(x, self._factors(bottom, bottom[1].data), out=top[0].data)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        param, dy = self.param.channel_scale_param, top[0].diff
        if propagate_down[0] and param.do_backward_feature:
            np.multiply(dy, self._factors(bottom, bottom[1].data), out=bottom[0].diff)
        elif propagate_down[0]:
            np.copyto(bottom[0].diff, dy)
        if propagate_down[1]:
            slope = np.einsum("nc...,nc...->n...", bottom[0].data, dy)
            bottom[1].diff[...] = slope.reshape(bottom[1].shape) if param.do_backward_scale else 0

    @property
    def repeatable(self) -> bool:
        """Unless a running mean is kept."""
        return not self.param.channel_scale_param.global_scale or self.phase != caffe_pb2.TRAIN
