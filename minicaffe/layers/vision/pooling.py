"""Pooling: the largest, the mean or a drawn pixel of each window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError, raised_by
from minicaffe.layer import Blobs, CoordMap, Layer, phase_name, register
from minicaffe.layers.vision.geometry import (
    PoolingGeometry,
    check_pooling,
    window_lines,
    window_map,
    window_text,
)
from minicaffe.proto import caffe_pb2

_POOLING = caffe_pb2.PoolingParameter

#: What MAX gives for a window without pixels: Caffe's -FLT_MAX, in any dtype.
LOWEST = -float(np.finfo(np.float32).max)


@register("Pooling")
class Pooling(Layer):
    """MAX, AVE or STOCHASTIC pooling over windows of an image.

    MAX
        the largest pixel, the first in row-major order among equals; NaN counts as lowest.
        A window that lies wholly outside gives -3.4e38.
    AVE
        the sum divided by the window's area, of which the padding (but not what lies
        beyond it) is part; NaN for a window without any.
    STOCHASTIC
        TRAIN: pixel i with probability x_i / Σ x; TEST: Σ x² / Σ x, 0 where Σ x is not
        positive. Pixels should not be negative. No padding.

    Shapes: bottom x (N, C, H, W); top 0 (N, C, H', W'); see :meth:`PoolingGeometry.from_param` for
    H' and W'. Top 1, with MAX only: for each window the index of its pixel in the plane (h · W + w,
    -1 for none), which then decides where gradients go.

    Settings: ``pooling_param``: pool (MAX); kernel_size, required unless global_pooling (false);
    stride (1), pad (0), each with _h and _w instead; round_mode (CEIL).

    Gradients: MAX and STOCHASTIC give dy to the pixel that won, AVE dy / area to all pixels of
    the window; STOCHASTIC has none in phase TEST.

    Raises:
        ShapeError: the bottom does not have 4 axes; :meth:`PoolingGeometry.from_param` says which
            windows are refused.
        GraphError: a second top without MAX; a gradient of STOCHASTIC in phase TEST is asked for.

    Source: pooling_layer.cpp (BVLC/caffe), for STOCHASTIC pooling_layer.cu; Zeiler & Fergus,
    "Stochastic pooling for regularization of deep convolutional neural networks", 2013.

    Attributes:
        method: ``MAX``, ``AVE`` or ``STOCHASTIC`` of the schema's ``PoolMethod``.
        geometry: how the windows lie.
        winners: of the last forward by MAX, or by STOCHASTIC in TRAIN: for each window the index of
            its pixel in the plane, -1 for none.
    """

    color = "#FF9900"
    in_place = False
    exact_bottoms = 1
    min_tops = 1
    max_tops = 2

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.pooling_param
        yield from raised_by(check_pooling, param)
        if len(self.param.top) > 1 and param.pool != _POOLING.MAX:
            yield GraphError(
                "a second top holds the index of the maximum, which "
                f"{_POOLING.PoolMethod.Name(param.pool)} pooling does not have; expected one top"
            )

    def setup(self, bottom: Blobs, top: Blobs) -> None:
        param = self.param.pooling_param
        self.method: int = param.pool
        self.backward_reads = ("tops",) if len(top) > 1 else ()
        self.decides = len(top) > 1

    @property
    def repeatable(self) -> bool:
        """All but STOCHASTIC in phase TRAIN, which draws the pixels."""
        return self.method != _POOLING.STOCHASTIC or self.phase == caffe_pb2.TEST

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        shape = bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(
                f"bottom has shape {shape_text(shape)}, expected 4 axes: "
                "num, channels, height, width"
            )
        self.geometry = PoolingGeometry.from_param(self.param.pooling_param, shape[2:])
        for blob in top:
            blob.reshape(*shape[:2], *self.geometry.output)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        x, y = bottom[0].data, top[0].data
        if self.method == _POOLING.AVE:
            sum_windows(self.geometry, x, y)
            self.divide(y)
        elif self.method == _POOLING.MAX:
            self.winners = maximum(self.geometry, x, y)
            if len(top) > 1:
                top[1].data[...] = self.winners
        elif self.phase == caffe_pb2.TRAIN:
            self.winners = draw(self.geometry, x, y, self.rng)
        else:
            total = sum_windows(self.geometry, x, np.empty_like(y))
            sum_windows(self.geometry, np.square(x), y)
            expect(total, y)

    def divide(self, values: np.ndarray) -> None:
        """Divide values (N, C, H', W') by their windows' areas, in place; 0 / 0 is not a number."""
        with np.errstate(divide="ignore", invalid="ignore"):  # windows without area
            values /= self.geometry.areas().astype(self.dtype)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if not propagate_down[0]:
            return
        self.require_gradient()
        dy, dx = top[0].diff, bottom[0].diff
        if self.method == _POOLING.AVE:
            share = dy.copy()
            self.divide(share)
            add_to_windows(self.geometry, share, dx)
            return
        winners = top[1].data.astype(np.intp) if len(top) > 1 else self.winners
        planes, windows = dy.shape[0] * dy.shape[1], dy.shape[2] * dy.shape[3]
        winners, dy = winners.reshape(planes, windows), dy.reshape(planes, windows)
        pixels = dx.reshape(planes, dx.shape[2] * dx.shape[3])
        pixels[...] = 0
        plane, window = np.nonzero(winners >= 0)
        np.add.at(pixels, (plane, winners[plane, window]), dy[plane, window])

    def require_gradient(self) -> None:
        """Refuse STOCHASTIC in phase TEST.

        Raises:
            GraphError: it is that.
        """
        if self.method == _POOLING.STOCHASTIC and self.phase != caffe_pb2.TRAIN:
            raise GraphError(
                f"STOCHASTIC pooling has no gradient in phase {phase_name(self.phase)}"
            )

    # --------------------------------------------------------------- what others ask

    @classmethod
    def kind_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """``Pooling MAX``: the type with its method."""
        return f"{param.type} {_POOLING.PoolMethod.Name(param.pooling_param.pool)}"

    @classmethod
    def window_text(cls, param: caffe_pb2.LayerParameter) -> str:
        """``3/2+1 MAX``: kernel 3, stride 2, pad 1."""
        pooling = param.pooling_param
        window = "global" if pooling.global_pooling else window_text(pooling, "?")
        return f"{window} {_POOLING.PoolMethod.Name(pooling.pool)}"

    @classmethod
    def window_lines(cls, param: caffe_pb2.LayerParameter) -> list[str]:
        """Kernel size, stride and pad."""
        pooling = param.pooling_param
        return ["global"] if pooling.global_pooling else window_lines(pooling)

    @classmethod
    def coord_map(cls, params: Mapping[str, object]) -> CoordMap:
        """A window's middle lies at its place in the top."""
        return window_map(cls.type, params)


