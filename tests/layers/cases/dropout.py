"""Dropout in both phases; what the masks are like is in test_dropout.py."""

from __future__ import annotations

import numpy as np

from tests.layers.harness import Case

CASES = [
    Case("Dropout", in_place=True, deterministic=False),
    Case("Dropout", "dropout_param { dropout_ratio: 0.2 }", in_place=True, deterministic=False),
    Case("Dropout", "dropout_param { dropout_ratio: 0 }", reference=lambda b, p: [b[0]]),
    Case(
        "Dropout",
        "dropout_param { dropout_ratio: 1 }",
        in_place=True,
        reference=lambda b, p: [np.zeros_like(b[0])],
    ),
    Case("Dropout", phase="TEST", in_place=True, reference=lambda b, p: [b[0]], name="test"),
    Case("Dropout", "dropout_param { scale_train: true }", in_place=True, deterministic=False),
    Case(
        "Dropout",
        "dropout_param { scale_train: false dropout_ratio: 0 }",
        reference=lambda b, p: [b[0]],
    ),
    Case(
        "Dropout",
        "dropout_param { scale_train: false dropout_ratio: 0.25 }",
        phase="TEST",
        in_place=True,
        reference=lambda b, p: [b[0] * 0.75],
    ),
    Case("Dropout", "dropout_param { scale_train: false }", in_place=True, deterministic=False),
    Case(
        "Dropout",
        "dropout_param { sample_weights_test: true }",
        phase="TEST",
        in_place=True,
        deterministic=False,
    ),
]
