"""Operators for layers that work element by element (Activation / Neuron Layers)."""

from __future__ import annotations

import math

import numpy as np

from minicaffe.convert.onnx.site import Shape, Site
from minicaffe.convert.onnx.writers import writes
from minicaffe.layers.activation.exp import log_of_base

#: ONNX's number of the type float32.
FLOAT = 1


def affine(site: Site, value: str, scale: float, shift: float, top: int | None = None) -> str:
    """scale · value + shift, without what changes nothing."""
    if scale != 1:
        last = top if shift == 0 else None
        value = site.op("Mul", [value, site.constant(scale)], last)
    if shift != 0:
        value = site.op("Add", [value, site.constant(shift)], top)
    return value if scale != 1 or shift != 0 or top is None else site.op("Identity", [value], top)


def filled_like(site: Site, value: str, number: float, top: int | None = None) -> str:
    """A number everywhere, in the shape of a value."""
    shape = site.op("Shape", [value])
    return site.op("Expand", [site.constant(number), shape], top)


def _one(site: Site, op_type: str) -> None:
    site.op(op_type, site.inputs, 0)


@writes("AbsVal")
def absval(site: Site) -> None:
    _one(site, "Abs")


@writes("Sigmoid")
def sigmoid(site: Site) -> None:
    _one(site, "Sigmoid")


@writes("TanH")
def tanh(site: Site) -> None:
    _one(site, "Tanh")


@writes("BNLL")
def bnll(site: Site) -> None:
    _one(site, "Softplus")


@writes("ReLU")
def relu(site: Site) -> None:
    _leaky(site, site.layer.param.relu_param.negative_slope, 0)


def _leaky(site: Site, slope: float, top: int | None) -> str:
    if slope == 0:
        return site.op("Relu", site.inputs, top)
    return site.op("LeakyRelu", site.inputs, top, alpha=slope)


@writes("ReLU6")
def relu6(site: Site) -> None:
    slope = site.layer.param.relu6_param.negative_slope
    if slope == 0:
        site.op("Clip", [site.inputs[0], site.constant(0), site.constant(6)], 0)
    else:
        site.op("Min", [_leaky(site, slope, None), site.constant(6)], 0)


@writes("Insanity")
def insanity(site: Site) -> None:
    """In a net in use, a leaky ReLU of the mean divisor."""
    param = site.layer.param.insanity_param
    logs = math.log(abs(param.ub)) - math.log(abs(param.lb))
    _leaky(site, logs / (param.ub - param.lb), 0)


@writes("ELU")
def elu(site: Site) -> None:
    site.op("Elu", site.inputs, 0, alpha=site.layer.param.elu_param.alpha)


@writes("PReLU")
def prelu(site: Site) -> None:
    shared = site.layer.param.prelu_param.channel_shared
    channels = site.bottom_shapes[0][1]
    shape = (1,) if shared else (channels or 1, *[1] * (len(site.bottom_shapes[0]) - 2))
    site.op("PRelu", [site.inputs[0], site.parameter(0, shape)], 0)


@writes("Exp")
def exp(site: Site) -> None:
    value = affine(site, site.inputs[0], site.layer.inner_scale, 0)
    outer = site.layer.outer_scale
    value = site.op("Exp", [value], 0 if outer == 1 else None)
    if outer != 1:
        affine(site, value, outer, 0, 0)


@writes("Log")
def log(site: Site) -> None:
    param = site.layer.param.log_param
    value = affine(site, site.inputs[0], param.scale, param.shift)
    base = log_of_base(param.base)
    value = site.op("Log", [value], 0 if base == 1 else None)
    if base != 1:
        affine(site, value, 1 / base, 0, 0)


@writes("Power")
def power(site: Site) -> None:
    param = site.layer.param.power_param
    if param.power == 0 or param.scale == 0:
        with np.errstate(all="ignore"):
            number = float(np.float64(param.shift) ** param.power) if param.power else 1.0
        filled_like(site, site.inputs[0], number, 0)
        return
    if param.power == 1:
        affine(site, site.inputs[0], param.scale, param.shift, 0)
        return
    value = affine(site, site.inputs[0], param.scale, param.shift)
    if param.power == 2:
        site.op("Mul", [value, value], 0)
    elif param.power in (0.5, -1):
        site.op("Sqrt" if param.power == 0.5 else "Reciprocal", [value], 0)
    else:
        site.op("Pow", [value, site.constant(param.power)], 0)


@writes("Clip")
def clip(site: Site) -> None:
    param = site.layer.param.clip_param
    site.op("Clip", [site.inputs[0], site.constant(param.min), site.constant(param.max)], 0)


@writes("Threshold")
def threshold(site: Site) -> None:
    limit = site.constant(site.layer.param.threshold_param.threshold)
    above = site.op("Greater", [site.inputs[0], limit])
    site.op("Cast", [above], 0, to=FLOAT)


@writes("Swish")
def swish(site: Site) -> None:
    value = affine(site, site.inputs[0], site.layer.param.swish_param.beta, 0)
    site.op("Mul", [site.inputs[0], site.op("Sigmoid", [value])], 0)


def _operand(site: Site, axis: int) -> str:
    """What Scale multiplies by and Bias adds: a bottom or a parameter, with axes of 1 after its
    own, so that it repeats along those after it."""
    whole = site.bottom_shapes[0]
    if len(site.inputs) > 1:
        own = site.bottom_shapes[1]
        shape = _followed(own, axis, len(whole))
        return site.inputs[1] if shape == own else site.reshape(site.inputs[1], shape)
    own = site.layer.blobs[0].shape
    return site.parameter(0, _lengths(_followed(own, axis, len(whole))))


def _followed(own: Shape, axis: int, axes: int) -> Shape:
    start = axis % axes if own else axes  # a single number has no place
    return (*own, *[1] * (axes - start - len(own)))


def _lengths(shape: Shape) -> tuple[int, ...]:
    return tuple(length or 0 for length in shape)


@writes("Scale")
def scale(site: Site) -> None:
    param = site.layer.param.scale_param
    operand = _operand(site, param.axis)
    value = site.op("Mul", [site.inputs[0], operand], None if param.bias_term else 0)
    if param.bias_term:
        last = len(site.layer.blobs) - 1
        own = site.layer.blobs[last].shape
        shape = _followed(own, param.axis, len(site.bottom_shapes[0]))
        site.op("Add", [value, site.parameter(last, _lengths(shape))], 0)


@writes("Bias")
def bias(site: Site) -> None:
    site.op("Add", [site.inputs[0], _operand(site, site.layer.param.bias_param.axis)], 0)


@writes("ChannelScale")
def channel_scale(site: Site) -> None:
    param = site.layer.param.channel_scale_param
    if not param.do_forward:
        site.op("Identity", site.inputs[:1], 0)
    elif param.global_scale:
        site.op("Mul", [site.inputs[0], site.parameter(0)], 0)
    else:
        shape = site.bottom_shapes[0]
        factors = site.reshape(site.inputs[1], (shape[0], 1, *shape[2:]))
        site.op("Mul", [site.inputs[0], factors], 0)
    if len(site.outputs) > 1:
        site.op("Identity", [site.parameter(0)], 1)
