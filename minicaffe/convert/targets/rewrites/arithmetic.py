"""Power, Scale, Bias, Eltwise, Axpy and what multiplies channels, each by the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from minicaffe.convert.targets.pieces import Replacement, one_layer
from minicaffe.convert.targets.quantities import Site
from minicaffe.convert.targets.rewrites import rewrites
from minicaffe.errors import MinicaffeError
from minicaffe.layer import Layer, find_layer_class
from minicaffe.layers.normalization.scaled_batch_norm import ScaledBatchNorm
from minicaffe.layers.normalization.shared_statistics import SharedStatistics, StoredNormalisation


@rewrites("Power")
def power_as_scale(site: Site) -> Iterator[Replacement]:
    """Power of power 1 becomes a Scale with one factor and one shift for every channel."""
    param, shape = site.param.power_param, site.bottoms[0]
    if param.power == 1 and len(shape) > 1:
        made = Replacement(site)
        factors, shifts = (np.full(shape[1], n, np.float64) for n in (param.scale, param.shift))
        yield made.ending(
            made.add("Scale", made.bottom(), blobs=[factors, shifts], bias_term=True)
            if param.shift
            else made.add("Scale", made.bottom(), blobs=[factors])
        )


@rewrites("Power")
def power_in_two(site: Site) -> Iterator[Replacement]:
    """Power becomes its scale and shift, and then the power of that."""
    param = site.param.power_param
    if param.power not in (0, 1) and (param.scale, param.shift) != (1, 0):
        made = Replacement(site)
        inner = made.affine(made.bottom(), param.scale, param.shift)
        yield made.ending(made.add("Power", inner, power=param.power))


@rewrites("Power")
def square_as_product(site: Site) -> Iterator[Replacement]:
    """Power 2 becomes a product of a value with itself; 3 with two of itself."""
    param = site.param.power_param
    if param.power in (2, 3) and (param.scale, param.shift) == (1, 0):
        made = Replacement(site)
        yield made.ending(made.product(*[made.bottom()] * int(param.power)))


def _per_channel(site: Site) -> bool:
    """Whether a layer with parameters of its own has one for each channel of axis 1."""
    shape = site.bottoms[0] if site.bottoms else ()
    return (
        len(site.param.bottom) == 1
        and len(shape) > 1
        and len(site.blobs) > 0
        and all(blob.size == shape[1] for blob in site.blobs)
        and site.setting("axis") in ([1], [1 - len(shape)])
        and site.setting("num_axes") == [1]
    )


@rewrites("Bias")
def bias_as_scale(site: Site) -> Iterator[Replacement]:
    """Bias of channels becomes a Scale with factors of 1 and that bias."""
    if _per_channel(site):
        made = Replacement(site)
        (shifts,) = site.blobs
        blobs = [np.ones(shifts.size), shifts.reshape(-1)]
        yield made.ending(made.add("Scale", made.bottom(), blobs=blobs, bias_term=True))


@rewrites("Scale")
def scale_as_power(site: Site) -> Iterator[Replacement]:
    """Scale whose channels have one factor and one shift becomes a Power."""
    if _per_channel(site) and all((blob == blob.flat[0]).all() for blob in site.blobs):
        made = Replacement(site)
        numbers = [float(blob.flat[0]) for blob in site.blobs]
        yield made.ending(made.affine(made.bottom(), *numbers))


@rewrites("Scale", "Bias")
def channels_as_convolution(site: Site) -> Iterator[Replacement]:
    """Scale or Bias of channels becomes a 1×1 Convolution of each channel by itself."""
    if not _per_channel(site) or len(site.bottoms[0]) != 4:
        return
    made, channels = Replacement(site), site.bottoms[0][1]
    factors, *shifts = _factors(site)
    weights = factors.reshape(channels, 1, 1, 1)
    yield made.ending(
        made.add(
            "Convolution", made.bottom(), blobs=[weights, *shifts], num_output=channels,
            kernel_size=[1], group=channels, bias_term=bool(shifts),
        )
    )  # fmt: skip


def _factors(site: Site) -> list[np.ndarray]:
    """A layer's factors and, where it has some, shifts."""
    blobs = [np.asarray(blob, np.float64).reshape(-1) for blob in site.blobs]
    only_shifts = not site.setting("bias_term")  # which Bias does not have
    return [np.ones_like(blobs[0]), *blobs] if only_shifts else blobs


