"""Readers of the error function and of GELU, by a formula of Abramowitz and Stegun.

With t = 1 / (1 + p · u), u ≥ 0, erfc(u) = t · (a1 + t · (a2 + … + t · a5)) · exp(-u²) within 1.5e-7
(Handbook of Mathematical Functions, 7.1.26), as near as float32 comes to it.
"""

from __future__ import annotations

import math

from minicaffe.convert.onnx.node_site import NodeSite
from minicaffe.convert.onnx.readers import ends_with, reads
from minicaffe.convert.onnx.readers.activation import power
from minicaffe.convert.onnx.site import Cannot
from minicaffe.proto import caffe_pb2

_P = 0.3275911
_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def _layer(site: NodeSite, kind: str, blob: str, suffix: str) -> str:
    return str(site.layer(kind, [blob], suffix=suffix, out=None).top[0])


def _product(site: NodeSite, first: str, second: str, suffix: str, out: int | None = None) -> str:
    layer = site.layer("Eltwise", [first, second], suffix=suffix, out=out)
    layer.eltwise_param.operation = caffe_pb2.EltwiseParameter.PROD
    return str(layer.top[0])


def _sum(
    site: NodeSite, first: str, second: str, coeff: float, suffix: str = "", out: int | None = 0
) -> str:
    """first + coeff · second."""
    layer = site.layer("Eltwise", [first, second], suffix=suffix, out=out)
    layer.eltwise_param.coeff[:] = [1, coeff]
    return str(layer.top[0])


def complement(site: NodeSite, blob: str, scale: float, suffix: str) -> str:
    """erfc(scale · x) of x ≥ 0; returns the top.

    Args:
        site: the operator.
        blob: of numbers from 0 on.
        scale: what they are multiplied with.
        suffix: what the layers' names begin with, after the operator's.
    """
    t = power(site, blob, scale=_P * scale, shift=1, exponent=-1, suffix=f"{suffix}t", out=None)
    value = power(site, t, scale=_A[4], shift=_A[3], suffix=f"{suffix}a4", out=None)
    for number in (2, 1, 0):
        value = _product(site, value, t, f"{suffix}t{number + 2}")
        value = power(site, value, shift=_A[number], suffix=f"{suffix}a{number + 1}", out=None)
    value = _product(site, value, t, f"{suffix}sum")
    square = power(site, blob, exponent=2, suffix=f"{suffix}square", out=None)
    layer = site.layer("Exp", [square], suffix=f"{suffix}exp", out=None)
    layer.exp_param.scale = -scale * scale
    return _product(site, value, layer.top[0], f"{suffix}erfc")


@reads("Erf")
def erf(site: NodeSite) -> None:
    """erfc(ReLU(-x)) - erfc(ReLU(x)): one of the two is 1 - 0."""
    blob = site.blob()
    positive = complement(site, _layer(site, "ReLU", blob, "positive"), 1, "positive/")
    negative = power(site, blob, scale=-1, suffix="negated", out=None)
    negative = complement(site, _layer(site, "ReLU", negative, "negative"), 1, "negative/")
    _sum(site, negative, positive, -1)


@reads("Gelu")
def gelu(site: NodeSite) -> None:
    """x · (1 + erf(x / √2)) / 2, or with tanh in place of erf, as the operator says."""
    kind = site.word("approximate", "none")
    if kind == "none":
        _gelu(site, site.blob())
    elif kind == "tanh":
        _gelu_by_tanh(site, site.blob())
    else:
        raise Cannot(f"its approximation '{kind}' is not known; none and tanh are")


def _gelu(site: NodeSite, blob: str) -> None:
    """ReLU(x) - |x| · erfc(|x| / √2) / 2."""
    distance = _layer(site, "AbsVal", blob, "abs")
    value = complement(site, distance, math.sqrt(0.5), "")
    value = _product(site, value, distance, "product")
    _sum(site, _layer(site, "ReLU", blob, "relu"), value, -0.5)


def _gelu_by_tanh(site: NodeSite, blob: str) -> None:
    """x · sigmoid(√(8/π) · (x + 0.044715 · x³))."""
    cube = power(site, blob, exponent=3, suffix="cube", out=None)
    value = _sum(site, blob, cube, 0.044715, "sum", None)
    value = power(site, value, scale=math.sqrt(8 / math.pi), suffix="scale", out=None)
    _product(site, blob, _layer(site, "Sigmoid", value, "sigmoid"), "", 0)


@ends_with("Mul")
def gelu_of_operators(site: NodeSite) -> bool:
    """The product of x, 0.5 and 1 + erf(x / √2), in any order, as PyTorch writes GELU."""
    factors = _factors(site, site.inputs[0]) + _factors(site, site.inputs[1])
    numbers = [array for value in factors if (array := site.source.constant(value)) is not None]
    others = [value for value in factors if site.source.constant(value) is None]
    half = len(numbers) == 1 and numbers[0].size == 1 and float(numbers[0].reshape(-1)[0]) == 0.5
    if not half or len(others) != 2:
        return False
    for own, other in (others, others[::-1]):
        if _is_one_and_erf(site, other, own):
            _gelu(site, site.blob_of(site.text.blobs.get(own, own)))
            return True
    return False


def _factors(site: NodeSite, value: str) -> list[str]:
    """The two values whose product a value is, if nothing else reads it; else itself."""
    product = site.maker(value, "Mul")
    if product is None or len(site.source.readers[value]) > 1:
        return [value]
    return product.inputs


def _is_one_and_erf(site: NodeSite, value: str, x: str) -> bool:
    """Whether a value is 1 + erf(x / √2)."""
    added = site.maker(value, "Add")
    for one, other in ((0, 1), (1, 0)):
        number = added.constant(one) if added else None
        found = added.maker(added.inputs[other], "Erf") if added else None
        if found is None or number is None or number.size != 1 or float(number.max()) != 1:
            continue
        scaled = found.maker(found.inputs[0], "Div", "Mul")
        by = scaled.constant(1) if scaled else None
        if scaled is None or by is None or by.size != 1 or scaled.inputs[0] != x:
            return False
        factor = float(by.reshape(-1)[0])
        root = math.sqrt(2 if scaled.node.op_type == "Div" else 0.5)
        return abs(factor - root) <= 1e-6
    return False
