"""Eltwise, Concat, Slice, Split, Silence."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case, distinct, normal


def eltwise(operation: str, extra: str = "", count: int = 3, **more: object) -> Case:
    param = f"eltwise_param {{ operation: {operation} {extra} }}"
    return Case("Eltwise", param, [(2, 3, 4, 5)] * count, **more)  # type: ignore[arg-type]


def all_distinct(count: int) -> list:
    """Makers whose values differ between the bottoms as well."""
    return [
        lambda rng, shape, shift=index * 0.02: distinct(rng, shape) + shift
        for index in range(count)
    ]


CASES = [
    eltwise("SUM", count=2, reference=lambda b, p: [b[0] + b[1]]),
    eltwise("SUM", reference=lambda b, p: [b[0] + b[1] + b[2]], name="three"),
    eltwise("SUM", "coeff: 2 coeff: -1 coeff: 0.5",
            reference=lambda b, p: [2 * b[0] - b[1] + b[2] / 2]),
    eltwise("SUM", "coeff: 1 coeff: 1 coeff: -3",
            reference=lambda b, p: [b[0] + b[1] - 3 * b[2]]),
    eltwise("SUM", "coeff: -1 coeff: 1", count=2, reference=lambda b, p: [b[1] - b[0]]),
    eltwise("PROD", count=2, reference=lambda b, p: [b[0] * b[1]]),
    eltwise("PROD", reference=lambda b, p: [b[0] * b[1] * b[2]], name="three"),
    eltwise("PROD", count=4, reference=lambda b, p: [b[0] * b[1] * b[2] * b[3]], name="four"),
    eltwise("PROD", "stable_prod_grad: false", reference=lambda b, p: [b[0] * b[1] * b[2]]),
    eltwise("MAX", count=2, values=all_distinct(2),
            reference=lambda b, p: [np.maximum(b[0], b[1])]),
    eltwise("MAX", count=4, values=all_distinct(4),
            reference=lambda b, p: [np.max(b, axis=0)]),
    Case("Concat", bottoms=[(2, 3, 4), (2, 1, 4), (2, 5, 4)],
         reference=lambda b, p: [np.concatenate(b, 1)]),
    Case("Concat", "concat_param { axis: -1 }", [(2, 3, 4), (2, 3, 1)],
         reference=lambda b, p: [np.concatenate(b, 2)]),
    Case("Concat", "concat_param { axis: 0 }", [(2, 3, 4), (5, 3, 4)],
         reference=lambda b, p: [np.concatenate(b, 0)], smaller=[(1, 3, 4), (3, 3, 4)]),
    Case("Concat", "concat_param { concat_dim: 2 }", [(2, 3, 4), (2, 3, 1)],
         reference=lambda b, p: [np.concatenate(b, 2)]),
    Case("Concat", name="single", reference=lambda b, p: [b[0]]),
    Case("Slice", tops=3, bottoms=[(2, 6, 4)], reference=lambda b, p: np.split(b[0], 3, 1)),
    Case("Slice", "slice_param { axis: -1 slice_point: 1 slice_point: 4 }", tops=3,
         reference=lambda b, p: np.split(b[0], [1, 4], 3)),
    Case("Slice", "slice_param { slice_dim: 2 }", tops=2,
         reference=lambda b, p: np.split(b[0], 2, 2)),
    Case("Slice", "slice_param { axis: 0 slice_point: 3 }", [(4, 3)], tops=2,
         reference=lambda b, p: [b[0][:3], b[0][3:]], smaller=[(6, 3)]),
    Case("Slice", name="single", reference=lambda b, p: [b[0]]),
    Case("Split", tops=1, reference=lambda b, p: [b[0]], name="one"),
    Case("Split", tops=3, reference=lambda b, p: [b[0]] * 3),
    Case("Gather", reference=lambda b, p: [b[0]], name="one"),
    Case("Gather", bottoms=[(2, 3, 4), (2,)], tops=2, reference=lambda b, p: b),
    Case("Scatter", bottoms=[(2, 3, 4), (2,)], tops=2, reference=lambda b, p: b),
    Case("Silence", bottoms=[(2, 3), (2, 4, 5)], values=normal, tops=0,
         reference=lambda b, p: []),
]  # fmt: skip
