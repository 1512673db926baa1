"""ConvolutionRistretto: a Convolution with rounded numbers."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.ristretto import Ristretto
from minicaffe.layers.vision.base_conv_layer import ConvolutionBase
from minicaffe.layers.vision.convolution import Convolution


class RoundedWindows(Ristretto, ConvolutionBase):
    """What both layers of windows do with rounded numbers."""

    _params: list[np.ndarray] | None = None

    @property
    def weights(self) -> np.ndarray:
        """The rounded ones, (group, outputs/group, channels/group · taps)."""
        exact = super().weights
        return exact if self._params is None else self._params[0].reshape(exact.shape)

    def forward(self, bottom: Blobs, top: Blobs) -> None:
        self._params = self.rounded_params()
        apply = self.scatter if self.reverse else self.gather
        for x, y in zip(bottom, top, strict=True):
            apply(self.rounded(x.data, "in"), y.data)
            if self.bias_term:
                out = self.items(y.data)
                out += self._params[1].reshape(-1, *[1] * len(self.size))
            y.data[...] = self.rounded(y.data, "out")


@register("ConvolutionRistretto")
class ConvolutionRistretto(RoundedWindows, Convolution):
    """The Convolution of rounded bottoms and parameters, rounded as hardware of few bits does it.

    precision DYNAMIC_FIXED_POINT
        multiples of 2^-fl that bw bits with a sign hold: bw_layer_in and fl_layer_in for bottoms,
        bw_layer_out and fl_layer_out for tops, bw_params and fl_params for parameters.
    MINIFLOAT
        floats of mant_bits and exp_bits, all of them.
    INTEGER_POWER_OF_2_WEIGHTS
        weights ±2^e, e from exp_min to exp_max; biases exact; bottoms and tops fixed point.

    In TEST rounding goes by ``rounding_scheme``. In TRAIN it is stochastic, and of parameters only;
    the blobs keep exact ones. As on the fork's GPUs halves go to even numbers, and each number is
    rounded by itself; its CPU code stops at a small float's first 0. The fork rounds bottoms in
    place, where others may read them; here they stay as they are.

    Shapes: bottoms x (N, C, …), tops y (N, num_output, …), as of Convolution; blobs[0] is w
    (num_output, C/group, …kernel), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``convolution_param``, as of Convolution; ``quantization_param``: precision
    (DYNAMIC_FIXED_POINT), rounding_scheme (NEAREST), bw_layer_in (32), bw_layer_out (32), bw_params
    (32), fl_layer_in, fl_layer_out and fl_params (16 each), mant_bits (23), exp_bits (8), exp_min
    (-8), exp_max (-1).

    Gradients: as of Convolution, with rounded weights for dx, as if rounding changed nothing.

    Raises:
        GraphError: a number of bits or an exponent is not possible.
        ShapeError: as Convolution.

    Source: conv_ristretto_layer.cpp (pmgysel/caffe, gklz1982/caffe-yolov2); Gysel,
    Motamedi, Ghiasi, "Hardware-oriented approximation of convolutional neural networks", 2016
    (arXiv:1604.03168).
    """
