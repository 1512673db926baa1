"""LRNRistretto: an LRN in small floats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import register
from minicaffe.layers.normalization.lrn import LRN
from minicaffe.layers.ristretto import Ristretto, minifloat
from minicaffe.proto import caffe_pb2

_Param = caffe_pb2.QuantizationParameter


@register("LRNRistretto")
class LRNRistretto(Ristretto, LRN):
    """y = x · s^-beta with s = k + alpha/n · Σ x² over n channels, all in small floats.

    In both phases each x, square, sum, product and power is rounded to the nearest float of
    mant_bits and exp_bits. The sum runs along the channels: a square is added at its front and one
    taken off at its end, so that errors stay in it, as in the fork.

    Shapes: bottom x (N, C, H, W); top y like x.

    Settings: ``lrn_param``: local_size (5), alpha (1), beta (0.75), k (1), norm_region
    (ACROSS_CHANNELS, the only one). ``quantization_param``: precision, MINIFLOAT required;
    mant_bits (23), exp_bits (8).

    Gradients: dx as of LRN, with this s, as if rounding changed nothing.

    Raises:
        GraphError: another precision or norm_region; a number of bits is not possible.
        ShapeError: as LRN.

    Source: lrn_ristretto_layer.cu (pmgysel/caffe, gklz1982/caffe-yolov2), which has no CPU code.
    """

    in_place = False

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        if self.precision != _Param.MINIFLOAT:
            yield GraphError("LRNRistretto has only precision: MINIFLOAT; give it, or use LRN")
        if self.param.lrn_param.norm_region != caffe_pb2.LRNParameter.ACROSS_CHANNELS:
            yield GraphError("LRNRistretto normalises only ACROSS_CHANNELS")

    def normalise(self, x: np.ndarray, y: np.ndarray, scale: np.ndarray) -> None:
        short = self._short(x)
        squares = self._short(np.square(short))
        channels, size = x.shape[1], self.param.lrn_param.local_size
        total = np.zeros_like(x[:, 0])
        for head in range(channels + self.reach):
            if head < channels:
                total = self._short(total + squares[:, head])
            if head >= size:
                total = self._short(total - squares[:, head - size])
            if head >= self.reach:
                share = self._short(total * x.dtype.type(self.alpha))
                scale[:, head - self.reach] = self._short(x.dtype.type(self.k) + share)
        power = self._short(np.power(scale, -self.beta))
        np.copyto(y, self._short(short * power))

    def _short(self, values: np.ndarray) -> np.ndarray:
        param = self.param.quantization_param
        return minifloat(values, param.mant_bits, param.exp_bits, np.rint)

    @property
    def repeatable(self) -> bool:
        """Nothing is drawn."""
        return True
