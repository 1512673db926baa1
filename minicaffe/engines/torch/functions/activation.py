"""Activation / neuron layers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from minicaffe.engines.torch.functions import function_for
from minicaffe.engines.torch.functions.formulas import absolute, sloped
from minicaffe.layers.activation.absval import AbsVal
from minicaffe.layers.activation.bias import Bias
from minicaffe.layers.activation.bnll import BNLL, BNLL_LIMIT
from minicaffe.layers.activation.clip import Clip
from minicaffe.layers.activation.elu import ELU
from minicaffe.layers.activation.exp import Exp
from minicaffe.layers.activation.log import Log
from minicaffe.layers.activation.mkl_relu import MKLReLU
from minicaffe.layers.activation.power import Power
from minicaffe.layers.activation.prelu import PReLU
from minicaffe.layers.activation.relu import ReLU
from minicaffe.layers.activation.relu6 import ReLU6
from minicaffe.layers.activation.scale import Broadcast, Scale
from minicaffe.layers.activation.selu import SeLu
from minicaffe.layers.activation.sigmoid import Sigmoid
from minicaffe.layers.activation.swish import Swish
from minicaffe.layers.activation.tanh import TanH
from minicaffe.layers.activation.threshold import Threshold


@function_for(ReLU, MKLReLU)
def relu(layer: ReLU, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """Without a slope -inf is 0 · -inf, not a number, as in Caffe."""
    return [F.leaky_relu(bottoms[0], layer.param.relu_param.negative_slope)]


@function_for(SeLu)
def selu(layer: SeLu, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = λ · x, or λ · α · (exp(x) - 1); below 0 the slope is y + λ · α."""
    param = layer.param.selu_param
    factor, alpha = getattr(param, "lambda"), param.alpha
    return [
        sloped(
            bottoms[0],
            lambda x: factor * (x.clamp(min=0) + alpha * torch.expm1(x.clamp(max=0))),
            lambda x, y: torch.where(x > 0, factor, y + factor * alpha),
        )
    ]


@function_for(PReLU)
def prelu(
    layer: PReLU, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """One slope for all, or one a channel."""
    return [F.prelu(bottoms[0], params[0].reshape(-1))]


@function_for(ELU)
def elu(layer: ELU, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = x, or alpha · (exp(x) - 1); below 0 the slope is y + alpha."""
    alpha = layer.param.elu_param.alpha
    return [
        sloped(
            bottoms[0],
            lambda x: x.clamp(min=0) + alpha * (x.clamp(max=0).exp() - 1),
            lambda x, y: torch.where(x > 0, 1, y + alpha),
        )
    ]


@function_for(Sigmoid)
def sigmoid(
    layer: Sigmoid, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """PyTorch's own."""
    return [torch.sigmoid(bottoms[0])]


@function_for(TanH)
def tanh(layer: TanH, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """PyTorch's own."""
    return [torch.tanh(bottoms[0])]


@function_for(Swish)
def swish(
    layer: Swish, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """y = x · sigmoid(beta · x)."""
    x = bottoms[0]
    return [x * torch.sigmoid(layer.param.swish_param.beta * x)]


@function_for(AbsVal)
def absval(
    layer: AbsVal, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """y = |x|."""
    return [absolute(bottoms[0])]


@function_for(BNLL)
def bnll(layer: BNLL, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = log(1 + exp(x)), which is x itself beyond the limit."""
    return [F.softplus(bottoms[0], threshold=BNLL_LIMIT)]


@function_for(Power)
def power(
    layer: Power, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """Caffe's gradient is dy · power · scale · y / (shift + scale · x), 0 / 0 included."""
    param, x = layer.param.power_param, bottoms[0]
    exponent, scale, shift = param.power, param.scale, param.shift
    slope = exponent * scale
    if slope == 0:
        constant = torch.full_like(x, shift).pow(exponent) if exponent else torch.ones_like(x)
        return [sloped(x, lambda _: constant, lambda _, y: torch.zeros_like(y))]
    if exponent == 1:
        return [x * scale + shift]
    if exponent == 2:
        return [(x * scale + shift).square()]
    return [
        sloped(
            x,
            lambda x: (x * scale + shift).pow(exponent),
            lambda x, y: y / (x * scale + shift) * slope,
        )
    ]


@function_for(Exp)
def exp(layer: Exp, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = base^(shift + scale · x)."""
    return [(bottoms[0] * layer.inner_scale).exp() * layer.outer_scale]


@function_for(Log)
def log(layer: Log, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = log(shift + scale · x) to a base."""
    return [(bottoms[0] * layer.scale + layer.shift).log() / layer.log_base]


@function_for(Clip)
def clip(layer: Clip, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """What is not a number becomes min; the edges have a gradient."""
    low, high = layer.param.clip_param.min, layer.param.clip_param.max
    return [
        sloped(
            bottoms[0],
            lambda x: x.clamp(max=high).nan_to_num(low, torch.inf, -torch.inf).clamp(min=low),
            lambda x, y: (x >= low) & (x <= high),
        )
    ]


@function_for(Threshold)
def threshold(
    layer: Threshold, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """1 above it, else 0; without a gradient."""
    return [(bottoms[0] > layer.param.threshold_param.threshold).to(bottoms[0].dtype)]


def spread(layer: Broadcast, operand: Tensor, x: Tensor) -> Tensor:
    """The operand in a shape that repeats along the axes of ``x`` that it does not cover."""
    axis = layer.settings.axis % x.dim() if operand.dim() else 0
    return operand.reshape(*operand.shape, *[1] * (x.dim() - axis - operand.dim()))


@function_for(Scale)
def scale(
    layer: Scale, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """y = x · scale + bias; the scale is bottom 1, or the first parameter."""
    x = bottoms[0]
    factor = bottoms[1] if len(bottoms) > 1 else params[0]
    y = x * spread(layer, factor, x)
    return [y + spread(layer, params[-1], x) if layer.param.scale_param.bias_term else y]


@function_for(Bias)
def bias(layer: Bias, bottoms: list[Tensor], params: list[Tensor], training: bool) -> list[Tensor]:
    """y = x + bias; the bias is bottom 1, or the parameter."""
    x = bottoms[0]
    return [x + spread(layer, bottoms[1] if len(bottoms) > 1 else params[0], x)]


@function_for(ReLU6)
def relu6(
    layer: ReLU6, bottoms: list[Tensor], params: list[Tensor], training: bool
) -> list[Tensor]:
    """At most 6, with a slope below 0; the gradient is 0 from 6 on."""
    slope = layer.param.relu6_param.negative_slope
    return [
        sloped(
            bottoms[0],
            lambda x: (x.clamp(min=0) + slope * x.clamp(max=0) if slope else x.relu()).clamp(max=6),
            lambda x, y: torch.where(x > 0, 1, slope) * (x < 6),
        )
    ]
