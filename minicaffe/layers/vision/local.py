"""Local: windows of an image, each with weights of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.vision.base_conv_layer import col2im, im2col, window_memory
from minicaffe.layers.vision.geometry import ConvGeometry, conv_window_mistakes
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant


@register("Local")
class Local(Layer):
    """y[n,o,i] = b[o,i] + Σ_ct w[o,c,t,i] · x[n,c,i·stride - pad + t·dilation]: an unshared
    Convolution.

    Its image has the size that it has at set-up, as each place has weights of its own.

    Shapes: bottom x (N, C, H, W); top y (N, num_output, H', W'), with the windows of a Convolution;
    blobs[0] is w (num_output, 1, C · taps, H'·W'), filled by ``weight_filler``; blobs[1] is b (1,
    1, num_output, H'·W'), with ``bias_term``, filled by ``bias_filler``.

    Settings: ``local_param``: num_output and kernel_size, required; stride (1), pad (0), bias_term
    (true). Without it ``convolution_param``, as a later version has it, with group 1.

    Gradients: dx by the windows that see each pixel; dw[o,c,t,i] = Σ_n dy[n,o,i] · x[n,c,…];
    db[o,i] = Σ_n dy[n,o,i].

    Raises:
        GraphError: num_output is missing or 0; group is not 1.
        ShapeError: the bottom does not have 4 axes, or another size than at set-up; no window fits.

    Source: local_layer.cpp (happynear/caffe-windows, BVLC/caffe), there of a fork in its history;
    Taigman, Yang, Ranzato, Wolf, "DeepFace: closing the gap to human-level performance in face
    verification", 2014.
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ("bottoms",)
    fork_fields = meant("local_param")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = _settings(self.param)
        yield from conv_window_mistakes(param)
        if not param.num_output:
            yield GraphError("num_output is missing or 0, expected at least 1")
        if param.group != 1:
            yield GraphError(f"group is {param.group}, expected 1: Local has no groups")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = _settings(self.param), bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(f"the bottom has {len(shape)} axes, expected 4: (N, C, H, W)")
        self.geometry = ConvGeometry.from_param(param, bottom[0])
        self._size, self._outputs = shape[1:], param.num_output
        self.grid = self.geometry.output_size(shape[2:])
        places, taps = math.prod(self.grid), shape[1] * math.prod(self.geometry.kernel)
        self.add_param((self._outputs, 1, taps, places), param.weight_filler)
        if param.bias_term:
            self.add_param((1, 1, self._outputs, places), param.bias_filler)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if shape[1:] != self._size:
            found, made = ("×".join(map(str, size)) for size in (shape[1:], self._size))
            raise ShapeError(f"the images are {found}, but the weights were made for {made}")
        top[0].reshape(shape[0], self._outputs, *self.grid)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data, top[0].data
        flat = y.reshape(*y.shape[:2], -1)
        flat[...] = np.einsum("okp,knp->nop", self.blobs[0].data[:, 0], self._columns(x))
        if len(self.blobs) > 1:
            flat += self.blobs[1].data[0]

    def _columns(self, x: np.ndarray) -> np.ndarray:
        """What the windows see, (C · taps, N, H'·W')."""
        self.limits.check(window_memory(x, self.geometry, self.grid), "the matrix of its windows")
        columns = im2col(x, self.geometry, self.grid)
        return columns.reshape(len(columns), len(x), math.prod(self.grid))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        dy = top[0].diff.reshape(*top[0].shape[:2], -1)
        if self.wants_gradient(0):
            slopes = np.einsum("nop,knp->okp", dy, self._columns(bottom[0].data))
            self.accumulate(0, slopes[:, None])
        if len(self.blobs) > 1 and self.wants_gradient(1):
            self.accumulate(1, dy.sum(axis=0)[None, None])
        if propagate_down[0]:
            columns = np.einsum("okp,nop->knp", self.blobs[0].data[:, 0], dy)
            col2im(columns, bottom[0].diff, self.geometry, self.grid)


def _settings(param: caffe_pb2.LayerParameter) -> caffe_pb2.ConvolutionParameter:
    """``local_param`` in Caffe's own fields; without it ``convolution_param``."""
    if not param.HasField("local_param"):
        return param.convolution_param
    own, found = param.local_param, caffe_pb2.ConvolutionParameter()
    found.num_output, found.bias_term = own.num_output, own.bias_term
    found.stride.append(own.stride)
    found.pad.append(own.pad)
    if own.HasField("kernel_size"):
        found.kernel_size.append(own.kernel_size)
    found.weight_filler.CopyFrom(own.weight_filler)
    found.bias_filler.CopyFrom(own.bias_filler)
    return found
