"""Readers of operators that work element by element (Activation / Neuron Layers)."""

from __future__ import annotations

import numpy as np

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import ends_with, reads
from minicaffe.convert.onnx.site import Cannot
from minicaffe.proto import caffe_pb2

_LARGEST = float(np.finfo(np.float32).max)


@reads("Relu")
def relu(site: NodeSite) -> None:
    site.layer("ReLU", [site.blob()])


@reads("Sigmoid")
def sigmoid(site: NodeSite) -> None:
    site.layer("Sigmoid", [site.blob()])


@reads("Tanh")
def tanh(site: NodeSite) -> None:
    site.layer("TanH", [site.blob()])


@reads("Abs")
def absval(site: NodeSite) -> None:
    site.layer("AbsVal", [site.blob()])


@reads("Exp")
def exp(site: NodeSite) -> None:
    site.layer("Exp", [site.blob()])


@reads("Log")
def log(site: NodeSite) -> None:
    site.layer("Log", [site.blob()])


@reads("Softplus")
def bnll(site: NodeSite) -> None:
    site.layer("BNLL", [site.blob()])


@reads("Identity")
def identity(site: NodeSite) -> None:
    """No layer: its result is its input's blob."""
    site.same(site.blob())


@reads("Cast", "CastLike")
def cast(site: NodeSite) -> None:
    """No layer between numbers, as blobs hold no others; whole ones from others are cut off."""
    site.pass_over("to", "saturate", "round_mode")  # the result's type is known
    site.has(1)
    types = site.source.known.types
    kinds = [types[name].tensor_type.elem_type for name in (*site.inputs[:1], *site.outputs[:1])
             if name in types]  # fmt: skip
    if len(kinds) == 2 and kinds[0] in FLOATS and kinds[1] not in FLOATS:
        raise Cannot("it makes whole numbers of others, which no layer does")
    site.same(site.blob())


#: onnx's numbers of float, float16, double and bfloat16.
FLOATS = (1, 10, 11, 16)


@reads("LeakyRelu")
def leaky_relu(site: NodeSite) -> None:
    layer = site.layer("ReLU", [site.blob()])
    layer.relu_param.negative_slope = site.number("alpha", 0.01)


@reads("Elu")
def elu(site: NodeSite) -> None:
    layer = site.layer("ELU", [site.blob()])
    if (alpha := site.number("alpha", 1.0)) != 1:
        layer.elu_param.alpha = alpha


@reads("Selu")
def selu(site: NodeSite) -> None:
    param = site.layer("SeLu", [site.blob()]).selu_param
    param.alpha = site.number("alpha", 1.67326319217681884765625)
    setattr(param, "lambda", site.number("gamma", 1.05070102214813232421875))


@reads("PRelu")
def prelu(site: NodeSite) -> None:
    """PReLU, one slope or one for each channel."""
    slope, axes = site.numbers(1, "slope"), len(site.shape())
    shape = (1,) * (axes - slope.ndim) + slope.shape
    if any(n != 1 for axis, n in enumerate(shape) if axis != 1):
        raise Cannot(f"its slopes have the shape {list(slope.shape)}; expected one for a channel")
    shared = slope.size == 1 and site.shape()[1] != 1
    layer = site.layer("PReLU", [site.blob()], weights=[slope.reshape(() if shared else (-1,))])
    if shared:
        layer.prelu_param.channel_shared = True


@reads("Clip")
def clip(site: NodeSite) -> None:
    low = site.number_of("min", 1, -_LARGEST)
    high = site.number_of("max", 2, _LARGEST)
    bounds(site, site.blob(), low, high)


def bounds(
    site: NodeSite, bottom: str, low: float, high: float, *, suffix: str = "", out: int | None = 0
) -> str:
    """ReLU, ReLU6 or Clip; returns the top."""
    low, high = max(low, -_LARGEST), min(high, _LARGEST)
    if low == 0 and high in (6, _LARGEST):
        kind = "ReLU6" if high == 6 else "ReLU"
        return str(site.layer(kind, [bottom], suffix=suffix, out=out).top[0])
    layer = site.layer("Clip", [bottom], suffix=suffix, out=out)
    layer.clip_param.min, layer.clip_param.max = low, high
    return str(layer.top[0])


