"""Activations by ReLU, Sigmoid, Exp, Power and Eltwise."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minicaffe.convert.targets.pieces import Replacement
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites

#: Where ReLU6 ends.
_SIX = 6.0


@rewrites("ReLU6")
def relu6_as_relu(site: Site) -> Iterator[Replacement]:
    """ReLU6 becomes 6 - ReLU(6 - ReLU(x)), of ReLU and Power layers."""
    made = Replacement(site)
    slope = site.param.relu6_param.negative_slope
    value = made.add("ReLU", made.bottom(), negative_slope=slope)
    rest = made.add("ReLU", made.affine(value, -1.0, _SIX))
    yield made.ending(made.affine(rest, -1.0, _SIX))


@rewrites("ReLU6")
def relu6_as_clip(site: Site) -> Iterator[Replacement]:
    """ReLU6 becomes a Clip."""
    if not site.param.relu6_param.negative_slope:
        made = Replacement(site)
        yield made.ending(made.add("Clip", made.bottom(), min=0.0, max=_SIX))


@rewrites("Clip")
def clip_as_relu6(site: Site) -> Iterator[Replacement]:
    """Clip from 0 to 6 becomes a ReLU6."""
    param = site.param.clip_param
    if (param.min, param.max) == (0.0, _SIX):
        made = Replacement(site)
        yield made.ending(made.add("ReLU6", made.bottom()))


@rewrites("Clip")
def clip_as_relu(site: Site) -> Iterator[Replacement]:
    """Clip becomes max - ReLU(max - min - ReLU(x - min)), of ReLU and Power layers."""
    param = site.param.clip_param
    if param.max < param.min:
        return
    made = Replacement(site)
    above = made.bottom() if param.min == 0 else made.affine(made.bottom(), 1.0, -param.min)
    rest = made.affine(made.add("ReLU", above), -1.0, param.max - param.min)
    yield made.ending(made.affine(made.add("ReLU", rest), -1.0, param.max))


@rewrites("Swish")
def swish_as_sigmoid(site: Site) -> Iterator[Replacement]:
    """Swish (SiLU) becomes x · Sigmoid(beta · x)."""
    made = Replacement(site)
    beta = site.param.swish_param.beta
    inner = made.bottom() if beta == 1 else made.affine(made.bottom(), beta)
    yield made.ending(made.product(made.bottom(), made.add("Sigmoid", inner)))


@rewrites("TanH")
def tanh_as_sigmoid(site: Site) -> Iterator[Replacement]:
    """TanH becomes 2 · Sigmoid(2 · x) - 1."""
    made = Replacement(site)
    gate = made.add("Sigmoid", made.affine(made.bottom(), 2.0))
    yield made.ending(made.affine(gate, 2.0, -1.0))


@rewrites("AbsVal")
def absval_as_relu(site: Site) -> Iterator[Replacement]:
    """AbsVal becomes ReLU(x) + ReLU(-x)."""
    made = Replacement(site)
    below = made.add("ReLU", made.negative(made.bottom()))
    yield made.ending(made.plus(made.add("ReLU", made.bottom()), below))


@rewrites("ELU")
def elu_as_exp(site: Site) -> Iterator[Replacement]:
    """ELU becomes ReLU(x) + alpha · (Exp(-ReLU(-x)) - 1)."""
    made = Replacement(site)
    alpha, factor = site.param.elu_param.alpha, getattr(site.param.elu_param, "lambda")
    below = made.add("Exp", made.add("ReLU", made.negative(made.bottom())), scale=-1.0)
    value = made.plus(made.add("ReLU", made.bottom()), made.affine(below, alpha, -alpha))
    yield made.ending(value if factor == 1 else made.affine(value, factor))


@rewrites("SeLu")
def selu_as_elu(site: Site) -> Iterator[Replacement]:
    """SeLu becomes lambda · ELU(x)."""
    made = Replacement(site)
    param = site.param.selu_param
    inner = made.add("ELU", made.bottom(), alpha=param.alpha)
    yield made.ending(made.affine(inner, getattr(param, "lambda")))


@rewrites("BNLL")
def bnll_as_log(site: Site) -> Iterator[Replacement]:
    """BNLL (softplus) becomes ReLU(x) - Log(Sigmoid(ReLU(x) + ReLU(-x)))."""
    made = Replacement(site)
    above = made.add("ReLU", made.bottom())
    size = made.plus(above, made.add("ReLU", made.negative(made.bottom())))
    yield made.ending(
        made.add("Eltwise", above, made.add("Log", made.add("Sigmoid", size)),
                 operation="SUM", coeff=[1.0, -1.0])
    )  # fmt: skip


@rewrites("ReLU")
def leaky_as_prelu(site: Site) -> Iterator[Replacement]:
    """ReLU with negative_slope becomes a PReLU with that slope for every channel."""
    slope = site.param.relu_param.negative_slope
    if slope and len(site.bottoms[0]) > 1:
        made = Replacement(site)
        slopes = np.full(site.bottoms[0][1], slope, np.float64)
        yield made.ending(made.add("PReLU", made.bottom(), blobs=[slopes]))


@rewrites("ReLU")
def leaky_as_sum(site: Site) -> Iterator[Replacement]:
    """ReLU with negative_slope becomes ReLU(x) - negative_slope · ReLU(-x)."""
    slope = site.param.relu_param.negative_slope
    if slope:
        made = Replacement(site)
        below = made.affine(made.add("ReLU", made.negative(made.bottom())), -slope)
        yield made.ending(made.plus(made.add("ReLU", made.bottom()), below))


@rewrites("PReLU")
def prelu_as_leaky(site: Site) -> Iterator[Replacement]:
    """PReLU whose slopes are all one becomes a ReLU with negative_slope."""
    (slopes,) = site.blobs
    if slopes.size and (slopes == slopes.flat[0]).all():
        made = Replacement(site)
        slope = float(slopes.flat[0])
        yield made.ending(made.add("ReLU", made.bottom(), negative_slope=slope))


@rewrites("PReLU")
def prelu_as_sum(site: Site) -> Iterator[Replacement]:
    """PReLU becomes ReLU(x) - slope · ReLU(-x), of ReLU, Scale and Eltwise layers."""
    made = Replacement(site)
    slopes = np.broadcast_to(site.blobs[0].reshape(-1), (site.bottoms[0][1],))
    below = made.add("ReLU", made.negative(made.bottom()))
    scaled = made.add("Scale", below, blobs=[-slopes])
    yield made.ending(made.plus(made.add("ReLU", made.bottom()), scaled))


@rewrites("Exp")
def exp_of_another_base(site: Site) -> Iterator[Replacement]:
    """Exp of another base, scale or shift becomes a Power and e's Exp."""
    param = site.param.exp_param
    factor = 1.0 if param.base == -1 else math.log(param.base) if param.base > 0 else 0.0
    scale, shift = param.scale * factor, param.shift * factor
    if factor and (param.base, scale, shift) != (-1.0, 1.0, 0.0):
        made = Replacement(site)
        yield made.ending(made.add("Exp", made.affine(made.bottom(), scale, shift)))
