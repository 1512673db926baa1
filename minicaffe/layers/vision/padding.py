"""Padding: margins of zeros added to images, or cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, MinicaffeError, ShapeError
from minicaffe.layer import Blobs, Layer, register


@register("Padding")
class Padding(Layer):
    """y[n,c,h,w] = x[n,c,h-pad_beg,w-pad_beg], or 0 outside of x; negative margins are cut off.

    Shapes: bottom x (N, C, H, W); top y (N, C, H + pad_beg + pad_end, W + pad_beg + pad_end).

    Settings: ``padding_param``: pad_beg (0), pad_end (0), pixels before and after, not of different
    signs.

    Gradients: dx is dy at the pixel's place in y, and 0 for what is cut off.

    Raises:
        GraphError: one margin is positive, the other negative.
        ShapeError: the bottom has not four axes; nothing is left of it.

    Source: padding_layer.cpp (TheLegendAli/DeepLab-Context).
    """

    in_place = False
    exact_bottoms = exact_tops = 1
    backward_reads = ()

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        param = self.param.padding_param
        if param.pad_beg * param.pad_end < 0:
            yield GraphError(
                f"pad_beg is {param.pad_beg} and pad_end is {param.pad_end}; both add, or both cut"
            )

    def reshape(self, bottom: Blobs, top: Blobs) -> None:
        param, shape = self.param.padding_param, bottom[0].shape
        if len(shape) != 4:
            raise ShapeError(f"bottom has shape {shape_text(shape)}, expected N×C×H×W")
        height, width = (n + param.pad_beg + param.pad_end for n in shape[2:])
        if min(height, width) < 1:
            raise ShapeError(
                f"nothing is left of {shape_text(shape[2:])} pixels with pad_beg {param.pad_beg} "
                f"and pad_end {param.pad_end}"
            )
        top[0].reshape(*shape[:2], height, width)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        top[0].data[...] = 0
        self._part(top[0].data, 1)[...] = self._part(bottom[0].data, -1)

    def backward(self, top: Blobs, propagate_down: Sequence[bool], bottom: Blobs) -> None:
        if propagate_down[0]:
            bottom[0].diff[...] = 0
            self._part(bottom[0].diff, -1)[...] = self._part(top[0].diff, 1)

    def _part(self, array: np.ndarray, sign: int) -> np.ndarray:
        """What bottom and top share of the one that has the margins: the top (1), or the bottom,
        of which they are cut off (-1)."""
        param = self.param.padding_param
        before, after = max(0, sign * param.pad_beg), max(0, sign * param.pad_end)
        height, width = array.shape[2:]
        return array[:, :, before : height - after, before : width - after]
