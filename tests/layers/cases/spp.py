"""SPP against poolings side by side."""

from __future__ import annotations

import numpy as np

from tests.layers import references
from tests.layers.harness import Case, distinct, positive

Arrays = list[np.ndarray]


def _level(x: np.ndarray, bins: int, method: str) -> np.ndarray:
    kernel = tuple(-(-size // bins) for size in x.shape[2:])
    pad = tuple((k * bins - size + 1) // 2 for k, size in zip(kernel, x.shape[2:], strict=True))
    (pooled, *_) = references.pooling(x, method, kernel=kernel, stride=kernel, pad=pad)
    assert pooled.shape[2:] == (bins, bins)
    return pooled


def _case(method: str, height: int, shape: tuple[int, ...]) -> Case:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        levels = [_level(bottoms[0], 2**level, method) for level in range(height)]
        if height == 1:
            return levels
        return [np.concatenate([level.reshape(len(level), -1) for level in levels], axis=1)]

    param = f"spp_param {{ pyramid_height: {height} pool: {method} }}"
    name = f"{method}-{height}-{shape[2]}x{shape[3]}"
    return Case("SPP", param, [shape], values=distinct, reference=reference, name=name)


CASES = [
    *[
        _case(method, height, shape)
        for method in ("MAX", "AVE")
        for height, shape in (
            (1, (2, 3, 4, 5)),
            (2, (2, 3, 4, 5)),
            (3, (2, 2, 9, 7)),
            (3, (2, 1, 8, 4)),
        )
    ],
    Case(
        "SPP",
        "spp_param { pyramid_height: 2 pool: STOCHASTIC }",
        [(2, 3, 4, 6)],
        values=positive,
        deterministic=False,
    ),
]
