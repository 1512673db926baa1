"""Ristretto's number formats, simulated: what layers round, and to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError, MinicaffeError
from minicaffe.layer import Layer
from minicaffe.proto import caffe_pb2
from minicaffe.proto.dialects import meant

_Param = caffe_pb2.QuantizationParameter
_FRACTION = 16  # bits after the binary point, where nothing is said

#: Rounds numbers to whole ones.
Rounding = Callable[[np.ndarray], np.ndarray]


def stochastic(rng: np.random.Generator) -> Rounding:
    """Up or down at random, so that the mean is the number: ⌊x + u⌋, u between 0 and 1."""
    return lambda x: np.floor(x + rng.random(x.shape))


def fixed_point(x: np.ndarray, bits: int, fraction: int, rounding: Rounding) -> np.ndarray:
    """Multiples of 2^-fraction that ``bits`` bits with a sign can hold."""
    unit = 2.0**-fraction
    most = 2.0 ** (bits - 1)
    clipped = np.clip(x.astype(np.float64), -most * unit, (most - 1) * unit)
    return (rounding(clipped / unit) * unit).astype(x.dtype)


def minifloat(x: np.ndarray, mantissa: int, exponent: int, rounding: Rounding) -> np.ndarray:
    """Floats of so many bits; what is too small becomes 0, what is too large the largest.

    As in Ristretto the largest exponent counts, too: there are no infinities.
    """
    bias, steps = 2 ** (exponent - 1) - 1, 2.0**mantissa
    with np.errstate(over="ignore"):
        single = x.astype(np.float32).astype(np.float64)
    single = np.where(np.isinf(single), np.copysign(2.0**128, single), single)
    part, power = np.frexp(np.abs(single))  # |x| = part · 2^power, part from 0.5 up
    power = power - 1
    rounded = rounding((2 * part - 1) * steps)
    largest = 2**exponent - 1 - bias
    rounded = np.where(power > largest, steps - 1, rounded)
    value = np.ldexp(1 + rounded / steps, np.minimum(power, largest))
    small = (power < -bias) | (np.abs(single) < np.finfo(np.float32).tiny)
    found = np.where(small, 0, np.copysign(value, single))
    with np.errstate(over="ignore"):
        return np.where(np.isnan(x), x, found).astype(x.dtype)


def power_of_2(x: np.ndarray, least: int, most: int, rounding: Rounding) -> np.ndarray:
    """± 2^e with e from ``least`` to ``most``; 0 becomes 2^least."""
    with np.errstate(divide="ignore"):
        exponents = np.log2(np.abs(x.astype(np.float64)))
    bounded = np.clip(rounding(np.maximum(exponents, least - 1)), least, most)
    return np.where(x >= 0, 1, -1).astype(x.dtype) * np.exp2(bounded).astype(x.dtype)


class Ristretto(Layer):
    """Rounds parameters before each forward; in TEST bottoms and tops, too.

    In TRAIN rounding is stochastic, and of parameters only; the blobs keep the exact ones, which
    learn. Bottoms are left alone: rounded copies are used.
    """

    linear = False
    fork_fields = meant("quantization_param")

    @property
    def precision(self) -> int:
        """Which format it is."""
        return self.param.quantization_param.precision

    def param_mistakes(self) -> Iterator[MinicaffeError]:
        yield from super().param_mistakes()
        param = self.param.quantization_param
        for name in ("bw_layer_in", "bw_layer_out", "bw_params"):
            yield from _outside(name, getattr(param, name), 1, 64)
        for name in ("fl_layer_in", "fl_layer_out", "fl_params"):
            for value in getattr(param, name):
                yield from _outside(name, value, -500, 500)
        yield from _outside("mant_bits", param.mant_bits, 0, 23)
        yield from _outside("exp_bits", param.exp_bits, 1, 8)
        for name in ("exp_min", "exp_max"):
            yield from _outside(name, getattr(param, name), -126, 127)
        if param.exp_min > param.exp_max:
            yield GraphError(f"exp_min is {param.exp_min}, above exp_max, {param.exp_max}")

    def rounded_params(self) -> list[np.ndarray]:
        """The parameters as they count; biases are exact where weights are powers of 2."""
        rounding = self._rounding(self.phase == caffe_pb2.TRAIN)
        return [self._parameter(index, blob, rounding) for index, blob in enumerate(self.blobs)]

    def rounded(self, values: np.ndarray, side: str) -> np.ndarray:
        """A bottom's or top's values as they count.

        Args:
            values: of any shape.
            side: "in" or "out".
        """
        if self.phase == caffe_pb2.TRAIN:
            return values
        param, rounding = self.param.quantization_param, self._rounding(False)
        if self.precision == _Param.MINIFLOAT:
            return minifloat(values, param.mant_bits, param.exp_bits, rounding)
        fraction = _first(getattr(param, f"fl_layer_{side}"))
        return fixed_point(values, getattr(param, f"bw_layer_{side}"), fraction, rounding)

    def _rounding(self, at_random: bool) -> Rounding:
        chosen = self.param.quantization_param.rounding_scheme
        return stochastic(self.rng) if at_random or chosen == _Param.STOCHASTIC else np.rint

    def _parameter(self, index: int, blob: Blob, rounding: Rounding) -> np.ndarray:
        param, values = self.param.quantization_param, blob.data
        if self.precision == _Param.MINIFLOAT:
            return minifloat(values, param.mant_bits, param.exp_bits, rounding)
        if self.precision == _Param.DYNAMIC_FIXED_POINT:
            return fixed_point(values, param.bw_params, _first(param.fl_params), rounding)
        return power_of_2(values, param.exp_min, param.exp_max, rounding) if not index else values

    @property
    def repeatable(self) -> bool:
        """Where nothing is rounded at random."""
        nearest = self.param.quantization_param.rounding_scheme == _Param.NEAREST
        return nearest and self.phase != caffe_pb2.TRAIN


def _first(values: Sequence[int]) -> int:
    return values[0] if values else _FRACTION


def _outside(name: str, value: int, least: int, most: int) -> Iterator[MinicaffeError]:
    if not least <= value <= most:
        yield GraphError(f"{name} is {value}, expected {least} to {most}")
