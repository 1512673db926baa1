"""LargeMarginInnerProduct and MarginInnerProduct."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, labels, normal

Arrays = list[np.ndarray]
KINDS = {"SINGLE": 1, "DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}


def psi(angle: float, times: int) -> float:
    """The papers' function of the angle."""
    turns = min(int(times * angle / math.pi), times - 1)
    return (-1) ** turns * math.cos(times * angle) - 2 * turns


def scores(times: int, blend: float, *, unit: bool, rest: int = 0) -> Callable:
    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        items = bottoms[0].reshape(bottoms[1].size, -1)
        weights = [w / math.hypot(*w) if unit else w for w in params[0]]
        result = np.zeros((len(items), len(weights)))
        for m, (x, label) in enumerate(zip(items, bottoms[1].ravel(), strict=True)):
            for n, w in enumerate(weights):
                plain = sum(a * b for a, b in zip(x, w, strict=True))
                result[m, n] = plain
                if n == int(label) and times > 1:
                    product = math.hypot(*x) * math.hypot(*w) + (0 if unit else 1e-9)
                    margin = product * psi(math.acos(plain / product), times)
                    result[m, n] = (blend * plain + margin) / (1 + blend)
        tops = [result.reshape(*bottoms[1].shape, -1)]
        return [*tops, np.full(1, blend)] if rest else tops

    return run


def param(message: str, kind: str, more: str) -> str:
    return (
        f"{message} {{ num_output: 3 type: {kind} {more} "
        "weight_filler { type: 'gaussian' std: 1 } }"
    )


def rows(layer: str, message: str, unit: bool) -> list[Case]:
    found = []
    for kind, times in KINDS.items():
        for blend in (0.0, 2.5):
            text = param(message, kind, f"base: {blend}")
            found.append(
                Case(
                    layer,
                    text,
                    [(7, 2, 2), (7,)],
                    [normal, labels(3)],
                    [True, False],
                    reference=scores(times, blend, unit=unit),
                    has_gradient=not unit,
                    name=f"{kind} {blend}",
                )
            )
    two = param(message, "QUADRUPLE", "axis: 2 lambda_min: 3")
    return [
        *found,
        Case(
            layer,
            two,
            [(2, 3, 4), (2, 3)],
            [normal, labels(3)],
            [True, False],
            tops=2,
            reference=scores(4, 3, unit=unit, rest=1),
            has_gradient=not unit,
            name="axis 2",
        ),
    ]


CASES = [
    *rows("LargeMarginInnerProduct", "largemargin_inner_product_param", False),
    *rows("MarginInnerProduct", "margin_inner_product_param", True),
]
