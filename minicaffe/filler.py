"""Fillers: what a parameter blob holds before training (Caffe's FillerParameter)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from minicaffe.blob import shape_text
from minicaffe.errors import GraphError, ShapeError, did_you_mean
from minicaffe.proto import caffe_pb2

_VARIANCE = caffe_pb2.FillerParameter
#: The fields of a type that must be finite numbers.
_FINITE = {"uniform": ("min", "max"), "gaussian": ("mean", "std")}


#: Other frameworks' names of fillers, in Caffe's words.
_OF_OTHERS = {
    **dict.fromkeys(("normal", "randn", "random_normal", "truncated_normal"), "`gaussian`"),
    **dict.fromkeys(("zeros", "zero"), "`constant`"), "ones": "`constant` with value: 1",
    **dict.fromkeys(("glorot", "glorot_uniform", "xavier_uniform"), "`xavier`"),
    **dict.fromkeys(("he", "he_normal", "kaiming", "kaiming_normal"), "`msra`"),
}  # fmt: skip


def fill(param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator) -> None:
    """Fill an array as a ``FillerParameter`` says.

    Args:
        param: its ``type`` chooses one of :data:`FILLERS`; the other fields are that type's.
        array: filled in place; its shape gives the fans.
        rng: the source of randomness.

    Raises:
        GraphError: unknown type; ``sparse`` with a type other than gaussian; a bound, mean or
            deviation that is infinite, no number or the wrong way round.
        ShapeError: the type cannot fill this shape, or it has no elements.
    """
    if not array.size:
        raise ShapeError(f"a parameter of shape {shape_text(array.shape)} has nothing to fill")
    for _, message in filler_mistakes(param):
        raise GraphError(message)
    for _, message in filler_shape_mistakes(param, array.shape):
        raise ShapeError(message)
    with np.errstate(over="ignore"):  # a mean near the largest float, and a deviation from it
        FILLERS[param.type](param, array, rng)


def filler_mistakes(param: caffe_pb2.FillerParameter) -> Iterator[tuple[str, str]]:
    """What is wrong with a filler whatever it fills: the field, and the message."""
    name = param.type
    if name not in FILLERS:
        others = _OF_OTHERS.get(name.lower())
        hint = f"; in Caffe it is {others}" if others else did_you_mean(name, FILLERS)
        yield "type", f"unknown filler type '{name}'{hint}"
        return
    for field in _FINITE.get(name, ()):
        value = getattr(param, field)
        if not math.isfinite(value):
            yield field, f"filler '{name}' has {field} {value:g}, expected a finite one"
    if name == "uniform" and param.min > param.max:
        yield "min", f"filler 'uniform' has min {param.min:g} above max {param.max:g}"
    if name == "gaussian" and param.std < 0:
        yield "std", f"filler 'gaussian' has a negative std {param.std:g}"
    if name != "gaussian" and param.sparse != -1:
        yield "sparse", f"filler '{name}' does not support sparse; only gaussian does"
    elif param.sparse < -1:
        yield "sparse", f"filler 'gaussian' has sparse {param.sparse}, expected at least 0"


def filler_shape_mistakes(
    param: caffe_pb2.FillerParameter, shape: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """What is wrong with a filler for a parameter of this shape: the field, and the message."""
    if param.type == "bilinear" and (len(shape) != 4 or shape[2] != shape[3]):
        text = shape_text(shape)
        yield "type", f"filler 'bilinear' needs 4 axes with a square kernel, not {text}"
    if param.type == "gaussian" and param.sparse >= 0:
        if not shape:
            yield "sparse", "a sparse gaussian filler needs at least one axis"
        elif param.sparse > shape[0]:
            yield (
                "sparse",
                f"sparse: {param.sparse} asks for more values than there are outputs "
                f"({shape[0]}); use fewer, or no sparse",
            )


def fan(param: caffe_pb2.FillerParameter, shape: tuple[int, ...]) -> float:
    """The n of xavier and msra: fan-in, fan-out or their average, by ``variance_norm``.

    Fan-in is the count over axis 0 (outputs), fan-out the count over axis 1 (inputs), as in
    Caffe; that is what one output sums over, or one input contributes to.
    """
    count = math.prod(shape)
    fan_in = count / shape[0] if shape else 1
    fan_out = count / shape[1] if len(shape) > 1 else count
    if param.variance_norm == _VARIANCE.AVERAGE:
        return (fan_in + fan_out) / 2
    return fan_out if param.variance_norm == _VARIANCE.FAN_OUT else fan_in


def leaves_zeros(param: caffe_pb2.FillerParameter) -> bool:
    """Whether a filler makes an array of zeros, which a new one is without it."""
    return param.type == "constant" and param.value == 0


def _constant(
    param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator
) -> None:
    array[...] = param.value


def _uniform(param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator) -> None:
    array[...] = rng.uniform(param.min, param.max, array.shape)


def _gaussian(
    param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator
) -> None:
    """N(mean, std²); with ``sparse``, each value survives with probability sparse / axis 0."""
    array[...] = rng.normal(param.mean, abs(param.std), array.shape)  # numpy refuses -0.0
    if param.sparse >= 0:
        array *= rng.random(array.shape) < param.sparse / array.shape[0]


def _positive_unitball(
    param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator
) -> None:
    """Positive values whose sum over all axes but the first is 1."""
    array[...] = rng.random(array.shape)
    array /= array.sum(axis=tuple(range(1, array.ndim)), keepdims=True)


def _xavier(param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator) -> None:
    """Uniform in ±√(3/n), the variance of Glorot & Bengio (2010)."""
    scale = math.sqrt(3 / fan(param, array.shape))
    array[...] = rng.uniform(-scale, scale, array.shape)


def _msra(param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator) -> None:
    """N(0, 2/n), for ReLU nets: He et al. (2015)."""
    array[...] = rng.normal(0, math.sqrt(2 / fan(param, array.shape)), array.shape)


def _bilinear(
    param: caffe_pb2.FillerParameter, array: np.ndarray, rng: np.random.Generator
) -> None:
    """The weights with which a Deconvolution upsamples bilinearly (stride ceil(size/2)).

    1 - |x/f - c| along each axis, with f = ceil(size/2) and c = (size-1) / 2f.
    """
    size = array.shape[3]
    factor = math.ceil(size / 2)
    center = (size - 1) / (2 * factor)
    line = 1 - np.abs(np.arange(size) / factor - center)
    array[...] = line[:, None] * line


Filler = Callable[[caffe_pb2.FillerParameter, np.ndarray, np.random.Generator], None]

FILLERS: dict[str, Filler] = {
    "constant": _constant,
    "uniform": _uniform,
    "gaussian": _gaussian,
    "positive_unitball": _positive_unitball,
    "xavier": _xavier,
    "msra": _msra,
    "bilinear": _bilinear,
}
