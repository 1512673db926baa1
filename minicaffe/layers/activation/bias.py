"""Bias: values added that repeat along some axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.layer import Blobs, register
from minicaffe.layers.activation.scale import Broadcast
from minicaffe.layers.channels import channel_sum
from minicaffe.proto import caffe_pb2


@register("Bias")
class Bias(Broadcast):
    """y = x + bias, which repeats along the axes that it does not cover.

    Shapes: bottom x of any shape; the bias has the shape of ``num_axes`` of its axes from ``axis``
    on: blobs[0], filled by ``filler`` (0 without one), or a second bottom instead. Top y like x,
    also in place.

    Settings: ``bias_param``: axis (1) and num_axes (1: one offset a channel; -1: to the last axis;
    0: a single number), which only a learned bias asks for.

    Gradients: dx = dy; dbias = Σ dy over the axes that it does not cover.

    Raises:
        ShapeError: the axes do not exist, or the second bottom's shape does not match.
        GraphError: ``num_axes`` below -1; an unknown filler.

    Source: bias_layer.cpp (BVLC/caffe).
    """

    word = "bias"
    backward_reads = ()

    @property
    def settings(self) -> caffe_pb2.BiasParameter:
        return self.param.bias_param

    def channel_affine(self, bottom: Blob) -> tuple[np.ndarray, np.ndarray]:
        """Ones and the bias, (C,) each.

        Raises:
            GraphError: the bias is a bottom, or has other values than one for each channel.
        """
        self.require_channels(bottom, self.settings.axis)
        offset = self.blobs[0].data.astype(np.float64)
        return np.ones_like(offset), offset

    @classmethod
    def blob_names(cls, count: int) -> tuple[str, ...]:
        return ("bias",)[:count]

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        if len(bottom) == 1:
            self.add_param(self.operand_shape(bottom[0]), self.settings.filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        self.match(bottom[0], self.operand(bottom), self.settings.axis)
        top[0].reshape_like(bottom[0])

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        bias = self.operand(bottom).data.reshape(-1, 1)
        np.add(self.fold(bottom[0].data), bias, out=self.fold(top[0].data))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        dy = top[0].diff
        if propagate_down[0] and bottom[0] is not top[0]:
            np.copyto(bottom[0].diff, dy)
        learned = len(bottom) == 1
        if self.wants_gradient(0) if learned else propagate_down[1]:
            gradient = channel_sum(self.fold(dy))
            if learned:
                self.accumulate(0, gradient)
            else:
                bottom[1].diff[...] = gradient.reshape(bottom[1].shape)
