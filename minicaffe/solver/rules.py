"""Update rules: from a gradient to the change of the weights, on flat blocks of memory.

A rule overwrites the gradient ``g`` with the update; the weights are then ``w -= g``. Its
arguments are 1-D arrays of equal length, pieces of the net's arena and of the histories.
``rate`` is the learning rate times the parameter's ``lr_mult``. ``xp`` is the namespace of
functions on these arrays: numpy, or torch where they lie on a device; a rule uses names that both
have.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import ClassVar

from minicaffe.errors import SettingError
from minicaffe.net.params import Array
from minicaffe.proto import caffe_pb2


class Rule:
    """One update rule with the constants that a ``SolverParameter`` sets.

    Attributes:
        histories: how many numbers the rule remembers of every weight.
    """

    histories: ClassVar[int] = 1

    def __init__(self, param: caffe_pb2.SolverParameter) -> None:
        self.param = param
        self.begin(0)

    @classmethod
    def check(cls, param: caffe_pb2.SolverParameter) -> None:
        """Refuse settings that the rule cannot take.

        Raises:
            SettingError: names the field.
        """

    def begin(self, iteration: int) -> None:
        """Take the settings for the updates of an iteration (counted from 0)."""
        self.momentum: float = self.param.momentum
        self.delta: float = self.param.delta

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        """Turn the gradient ``g`` into the update, in place.

        Args:
            xp: the namespace of functions on the arrays.
            g: the gradient, with decay and clipping applied.
            h: the histories, ``histories`` of them; updated.
            t: scratch memory of the same length, for intermediate results.
            rate: the local learning rate.
        """
        raise NotImplementedError


class SGD(Rule):
    """Stochastic gradient descent with momentum μ: h ← μ·h + rate·g, update = h.

    Bottou, "Stochastic Gradient Descent Tricks" (2012); Caffe keeps the rate inside the
    history, so a rate that falls does not shrink earlier steps.
    """

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        xp.multiply(g, rate, out=g)
        xp.multiply(h[0], self.momentum, out=h[0])
        xp.add(h[0], g, out=h[0])
        g[...] = h[0]


class Nesterov(Rule):
    """Nesterov's accelerated gradient: h' = μ·h + rate·g, update = (1 + μ)·h' - μ·h.

    Sutskever et al., "On the importance of initialization and momentum in deep learning"
    (2013).
    """

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        xp.multiply(h[0], self.momentum, out=t)
        xp.multiply(g, rate, out=g)
        xp.add(t, g, out=h[0])
        xp.multiply(h[0], 1 + self.momentum, out=g)
        xp.subtract(g, t, out=g)


class AdaGrad(Rule):
    """h ← h + g², update = rate · g / (√h + δ).

    Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization" (2011).
    """

    @classmethod
    def check(cls, param: caffe_pb2.SolverParameter) -> None:
        if param.momentum:
            raise SettingError(
                "momentum",
                f"AdaGrad has no momentum, but momentum is {param.momentum:g}; take it out",
            )

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        xp.multiply(g, g, out=t)
        xp.add(h[0], t, out=h[0])
        _divide_by_root(xp, g, h[0], t, self.delta, rate)


class RMSProp(Rule):
    """h ← d·h + (1 - d)·g², update = rate · g / (√h + δ), with d the ``rms_decay``.

    Tieleman, Hinton, "RMSProp: Divide the gradient by a running average of its recent
    magnitude" (Coursera, 2012).
    """

    @classmethod
    def check(cls, param: caffe_pb2.SolverParameter) -> None:
        if param.momentum:
            raise SettingError(
                "momentum",
                f"RMSProp has no momentum, but momentum is {param.momentum:g}; take it out",
            )
        if not 0 <= param.rms_decay < 1:
            raise SettingError(
                "rms_decay", f"rms_decay is {param.rms_decay:g}, expected at least 0 and below 1"
            )

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        _average_of_squares(xp, h[0], g, t, self.param.rms_decay)
        _divide_by_root(xp, g, h[0], t, self.delta, rate)


class AdaDelta(Rule):
    """h₀ ← μ·h₀ + (1-μ)·g², u = g·√((h₁+δ)/(h₀+δ)), h₁ ← μ·h₁ + (1-μ)·u², update = rate·u.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012); μ is the ``momentum``.
    """

    histories = 2

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        gradients, updates = h
        _average_of_squares(xp, gradients, g, t, self.momentum)
        xp.add(updates, self.delta, out=t)
        xp.sqrt(t, out=t)
        xp.multiply(g, t, out=g)
        xp.add(gradients, self.delta, out=t)
        xp.sqrt(t, out=t)
        xp.divide(g, t, out=g)
        _average_of_squares(xp, updates, g, t, self.momentum)
        xp.multiply(g, rate, out=g)


class Adam(Rule):
    """m ← β₁·m + (1-β₁)·g, v ← β₂·v + (1-β₂)·g², update = rate·c·m / (√v + δ).

    c = √(1-β₂ᵗ) / (1-β₁ᵗ) with t the iteration counted from 1, β₁ the ``momentum`` (0 unless
    set) and β₂ ``momentum2``. Kingma, Ba, "Adam: A Method for Stochastic Optimization" (2015).
    """

    histories = 2

    @classmethod
    def check(cls, param: caffe_pb2.SolverParameter) -> None:
        for field in ("momentum", "momentum2"):
            value = getattr(param, field)
            if not 0 <= value < 1:
                told = f"Adam's {field} is {value:g}, expected at least 0 and below 1"
                raise SettingError(field, told)

    def begin(self, iteration: int) -> None:
        super().begin(iteration)
        t = iteration + 1
        self.momentum2: float = self.param.momentum2
        self.correction = math.sqrt(1 - self.momentum2**t) / (1 - self.momentum**t)

    def update(self, xp: ModuleType, g: Array, h: list[Array], t: Array, rate: float) -> None:
        m, v = h
        xp.multiply(m, self.momentum, out=m)
        xp.multiply(g, 1 - self.momentum, out=t)
        xp.add(m, t, out=m)
        _average_of_squares(xp, v, g, t, self.momentum2)
        g[...] = m
        _divide_by_root(xp, g, v, t, self.delta, rate * self.correction)


def _average_of_squares(xp: ModuleType, h: Array, g: Array, t: Array, keep: float) -> None:
    """h ← keep·h + (1 - keep)·g²."""
    xp.multiply(g, g, out=t)
    xp.multiply(t, 1 - keep, out=t)
    xp.multiply(h, keep, out=h)
    xp.add(h, t, out=h)


def _divide_by_root(
    xp: ModuleType, g: Array, h: Array, t: Array, delta: float, rate: float
) -> None:
    """g ← rate · g / (√h + delta)."""
    xp.sqrt(h, out=t)
    xp.add(t, delta, out=t)
    xp.divide(g, t, out=g)
    xp.multiply(g, rate, out=g)
