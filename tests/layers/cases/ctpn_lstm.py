"""Lstm as CTPN has it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case, normal

Arrays = list[np.ndarray]


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def steps(width: int) -> Callable[[Arrays, Arrays], Arrays]:
    """One number after another; a sequence begins where bottom 1 is 0, or at the first step."""

    def run(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0].reshape(*bottoms[0].shape[:2], -1)
        cont = np.ones(x.shape[:2])
        cont[0] = 0
        if len(bottoms) > 1:
            cont = bottoms[1].reshape(x.shape[:2])
        h = np.zeros((*x.shape[:2], width))
        for n in range(x.shape[1]):
            last_h, last_c = [0.0] * width, [0.0] * width
            for t in range(len(x)):
                if cont[t, n] == 0:
                    last_h, last_c = [0.0] * width, [0.0] * width
                sums = params[0] @ x[t, n] + params[1] @ np.array(last_h) + params[2]
                for k in range(width):
                    i, f, o = (sigmoid(sums[gate * width + k]) for gate in range(3))
                    last_c[k] = f * last_c[k] + i * math.tanh(sums[3 * width + k])
                    h[t, n, k] = o * math.tanh(last_c[k])
                last_h = list(h[t, n])
        return [h]

    return run


def begins(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    flags = (rng.random(shape) > 0.4).astype(float)
    flags[:2] = 0  # both sequences begin at the first step
    return flags


PARAM = ("lstm_param { num_output: 3 weight_filler { type: 'gaussian' std: 1 } "
         "bias_filler { value: 0.5 } }")  # fmt: skip

CASES = [
    Case("Lstm", PARAM, [(3, 2, 4)], reference=steps(3)),
    Case("Lstm", PARAM, [(4, 2, 2, 1), (8,)], [normal, begins], gradients=[True, False],
         reference=steps(3), smaller=[(2, 2, 2, 1), (4,)], name="where sequences begin"),
]  # fmt: skip
