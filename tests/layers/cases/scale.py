"""Scale and Bias: every axis and num_axes, learned and from a second bottom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]
Reference = Callable[[Arrays, Arrays], Arrays]


def scale(*shape: int) -> Reference:
    """x times blob 0 (as ``shape``), plus blob 1 if there is one."""
    return lambda b, p: [b[0] * p[0].reshape(shape) + (p[1].reshape(shape) if p[1:] else 0)]


def scale_by_bottom(*shape: int) -> Reference:
    return lambda b, p: [b[0] * b[1].reshape(shape) + (p[0].reshape(shape) if p else 0)]


def bias(*shape: int) -> Reference:
    return lambda b, p: [b[0] + (b[1:] or p)[0].reshape(shape)]


X, XY = (2, 3, 4, 5), ((2, 3, 4, 5), (3, 4))

CASES = [
    Case("Scale", in_place=True, reference=scale(3, 1, 1)),
    Case(
        "Scale",
        "scale_param { bias_term: true filler { type: 'gaussian' std: 1 } "
        "bias_filler { type: 'uniform' min: 1 max: 2 } }",
        in_place=True,
        reference=scale(3, 1, 1),
        name="bias",
    ),
    Case(
        "Scale",
        "scale_param { axis: 0 num_axes: 2 bias_term: true bias_filler { value: 0.5 } }",
        bottoms=[(1, 3, 4)],
        reference=scale(1, 3, 1),
        name="fillers",
        has_gradient=False,  # a batch of one: see test_scale.py
    ),
    Case("Scale", "scale_param { axis: 2 num_axes: 1 }", reference=scale(4, 1)),
    Case(
        "Scale",
        "scale_param { axis: 1 num_axes: 2 bias_term: true }",
        in_place=True,
        reference=scale(3, 4, 1),
    ),
    Case(
        "Scale",
        "scale_param { axis: 1 num_axes: -1 bias_term: true }",
        bottoms=[(2, 3, 4)],
        in_place=True,
        reference=scale(3, 4),
    ),
    Case("Scale", "scale_param { axis: -1 }", in_place=True, reference=scale(5)),
    Case(
        "Scale",
        "scale_param { num_axes: 0 bias_term: true }",
        in_place=True,
        reference=scale(),
    ),
    Case("Scale", bottoms=[(5, 3)], in_place=True, reference=scale(3), name="2 axes"),
    Case("Scale", bottoms=XY, reference=scale_by_bottom(3, 4, 1), name="two bottoms"),
    Case(
        "Scale",
        "scale_param { axis: 0 bias_term: true }",
        bottoms=[X, (2, 3)],
        reference=scale_by_bottom(2, 3, 1, 1),
        name="two bottoms, bias",
        smaller=[(2, 3, 1, 5), (2, 3)],
    ),
    Case(
        "Scale",
        "scale_param { axis: 0 }",
        bottoms=[(2, 3), (2, 3)],
        reference=scale_by_bottom(2, 3),
        name="two equal bottoms",
    ),
    Case(
        "Scale",
        bottoms=[(2, 3), ()],
        reference=scale_by_bottom(),
        name="scalar bottom",
        smaller=[(1, 3), ()],
    ),
    Case("Bias", in_place=True, reference=bias(3, 1, 1)),
    Case("Bias", "bias_param { filler { value: -0.5 } }", reference=bias(3, 1, 1)),
    Case("Bias", "bias_param { axis: 1 num_axes: 2 }", in_place=True, reference=bias(3, 4, 1)),
    Case("Bias", "bias_param { axis: 0 num_axes: -1 }", bottoms=[(2, 3)], smaller=[(2, 3)],
         reference=bias(2, 3)),
    Case("Bias", "bias_param { num_axes: 0 }", in_place=True, reference=bias()),
    Case("Bias", "bias_param { axis: -2 }", reference=bias(4, 1)),
    Case("Bias", bottoms=XY, reference=bias(3, 4, 1), name="two bottoms"),
    Case(
        "Bias",
        "bias_param { axis: 0 }",
        bottoms=[X, (2, 3)],
        reference=bias(2, 3, 1, 1),
        name="two bottoms, axis 0",
    ),
]  # fmt: skip
