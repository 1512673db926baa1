"""Layers without bottoms: Input, DummyData, Parameter."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case

UNIFORM = 'data_filler { type: "uniform" min: 1 max: 3 }'

CASES = [
    Case("Input", "input_param { shape { dim: 2 dim: 3 } }", [], has_gradient=False,
         reference=lambda b, p: [np.zeros((2, 3))]),
    Case("Input", "input_param { shape { dim: 2 } shape { dim: 1 dim: 4 } }", [], tops=2,
         has_gradient=False, reference=lambda b, p: [np.zeros(2), np.zeros((1, 4))]),
    Case("Input", "input_param { shape { dim: 2 dim: 3 } }", [], tops=2, name="one for all",
         has_gradient=False, reference=lambda b, p: [np.zeros((2, 3))] * 2),
    Case("DummyData", "dummy_data_param { shape { dim: 2 dim: 3 } }", [], has_gradient=False,
         reference=lambda b, p: [np.zeros((2, 3))]),
    Case("DummyData", "dummy_data_param { data_filler { value: 3 } num: 2 channels: 3 height: 1 "
         "height: 5 width: 4 }", [], tops=2, has_gradient=False,
         reference=lambda b, p: [np.full((2, 3, 1, 4), 3), np.full((2, 3, 5, 4), 3)]),
    Case("DummyData", f"dummy_data_param {{ shape {{ dim: 7 }} {UNIFORM} }}", [],
         has_gradient=False, deterministic=False,
         reference=lambda b, p: [np.random.default_rng(5).uniform(1, 3, 7)]),
    Case("Parameter", "parameter_param { shape { dim: 2 dim: 3 } }", [],
         reference=lambda b, p: [p[0]]),
]  # fmt: skip
