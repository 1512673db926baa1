"""FlowWarp: images shifted along an optical flow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import ShapeError
from minicaffe.layer import Blobs, Layer, register
from minicaffe.layers.images import require_images
from minicaffe.proto import caffe_pb2


@register("FlowWarp")
class FlowWarp(Layer):
    """Takes each pixel from where the flow points to.

    The pixel in row h and column w of the top is the bilinear value of bottom 0 at row h + v and
    column w + u, with u and v of bottom 1 at (h, w). Less than a pixel beyond the last row or
    column that one is repeated; ``fill_value`` is the value where the flow leads further away, or
    above or left of the first ones.

    Shapes: bottom 0 (N, C, H, W); bottom 1 (N, 2, H, W), u before v; top like bottom 0.

    Settings: ``flow_warp_param``: fill_value, ZERO or NOT_A_NUMBER.

    Gradients: each dy goes to the four pixels of bottom 0 that its value came from, with their
    weights; du is dy times the slope along the row, dv that along the column, summed over the
    channels, and 0 where nothing was taken (FlowNet's Caffe leaves there what was in the memory).

    Raises:
        ShapeError: there are not four axes; the flow has not two channels or another size.

    Source: flow_warp_layer.cpp (lmb-freiburg/flownet2). Ilg et al., "FlowNet 2.0", 2016
    (arXiv:1612.01925).
    """

    in_place = False
    exact_bottoms = 2
    exact_tops = 1
    backward_reads = ("bottoms",)

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        require_images(bottom[0])
        n, _, h, w = bottom[0].shape
        if bottom[1].shape != (n, 2, h, w):
            raise ShapeError(
                f"the flow has shape {shape_text(bottom[1].shape)}; for bottom 0 of shape "
                f"{shape_text(bottom[0].shape)} it is {shape_text((n, 2, h, w))}"
            )
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        zero = self.param.flow_warp_param.fill_value == caffe_pb2.FlowWarpParameter.ZERO
        known, corners, _ = self._corners(bottom)
        y = sum(_pixels(bottom[0].data, *place) * share for *place, share in corners)
        np.copyto(top[0].data, np.where(known, y, 0 if zero else np.nan))

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        known, corners, (u, v) = self._corners(bottom)
        x, dy = bottom[0].data, np.where(known, top[0].diff, 0)
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            n, c = _planes(x)
            for row, column, share in corners:
                np.add.at(bottom[0].diff, (n, c, row, column), dy * share)
        if propagate_down[1]:
            (a, b), (c, d) = (
                [_pixels(x, *place) for *place, _ in corners[at : at + 2]] for at in (0, 2)
            )
            bottom[1].diff[:, 0] = (dy * ((1 - v) * (b - a) + v * (d - c))).sum(1)
            bottom[1].diff[:, 1] = (dy * ((1 - u) * (c - a) + u * (d - b))).sum(1)

    def _corners(
        self, bottom: Blobs
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray, np.ndarray]], list[np.ndarray]]:
        """Where the flow stays inside, the four pixels around with their weights, and the shares.

        All arrays have the shape (N, 1, H, W).
        """
        flow = bottom[1].data
        _, _, h, w = flow.shape
        across = np.arange(w, dtype=flow.dtype) + flow[:, :1]
        down = np.arange(h, dtype=flow.dtype)[:, None] + flow[:, 1:]
        known = (across >= 0) & (down >= 0) & (across < w) & (down < h)
        across, down = np.where(known, across, 0), np.where(known, down, 0)
        left, first = across.astype(np.intp), down.astype(np.intp)
        right, second = np.minimum(left + 1, w - 1), np.minimum(first + 1, h - 1)
        u, v = across - left.astype(flow.dtype), down - first.astype(flow.dtype)
        corners = [
            (first, left, (1 - u) * (1 - v)),
            (first, right, u * (1 - v)),
            (second, left, (1 - u) * v),
            (second, right, u * v),
        ]
        return known, corners, [u, v]


def _planes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of all images and all channels, for rows and columns of the shape (N, 1, H, W)."""
    return np.arange(len(x)).reshape(-1, 1, 1, 1), np.arange(x.shape[1]).reshape(-1, 1, 1)


def _pixels(x: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The values of every channel at given rows and columns."""
    n, c = _planes(x)
    return x[n, c, row, column]