@rewrites(direct=True)
def normalisation_in_two(site: Site) -> Iterator[Replacement]:
    """A fork's normalisation with a factor inside becomes Caffe's two, BatchNorm and Scale."""
    if not issubclass(find_layer_class(site.param.type), SharedStatistics):
        return
    try:
        with one_layer(site) as net:
            layer = cast(SharedStatistics, net.nodes[-1].layer)
            stored = layer.stored_normalisation()
    except MinicaffeError:
        return
    mean, variance, eps, scale, _ = stored
    if scale is None or (not mean.any() and (variance + eps == 1).all()):
        return  # it is Caffe's already, or has no statistics
    made = Replacement(site)
    yield made.ending(_in_two(made, stored))


@rewrites(direct=True)
def rectified_normalisation(site: Site) -> Iterator[Replacement]:
    """A fork's normalisation with a ReLU inside becomes BatchNorm, Scale and ReLU."""
    if not issubclass(find_layer_class(site.param.type), SharedStatistics):
        return
    try:
        with one_layer(site) as net:
            layer = net.nodes[-1].layer
            if not isinstance(layer, ScaledBatchNorm) or not layer.has_relu:
                return
            stored = layer.before_relu()
    except MinicaffeError:
        return
    made = Replacement(site)
    yield made.ending(made.add("ReLU", _in_two(made, stored)))


def _in_two(made: Replacement, stored: StoredNormalisation) -> str:
    """Caffe's BatchNorm and, where there is a factor, Scale; returns the top."""
    mean, variance, eps, scale, shift = stored
    value = made.add("BatchNorm", made.bottom(), blobs=[mean, variance, np.ones(1)], eps=eps)
    if scale is None:
        return value
    blobs = [scale] if shift is None else [scale, shift]
    return made.add("Scale", value, blobs=blobs, bias_term=shift is not None)


@rewrites()
def statistics_as_scale(site: Site) -> Iterator[Replacement]:
    """A layer that normalises with stored statistics becomes a Scale with bias."""
    cls = find_layer_class(site.param.type)
    if cls.channel_affine is Layer.channel_affine or site.setting("num_axes"):
        return  # it does no such thing, or is a Scale or Bias itself
    try:
        with one_layer(site) as net:
            node = net.nodes[-1]
            affine = node.layer.channel_affine(node.bottoms[0])
    except MinicaffeError:
        return
    if affine is not None and all(np.isfinite(values).all() for values in affine):
        made = Replacement(site)
        yield made.ending(made.add("Scale", made.bottom(), blobs=affine, bias_term=True))


@rewrites("BroadcastMul")
def gate_as_scale(site: Site) -> Iterator[Replacement]:
    """BroadcastMul becomes a Scale of two bottoms, the factors with two axes."""
    made = Replacement(site)
    large, small = _scaled_and_factors(site)
    factors = made.bottom(small)
    if len(site.bottoms[small]) != 2:
        factors = made.add("Reshape", factors, shape={"dim": [0, -1]})
    yield made.ending(made.add("Scale", made.bottom(large), factors, axis=0))


@rewrites("BroadcastMul")
def gate_as_product(site: Site) -> Iterator[Replacement]:
    """BroadcastMul becomes a product with its factors, which a Deconvolution repeats."""
    large, small = _scaled_and_factors(site)
    if len(site.bottoms[large]) == len(site.bottoms[small]) == 4:
        made = Replacement(site)
        yield made.ending(made.product(made.bottom(large), _repeated(made, small, large)))


def _scaled_and_factors(site: Site) -> tuple[int, int]:
    """Which bottom has the channels, and which one number for each of them."""
    first, second = (int(np.prod(shape)) for shape in site.bottoms)
    return (0, 1) if first > second else (1, 0)


