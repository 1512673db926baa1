"""AlexNet (Krizhevsky, Sutskever, Hinton 2012) and CaffeNet, which pools before it normalises."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minicaffe import NetSpec
from minicaffe import layers as L
from minicaffe.net_spec import Top

from .fields import Windows
from .imagenet import CLASSES, Model, constant, conv, drop, full, gaussian, max_pool, relu

if TYPE_CHECKING:
    from typing_extensions import Unpack


def _body(n: NetSpec, *, pool_first: bool, bias: float) -> Top:
    """Five convolutions and three inner products.

    Args:
        pool_first: pool before the local response normalisation, as CaffeNet does.
        bias: of conv2, conv4, conv5, fc6 and fc7 at the start, to keep their ReLUs alive.
    """
    top = _conv(n, 1, n.data, 96, 11, 0, stride=4)
    top = _shrink(n, 1, top, pool_first)
    top = _conv(n, 2, top, 256, 5, bias, pad=2, group=2)
    top = _shrink(n, 2, top, pool_first)
    top = _conv(n, 3, top, 384, 3, 0, pad=1)
    top = _conv(n, 4, top, 384, 3, bias, pad=1, group=2)
    top = _conv(n, 5, top, 256, 3, bias, pad=1, group=2)
    top = max_pool(n, "pool5", top, 3, 2)
    for number in (6, 7):
        top = full(
            n, f"fc{number}", top, 4096, weight_filler=gaussian(0.005), bias_filler=constant(bias)
        )
        top = drop(n, f"drop{number}", relu(n, f"relu{number}", top))
    return full(n, "fc8", top, CLASSES, weight_filler=gaussian(0.01), bias_filler=constant(0))


def _conv(
    n: NetSpec,
    number: int,
    bottom: Top,
    outputs: int,
    kernel: int,
    bias: float,
    **fields: Unpack[Windows],
) -> Top:
    top = conv(
        n,
        f"conv{number}",
        bottom,
        outputs,
        kernel,
        weight_filler=gaussian(0.01),
        bias_filler=constant(bias),
        **fields,
    )
    return relu(n, f"relu{number}", top)


def _shrink(n: NetSpec, number: int, top: Top, pool_first: bool) -> Top:
    """Normalise over 5 neighbouring channels, and pool 3 x 3 windows that overlap."""
    pool, norm = f"pool{number}", f"norm{number}"
    if pool_first:
        top = max_pool(n, pool, top, 3, 2)
    n[norm] = L.LRN(top, local_size=5, alpha=1e-4, beta=0.75)
    return n[norm] if pool_first else max_pool(n, pool, n[norm], 3, 2)


MODELS = [
    Model(
        folder="bvlc_alexnet",
        name="AlexNet",
        about="AlexNet for ImageNet: five convolutions and three inner products.",
        body=partial(_body, pool_first=False, bias=0.1),
        crop=227,
        batch=256,
    ),
    Model(
        folder="bvlc_reference_caffenet",
        name="CaffeNet",
        about="CaffeNet for ImageNet: AlexNet with pooling before normalisation.",
        body=partial(_body, pool_first=True, bias=1),
        crop=227,
        batch=256,
    ),
]
