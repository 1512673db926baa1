"""Power: a power of a line; and what Exp and Log share with it."""

from __future__ import annotations

import numpy as np

from minicaffe.layer import Blobs, register
from minicaffe.layers.activation.neuron_layer import Neuron

#: Powers with a function of their own, ten times as fast as the general one.
_QUICK_POWERS = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}


class AffineNeuron(Neuron):
    """A function of shift + scale · x; ``prepare`` sets both."""

    scale: float
    shift: float

    def affine(self, x: np.ndarray, out: np.ndarray) -> None:
        """Write shift + scale · x into out."""
        np.multiply(x, self.scale, out=out)
        if self.shift:
            out += self.shift


@register("Power")
class Power(AffineNeuron):
    """y = (shift + scale · x)^power.

    With power 0, y is 1, and with scale 0 it is shift^power, whatever x is.

    Shapes: bottom x of any shape; top y like x, also in place.

    Settings: ``power_param``: power (1), scale (1), shift (0).

    Gradients: dx = dy · power · scale · (shift + scale · x)^(power-1). As in Caffe, it is computed
    from y / (shift + scale · x), unless the power is 1 or 2; it is not a number where that is 0 /
    0.

    Source: power_layer.cpp (BVLC/caffe).
    """

    def prepare(self) -> None:
        param = self.param.power_param
        self._power, self.scale, self.shift = param.power, param.scale, param.shift
        straight = self._power in (0, 1) or self.scale == 0
        self.backward_reads = () if straight else ("bottoms", "tops")

    def right_in_place(self) -> bool:
        return self._power in (0, 1) or self.scale == 0

    def wrong_in_place_in_caffe(self) -> bool:
        return bool(self._power * self.scale)  # it overwrites dy before it has read it

    def why_not_finite(self, bottom: Blobs) -> str:
        least = float((self.shift + self.scale * bottom[0].data).min(initial=np.inf))
        if self._power >= 1 and (least >= 0 or self._power == int(self._power)):
            return ""
        if least > 0:
            return ""
        return f"{least:.4g} is raised to the power {self._power:g}: keep it above 0, by shift"

    def function(self, x: np.ndarray, y: np.ndarray) -> None:
        if self._power == 0 or self.scale == 0:
            y[...] = np.power(y.dtype.type(self.shift), self._power) if self._power else 1
            return
        self.affine(x, y)
        if self._power in _QUICK_POWERS:
            _QUICK_POWERS[self._power](y, out=y)
        elif self._power != 1:
            np.power(y, self._power, out=y)

    def gradient(self, x: np.ndarray, y: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> None:
        slope = self._power * self.scale
        if slope == 0 or self._power == 1:
            np.multiply(dy, slope, out=dx)
            return
        factor = self.scratch_for(dy, dx)
        self.affine(x, factor)
        if self._power != 2:
            np.divide(y, factor, out=factor)
        factor *= slope
        np.multiply(dy, factor, out=dx)
