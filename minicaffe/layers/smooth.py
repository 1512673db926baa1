"""Smooth elementwise functions: Sigmoid, TanH, Swish, BNLL, Power, Exp, Log."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.blob import Blob
from minicaffe.errors import GraphError
from minicaffe.layers.neuron import Neuron
from minicaffe.registry import register

#: Powers with a function of their own, ten times as fast as the general one.
_QUICK_POWERS = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}

BNLL_LIMIT = 50.0  # exp of more is not needed: the gradient is 1 by then


def sigmoid(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) as tanh(x/2)/2 + 1/2, which cannot overflow."""
    np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


@register("Sigmoid")
class Sigmoid(Neuron):
    """y = 1 / (1 + exp(-x)); dx = dy · y · (1 - y)."""

    backward_reads = ("tops",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        sigmoid(x, y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.subtract(1, y, out=self.room_for_factor(dy, dx))
        factor *= y
        np.multiply(dy, factor, out=dx)


@register("TanH")
class TanH(Neuron):
    """y = tanh(x); dx = dy · (1 - y²)."""

    backward_reads = ("tops",)

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.tanh(x, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.square(y, out=self.room_for_factor(dy, dx))
        np.subtract(1, factor, out=factor)
        np.multiply(dy, factor, out=dx)


@register("Swish")
class Swish(Neuron):
    """y = x · s with s = sigmoid(beta · x); dx = dy · (beta · y + s · (1 - beta · y)).

    Ramachandran, Zoph & Le, 2017 (arXiv:1710.05941).
    """

    backward_reads = ("tops",)

    def prepare(self) -> None:
        self._beta = self.param.swish_param.beta
        self._sigmoid = Blob(dtype=self.dtype)  # s of the last forward

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        self._sigmoid.reshape(*x.shape)
        gate = self._sigmoid.data
        np.multiply(x, self._beta, out=gate)
        sigmoid(gate, gate)
        np.multiply(x, gate, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.multiply(y, -self._beta, out=self.room_for_factor(dy, dx))
        factor += 1
        factor *= self._sigmoid.data
        factor += y * self._beta
        np.multiply(dy, factor, out=dx)


@register("BNLL")
class BNLL(Neuron):
    """y = log(1 + exp(x)), the binomial normal log likelihood; dx = dy · sigmoid(x)."""

    backward_reads = ("bottoms",)

    def right_in_place(self) -> bool:
        return False

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        tail = np.abs(x, out=self.room(x))  # log(1 + exp(-|x|)) cannot overflow
        np.negative(tail, out=tail)
        np.exp(tail, out=tail)
        np.log1p(tail, out=tail)
        np.maximum(x, 0, out=y)
        y += tail

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        growth = np.minimum(x, BNLL_LIMIT, out=self.room(x))
        np.exp(growth, out=growth)
        np.multiply(dy, growth, out=dx)
        growth += 1
        dx /= growth


class _OfLine(Neuron):
    """A function of shift + scale · x."""

    _scale: float
    _shift: float

    def _inner(self, x: np.ndarray, out: np.ndarray) -> None:
        """Write shift + scale · x into out."""
        np.multiply(x, self._scale, out=out)
        if self._shift:
            out += self._shift


@register("Power")
class Power(_OfLine):
    """y = (shift + scale · x)^power; dx = dy · power · scale · (shift + scale · x)^(power-1).

    With power 0, y is 1, and with scale 0 it is shift^power, whatever x is. As in Caffe, the
    gradient is computed from y / (shift + scale · x), unless the power is 1 or 2; it is not
    a number where that is 0 / 0.
    """

    def prepare(self) -> None:
        param = self.param.power_param
        self._power, self._scale, self._shift = param.power, param.scale, param.shift
        straight = self._power in (0, 1) or self._scale == 0
        self.backward_reads = () if straight else ("bottoms", "tops")

    def right_in_place(self) -> bool:
        return self._power in (0, 1) or self._scale == 0

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if self._power == 0 or self._scale == 0:
            y[...] = np.power(y.dtype.type(self._shift), self._power) if self._power else 1
            return
        self._inner(x, y)
        if self._power in _QUICK_POWERS:
            _QUICK_POWERS[self._power](y, out=y)
        elif self._power != 1:
            np.power(y, self._power, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        slope = self._power * self._scale
        if slope == 0 or self._power == 1:
            np.multiply(dy, slope, out=dx)
            return
        factor = self.room_for_factor(dy, dx)
        self._inner(x, factor)
        if self._power != 2:
            np.divide(y, factor, out=factor)
        factor *= slope
        np.multiply(dy, factor, out=dx)


@register("Exp")
class Exp(Neuron):
    """y = base^(shift + scale · x), base -1 (the default) meaning e; dx = dy · y · scale · ln base.

    Raises:
        GraphError: the base is neither positive nor -1.
    """

    backward_reads = ("tops",)

    def prepare(self) -> None:
        param = self.param.exp_param
        log_base = log_of_base(param.base)
        self.inner_scale = log_base * param.scale
        self.outer_scale = float(np.exp(log_base * param.shift))

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        np.multiply(x, self.inner_scale, out=y)
        np.exp(y, out=y)
        if self.outer_scale != 1:
            y *= self.outer_scale

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = np.multiply(y, self.inner_scale, out=self.room_for_factor(dy, dx))
        np.multiply(dy, factor, out=dx)


@register("Log")
class Log(_OfLine):
    """y = log(shift + scale · x) to the base (-1, the default, meaning e).

    dx = dy · scale / ((shift + scale · x) · ln base).

    Raises:
        GraphError: the base is 1, or neither positive nor -1.
    """

    backward_reads = ("bottoms",)

    def prepare(self) -> None:
        param = self.param.log_param
        self._scale, self._shift = param.scale, param.shift
        self.log_base = log_of_base(param.base)
        if self.log_base == 0:
            raise GraphError("log_param has base 1, to which there are no logarithms")

    def right_in_place(self) -> bool:
        return False

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        self._inner(x, y)
        np.log(y, out=y)
        if self.log_base != 1:
            y *= 1 / self.log_base

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        factor = self.room_for_factor(dy, dx)
        self._inner(x, factor)
        np.divide(self._scale / self.log_base, factor, out=factor)
        np.multiply(dy, factor, out=dx)


def log_of_base(base: float) -> float:
    """The natural logarithm of a ``base`` field; -1 stands for e.

    Raises:
        GraphError: the base has no finite logarithm.
    """
    if base == -1:
        return 1.0
    if not 0 < base < math.inf:
        raise GraphError(f"base is {base:g}, expected a positive number, or -1 for e")
    return math.log(base)
