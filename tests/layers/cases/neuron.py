"""The elementwise layers, each with each of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.layers.harness import Case, positive

Arrays = list[np.ndarray]


def of(function: Callable[[np.ndarray], Any]) -> Callable[[Arrays, Arrays], Arrays]:
    return lambda bottoms, params: [np.asarray(function(bottoms[0]))]


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def zeros_too(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers, 0 among them: no gradient check there."""
    return rng.integers(-1, 2, shape).astype(float)


def prelu(*shape: int) -> Callable[[Arrays, Arrays], Arrays]:
    return lambda b, p: [np.where(b[0] > 0, b[0], b[0] * p[0].reshape(shape))]


def single(value: float) -> float:
    """What a float field holds of this value."""
    return float(np.float32(value))


rectifiers = [
    Case("ReLU", in_place=True, reference=of(lambda x: np.maximum(x, 0))),
    Case("ReLU", values=zeros_too, has_gradient=False, reference=of(lambda x: x.clip(0)), name="0"),
    Case(
        "ReLU",
        "relu_param { negative_slope: 0.25 }",
        in_place=True,
        reference=of(lambda x: np.where(x > 0, x, x / 4)),
    ),
    Case(
        "ReLU",
        "relu_param { negative_slope: -0.5 }",
        reference=of(lambda x: np.where(x > 0, x, -x / 2)),
    ),
    Case("PReLU", in_place=True, reference=prelu(3, 1, 1)),
    Case("PReLU", bottoms=[(5, 3)], in_place=True, reference=prelu(3), name="2 axes"),
    Case("PReLU", "prelu_param { channel_shared: true }", in_place=True, reference=prelu()),
    Case(
        "PReLU",
        "prelu_param { filler { type: 'uniform' min: -2 max: 2 } }",
        bottoms=[(2, 4, 5)],
        in_place=True,
        reference=prelu(4, 1),
    ),
    Case("ELU", in_place=True, reference=of(lambda x: np.where(x > 0, x, np.expm1(x)))),
    Case(
        "ELU",
        "elu_param { alpha: 0.5 }",
        in_place=True,
        reference=of(lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    ),
    Case(
        "ELU",
        "elu_param { alpha: 0.5 lambda: 1.25 }",
        in_place=True,
        reference=of(lambda x: np.where(x > 0, 1.25 * x, 0.625 * np.expm1(x))),
    ),
    Case("AbsVal", reference=of(np.abs)),
    Case("Clip", "clip_param { min: -0.5 max: 0.75 }", reference=of(lambda x: x.clip(-0.5, 0.75))),
    Case("Threshold", has_gradient=False, in_place=True, reference=of(lambda x: x > 0)),
    Case(
        "Threshold",
        "threshold_param { threshold: 1 }",
        values=zeros_too,
        has_gradient=False,
        reference=of(lambda x: 0 * x),
        name="strict",
    ),
    Case(
        "Threshold",
        "threshold_param { threshold: -0.5 }",
        has_gradient=False,
        reference=of(lambda x: x > -0.5),
    ),
]

smooth = [
    Case("Sigmoid", in_place=True, reference=of(logistic)),
    Case("TanH", in_place=True, reference=of(np.tanh)),
    Case("Swish", in_place=True, reference=of(lambda x: x * logistic(x))),
    Case(
        "Swish",
        "swish_param { beta: 1.5 }",
        in_place=True,
        reference=of(lambda x: x * logistic(1.5 * x)),
    ),
    Case("BNLL", reference=of(lambda x: np.log(1 + np.exp(x)))),
    Case("Exp", in_place=True, reference=of(np.exp)),
    Case(
        "Exp",
        "exp_param { base: 2 scale: 0.5 shift: 3 }",
        in_place=True,
        reference=of(lambda x: 2 ** (3 + x / 2)),
    ),
    Case("Exp", "exp_param { shift: -1 }", reference=of(lambda x: np.exp(x - 1))),
    Case("Log", values=positive, reference=of(np.log)),
    Case(
        "Log",
        "log_param { base: 10 scale: 2 shift: 0.5 }",
        values=positive,
        reference=of(lambda x: np.log10(0.5 + 2 * x)),
    ),
]

powers = [
    Case("Power", in_place=True, reference=of(lambda x: x)),
    Case(
        "Power",
        "power_param { scale: -2 shift: 0.5 }",
        in_place=True,
        reference=of(lambda x: 0.5 - 2 * x),
    ),
    Case(
        "Power",
        "power_param { power: 2 scale: 3 shift: 1 }",
        reference=of(lambda x: (1 + 3 * x) ** 2),
    ),
    Case("Power", "power_param { power: 3 }", reference=of(lambda x: x**3)),
    Case(
        "Power",
        "power_param { power: 0.5 scale: 0.5 shift: 1 }",
        values=positive,
        reference=of(lambda x: np.sqrt(1 + x / 2)),
    ),
    Case(
        "Power",
        "power_param { power: -1 shift: 0.25 }",
        values=positive,
        reference=of(lambda x: 1 / (x + 0.25)),
    ),
    Case(
        "Power",
        "power_param { power: 1.7 scale: 2 }",
        values=positive,
        reference=of(lambda x: (2 * x) ** single(1.7)),
    ),
    Case("Power", "power_param { power: 0 }", in_place=True, reference=of(np.ones_like)),
    Case(
        "Power",
        "power_param { scale: 0 shift: 3 power: 2 }",
        in_place=True,
        reference=of(lambda x: np.full_like(x, 9)),
    ),
]

CASES = rectifiers + smooth + powers
