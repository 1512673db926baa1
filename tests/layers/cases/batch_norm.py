"""BatchNorm: batch and stored statistics, any number of axes, a batch of one, eps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.layers.harness import Case

Arrays = list[np.ndarray]


def batch(eps: float = 1e-5) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        axes = (0, *range(2, x.ndim))
        mean = x.mean(axis=axes, keepdims=True)
        return [(x - mean) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)]

    return reference


def stored(eps: float = 1e-5) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        shape = (1, -1) + (1,) * (x.ndim - 2)
        mean, variance = (params[i].reshape(shape) / params[2] for i in (0, 1))
        return [(x - mean) / np.sqrt(variance + eps)]

    return reference


def ghosts(size: int) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        parts = [batch(EPS)([x[i : i + size]], params)[0] for i in range(0, len(x), size)]
        return [np.concatenate(parts)]

    return reference


def renorm(r_max: float = 3, d_max: float = 5) -> Callable[[Arrays, Arrays], Arrays]:
    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        x = bottoms[0]
        axes, shape = (0, *range(2, x.ndim)), (1, -1) + (1,) * (x.ndim - 2)
        stored_mean, stored_variance = (params[i].reshape(shape) / params[2] for i in (0, 1))
        stored_std = np.sqrt(stored_variance + EPS)
        mean = x.mean(axis=axes, keepdims=True)
        std = np.sqrt(x.var(axis=axes, keepdims=True) + EPS)
        r = np.clip(std / stored_std, 1 / r_max, r_max)
        d = np.clip((mean - stored_mean) / stored_std, -d_max, d_max)
        return [(x - mean) / std * r + d]

    return reference


EPS = float(np.float32(1e-5))


def scaled(
    statistics: Callable[[Arrays, Arrays], Arrays], relu: bool = False
) -> Callable[[Arrays, Arrays], Arrays]:
    """NVCaffe's and Intel's: gamma is the fourth blob, beta the fifth."""

    def reference(bottoms: Arrays, params: Arrays) -> Arrays:
        shape = (1, -1) + (1,) * (bottoms[0].ndim - 2)
        y = statistics(bottoms, params)[0] * params[3].reshape(shape)
        y += params[4].reshape(shape) if len(params) > 4 else 0
        return [np.maximum(y, 0) if relu else y]

    return reference


CASES = [
    Case("BatchNorm", in_place=True, reference=batch(EPS)),
    Case("BatchNorm", bottoms=[(6, 4)], in_place=True, reference=batch(EPS), name="2 axes"),
    Case("BatchNorm", bottoms=[(3, 4, 5)], in_place=True, reference=batch(EPS), name="3 axes"),
    Case("BatchNorm", bottoms=[(2, 3, 2, 4, 3)], reference=batch(EPS), name="5 axes"),
    Case("BatchNorm", bottoms=[(1, 3, 4, 5)], in_place=True, reference=batch(EPS), name="batch 1"),
    Case(
        "BatchNorm",
        "batch_norm_param { eps: 0.5 moving_average_fraction: 0.7 }",
        reference=batch(0.5),
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { use_global_stats: true }",
        in_place=True,
        reference=stored(EPS),
    ),
    Case("BatchNorm", phase="TEST", in_place=True, reference=stored(EPS), name="test"),
    Case(
        "BatchNorm",
        "batch_norm_param { eps: 0.25 }",
        bottoms=[(4, 3)],
        phase="TEST",
        reference=stored(0.25),
        name="test 2 axes",
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { use_global_stats: false }",
        phase="TEST",
        in_place=True,
        reference=batch(EPS),
    ),
    Case(
        "BatchNorm",
        "param { lr_mult: 0 } param { lr_mult: 0 decay_mult: 0 }",
        reference=batch(EPS),
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { ghost_batch_size: 2 }",
        bottoms=[(5, 3, 2, 4)],  # the last part has one item
        in_place=True,
        reference=ghosts(2),
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { renorm: true }",
        in_place=True,
        has_gradient=False,  # r and d count as constants; see test_batch_norm_options.py
        reference=renorm(),
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { renorm: true r_max: 1.125 d_max: 0.25 }",
        bottoms=[(6, 4)],
        has_gradient=False,
        reference=renorm(1.125, 0.25),
    ),
    Case(
        "BatchNorm",
        "batch_norm_param { renorm: true ghost_batch_size: 2 }",
        phase="TEST",
        reference=stored(EPS),
        name="test options",
    ),
    Case(
        "BatchNorm", bottoms=[(1, 2, 70, 71)], has_gradient=False, reference=batch(EPS), name="long"
    ),
    Case("BatchNorm", "batch_norm_param { scale_bias: true }", in_place=True,
         reference=scaled(batch(EPS)), name="NVCaffe"),
    Case("BatchNorm", "batch_norm_param { scale_bias: true }", phase="TEST", in_place=True,
         reference=scaled(stored(EPS)), name="NVCaffe, stored"),
    Case("BatchNorm", "batch_norm_param { filler { value: 2 } }", bottoms=[(3, 4, 5)],
         in_place=True, reference=scaled(batch(EPS)), name="Intel"),
    Case("BatchNorm", "batch_norm_param { filler { value: 2 } bias_term: false }", phase="TEST",
         reference=scaled(stored(EPS)), name="Intel, no bias"),
    Case("BatchNorm", "batch_norm_param { relu: true }", reference=scaled(batch(EPS), relu=True),
         name="Intel, ReLU"),
    Case("BatchNorm", "batch_norm_param { use_weight_bias: true stats_batch_size: 2 }",
         bottoms=[(4, 3, 5)], reference=scaled(ghosts(2)), name="Intel, parts of a batch"),
]  # fmt: skip