def power(
    site: NodeSite, bottom: str, *, scale: float = 1, shift: float = 0, exponent: float = 1,
    suffix: str = "", out: int | None = 0,
) -> str:  # fmt: skip
    """(shift + scale · x) ^ exponent by a Power layer; returns the top."""
    layer = site.layer("Power", [bottom], suffix=suffix, out=out)
    for name, value, usual in (("scale", scale, 1), ("shift", shift, 0), ("power", exponent, 1)):
        if value != usual:
            setattr(layer.power_param, name, value)
    return str(layer.top[0])


@reads("Neg")
def neg(site: NodeSite) -> None:
    power(site, site.blob(), scale=-1)


@reads("Sqrt")
def sqrt(site: NodeSite) -> None:
    power(site, site.blob(), exponent=0.5)


@reads("Reciprocal")
def reciprocal(site: NodeSite) -> None:
    power(site, site.blob(), exponent=-1)


@reads("Pow")
def powers(site: NodeSite) -> None:
    exponent = site.numbers(1, "exponent")
    if exponent.size != 1:
        raise Cannot(f"it has {exponent.size} exponents; expected one")
    power(site, site.blob(), exponent=float(exponent.reshape(-1)[0]))


@reads("HardSigmoid")
def hard_sigmoid(site: NodeSite) -> None:
    """Power, then Clip."""
    _hard_sigmoid(site, site.blob(), 0)


def _hard_sigmoid(site: NodeSite, bottom: str, out: int | None) -> str:
    alpha, beta = site.number("alpha", 0.2), site.number("beta", 0.5)
    value = power(site, bottom, scale=alpha, shift=beta, suffix="linear", out=None)
    return bounds(site, value, 0, 1, suffix="" if out == 0 else "clip", out=out)


@reads("HardSwish")
def hard_swish(site: NodeSite) -> None:
    """x · ReLU6(x + 3) / 6."""
    blob = site.blob()
    value = power(site, blob, shift=3, suffix="shift", out=None)
    value = bounds(site, value, 0, 6, suffix="clip", out=None)
    value = power(site, value, scale=1 / 6, suffix="scale", out=None)
    layer = site.layer("Eltwise", [blob, value])
    layer.eltwise_param.operation = caffe_pb2.EltwiseParameter.PROD


@reads("ThresholdedRelu")
def thresholded_relu(site: NodeSite) -> None:
    """x · Threshold(x)."""
    blob = site.blob()
    mask = site.layer("Threshold", [blob], suffix="mask", out=None)
    mask.threshold_param.threshold = site.number("alpha", 1.0)
    layer = site.layer("Eltwise", [blob, mask.top[0]])
    layer.eltwise_param.operation = caffe_pb2.EltwiseParameter.PROD


@ends_with("Cast")
def threshold(site: NodeSite) -> bool:
    """1 where x is greater than a number, else 0: Threshold."""
    greater = site.maker(site.inputs[0], "Greater")
    limit = None if greater is None else greater.constant(1)
    kind = site.source.known.types[site.outputs[0]].tensor_type.elem_type
    if greater is None or limit is None or limit.size != 1 or kind not in FLOATS:
        return False
    layer = site.layer("Threshold", [greater.blob()])
    layer.threshold_param.threshold = float(limit.reshape(-1)[0])
    return True


@reads("Swish")
def swish_operator(site: NodeSite) -> None:
    _swish(site, site.blob(), site.number("alpha", 1.0))


@ends_with("Mul")
def swish(site: NodeSite) -> bool:
    """x · sigmoid(x), or x · sigmoid(beta · x): Swish."""
    for own, other in ((0, 1), (1, 0)):
        gate = site.maker(site.inputs[other], "Sigmoid")
        beta = None if gate is None else _times(gate, gate.inputs[0], site.inputs[own])
        if beta is not None:
            _swish(site, site.blob(own), beta)
            return True
    return False


def _times(site: NodeSite, value: str, of: str) -> float | None:
    """How many times another value a value is; None if it is something else."""
    if value == of:
        return 1.0
    scaled = site.maker(value, "Mul")
    for factor, other in ((0, 1), (1, 0)):
        array = scaled.constant(factor) if scaled else None
        if scaled and array is not None and array.size == 1 and scaled.inputs[other] == of:
            return float(array.reshape(-1)[0])
    return None


def _swish(site: NodeSite, blob: str, beta: float) -> None:
    layer = site.layer("Swish", [blob])
    if beta != 1:
        layer.swish_param.beta = beta
