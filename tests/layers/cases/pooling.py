"""Pooling against one loop for each index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.layers import references
from tests.layers.harness import Case, distinct, positive


def _reference(method: str, tops: int, **geometry: Any) -> Callable:
    return lambda bottoms, params: references.pooling(bottoms[0], method, **geometry)[:tops]


def _pool(
    name: str, param: str, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1),
    *, shape: tuple[int, ...] = (2, 3, 4, 5), tops: int = 1, methods: str = "MAX AVE", **more: Any,
) -> list[Case]:  # fmt: skip
    return [
        Case(
            "Pooling",
            f"pooling_param {{ pool: {method} {param} }}",
            [shape],
            values=distinct,
            tops=tops,
            reference=_reference(method, tops, kernel=kernel, stride=stride, **more),
            name=f"{method}-{name}",
        )
        for method in methods.split()
    ]


CASES = [
    *_pool("apart", "kernel_size: 2 stride: 2", (2, 2), (2, 2)),
    *_pool("overlapping", "kernel_size: 3 stride: 2", (3, 3), (2, 2), shape=(2, 3, 7, 8)),
    *_pool("stride-1", "kernel_size: 2", (2, 2)),
    *_pool("pad", "kernel_size: 3 stride: 2 pad: 1", (3, 3), (2, 2), pad=(1, 1)),
    *_pool("last-dropped", "kernel_size: 2 stride: 3 pad: 1", (2, 2), (3, 3), shape=(2, 2, 4, 4),
           pad=(1, 1)),
    *_pool("floor", "kernel_size: 3 stride: 2 round_mode: FLOOR", (3, 3), (2, 2),
           shape=(2, 2, 7, 8), floor=True),
    *_pool("ceil", "kernel_size: 3 stride: 2 round_mode: CEIL engine: CAFFE", (3, 3), (2, 2),
           shape=(2, 2, 7, 8)),
    *_pool(
        "h-and-w", "kernel_h: 2 kernel_w: 3 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 2",
        (2, 3), (1, 2), pad=(1, 2), shape=(2, 2, 4, 6),
    ),
    *_pool("one-axis-padded", "kernel_size: 2 stride: 2 pad_h: 1 pad_w: 0", (2, 2), (2, 2),
           pad=(1, 0)),
    *_pool("gaps", "kernel_size: 2 stride: 3", (2, 2), (3, 3), shape=(2, 3, 5, 8)),
    *_pool("global", "global_pooling: true", (4, 5)),
    *_pool("few-large-windows", "kernel_size: 5 stride: 4 pad: 2", (5, 5), (4, 4), pad=(2, 2),
           shape=(2, 3, 7, 6)),
    *_pool("wide-pad", "kernel_size: 4 stride: 3 pad: 3", (4, 4), (3, 3), pad=(3, 3)),
    *_pool("kernel-beyond-image", "kernel_size: 6 stride: 5", (6, 6), (5, 5)),
    *_pool("more-than-255-places", "kernel_size: 16", (16, 16), shape=(1, 1, 32, 32),
           methods="MAX"),
    *_pool("mask", "kernel_size: 3 stride: 2 pad: 1", (3, 3), (2, 2), pad=(1, 1), tops=2,
           methods="MAX"),
    *_pool("mask-of-global", "global_pooling: true", (4, 5), tops=2, methods="MAX"),
    Case(
        "Pooling",
        "pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }",
        [(2, 3, 4, 6)],
        values=positive,
        deterministic=False,
        name="STOCHASTIC",
    ),
    Case(
        "Pooling",
        "pooling_param { pool: STOCHASTIC kernel_size: 3 stride: 2 }",
        [(2, 3, 4, 6)],
        values=lambda rng, shape: np.maximum(rng.normal(size=shape), 0),
        phase="TEST",
        has_gradient=False,
        reference=_reference("STOCHASTIC", 1, kernel=(3, 3), stride=(2, 2)),
        name="STOCHASTIC-TEST",
    ),
]  # fmt: skip
