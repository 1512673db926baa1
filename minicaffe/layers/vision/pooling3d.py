"""Pooling3D: the largest pixel, or the mean, of windows of frames, rows and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.vision.nd_windows import (
    NdWindows,
    check_windows,
    require_axes,
    windows_along,
)
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_POOLING = caffe_pb2.Pooling3DParameter


@register("Pooling3D")
class Pooling3D(Layer):
    """MAX or AVE pooling over windows of ``kernel_depth`` frames of ``kernel_size``² pixels.

    AVE divides by the window's size, of which padding is part. STOCHASTIC is refused.

    Shapes: bottom x (N, C, L, H, W); top y (N, C, L', H', W'), where H' =
    (H + 2·pad - kernel_size) / stride + 1, rounded up, W' alike, and L' =
    (L - kernel_depth) / temporal_stride + 1, rounded up.

    Settings: ``pooling3d_param``: pool, MAX or AVE; kernel_size and kernel_depth, required; stride
    (1), temporal_stride (1), pad (0), with AVE only; temporal_pad must stay 0. Without it the same
    fields of ``pooling_param``, as C3D's first version has them.

    Gradients: MAX gives dy to every pixel that is the largest, also where several are; AVE dy /
    size to all pixels.

    Raises:
        GraphError: STOCHASTIC, or a pad with MAX, or a temporal_pad.
        ShapeError: the bottom has not five axes; a kernel is 0; no window fits.

    Source: pool3d_layer.cpp (facebookarchive/C3D).
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    fork_fields = meant("kernel_depth", "temporal_stride")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = _settings(self.param)
        if param.pool == _POOLING.STOCHASTIC:
            yield GraphError("pool: STOCHASTIC has no counterpart here, expected MAX or AVE")
        if param.pad and param.pool == _POOLING.MAX:
            yield GraphError(f"pad is {param.pad}, expected 0: only AVE takes padding")
        if param.temporal_pad:
            yield GraphError(f"temporal_pad is {param.temporal_pad}, expected 0")

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.takes_mean = _settings(self.param).pool == _POOLING.AVE
        self.backward_reads = () if self.takes_mean else ("bottoms", "tops")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_axes(bottom[0], 5)
        param, size = _settings(self.param), bottom[0].shape[2:]
        kernel = (param.kernel_depth, param.kernel_size, param.kernel_size)
        stride = (param.temporal_stride, param.stride, param.stride)
        pad = (0, param.pad, param.pad)
        output = windows_along(list(zip(size, kernel, stride, pad, strict=True)), up=True)
        self.windows = check_windows(NdWindows(size, kernel, stride, pad, output))
        top[0].reshape(*bottom[0].shape[:2], *output)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self.windows.pool(bottom[0].data, top[0].data, mean=self.takes_mean)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            x, y = bottom[0], top[0]
            self.windows.give_back(x.data, y.data, y.diff, x.diff, mean=self.takes_mean)


def _settings(param: caffe_pb2.LayerParameter) -> caffe_pb2.Pooling3DParameter:
    """``pooling3d_param``, or C3D's fields in ``pooling_param``."""
    if param.HasField("pooling3d_param") or not param.HasField("pooling_param"):
        return param.pooling3d_param
    old, found = param.pooling_param, caffe_pb2.Pooling3DParameter()
    for name in ("pool", "kernel_size", "stride", "pad", "kernel_depth", "temporal_stride"):
        if old.HasField(name):
            setattr(found, name, getattr(old, name))
    return found
