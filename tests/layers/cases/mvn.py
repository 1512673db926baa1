"""MVN over channels and whole images, with and without the variance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]


def mvn(across: bool = False, divide: bool = True) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        x = x.reshape(x.shape + (1,) * (4 - x.ndim))
        axes = (1, 2, 3) if across else (2, 3)
        y = x - x.mean(axis=axes, keepdims=True)
        return [y / (x.std(axis=axes, keepdims=True) + 1e-9) if divide else y]

    return reference


CASES = [
    Case("MVN", in_place=True, reference=mvn()),
    Case("MVN", bottoms=[(2, 3, 4)], reference=mvn(), name="3 axes"),
    Case("MVN", "mvn_param { across_channels: true }", reference=mvn(across=True), in_place=True),
    Case(
        "MVN",
        "mvn_param { normalize_variance: false }",
        reference=mvn(divide=False),
        in_place=True,
    ),
    Case(
        "MVN",
        "mvn_param { across_channels: true normalize_variance: false }",
        bottoms=[(4, 6)],
        reference=mvn(across=True, divide=False),
        name="2 axes",
    ),
]
