"""ConvolutionRistretto, DeconvolutionRistretto, FcRistretto, LRNRistretto."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np

from tests.layers import references
from tests.layers.harness import Case

Number = Callable[[float], float]
Arrays = list[np.ndarray]


def half_even(x: float) -> float:
    return float(round(x))


def fixed(bits: int, fraction: int) -> Number:
    """The nearest of the 2^bits multiples of 2^-fraction."""

    def run(x: float) -> float:
        whole = half_even(x * 2.0**fraction)
        return min(max(whole, -(2 ** (bits - 1))), 2 ** (bits - 1) - 1) / 2.0**fraction

    return run


def small(mantissa: int, exponent: int) -> Number:
    """By the bits of the float32: its mantissa cut to so many, its exponent kept in bounds."""

    def run(x: float) -> float:
        bits = struct.unpack("<I", struct.pack("<f", x))[0]
        sign, power, part = bits >> 31, bits >> 23 & 255, bits & 0x7FFFFF
        biased = power - 127 + 2 ** (exponent - 1) - 1
        if power == 0 or biased < 0:
            return 0.0
        if biased > 2**exponent - 1:
            biased, steps = 2**exponent - 1, 2.0**mantissa - 1
        else:
            steps = half_even(part / 2.0 ** (23 - mantissa))
        value = (1 + steps / 2.0**mantissa) * 2.0 ** (biased - 2 ** (exponent - 1) + 1)
        return -value if sign else value

    return run


def power(least: int, most: int) -> Number:
    def run(x: float) -> float:
        exponent = half_even(math.log2(abs(x))) if x else least
        return math.copysign(2.0 ** min(max(exponent, least), most), x)

    return run


def each(number: Number, values: np.ndarray) -> np.ndarray:
    return np.array([number(float(value)) for value in values.ravel()]).reshape(values.shape)


def exact(x: float) -> float:
    return x


def rounded(apply: Callable, bottom: Number, weight: Number, bias: Number, top: Number) -> Callable:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        x, w = each(bottom, bottoms[0]), each(weight, params[0])
        return [each(top, apply(x, w, each(bias, params[1])))]

    return run


WINDOW = {"stride": (2, 2), "pad": (1, 1), "dilation": (1, 1)}


def convolve(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    return references.convolution(x, w, b, **WINDOW)


def deconvolve(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    return references.deconvolution(x, w, b, **WINDOW)


def multiply(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1) @ w.T + b


def normalise(bottoms: Arrays, _: Arrays) -> Arrays:
    """Three neighbours, the sum in small floats all along."""
    short, x = small(4, 5), bottoms[0]
    result = np.zeros_like(x)
    for n, h, w in np.ndindex(x.shape[0], *x.shape[2:]):
        line = [short(float(value)) for value in x[n, :, h, w]]
        squares = [short(value * value) for value in line]
        total = 0.0
        for head in range(len(line) + 1):
            if head < len(line):
                total = short(total + squares[head])
            if head >= 3:
                total = short(total - squares[head - 3])
            if head >= 1:
                scale = short(1 + short(total * (2 / 3)))
                result[n, head - 1, h, w] = short(line[head - 1] * short(scale**-0.5))
    return [result]


FILLERS = 'weight_filler { type: "gaussian" std: 0.7 } bias_filler { type: "uniform" max: 2 }'
CONVOLUTION = f"convolution_param {{ num_output: 4 kernel_size: 3 stride: 2 pad: 1 {FILLERS} }} "
PRODUCT = f"inner_product_param {{ num_output: 4 {FILLERS} }} "
FIXED = ("quantization_param { bw_layer_in: 5 fl_layer_in: 2 bw_layer_out: 6 fl_layer_out: 1 "
         "bw_params: 4 fl_params: 3 }")  # fmt: skip
SMALL = "quantization_param { precision: MINIFLOAT mant_bits: 3 exp_bits: 3 }"
POWERS = ("quantization_param { precision: INTEGER_POWER_OF_2_WEIGHTS exp_min: -3 exp_max: 0 "
          "bw_layer_in: 6 fl_layer_in: 3 bw_layer_out: 8 fl_layer_out: 4 }")  # fmt: skip
FORMATS: dict[str, tuple[str, tuple[Number, Number, Number, Number]]] = {
    "fixed": (FIXED, (fixed(5, 2), fixed(4, 3), fixed(4, 3), fixed(6, 1))),
    "small": (SMALL, (small(3, 3),) * 4),
    "powers": (POWERS, (fixed(6, 3), power(-3, 0), exact, fixed(8, 4))),
}
LAYERS: list[tuple[str, str, Callable]] = [
    ("ConvolutionRistretto", CONVOLUTION, convolve),
    ("DeconvolutionRistretto", CONVOLUTION, deconvolve),
    ("FcRistretto", PRODUCT, multiply),
]

CASES = [
    *(
        Case(kind, text + settings, [(2, 3, 5, 4)], phase="TEST", has_gradient=False,
             reference=rounded(apply, *numbers), name=name)
        for kind, text, apply in LAYERS
        for name, (settings, numbers) in FORMATS.items()
    ),
    Case("FcRistretto", PRODUCT.replace("num_output", "transpose: true num_output") + FIXED,
         [(2, 3)], phase="TEST", has_gradient=False, name="transposed",
         reference=rounded(lambda x, w, b: x @ w + b, *FORMATS["fixed"][1])),
    Case("ConvolutionRistretto", CONVOLUTION + FIXED, [(2, 3, 5, 4)], has_gradient=False,
         deterministic=False, name="at random"),
    Case("LRNRistretto", "lrn_param { local_size: 3 alpha: 2 beta: 0.5 } quantization_param { "
         "precision: MINIFLOAT mant_bits: 4 exp_bits: 5 }", [(2, 6, 2, 3)], has_gradient=False,
         reference=normalise),
]  # fmt: skip
