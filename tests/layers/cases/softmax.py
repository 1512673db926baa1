"""Softmax."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x)
    return powers / powers.sum(axis=axis, keepdims=True)


CASES = [
    Case("Softmax", in_place=True, reference=lambda b, p: [softmax(b[0], 1)]),
    Case("Softmax", bottoms=[(3, 5)], in_place=True, reference=lambda b, p: [softmax(b[0], 1)]),
    Case("Softmax", "softmax_param { axis: -1 }", reference=lambda b, p: [softmax(b[0], 3)]),
    Case("Softmax", "softmax_param { axis: 0 }", reference=lambda b, p: [softmax(b[0], 0)]),
]
