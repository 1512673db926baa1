"""InnerProduct against numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.layers.harness import Case

FILLERS = 'weight_filler { type: "gaussian" } bias_filler { type: "uniform" }'


def _reference(axis: int, transpose: bool = False) -> Callable:
    def tops(bottoms: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
        shape = bottoms[0].shape
        keep = shape[:axis] if axis else ()
        weights, bias = params[0], params[1] if len(params) > 1 else np.zeros(())
        x = bottoms[0].reshape(*keep, -1)
        return [np.einsum("...k,ko->...o", x, weights if transpose else weights.T) + bias]

    return tops


def _ip(name: str, param: str, axis: int = 1, **more: Any) -> Case:
    transpose = more.pop("transpose", False)
    return Case(
        "InnerProduct",
        f"inner_product_param {{ {param} {FILLERS} }}",
        reference=_reference(axis, transpose),
        name=name,
        **more,
    )


CASES = [
    _ip("vector", "num_output: 5", bottoms=[(3, 4)]),
    _ip("flattens", "num_output: 5", bottoms=[(2, 3, 2, 4)]),
    _ip("no-bias", "num_output: 2 bias_term: false", bottoms=[(3, 4)]),
    _ip("transpose", "num_output: 5 transpose: true", bottoms=[(3, 4, 2)], transpose=True),
    _ip("axis-2", "num_output: 3 axis: 2", 2, bottoms=[(2, 3, 4, 2)]),
    _ip("axis-last", "num_output: 3 axis: -1", -1, bottoms=[(2, 3, 4)]),
    _ip("axis-0", "num_output: 3 axis: 0", 0, bottoms=[(2, 3)], smaller=[(3, 2)]),
]
