"""NdPooling: pooling whose window is given axis by axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.vision.nd_windows import NdWindows, check_windows, windows_along
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_POOLING = caffe_pb2.PoolingParameter


@register("NdPooling")
class NdPooling(Layer):
    """MAX or AVE pooling with ``kernel_shape``, ``stride_shape`` and ``pad_shape``.

    AVE divides by the window's size, of which padding is part. Axes on which one window is left are
    dropped from the top's shape, as in the fork. STOCHASTIC is refused.

    Shapes: bottom x (N, C, …); top y (N, C, …), where an axis has
    (size + 2·pad - kernel) / stride + 1 elements, rounded down; with padding a last window that
    would start after the image and its front padding is dropped.

    Settings: ``pooling_param``: pool, MAX or AVE; kernel_shape { dim: … }, one number an axis,
    required unless global_pooling (false); stride_shape (ones), pad_shape (zeros).

    Gradients: MAX gives dy to every pixel that is the largest, AVE dy / size to all pixels.

    Raises:
        GraphError: STOCHASTIC, or no kernel_shape.
        ShapeError: a shape has not one number for each axis after the channels, or a 0; no window
            fits.

    Source: cudnn_ndpooling_layer.cpp (chuckcho/video-caffe).
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    fork_fields = meant("kernel_shape", "stride_shape", "pad_shape")

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.pooling_param
        if param.pool == _POOLING.STOCHASTIC:
            yield GraphError("pool: STOCHASTIC has no counterpart here, expected MAX or AVE")
        if not param.kernel_shape.dim and not param.global_pooling:
            yield GraphError(
                "kernel_shape is missing; give it one dim for each axis after the channels, or "
                "global_pooling: true"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        self.takes_mean = self.param.pooling_param.pool == _POOLING.AVE
        self.backward_reads = () if self.takes_mean else ("bottoms", "tops")

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, size = self.param.pooling_param, bottom[0].shape[2:]
        kernel, stride, pad = (
            tuple(int(n) for n in getattr(param, f"{name}_shape").dim) or default
            for name, default in (
                ("kernel", size), ("stride", (1,) * len(size)), ("pad", (0,) * len(size))
            )
        )  # fmt: skip
        for name, values in (("kernel", kernel), ("stride", stride), ("pad", pad)):
            if len(values) != len(size):
                raise ShapeError(
                    f"{name}_shape is {shape_text(values)}, but the bottom has shape "
                    f"{shape_text(bottom[0].shape)}; one number for each axis after the channels "
                    "is expected"
                )
        counts = windows_along(list(zip(size, kernel, stride, pad, strict=True)), up=False)
        output = tuple(
            count - (p > 0 and (count - 1) * s >= n + p)
            for count, n, s, p in zip(counts, size, stride, pad, strict=True)
        )
        self.windows = check_windows(NdWindows(size, kernel, stride, pad, output))
        self._shape = (*bottom[0].shape[:2], *output)
        top[0].reshape(*bottom[0].shape[:2], *(n for n in output if n > 1))

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        y = top[0].data.reshape(self._shape)
        self.windows.pool(bottom[0].data, y, mean=self.takes_mean)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            y, dy = (array.reshape(self._shape) for array in (top[0].data, top[0].diff))
            x, dx = bottom[0].data, bottom[0].diff
            self.windows.give_back(x, y, dy, dx, mean=self.takes_mean)