def _repeated(made: Replacement, factors: int, pixels: int) -> str:
    """A bottom (N, C, 1, 1) with as many rows and columns as another one has."""
    _, channels, height, width = made.site.bottoms[pixels]
    return made.add(
        "Deconvolution", made.bottom(factors), blobs=[np.ones((channels, 1, height, width))],
        num_output=channels, group=channels, bias_term=False, kernel_h=height, kernel_w=width,
    )  # fmt: skip


@rewrites("Axpy")
def axpy_as_scale(site: Site) -> Iterator[Replacement]:
    """Axpy becomes a Scale of two bottoms and a sum."""
    made = Replacement(site)
    factors = made.bottom(0)
    if len(site.bottoms[0]) > 2:
        factors = made.add("Reshape", factors, shape={"dim": [0, -1]})
    scaled = made.add("Scale", made.bottom(1), factors, axis=0)
    yield made.ending(made.plus(scaled, made.bottom(2)))


@rewrites("Axpy")
def axpy_as_product(site: Site) -> Iterator[Replacement]:
    """Axpy becomes a product with its factors, which a Deconvolution repeats, and a sum."""
    if len(site.bottoms[0]) == len(site.bottoms[1]) == 4:
        made = Replacement(site)
        scaled = made.product(made.bottom(1), _repeated(made, 0, 1))
        yield made.ending(made.plus(scaled, made.bottom(2)))


@rewrites("Eltwise")
def sum_of_scaled(site: Site) -> Iterator[Replacement]:
    """Eltwise SUM with coeff becomes a sum of what Power layers have scaled."""
    coeff = list(site.param.eltwise_param.coeff)
    if site.setting("operation") == ["SUM"] and any(factor != 1 for factor in coeff):
        made = Replacement(site)
        parts = [
            made.bottom(index) if factor == 1 else made.affine(made.bottom(index), factor)
            for index, factor in enumerate(coeff)
        ]
        yield made.ending(made.plus(*parts))


@rewrites("Eltwise")
def maximum_as_relu(site: Site) -> Iterator[Replacement]:
    """Eltwise MAX becomes b + ReLU(a - b), once for each further bottom."""
    if site.setting("operation") == ["MAX"]:
        made = Replacement(site)
        value = made.bottom(0)
        for index in range(1, len(site.param.bottom)):
            other = made.bottom(index)
            above = made.add("ReLU", made.plus(value, made.negative(other)))
            value = made.plus(other, above)
        yield made.ending(value)


@rewrites("Eltwise")
def pairs_of_bottoms(site: Site) -> Iterator[Replacement]:
    """Eltwise of several bottoms becomes one of the first two, and so on."""
    coeff = list(site.param.eltwise_param.coeff)
    if len(site.param.bottom) > 2 and all(factor == 1 for factor in coeff):
        made = Replacement(site)
        operation = str(site.setting("operation")[0])
        value = made.bottom(0)
        for index in range(1, len(site.param.bottom)):
            value = made.add("Eltwise", value, made.bottom(index), operation=operation)
        yield made.ending(value)


@rewrites("Normalize")
def normalize_by_convolution(site: Site) -> Iterator[Replacement]:
    """Normalize of each pixel becomes x · (Σ x² + eps)^-0.5, the sum by a 1×1 Convolution."""
    param, shape = site.param.norm_param, site.bottoms[0]
    if param.across_spatial or len(shape) != 4:
        return
    made, channels = Replacement(site), shape[1]
    ones = np.ones((channels, channels, 1, 1))
    squares = made.add("Power", made.bottom(), power=2.0)
    sums = made.add(
        "Convolution", squares, blobs=[ones], num_output=channels, kernel_size=[1],
        bias_term=False,
    )  # fmt: skip
    inverse = made.add("Power", sums, power=-0.5, shift=param.eps)
    unit = made.product(made.bottom(), inverse)
    factors = np.broadcast_to(site.blobs[0].reshape(-1), (channels,))
    yield made.ending(made.add("Scale", unit, blobs=[factors]))
