"""DeconvolutionRistretto: a Deconvolution with rounded numbers."""

from __future__ import annotations

from minicaffe.layer import register
from minicaffe.layers.vision.convolution_ristretto import RoundedWindows
from minicaffe.layers.vision.deconvolution import Deconvolution


@register("DeconvolutionRistretto")
class DeconvolutionRistretto(RoundedWindows, Deconvolution):
    """The Deconvolution of rounded bottoms and parameters, rounded as hardware of few bits does it.

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

    Shapes: bottoms x (N, C, …), tops y (N, num_output, …), as of Deconvolution; blobs[0] is w
    (C, num_output/group, …kernel), blobs[1] is b (num_output), with ``bias_term``.

    Settings: ``convolution_param``, as of Deconvolution; ``quantization_param``: precision
    (DYNAMIC_FIXED_POINT), rounding_scheme (NEAREST), bw_layer_in (32), bw_layer_out (32), bw_params
    (32), fl_layer_in, fl_layer_out and fl_params (16 each), mant_bits (23), exp_bits (8), exp_min
    (-8), exp_max (-1).

    Gradients: as of Deconvolution, with rounded weights for dx, as if rounding changed nothing.

    Raises:
        GraphError: a number of bits or an exponent is not possible.
        ShapeError: as Deconvolution.

    Source: deconv_ristretto_layer.cpp (pmgysel/caffe, gklz1982/caffe-yolov2); Gysel,
    Motamedi, Ghiasi, "Hardware-oriented approximation of convolutional neural networks", 2016
    (arXiv:1604.03168).
    """
