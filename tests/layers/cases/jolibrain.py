"""SeLu, SeLuDropout, BroadcastMul, SparseInnerProduct."""

from __future__ import annotations

import math

import numpy as np

from tests.layers.harness import Case


def selu(scale: float, alpha: float) -> object:
    def run(bottoms: list[np.ndarray], _: list[np.ndarray]) -> list[np.ndarray]:
        values = [scale * x if x > 0 else scale * alpha * (math.exp(x) - 1)
                  for x in bottoms[0].ravel()]  # fmt: skip
        return [np.reshape(values, bottoms[0].shape)]

    return run


CASES = [
    Case("SeLu", "selu_param { lambda: 1.5 alpha: 2.25 }", in_place=True,
         reference=selu(1.5, 2.25)),
    Case("SeLuDropout", in_place=True, deterministic=False, name="drawn"),
    Case("SeLuDropout", phase="TEST", in_place=True, reference=lambda b, _: [b[0]]),
    Case("BroadcastMul", bottoms=[(2, 3, 4, 5), (2, 3, 1, 1)],
         reference=lambda b, _: [b[0] * b[1]]),
    Case("BroadcastMul", bottoms=[(2, 3), (2, 3, 4, 5)],
         reference=lambda b, _: [b[0][:, :, None, None] * b[1]]),
    Case("SparseInnerProduct", "inner_product_param { num_output: 4 weight_filler { type: 'xavier' "
         "} bias_filler { value: 2 } }", [(3, 2, 4)],
         reference=lambda b, p: [np.einsum("nk,ok->no", b[0].reshape(3, 8), p[0]) + p[1]]),
]  # fmt: skip