# Each of these goes through the places in the window, and takes all windows at once.


def sum_windows(geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Write Σ x (N, C, H, W) of each window into y (N, C, H', W'); returns y."""
    y[...] = 0
    for windows, pixels in geometry.positions():
        part = y[windows]
        part += x[pixels]
    return y


def add_to_windows(geometry: PoolingGeometry, share: np.ndarray, dx: np.ndarray) -> None:
    """Write into dx, for each pixel, the Σ of the shares of the windows that it lies in.

    Args:
        geometry: of the windows.
        share: (N, C, H', W').
        dx: (N, C, H, W), overwritten.
    """
    dx[...] = 0
    for windows, pixels in geometry.positions():
        part = dx[pixels]
        part += share[windows]


def maximum(geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Write the largest x of each window into y.

    Args:
        geometry: of the windows.
        x: (N, C, H, W); NaN counts as lowest.
        y: (N, C, H', W'), overwritten; :data:`LOWEST` for a window without pixels.

    Returns:
        The winners: the index h · W + w of each window's pixel, -1 for none, of y's shape.
    """
    index, winners = geometry.indices(), np.full(y.shape, -1)
    y[...] = LOWEST
    for windows, pixels in geometry.positions():
        larger = x[pixels] > y[windows]  # NaN is not
        np.copyto(y[windows], x[pixels], where=larger)
        np.copyto(winners[windows], index[pixels], where=larger)
    return winners


def draw(
    geometry: PoolingGeometry, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Write an x of each window into y, drawn with the probability x / Σ x.

    Args:
        geometry: of the windows.
        x: (N, C, H, W), not negative.
        y: (N, C, H', W'), overwritten; 0 where nothing is drawn.
        rng: draws.

    Returns:
        The winners, as :func:`maximum` gives them.
    """
    threshold = sum_windows(geometry, x, np.empty_like(y))
    threshold *= 1 - rng.random(y.shape)  # in (0, 1], as in Caffe
    index, winners = geometry.indices(), np.full(y.shape, -1)
    sums = np.zeros_like(y)
    y[...] = 0
    for windows, pixels in geometry.positions():
        part = sums[windows]
        part += x[pixels]
        drawn = (part >= threshold[windows]) & (winners[windows] < 0)
        np.copyto(y[windows], x[pixels], where=drawn)
        np.copyto(winners[windows], index[pixels], where=drawn)
    return winners


def expect(total: np.ndarray, y: np.ndarray) -> None:
    """Make Σ x² / Σ x of Σ x² (``y``), in place; 0 where ``total``, Σ x like y, is not above 0."""
    y /= np.where(total > 0, total, 1)
    y[total <= 0] = 0
