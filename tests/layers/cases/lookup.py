"""Embed, BatchReindex, Filter."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case, labels, normal

FILLERS = 'weight_filler { type: "xavier" } bias_filler { type: "uniform" }'


def every_other(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0, 2, 0, 2, …: not only 1 selects."""
    return np.resize([0.0, 2.0], shape)


CASES = [
    Case("Embed", f"embed_param {{ num_output: 4 input_dim: 5 {FILLERS} }}", [(2, 3)],
         values=labels(5), gradients=[False],
         reference=lambda b, p: [np.eye(5)[b[0].astype(int)] @ p[0] + p[1]]),
    Case("Embed", "embed_param { num_output: 4 input_dim: 3 bias_term: false }", [(2, 3, 1)],
         values=labels(3), gradients=[False],
         reference=lambda b, p: [np.eye(3)[b[0].astype(int)] @ p[0]]),
    Case("BatchReindex", bottoms=[(4, 3, 2), (5,)], values=[normal, labels(4)],
         gradients=[True, False], reference=lambda b, p: [b[0][b[1].astype(int)]],
         smaller=[(4, 3, 2), (2,)]),
    Case("Filter", bottoms=[(5, 3, 2), (5,)], values=[normal, every_other],
         gradients=[True, False], reference=lambda b, p: [b[0][[1, 3]]]),
    Case("Filter", bottoms=[(5, 3), (5, 2, 2), (5, 1, 1)], values=[normal, normal, every_other],
         gradients=[True, True, False], tops=2, name="two",
         reference=lambda b, p: [b[0][[1, 3]], b[1][[1, 3]]]),
]  # fmt: skip
